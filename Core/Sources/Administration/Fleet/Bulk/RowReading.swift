import OrderedCollections

/// Reads the cells of one row; every mistake is noted.
struct RowReading {
    let table: FleetTable.Kind
    let row: FleetRow
    private(set) var errors: [ImportError] = []

    init(_ table: FleetTable.Kind, _ row: FleetRow) {
        self.table = table
        self.row = row
    }

    /// - Parameter line: nil where the cell begins.
    mutating func fail(_ column: String, line: Int? = nil, _ text: String) {
        let line = line ?? row.cells[column]?.line ?? row.line
        errors.append(ImportError(table, line: line, column: column, text))
    }

    /// nil where the column is left out.
    func text(_ column: String) -> String? { row.cells[column]?.value }

    /// Calls with nil for an empty cell, and not at all where the column is left out.
    func optional(_ column: String, _ set: (String?) -> Void) {
        if let text = text(column) { set(text.isEmpty ? nil : text) }
    }

    func string(_ column: String, into target: inout String) {
        if let text = text(column) { target = text }
    }

    mutating func number(_ column: String, _ range: ClosedRange<Int>, default: Int, into target: inout Int) {
        guard let text = text(column) else { return }
        if text.isEmpty {
            target = `default`
        } else if let number = Int(text), range.contains(number) {
            target = number
        } else {
            fail(column, "expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    mutating func octet(_ column: String, into target: inout UInt8) {
        var number = Int(target)
        self.number(column, 0...255, default: 0, into: &number)
        target = UInt8(clamping: number)
    }

    mutating func number(_ column: String, _ range: ClosedRange<Int>, into target: inout Int?) {
        guard let text = text(column) else { return }
        if text.isEmpty {
            target = nil
        } else if let number = Int(text), range.contains(number) {
            target = number
        } else {
            fail(column, "expected a number from \(range.lowerBound) to \(range.upperBound), or nothing")
        }
    }

    mutating func flag(_ column: String, default: Bool, into target: inout Bool) {
        guard let text = text(column) else { return }
        switch text {
        case "": target = `default`
        case "true": target = true
        case "false": target = false
        default: fail(column, "expected true or false")
        }
    }

    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ column: String, default: Value, into target: inout Value
    ) where Value.RawValue == String {
        guard let text = text(column) else { return }
        if text.isEmpty {
            target = `default`
        } else if let value = Value(rawValue: text) {
            target = value
        } else {
            fail(column, "expected \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }

    /// A whole number and a unit: ms, s, min, h. Into milliseconds.
    mutating func duration(_ column: String, into target: inout Int?) {
        guard let text = text(column) else { return }
        if text.isEmpty {
            target = nil
        } else if let milliseconds = TimeSpanText.milliseconds(text) {
            target = milliseconds
        } else {
            fail(column, "expected a duration such as 30 s, 250 ms, 5 min or 2 h")
        }
    }

    mutating func duration(_ column: String, default: Int, into target: inout Int) {
        var value: Int? = target
        duration(column, into: &value)
        target = value ?? `default`
    }

    /// Words between blanks or line ends, each with the line that it stands in.
    func words(_ column: String) -> [(text: Substring, line: Int)]? {
        guard let cell = row.cells[column] else { return nil }
        var words: [(text: Substring, line: Int)] = []
        var line = cell.line
        var rest = cell.value.utf8[...]
        while let octet = rest.first {
            if Self.isBlank(octet) {
                if octet == UInt8(ascii: "\n") { line += 1 }
                rest.removeFirst()
            } else {
                let word = rest.prefix { !Self.isBlank($0) }
                words.append((cell.value[word.startIndex..<word.endIndex], line))
                rest = rest[word.endIndex...]
            }
        }
        return words
    }

    private static func isBlank(_ octet: UInt8) -> Bool { octet == 32 || (9...13).contains(octet) }
}

/// A whole number and a unit, as people write durations in tables.
enum TimeSpanText {
    static func milliseconds(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), number <= 1_000_000_000 else { return nil }
        switch text.dropFirst(digits.count).drop(while: { $0 == " " }) {
        case "ms": return number
        case "s": return number * 1_000
        case "min": return number * 60_000
        case "h": return number * 3_600_000
        default: return nil
        }
    }

    static func text(_ milliseconds: Int) -> String {
        milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }
}

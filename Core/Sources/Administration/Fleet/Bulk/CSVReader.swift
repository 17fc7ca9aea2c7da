import OrderedCollections

extension FleetTable {
    /// Reads comma separated values (RFC 4180) with a header row. Lines may end in LF alone; a byte order mark is passed
    /// over; empty lines are no rows.
    ///
    /// - Throws: Every mistake of form; no more than that of form is looked at.
    public init(csv octets: [UInt8], _ kind: Kind) throws(ImportErrors) {
        var reader = CSVReader(octets: octets, kind: kind)
        let rows = reader.rows()
        guard reader.errors.isEmpty else { throw ImportErrors(reader.errors) }
        self.init(kind, rows: rows)
    }
}

private struct CSVReader {
    let octets: [UInt8]
    let kind: FleetTable.Kind
    var errors: [ImportError] = []
    private var position = 0
    private var line = 1

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let (lineFeed, carriageReturn): (UInt8, UInt8) = (10, 13)

    init(octets: [UInt8], kind: FleetTable.Kind) {
        self.octets = octets
        self.kind = kind
        if octets.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    }

    private mutating func fail(_ line: Int, _ column: String = "", _ text: String) {
        errors.append(ImportError(kind, line: line, column: column, text))
    }

    mutating func rows() -> [FleetRow] {
        guard octets.count <= FleetLimits.tableOctets else {
            fail(1, "", "expected at most \(FleetLimits.tableOctets) octets")
            return []
        }
        guard let (_, header) = nextRecord() else {
            if errors.isEmpty { fail(1, "", "expected a header row with the names of columns") }
            return []
        }
        let names = header.map(\.value)
        guard isHeader(names) else { return [] }
        var rows: [FleetRow] = []
        while let (start, cells) = nextRecord() {
            guard rows.count < FleetLimits.tableRows else {
                fail(start, "", "expected at most \(FleetLimits.tableRows) rows")
                break
            }
            guard cells.count == names.count else {
                fail(start, "", "expected \(names.count) cells as in the header row, found \(cells.count)")
                continue
            }
            rows.append(
                FleetRow(line: start, cells: OrderedDictionary(uniqueKeysWithValues: zip(names, cells))))
        }
        return rows
    }

    private mutating func isHeader(_ names: [String]) -> Bool {
        guard names.count <= FleetLimits.tableColumns else {
            fail(1, "", "expected at most \(FleetLimits.tableColumns) columns")
            return false
        }
        if names.count == 1, names.first?.contains(";") == true {
            fail(1, "", "expected columns separated by commas, found semicolons")
            return false
        }
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted { fail(1, name, "the column is there twice") }
        return errors.isEmpty
    }

    /// The next row that is not empty; nil at the end, and where quotes do not fit, for nothing after is sure then.
    private mutating func nextRecord() -> (line: Int, cells: [FleetCell])? {
        while position < octets.count {
            let start = line
            var cells: [FleetCell] = []
            while true {
                guard let cell = nextCell() else { return nil }
                if cells.count <= FleetLimits.tableColumns { cells.append(cell) }
                guard position < octets.count, octets[position] == Self.comma else { break }
                position += 1
            }
            guard endLine() else { return nil }
            if cells.count == 1, cells[0].value.isEmpty { continue }
            return (start, cells)
        }
        return nil
    }

    private mutating func endLine() -> Bool {
        guard position < octets.count else { return true }
        if octets[position] == Self.carriageReturn { position += 1 }
        guard position < octets.count, octets[position] == Self.lineFeed else {
            fail(line, "", "expected a comma or the end of the line")
            return false
        }
        position += 1
        line += 1
        return true
    }

    private mutating func nextCell() -> FleetCell? {
        let start = line
        let isQuoted = position < octets.count && octets[position] == Self.quote
        guard let content = isQuoted ? quoted() : plain() else { return nil }
        guard content.count <= FleetLimits.cellOctets else {
            fail(start, "", "expected at most \(FleetLimits.cellOctets) octets in a cell")
            return nil
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            fail(start, "", "expected UTF-8")
            return nil
        }
        return FleetCell(text, line: start)
    }

    private mutating func plain() -> ArraySlice<UInt8>? {
        let start = position
        while position < octets.count {
            switch octets[position] {
            case Self.comma, Self.lineFeed, Self.carriageReturn: return octets[start..<position]
            case Self.quote:
                fail(line, "", "a cell with quotation marks stands within quotation marks")
                return nil
            default: position += 1
            }
        }
        return octets[start..<position]
    }

    private mutating func quoted() -> ArraySlice<UInt8>? {
        let opened = line
        var content: [UInt8] = []
        position += 1
        while position < octets.count {
            let octet = octets[position]
            position += 1
            if octet == Self.quote {
                guard position < octets.count, octets[position] == Self.quote else { return content[...] }
                position += 1
            }
            if octet == Self.lineFeed { line += 1 }
            content.append(octet)
        }
        fail(opened, "", "a quotation mark is opened here and never closed")
        return nil
    }
}

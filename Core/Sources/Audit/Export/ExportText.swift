/// How rows are written.
public enum AuditExportFormat: String, Hashable, Sendable, CaseIterable {
    /// RFC 4180, with a header line. For spreadsheets: a text that one of them could take for a formula, and one that
    /// begins with an apostrophe, gets an apostrophe in front; taking one leading apostrophe away restores all texts.
    case csv
    /// One JSON object a line (RFC 8259), exact.
    case jsonLines = "jsonl"
}

extension AuditExport {
    /// What stands before the first row.
    public func writeHeader(_ format: AuditExportFormat, to out: inout [UInt8]) {
        guard format == .csv else { return }
        write(columns.map { .text($0) }, as: .csv, to: &out)
    }

    /// One row and the end of its line.
    public func write(_ recorded: RecordedEntry, as format: AuditExportFormat, to out: inout [UInt8]) {
        write(row(recorded), as: format, to: &out)
    }

    private func write(_ cells: [AuditCell], as format: AuditExportFormat, to out: inout [UInt8]) {
        switch format {
        case .csv:
            for (position, cell) in cells.enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                out.append(csv: cell)
            }
            out += [0x0d, 0x0a]
        case .jsonLines:
            out.append(UInt8(ascii: "{"))
            for (position, (column, cell)) in zip(columns, cells).enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                out.append(json: column)
                out.append(UInt8(ascii: ":"))
                out.append(json: cell)
            }
            out += [UInt8(ascii: "}"), 0x0a]
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(csv cell: AuditCell) {
        switch cell {
        case .number(let number): append(contentsOf: String(number).utf8)
        case .none: break
        case .text(let text): append(quoted: text)
        case .details:
            var json: [UInt8] = []
            json.append(json: cell)
            append(quoted: String(decoding: json, as: UTF8.self))
        }
    }

    private mutating func append(quoted text: String) {
        append(UInt8(ascii: "\""))
        if let first = text.unicodeScalars.first, Self.opensFormula(first) { append(UInt8(ascii: "'")) }
        for octet in text.utf8 {
            if octet == UInt8(ascii: "\"") { append(octet) }
            append(octet)
        }
        append(UInt8(ascii: "\""))
    }

    // ASVS 1.2.10, with the full-width forms that East Asian spreadsheets accept, and the mark itself.
    private static func opensFormula(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "=", "+", "-", "@", "\t", "\r", "\n", "\0", "'", "\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}": true
        default: false
        }
    }

    fileprivate mutating func append(json cell: AuditCell) {
        switch cell {
        case .number(let number): append(contentsOf: String(number).utf8)
        case .text(let text): append(json: text)
        case .none: append(contentsOf: "null".utf8)
        case .details(let details):
            append(UInt8(ascii: "["))
            for (position, detail) in details.enumerated() {
                if position > 0 { append(UInt8(ascii: ",")) }
                append(contentsOf: #"{"name":"#.utf8)
                append(json: detail.name)
                if case .shown(let value) = detail.value {
                    append(contentsOf: #","value":"#.utf8)
                    append(json: value)
                } else {
                    append(contentsOf: #","state":"#.utf8)
                    append(json: detail.value.state)
                }
                append(UInt8(ascii: "}"))
            }
            append(UInt8(ascii: "]"))
        }
    }

    fileprivate mutating func append(json text: String) {
        append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append(contentsOf: #"\""#.utf8)
            case "\\": append(contentsOf: #"\\"#.utf8)
            case _ where Self.misleads(scalar):
                append(contentsOf: #"\u"#.utf8)
                let digits = String(scalar.value, radix: 16)
                append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
                append(contentsOf: digits.utf8)
            default: append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        append(UInt8(ascii: "\""))
    }

    // RFC 8259 section 7 asks for the first 32. The others end a line for some readers, or turn the direction of
    // writing so that a line shows other than it is.
    private static func misleads(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}

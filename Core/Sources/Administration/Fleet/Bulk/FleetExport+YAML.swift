extension FleetExport {
    /// Tables as YAML 1.2 in UTF-8, one mapping with a list for each table, in the order of identities. What is written
    /// for equal records is equal to the octet.
    ///
    /// - Parameter organisation: Whose; nil for the whole nation.
    public static func yaml(
        _ kinds: [FleetTable.Kind], of fleet: FleetSnapshot, organisation: String? = nil
    ) -> [UInt8] {
        var writer = YAMLTableWriter()
        for kind in FleetTable.Kind.allCases where kinds.contains(kind) {
            writer.begin(kind.rawValue)
            switch kind {
            case .users:
                for user in users(of: fleet, organisation) {
                    writer.row(UserColumn.written.map { ($0.rawValue, $0.text(of: user), $0.form) })
                }
            case .groups:
                for group in groups(of: fleet, organisation) {
                    writer.row(GroupColumn.allCases.map { ($0.rawValue, $0.text(of: group), $0.form) })
                }
            }
            writer.end()
        }
        return writer.octets
    }
}

/// Writes tables in block style. Names of tables and columns need no quotes.
private struct YAMLTableWriter {
    private(set) var octets: [UInt8] = []
    private var rows = 0

    mutating func begin(_ table: String) {
        octets += "\(table):".utf8
        rows = 0
    }

    mutating func end() {
        octets += (rows == 0 ? " []\n" : "").utf8
    }

    mutating func row(_ cells: [(column: String, text: String, form: FleetColumnForm)]) {
        if rows == 0 { octets += "\n".utf8 }
        rows += 1
        for (index, cell) in cells.enumerated() {
            octets += (index == 0 ? "  - " : "    ").utf8
            octets += cell.column.utf8
            octets += ":".utf8
            write(cell.text, cell.form)
        }
    }

    private mutating func write(_ text: String, _ form: FleetColumnForm) {
        switch form {
        case .text: scalar(text)
        case .plain:
            octets += text.isEmpty ? " null\n".utf8 : " \(text)\n".utf8
        case .list(let empty):
            if text == empty {
                octets += " []\n".utf8
            } else if text.isEmpty {
                octets += " null\n".utf8
            } else {
                octets += "\n".utf8
                for word in text.split(separator: " ") {
                    octets += "      -".utf8
                    scalar(String(word))
                }
            }
        }
    }

    private mutating func scalar(_ text: String) {
        octets += " ".utf8
        if Self.isPlain(text) {
            octets += text.utf8
        } else {
            octets += "\"".utf8
            for scalar in text.unicodeScalars { append(scalar) }
            octets += "\"".utf8
        }
        octets += "\n".utf8
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x22, 0x5c: octets += "\\\(scalar)".utf8
        // What every reader takes as it stands and none takes for the end of a line.
        case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd, 0x1_0000...0x10_ffff:
            octets += String(scalar).utf8
        default:
            let digits = String(scalar.value, radix: 16)
            octets += "\\U\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)".utf8
        }
    }

    /// Whether every reader takes it for text without quotes: it begins with a letter, no sign of it means anything, and
    /// it is no word for truth or nothing.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, (65...90).contains(first) || (97...122).contains(first),
            text.utf8.last != UInt8(ascii: ":"), text.utf8.last != UInt8(ascii: " "),
            !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        else { return false }
        var previous: UInt8 = 0
        for octet in text.utf8 {
            guard FleetIdentity.isAlphanumeric(octet) || " -_.@/;:+".utf8.contains(octet),
                !(previous == UInt8(ascii: ":") && octet == UInt8(ascii: " "))
            else { return false }
            previous = octet
        }
        return true
    }
}

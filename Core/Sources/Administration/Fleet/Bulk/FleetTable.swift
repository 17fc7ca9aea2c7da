public import OrderedCollections

/// A table of users or groups as somebody hands it in, whatever file it stood in: text under the names of columns, each
/// with the line it came from.
public struct FleetTable: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case users, groups
    }

    public var kind: Kind
    public var rows: [FleetRow]

    public init(_ kind: Kind, rows: [FleetRow]) {
        self.kind = kind
        self.rows = rows
    }
}

extension FleetTable.Kind {
    /// Every column that a table may have.
    public var columns: [String] {
        switch self {
        case .users: UserColumn.allCases.map(\.rawValue)
        case .groups: GroupColumn.allCases.map(\.rawValue)
        }
    }

    /// How a column is written in files that know more than text.
    public func form(of column: String) -> FleetColumnForm {
        switch self {
        case .users: UserColumn(rawValue: column)?.form ?? .text
        case .groups: GroupColumn(rawValue: column)?.form ?? .text
        }
    }
}

/// How a column is written in a file that knows more than text.
public enum FleetColumnForm: Hashable, Sendable {
    case text
    /// A number, or true and false.
    case plain
    /// Words between blanks; a list where there are lists.
    ///
    /// - empty: the cell that stands for a list without a word.
    case list(empty: String)
}

/// One user or group. A column that is left out keeps what is there; an empty cell gives the column's default.
public struct FleetRow: Hashable, Sendable {
    /// Where it begins, from 1.
    public var line: Int
    public var cells: OrderedDictionary<String, FleetCell>

    public init(line: Int, cells: OrderedDictionary<String, FleetCell>) {
        self.line = line
        self.cells = cells
    }
}

/// A text, and where it stood. It may be a password, so it does not print.
public struct FleetCell: Hashable, Sendable {
    public var value: String
    /// From 1.
    public var line: Int

    public init(_ value: String, line: Int) {
        self.value = value
        self.line = line
    }
}

extension FleetCell: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "FleetCell(line: \(line))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["line": line]) }
}

/// One mistake of a table.
public struct ImportError: Hashable, Sendable, CustomStringConvertible {
    /// nil where it stands outside of every table of its file.
    public var table: FleetTable.Kind?
    /// From 1.
    public var line: Int
    /// Name of the column; empty where it is about the whole row.
    public var column: String
    /// What was expected. It names identities and never a password.
    public var text: String

    public init(_ table: FleetTable.Kind?, line: Int, column: String = "", _ text: String) {
        self.table = table
        self.line = line
        self.column = column
        self.text = text
    }

    public var description: String {
        "\(table.map { "\($0.rawValue) " } ?? "")line \(line)\(column.isEmpty ? "" : ", \(column)"): \(text)"
    }
}

/// Every mistake that was found; nothing is carried out.
public struct ImportErrors: Error, Hashable, Sendable {
    public var errors: [ImportError]

    public init(_ errors: [ImportError]) {
        self.errors = errors
    }
}

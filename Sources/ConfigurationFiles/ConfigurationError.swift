/// One mistake in a file that people write.
public struct ConfigurationIssue: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1; 0 where the mistake has no place, as with a file that cannot be read.
    public var line: Int
    public var column: Int
    /// What is wrong, with what was expected and what was found. No secret stands in it.
    public var text: String

    public init(file: String, line: Int, column: Int, text: String) {
        self.file = file
        self.line = line
        self.column = column
        self.text = text
    }

    public var description: String {
        line > 0 ? "\(file):\(line):\(column): \(text)" : "\(file): \(text)"
    }
}

/// Every mistake of a file, in the order of their places.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public var issues: [ConfigurationIssue]

    public init(issues: [ConfigurationIssue]) {
        self.issues = issues
    }

    public var description: String { issues.map(\.description).joined(separator: "\n") }
}

/// Why octets are no document of the kind expected.
public struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    public var reason: Reason
    /// Line in which it was found, counted from 1; 0 where the document as a whole is wrong.
    public var line: Int
    /// What was wrong; no text of the peer in it.
    public var diagnosis: String

    public enum Reason: Hashable, Sendable {
        /// Larger or deeper than the limits allow.
        case tooLarge
        /// Not well-formed XML, or XML with a document type declaration, which no body of this service has.
        case malformed
        /// Well-formed, but another document or without what it must have.
        case unexpected
    }

    public init(_ reason: Reason, line: Int = 0, _ diagnosis: String) {
        self.reason = reason
        self.line = line
        self.diagnosis = diagnosis
    }

    public var description: String { line == 0 ? diagnosis : "line \(line): \(diagnosis)" }
}

/// Bounds on the documents that a peer may send.
public struct DocumentLimits: Hashable, Sendable {
    /// Octets of the whole document.
    public var octets = 262_144
    /// Elements within one another.
    public var depth = 32
    /// Entries of one list: tuples, affiliations, list entries, users, extensions.
    public var entries = 4_096

    public init() {}
}

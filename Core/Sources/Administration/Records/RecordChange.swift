/// What a store keeps, whatever engine it is: records of a kind under a key. Decisions are made on typed values; this is
/// the form in which they are kept and handed to other processes.
public struct StoredRecord: Hashable, Sendable {
    /// `organisation`, `user`, `group`, ...: the coding name of a kind of record.
    public var kind: String
    /// Unique within the kind.
    public var key: String
    /// Canonical JSON, UTF-8.
    public var body: [UInt8]

    public init(kind: String, key: String, body: [UInt8]) {
        self.kind = kind
        self.key = key
        self.body = body
    }
}

/// One change of what a store keeps.
public enum RecordChange: Hashable, Sendable {
    /// Adds or replaces.
    case put(StoredRecord)
    case delete(kind: String, key: String)
}

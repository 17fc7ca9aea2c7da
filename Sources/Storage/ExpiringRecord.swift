public import Administration
public import MCFoundation

/// What is kept until a time and then forgotten: log-ins, revoked tokens. It is no part of what administrators decided,
/// takes no sequence number, is told to nobody and stands in no backup. It does not print.
public struct ExpiringRecord: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    public var record: StoredRecord
    /// From then on it is gone.
    public var until: UTCTime

    public init(_ record: StoredRecord, until: UTCTime) {
        self.record = record
        self.until = until
    }

    public var description: String { "a \(record.kind) until \(until.microseconds)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// One change of what is kept until a time.
public enum ExpiringChange: Hashable, Sendable {
    /// Adds or replaces.
    case put(ExpiringRecord)
    case delete(kind: String, key: String)

    /// As a change of records, for what both have in common.
    var plain: RecordChange {
        switch self {
        case .put(let expiring): .put(expiring.record)
        case .delete(let kind, let key): .delete(kind: kind, key: key)
        }
    }
}

extension StoreLimits {
    /// Whether the changes may be written.
    public func check(_ changes: [ExpiringChange]) throws(StoreError) { try check(changes.map(\.plain)) }
}

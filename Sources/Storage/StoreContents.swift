public import Administration
public import MCFoundation

/// Everything that a store keeps of records.
public struct StoreContents: Hashable, Sendable {
    /// The latest commit that is in it; 0 for an empty store.
    public var sequence: UInt64
    /// In the order of the octets of kind, then key.
    public var records: [KeptRecord]

    public init(sequence: UInt64, records: [KeptRecord]) {
        self.sequence = sequence
        self.records = records
    }
}

/// A record and the commit that wrote it last: its version.
public struct KeptRecord: Hashable, Sendable {
    public var record: StoredRecord
    public var sequence: UInt64

    public init(record: StoredRecord, sequence: UInt64) {
        self.record = record
        self.sequence = sequence
    }
}

/// Changes that became durable together.
public struct Commit: Hashable, Sendable {
    /// From 1, without gaps.
    public var sequence: UInt64
    public var at: UTCTime
    /// In the order in which they were decided; a later one of the same record wins.
    public var changes: [RecordChange]

    public init(sequence: UInt64, at: UTCTime, changes: [RecordChange]) {
        self.sequence = sequence
        self.at = at
        self.changes = changes
    }
}

/// What a closure decided inside the writer's transaction.
public struct StoreDecision<Result: Sendable> {
    public var changes: [RecordChange]
    /// Makes the audit rows, once the head of the log is known; nil where there is nothing to log.
    public var audit: AuditAppend?
    public var result: Result

    public init(changes: [RecordChange] = [], audit: AuditAppend? = nil, result: Result) {
        self.changes = changes
        self.audit = audit
        self.result = result
    }
}

/// What came of a decision.
public struct StoreOutcome<Result: Sendable>: Sendable {
    /// What is durable now. Nil where no record changed: a refusal that was only logged takes no sequence number.
    public var commit: Commit?
    public var result: Result

    public init(commit: Commit?, result: Result) {
        self.commit = commit
        self.result = result
    }
}

extension StoreOutcome: Equatable where Result: Equatable {}

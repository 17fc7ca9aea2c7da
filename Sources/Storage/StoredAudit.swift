public import MCFoundation

/// Where the audit log ends.
public struct AuditHead: Hashable, Sendable {
    /// Of the last row; 0 where there is none.
    public var sequence: UInt64
    /// Of the last row; empty where there is none, and then the chain starts from its genesis.
    public var hash: [UInt8]

    public init(sequence: UInt64, hash: [UInt8]) {
        self.sequence = sequence
        self.hash = hash
    }
}

/// One record of the audit log, encoded and chained by whoever makes it. The store neither reads nor changes it.
public struct AuditRow: Hashable, Sendable {
    /// One more than that of the row before.
    public var sequence: UInt64
    /// For queries by time; the record holds it too.
    public var at: UTCTime
    public var record: [UInt8]
    public var hash: [UInt8]

    public init(sequence: UInt64, at: UTCTime, record: [UInt8], hash: [UInt8]) {
        self.sequence = sequence
        self.at = at
        self.record = record
        self.hash = hash
    }
}

/// A personal value beside the row that commits to it. Erasing it leaves the chain whole. It does not print.
public struct AuditPersonalRow: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    public var field: AuditField
    public var name: String
    public var salt: [UInt8]
    public var value: String

    public init(field: AuditField, name: String, salt: [UInt8], value: String) {
        self.field = field
        self.name = name
        self.salt = salt
        self.value = value
    }

    public var description: String { "(personal field \(field.index) of audit row \(field.sequence))" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Which personal value.
public struct AuditField: Hashable, Sendable {
    /// Of the row.
    public var sequence: UInt64
    /// Within the row.
    public var index: UInt32

    public init(sequence: UInt64, index: UInt32) {
        self.sequence = sequence
        self.index = index
    }
}

/// A signature over the head of the log as it was at a row.
public struct AuditSealRow: Hashable, Sendable {
    /// Of the last row that it covers.
    public var sequence: UInt64
    public var at: UTCTime
    public var hash: [UInt8]
    public var signature: [UInt8]
    /// Names the key that made the signature. One seal for each row and key.
    public var keyID: String

    public init(sequence: UInt64, at: UTCTime, hash: [UInt8], signature: [UInt8], keyID: String) {
        self.sequence = sequence
        self.at = at
        self.hash = hash
        self.signature = signature
        self.keyID = keyID
    }
}

/// Gives the finished rows for the log as it ends inside the transaction. Called at most once for each decision.
public typealias AuditAppend = (AuditHead) throws -> AuditAddition

/// What is added to the audit log in one transaction, and which personal values leave it.
public struct AuditAddition: Hashable, Sendable {
    /// Without a gap after the head.
    public var rows: [AuditRow]
    /// Each belongs to one of `rows`.
    public var personal: [AuditPersonalRow]
    /// Each at a row that exists then.
    public var seals: [AuditSealRow]
    /// Overwritten where they were kept; those that are erased already are passed over.
    public var erased: [AuditField]

    public init(
        rows: [AuditRow] = [], personal: [AuditPersonalRow] = [], seals: [AuditSealRow] = [], erased: [AuditField] = []
    ) {
        self.rows = rows
        self.personal = personal
        self.seals = seals
        self.erased = erased
    }
}

/// A part of the audit log.
public struct AuditPage: Hashable, Sendable {
    public var rows: [AuditRow]
    /// Of `rows`, in their order; those that were erased are missing.
    public var personal: [AuditPersonalRow]
    /// At one of `rows`.
    public var seals: [AuditSealRow]
    /// Where the log ended when this was read.
    public var head: AuditHead

    public init(rows: [AuditRow], personal: [AuditPersonalRow], seals: [AuditSealRow], head: AuditHead) {
        self.rows = rows
        self.personal = personal
        self.seals = seals
        self.head = head
    }
}

public import Administration

/// The bounds of a store.
public struct StoreLimits: Hashable, Sendable {
    /// How long an operation waits for another process that holds the store.
    public var busyTimeoutMilliseconds = 5_000
    /// How many commits stay readable by `commits(after:limit:)`; who is further behind reads the contents again.
    public var keptCommits = 10_000
    /// How many commits a write tells its closure.
    public var commitsPerWrite = 1_000
    /// How many changes one decision may have: an import of a whole nation's fleet.
    public var changesPerWrite = 500_000
    /// How many rows, personal values, seals and erasures together one decision may add to the audit log: a row and at
    /// least one personal value for each change.
    public var auditRowsPerWrite = 2_000_000
    public var kindOctets = 64
    public var keyOctets = 1_024
    /// Of one record, one audit record or one personal value: a group of 10,000 members with the longest identities fits.
    public var bodyOctets = 4 << 20
    /// How many audit rows or commits a page holds.
    public var page = 10_000
    /// How large the store may grow, in octets; nil for as large as the disk.
    public var maximumOctets: Int?

    public init() {}
}

extension StoreLimits {
    /// Whether the changes may be written: a program that is mistaken is told before anything is written.
    public func check(_ changes: [RecordChange]) throws(StoreError) {
        guard changes.count <= changesPerWrite else {
            throw StoreError(.invalid, "\(changes.count) changes in one write, at most \(changesPerWrite)")
        }
        for change in changes {
            switch change {
            case .put(let record):
                try checkName(record.kind, record.key)
                guard record.body.count <= bodyOctets else {
                    throw StoreError(.invalid, "a \(record.kind) of \(record.body.count) octets, at most \(bodyOctets)")
                }
            case .delete(let kind, let key):
                try checkName(kind, key)
            }
        }
    }

    private func checkName(_ kind: String, _ key: String) throws(StoreError) {
        guard Self.isName(kind, atMost: kindOctets) else {
            throw StoreError(.invalid, "the kind of a record has 1 to \(kindOctets) octets and no NUL")
        }
        guard Self.isName(key, atMost: keyOctets) else {
            throw StoreError(.invalid, "the key of a \(kind) has 1 to \(keyOctets) octets and no NUL")
        }
    }

    /// An engine in C ends a text at its first NUL, so there is none in what identifies.
    private static func isName(_ text: String, atMost limit: Int) -> Bool {
        !text.isEmpty && text.utf8.count <= limit && !text.utf8.contains(0)
    }

    /// Whether the addition continues a log that ends at `head`.
    public func check(_ addition: AuditAddition, after head: AuditHead) throws(StoreError) {
        let count =
            addition.rows.count + addition.personal.count + addition.seals.count + addition.erased.count
        guard count <= auditRowsPerWrite else {
            throw StoreError(.invalid, "\(count) rows for the audit log in one write, at most \(auditRowsPerWrite)")
        }
        var last = head.sequence
        for row in addition.rows {
            guard last < UInt64(Int64.max), row.sequence == last + 1 else {
                throw StoreError(.invalid, "audit row \(row.sequence) after row \(last)")
            }
            guard row.record.count <= bodyOctets, !row.hash.isEmpty, row.hash.count <= Self.hashOctets else {
                throw StoreError(.invalid, "audit row \(row.sequence) exceeds the limits")
            }
            last = row.sequence
        }
        for personal in addition.personal {
            guard personal.field.sequence > head.sequence, personal.field.sequence <= last else {
                throw StoreError(
                    .invalid, "a personal value for audit row \(personal.field.sequence), which is not new")
            }
            guard Self.isName(personal.name, atMost: keyOctets), personal.salt.count <= Self.hashOctets,
                personal.value.utf8.count <= bodyOctets
            else { throw StoreError(.invalid, "\(personal) exceeds the limits") }
        }
        for seal in addition.seals {
            guard seal.sequence > 0, seal.sequence <= last else {
                throw StoreError(.invalid, "a seal at audit row \(seal.sequence) of \(last)")
            }
            guard Self.isName(seal.keyID, atMost: keyOctets), seal.hash.count <= Self.hashOctets,
                seal.signature.count <= bodyOctets
            else { throw StoreError(.invalid, "the seal at audit row \(seal.sequence) exceeds the limits") }
        }
    }

    /// SHA-512 would be the longest.
    private static let hashOctets = 64

    /// The number of rows for a page that was asked for.
    public func page(_ asked: Int) -> Int { max(0, min(asked, page)) }
}

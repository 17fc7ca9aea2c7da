import Administration
import MCFoundation
import Storage

/// Sums against rot, not against forgery. Kind and key hold no NUL, so it ends them.
enum KeptSums {
    static func of(_ record: StoredRecord, at sequence: UInt64) -> Int64 {
        var hash = StableHash()
        combine(record, into: &hash)
        combine(sequence, into: &hash)
        return Int64(bitPattern: hash.value)
    }

    static func of(_ expiring: ExpiringRecord) -> Int64 {
        var hash = StableHash()
        combine(expiring.record, into: &hash)
        combine(UInt64(bitPattern: expiring.until.microseconds), into: &hash)
        return Int64(bitPattern: hash.value)
    }

    static func of(_ commit: Commit) -> Int64 {
        var hash = StableHash()
        combine(commit.sequence, into: &hash)
        combine(UInt64(bitPattern: commit.at.microseconds), into: &hash)
        for change in commit.changes {
            switch change {
            case .put(let record):
                hash.combine(bytes: CollectionOfOne(1))
                combine(record, into: &hash)
            case .delete(let kind, let key):
                hash.combine(bytes: CollectionOfOne(0))
                combine(kind, key, into: &hash)
            }
        }
        return Int64(bitPattern: hash.value)
    }

    private static func combine(_ record: StoredRecord, into hash: inout StableHash) {
        combine(record.kind, record.key, into: &hash)
        combine(UInt64(record.body.count), into: &hash)
        hash.combine(bytes: record.body)
    }

    private static func combine(_ kind: String, _ key: String, into hash: inout StableHash) {
        hash.combine(bytes: kind.utf8)
        hash.combine(bytes: CollectionOfOne(0))
        hash.combine(bytes: key.utf8)
        hash.combine(bytes: CollectionOfOne(0))
    }

    private static func combine(_ number: UInt64, into hash: inout StableHash) {
        withUnsafeBytes(of: number.littleEndian) { hash.combine(bytes: $0) }
    }
}

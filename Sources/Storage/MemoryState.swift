import Administration
import MCFoundation

/// What a store in memory keeps.
struct MemoryState: Sendable {
    private(set) var sequence: UInt64 = 0
    /// Counts every write, of records or of the audit log.
    private(set) var writes: UInt64 = 0
    private(set) var records: [RecordName: KeptRecord] = [:]
    /// The latest ones, without gaps.
    private(set) var commits: [Commit] = []
    private(set) var rows: [AuditRow] = []
    private(set) var personal: [AuditField: AuditPersonalRow] = [:]
    private(set) var seals: [AuditSealRow] = []
    private(set) var octets = 0
    private var expiring: [RecordName: ExpiringRecord] = [:]

    /// Two texts are the same where their octets are, as in a store on disk; `String` compares otherwise.
    struct RecordName: Hashable, Comparable, Sendable {
        var kind: [UInt8]
        var key: [UInt8]

        init(_ kind: String, _ key: String) {
            self.kind = Array(kind.utf8)
            self.key = Array(key.utf8)
        }

        static func < (left: RecordName, right: RecordName) -> Bool {
            if left.kind != right.kind { return left.kind.lexicographicallyPrecedes(right.kind) }
            return left.key.lexicographicallyPrecedes(right.key)
        }
    }

    var head: AuditHead { AuditHead(sequence: rows.last?.sequence ?? 0, hash: rows.last?.hash ?? []) }

    var contents: StoreContents {
        StoreContents(sequence: sequence, records: records.sorted { $0.key < $1.key }.map(\.value))
    }

    func commits(after known: UInt64, limit: Int) throws(StoreError) -> [Commit] {
        guard known <= sequence else { throw .ahead(known, sequence) }
        guard sequence - known <= UInt64(commits.count) else { throw .forgotten(known) }
        return Array(commits.suffix(Int(sequence - known)).prefix(limit))
    }

    func page(from first: UInt64, limit: Int, during period: Range<UTCTime>?) -> AuditPage {
        // Rows are numbered from 1 without gaps.
        let start = min(rows.count, first > 0 ? Int(clamping: first - 1) : 0)
        let chosen = Array(rows[start...].lazy.filter { period?.contains($0.at) ?? true }.prefix(limit))
        let isChosen = Set(chosen.map(\.sequence))
        return AuditPage(
            rows: chosen,
            personal: personal.values.filter { isChosen.contains($0.field.sequence) }.sorted { $0.field < $1.field },
            seals: seals.filter { isChosen.contains($0.sequence) }, head: head)
    }

    /// Everything of a decision or nothing: it is checked before the first change.
    mutating func apply(
        _ changes: [RecordChange], _ addition: AuditAddition, at now: UTCTime, limits: StoreLimits
    ) throws(StoreError) -> Commit? {
        var next = self
        try next.add(addition)
        let commit = next.add(changes, at: now, limits: limits)
        next.writes += 1
        if let maximum = limits.maximumOctets, next.octets > maximum, next.octets > octets {
            throw StoreError(.full, "\(next.octets) octets, at most \(maximum)")
        }
        self = next
        return commit
    }

    func expiring(at now: UTCTime) -> [ExpiringRecord] {
        expiring.filter { $0.value.until > now }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// As a backup has it.
    var withoutExpiring: MemoryState {
        var copy = self
        for expiring in expiring.values { copy.octets -= expiring.record.octets }
        copy.expiring = [:]
        return copy
    }

    mutating func keep(_ changes: [ExpiringChange], at now: UTCTime, limits: StoreLimits) throws(StoreError) {
        var next = self
        for change in changes {
            switch change {
            case .put(let new):
                next.forget(RecordName(new.record.kind, new.record.key))
                next.expiring[RecordName(new.record.kind, new.record.key)] = new
                next.octets += new.record.octets
            case .delete(let kind, let key): next.forget(RecordName(kind, key))
            }
        }
        for (name, old) in next.expiring where old.until <= now { next.forget(name) }
        next.writes += 1
        if let maximum = limits.maximumOctets, next.octets > maximum, next.octets > octets {
            throw StoreError(.full, "\(next.octets) octets, at most \(maximum)")
        }
        self = next
    }

    private mutating func forget(_ name: RecordName) {
        if let old = expiring.removeValue(forKey: name) { octets -= old.record.octets }
    }

    private mutating func add(_ changes: [RecordChange], at now: UTCTime, limits: StoreLimits) -> Commit? {
        guard !changes.isEmpty else { return nil }
        sequence += 1
        for change in changes {
            switch change {
            case .put(let record):
                remove(RecordName(record.kind, record.key))
                records[RecordName(record.kind, record.key)] = KeptRecord(record: record, sequence: sequence)
                octets += record.octets
            case .delete(let kind, let key):
                remove(RecordName(kind, key))
            }
        }
        let commit = Commit(sequence: sequence, at: now, changes: changes)
        commits.append(commit)
        commits.removeFirst(max(0, commits.count - limits.keptCommits))
        return commit
    }

    private mutating func remove(_ name: RecordName) {
        if let old = records.removeValue(forKey: name) { octets -= old.record.octets }
    }

    private mutating func add(_ addition: AuditAddition) throws(StoreError) {
        for row in addition.rows {
            rows.append(row)
            octets += row.record.count + row.hash.count
        }
        for value in addition.personal {
            guard personal.updateValue(value, forKey: value.field) == nil else { throw .twice("\(value)") }
            octets += value.salt.count + value.value.utf8.count
        }
        for seal in addition.seals {
            let isNew = !seals.contains {
                $0.sequence == seal.sequence && $0.keyID.utf8.elementsEqual(seal.keyID.utf8)
            }
            guard isNew else { throw .twice("the seal at audit row \(seal.sequence)") }
            seals.append(seal)
            octets += seal.signature.count
        }
        for field in addition.erased {
            guard let value = personal.removeValue(forKey: field) else { continue }
            octets -= value.salt.count + value.value.utf8.count
        }
    }
}

extension AuditField: Comparable {
    public static func < (left: AuditField, right: AuditField) -> Bool {
        (left.sequence, left.index) < (right.sequence, right.index)
    }
}

extension StoredRecord {
    fileprivate var octets: Int { kind.utf8.count + key.utf8.count + body.count }
}

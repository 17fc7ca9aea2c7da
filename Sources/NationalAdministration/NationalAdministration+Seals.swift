import Administration
public import Audit
public import Credentials
public import MCFoundation
import Policy
import Storage

/// The key by which this process seals, and when it does.
struct AuditSealing: Sendable {
    let key: SealKey
    let policy: SealPolicy
    /// nil until the log was looked at.
    var schedule: SealSchedule?
    var head: UInt64 = 0
}

/// Sealing the audit log of a store.
extension NationalAdministration {
    /// Seals by this key from now on. Where it is new its public half is kept, and the log tells of it.
    ///
    /// - Parameter acting: who made the key; nil: the system itself, at its start.
    public func seal(
        by key: SealKey, policy: SealPolicy = SealPolicy(), made acting: ActingOperator? = nil, at now: UTCTime
    ) throws {
        sealing = AuditSealing(key: key, policy: policy)
        guard try !auditKeys().contains(where: { $0.id == key.id }) else { return }
        let body = StoredRecord(
            kind: AuditKeyRecord.kind, key: key.id,
            body: try coding.encode(AuditKeyRecord(key.publicKey, since: now)))
        let entry = AuditEntry(
            .administration, OperatorAct.sealKeyRotation.action, actor: acting?.party ?? Auditing.party(of: nation),
            details: [AuditDetail("key", key.id)], authority: acting?.authority ?? "whoever holds the store")
        try keep([.put(body)], [entry], at: now)
    }

    /// The keys whose seals are believed, in the order of their names.
    public func auditKeys() throws -> [AuditKeyRecord] { try knownKeys() }

    nonisolated func knownKeys() throws -> [AuditKeyRecord] {
        try store.contents().records.filter { $0.record.kind == AuditKeyRecord.kind }
            .map { try coding.decode(AuditKeyRecord.self, from: $0.record.body) }
    }

    /// Seals the end of the log if it is time. Cheap where it is not.
    ///
    /// - Returns: the seal that was made; a copy of it belongs outside the store.
    @discardableResult
    public func sealIfDue(at now: Now) throws -> AuditSeal? {
        guard let sealing else { return nil }
        let head = try auditing.head(try store.auditHead())
        var schedule: SealSchedule
        var actions: [SealSchedule.Action] = []
        if let known = sealing.schedule, head.sequence >= sealing.head {
            schedule = known
            if head.sequence > sealing.head { actions += schedule.handle(.recordAppended(head), at: now.instant) }
        } else {
            // The log is seen for the first time, or an older one was restored.
            schedule = SealSchedule(
                policy: sealing.policy, sealedThrough: try lastSeal(by: sealing.key.id, upTo: head.sequence),
                head: head,
                at: now.instant)
        }
        self.sealing?.head = head.sequence
        actions += schedule.handle(.deadlineReached, at: now.instant)
        defer { self.sealing?.schedule = schedule }
        guard case .seal(let due)? = actions.first else { return nil }
        do {
            let seal = try write(sealOf: due, by: sealing.key, at: now.utc)
            _ = schedule.handle(.sealWritten(due), at: now.instant)
            return seal
        } catch {
            _ = schedule.handle(.sealFailed(due), at: now.instant)
            throw error
        }
    }

    /// Seals the end of the log whatever the schedule says, unless it is sealed: for a process that ends.
    @discardableResult
    public func sealEnd(at now: Now) throws -> AuditSeal? {
        guard let sealing else { return nil }
        let head = try auditing.head(try store.auditHead())
        guard try lastSeal(by: sealing.key.id, upTo: head.sequence) < head.sequence else { return nil }
        // What is due next is found anew.
        self.sealing?.schedule = nil
        return try write(sealOf: head, by: sealing.key, at: now.utc)
    }

    private func write(sealOf head: Audit.AuditHead, by key: SealKey, at now: UTCTime) throws -> AuditSeal {
        let payload = AuditSeal.payload(system: nation.identity.id, head: head, at: now, keyID: key.id)
        let seal = AuditSeal(head: head, at: now, keyID: key.id, signature: try key.sign(payload))
        let row = AuditSealRow(
            sequence: seal.sequence, at: now, hash: seal.hash.octets, signature: seal.signature, keyID: seal.keyID)
        // Another process with the same key may have sealed it already: one seal for each record and key.
        guard try lastSeal(by: key.id, upTo: head.sequence) < head.sequence else { return seal }
        _ = try store.write(after: try store.sequence(), at: now) { _ in
            StoreDecision(audit: { _ in AuditAddition(seals: [row]) }, result: ())
        }
        return seal
    }

    /// The last record with a seal of this key; 0 where the last thousands have none.
    private func lastSeal(by key: String, upTo last: UInt64) throws -> UInt64 {
        let first = last > Self.searched ? last - Self.searched : 1
        var sealed: UInt64 = 0
        var next = first
        while next <= last {
            let page = try store.audit(from: next, limit: 1_000)
            for seal in page.seals where seal.keyID == key { sealed = max(sealed, seal.sequence) }
            guard let row = page.rows.last else { break }
            next = row.sequence + 1
        }
        return sealed
    }

    /// Records that are looked through for the last seal; one that is older is made again.
    private static let searched: UInt64 = 5_000

    /// Keeps records and what the log says of them together.
    func keep(
        _ changes: [RecordChange] = [], _ entries: [AuditEntry], erasing erased: [Storage.AuditField] = [],
        at now: UTCTime
    ) throws {
        _ = try store.write(after: try store.sequence(), at: now) { _ in
            StoreDecision(
                changes: changes, audit: auditing.append(entries, at: now, erasing: erased), result: ())
        }
    }
}

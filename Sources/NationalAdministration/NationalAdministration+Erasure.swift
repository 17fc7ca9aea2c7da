import Administration
import Audit
public import MCFoundation
import Storage

/// Lawful forgetting, of one person and by age (Regulation 2016/679 art. 17, Directive 2016/680 art. 4 and 16).
extension NationalAdministration {
    /// Erases every personal value of the log that is or names one of these identities, with its salt. A list that names
    /// others too goes whole, and so does the path of a document of theirs. What stays is the record of what happened, and
    /// an entry that names fields, reason and administrator but not the person.
    ///
    /// - Parameters:
    ///   - identities: of one person; the public identity of a user who still exists is added.
    ///   - reason: stands in the log in clear: it must not name the person.
    ///   - administrator: needs the role `administrator` of the whole nation.
    /// - Returns: how many values are gone.
    /// - Throws: `FleetRefusal`, `StoreError`.
    @discardableResult
    public func eraseFromAudit(
        _ identities: [String], reason: String, by administrator: String, at now: UTCTime
    ) throws -> Int {
        let (party, authority) = try auditor(administrator, with: .administrator, for: "audit.erasureRefused", at: now)
        let known = identities.compactMap { fleet.user($0)?.publicIdentity }
        let names = (identities + known).filter { !$0.isEmpty }
        guard !names.isEmpty else { throw FleetRefusal(.invalid, field: "user", "expected an identity, found none") }
        guard !reason.isEmpty else { throw FleetRefusal(.invalid, field: "reason", "expected a reason, found none") }
        guard !names.contains(where: { Self.names($0, in: reason) }) else {
            throw FleetRefusal(.invalid, field: "reason", "the reason stays in the log: it must not name the person")
        }
        var fields: [AuditFieldKey] = []
        try AuditReading(store: store).pages { records, _ in
            for record in records {
                for personal in record.personal where personal.names(names) {
                    fields.append(AuditFieldKey(personal.sequence, personal.index))
                }
            }
            return true
        }
        let erasures = AuditErasure.naming(fields, reason: reason)
        for start in stride(from: 0, to: erasures.count, by: Self.erasuresPerWrite) {
            let part = erasures[start..<min(start + Self.erasuresPerWrite, erasures.count)]
            let keys = part.flatMap { erasure -> [AuditFieldKey] in
                if case .fields(let keys) = erasure.scope { keys } else { [] }
            }
            try keep([], part.map { $0.entry(by: party, authority: authority) }, erasing: keys.map(\.row), at: now)
        }
        return fields.count
    }

    /// Erases the personal values of records that are older than the nation's policy keeps them.
    ///
    /// - Returns: how many values are gone; more are due where it is a very large number, and the next sweep takes them.
    @discardableResult
    public func sweepAudit(at now: UTCTime) throws -> Int {
        let policy = RetentionPolicy(standardDays: fleet.policy.auditRetentionDays)
        var due: [AuditFieldKey] = []
        var kinds: Set<AuditClass> = []
        var isContiguous = true
        var swept = sweptThrough
        try AuditReading(store: store).pages(from: sweptThrough + 1) { records, _ in
            var isOld = false
            for record in records {
                guard let entry = try? RecordedEntry(record.stored, personal: record.personal) else { continue }
                guard entry.record.at < policy.cutoff(of: entry.record.kind, at: now) else {
                    isContiguous = false
                    continue
                }
                isOld = true
                if isContiguous { swept = entry.record.sequence }
                let keys = policy.due(entry, at: now)
                if !keys.isEmpty { kinds.insert(entry.record.kind) }
                due += keys
            }
            // Records are in the order of time but for moments: after a page that is all young there are no old ones.
            return isOld && due.count < Self.fieldsPerSweep
        }
        let erasures = policy.sweep(at: now).filter { erasure in
            if case .retention(let kind, _) = erasure.scope { kinds.contains(kind) } else { false }
        }
        for start in stride(from: 0, to: due.count, by: Self.fieldsPerWrite) {
            // The first transaction says what all of them do.
            let entries =
                start == 0 ? erasures.map { $0.entry(by: Auditing.party(of: nation), authority: "policy") } : []
            let part = due[start..<min(start + Self.fieldsPerWrite, due.count)]
            try keep([], entries, erasing: part.map(\.row), at: now)
        }
        sweptThrough = swept
        return due.count
    }

    private static let erasuresPerWrite = 100
    private static let fieldsPerWrite = 10_000
    private static let fieldsPerSweep = 200_000

    /// Whether a text says this identity, with its scheme or without.
    private static func names(_ identity: String, in text: String) -> Bool {
        let parts = identity.split(separator: ":", maxSplits: 1)
        return text.contains(identity) || parts.count == 2 && text.contains(parts[1])
    }
}

extension AuditFieldKey {
    fileprivate var row: Storage.AuditField {
        Storage.AuditField(sequence: sequence, index: UInt32(clamping: index))
    }
}

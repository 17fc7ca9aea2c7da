public import Audit
import Credentials
import Dispatch
import MCFoundation
import Policy
import Storage

/// Verifying the audit log of a store.
extension NationalAdministration {
    /// Reads the whole log and says what was changed, removed, inserted, moved, cut off behind a seal, or erased without
    /// an entry that says so. Administration goes on meanwhile.
    ///
    /// - Parameters:
    ///   - trusting: the names of the keys whose seals are believed, as they were noted elsewhere; nil for those that the
    ///     store knows, which proves nothing against whoever can write to it.
    ///   - known: a head or the record of a seal that was kept elsewhere: the log must have it, and may have grown since.
    public nonisolated func verifyAudit(
        trusting: [String]? = nil, expecting known: Audit.AuditHead? = nil
    ) async throws -> AuditReport {
        try await reading { [self] in try verified(trusting: trusting, expecting: known) }
    }

    /// Does what reads much of the log on a queue of its own.
    nonisolated func reading<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            readers.async { continuation.resume(with: Result { try body() }) }
        }
    }

    private nonisolated func verified(
        trusting: [String]?, expecting known: Audit.AuditHead?
    ) throws -> AuditReport {
        var keys: [String: SealPublicKey] = [:]
        for record in try knownKeys() where trusting?.contains(record.id) ?? true { keys[record.id] = record.key }
        var erasures = ErasureLedger()
        var readThrough: UInt64 = 0
        var repetitions = 0
        while true {
            let last = try store.auditHead().sequence
            try gather(&erasures, from: readThrough + 1, through: last)
            readThrough = last
            let report = try compare(through: last, with: erasures, keys, expecting: known)
            // What was erased after the ledger was read is told of beyond its end.
            let isUnrecorded = report.findings.contains { finding in
                if case .erasureNotRecorded = finding.fault { true } else { false }
            }
            guard isUnrecorded, repetitions < Self.repetitions, try store.auditHead().sequence > last else {
                return report
            }
            repetitions += 1
        }
    }

    /// How often a log is read again because somebody was erased meanwhile.
    private static let repetitions = 3

    private nonisolated func gather(
        _ erasures: inout ErasureLedger, from first: UInt64, through last: UInt64
    ) throws {
        var found = erasures
        try AuditReading(store: store).pages(from: first, through: last) { records, _ in
            for record in records {
                if let readable = try? AuditRecord(encoding: record.stored.encoding) { found.read(readable) }
            }
            return true
        }
        found.seal()
        erasures = found
    }

    private nonisolated func compare(
        through last: UInt64, with erasures: ErasureLedger, _ keys: [String: SealPublicKey],
        expecting known: Audit.AuditHead?
    ) throws -> AuditReport {
        let reading = AuditReading(store: store)
        var verifier = AuditVerifier(
            system: nation.identity.id,
            from: .genesis(of: nation.identity.id, created: UTCTime(microseconds: nation.created)),
            erasures: erasures, expecting: known,
            isGenuine: { payload, signature, id in keys[id]?.isGenuine(signature, of: payload) ?? false })
        try reading.pages(through: last) { records, seals in
            for seal in seals where seal.sequence <= last { verifier.feed(seal) }
            for record in records { verifier.feed(record.stored, personal: record.personal) }
            return true
        }
        for seal in try reading.strandedSeals() { verifier.feed(seal) }
        return verifier.finish()
    }
}

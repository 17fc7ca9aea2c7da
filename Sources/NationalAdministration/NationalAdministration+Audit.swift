public import Audit
import Credentials
import MCFoundation
import Policy
import Storage

/// Verifying the audit log of a store.
extension NationalAdministration {
    /// Reads the whole log and says what was changed, removed, inserted, moved, cut off behind a seal, or erased without
    /// an entry that says so.
    ///
    /// - Parameters:
    ///   - trusting: the names of the keys whose seals are believed, as they were noted elsewhere; nil for those that the
    ///     store knows, which proves nothing against whoever can write to it.
    ///   - known: a head or the record of a seal that was kept elsewhere: the log must have it, and may have grown since.
    public func verifyAudit(trusting: [String]? = nil, expecting known: Audit.AuditHead? = nil) throws -> AuditReport {
        let reading = AuditReading(store: store)
        var keys: [String: SealPublicKey] = [:]
        for record in try auditKeys() where trusting?.contains(record.id) ?? true { keys[record.id] = record.key }
        let last = try store.auditHead().sequence
        var erasures = ErasureLedger()
        try reading.pages(through: last) { records, _ in
            for record in records {
                if let readable = try? AuditRecord(encoding: record.stored.encoding) { erasures.read(readable) }
            }
            return true
        }
        erasures.seal()
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

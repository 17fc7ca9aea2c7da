public import Audit
import Dispatch
import MCFoundation
import Policy
import Storage

/// Reading the audit log of a store.
extension NationalAdministration {
    /// Reads the whole log and says what was changed, removed, inserted or moved, and where. That takes long, so it is
    /// done apart: who changes something meanwhile does not wait.
    public nonisolated func verifyAudit() async throws -> AuditReport {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(with: Result { try self.readAudit() })
            }
        }
    }

    private nonisolated func readAudit() throws -> AuditReport {
        var verifier = AuditVerifier(
            system: nation.identity.id,
            from: .genesis(of: nation.identity.id, created: UTCTime(microseconds: nation.created)),
            // No seals are made yet, so one that stands there is nobody's.
            isGenuine: { _, _, _ in false })
        var next: UInt64 = 1
        while true {
            let page = try store.audit(from: next, limit: 1_000)
            guard let last = page.rows.last else { break }
            var personal = page.personal[...]
            for seal in page.seals {
                guard let hash = AuditHash(octets: seal.hash) else {
                    throw NationError("the seal at record \(seal.sequence) has no hash")
                }
                verifier.feed(
                    AuditSeal(
                        head: Audit.AuditHead(sequence: seal.sequence, hash: hash), at: seal.at,
                        keyID: seal.keyID, signature: seal.signature))
            }
            for row in page.rows {
                guard let hash = AuditHash(octets: row.hash) else {
                    throw NationError("record \(row.sequence) has no hash")
                }
                var own: [AuditPersonal] = []
                while let field = personal.first, field.field.sequence <= row.sequence {
                    own.append(
                        AuditPersonal(
                            sequence: field.field.sequence, index: Int(field.field.index), name: field.name,
                            salt: field.salt, value: field.value))
                    personal.removeFirst()
                }
                verifier.feed(
                    StoredAuditRecord(sequence: row.sequence, encoding: row.record, hash: hash), personal: own)
            }
            next = last.sequence + 1
        }
        return verifier.finish()
    }
}

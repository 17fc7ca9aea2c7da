import Audit
import MCFoundation
import Storage

/// From audit entries to the rows that a store keeps, and back.
struct Auditing: Sendable {
    let system: MCSystemID
    let created: UTCTime

    /// Chains the entries after the log's end, whatever it is once the transaction holds it.
    func append(_ entries: [AuditEntry], at now: UTCTime) -> AuditAppend {
        { [self] head in
            var chain = try chain(after: head)
            var random = SystemRandomNumberGenerator()
            var addition = AuditAddition()
            for entry in entries {
                let record = chain.append(entry, at: now, using: &random)
                addition.rows.append(
                    AuditRow(
                        sequence: record.record.sequence, at: now, record: record.encoding, hash: record.hash.octets))
                addition.personal += record.personal.map { personal in
                    AuditPersonalRow(
                        field: Storage.AuditField(
                            sequence: personal.sequence, index: UInt32(clamping: personal.index)),
                        name: personal.name, salt: personal.salt, value: personal.value)
                }
            }
            return addition
        }
    }

    private func chain(after head: Storage.AuditHead) throws -> AuditChain {
        guard head.sequence > 0 else { return AuditChain(system: system, created: created) }
        guard let hash = AuditHash(octets: head.hash) else { throw NationError("the end of the audit log is no hash") }
        return AuditChain(resuming: Audit.AuditHead(sequence: head.sequence, hash: hash))
    }
}

import Audit
import MCFoundation
import Policy
import Storage

/// From audit entries to the rows that a store keeps, and back.
struct Auditing: Sendable {
    let system: MCSystemID
    let created: UTCTime

    init(_ nation: NationRecord) {
        system = nation.identity.id
        created = UTCTime(microseconds: nation.created)
    }

    /// The system itself, where it acts.
    static func party(of nation: NationRecord) -> AuditParty {
        AuditParty(identity: nation.system, role: "system", country: nation.country)
    }

    /// Chains the entries after the log's end, whatever it is once the transaction holds it.
    func append(_ entries: [AuditEntry], at now: UTCTime, erasing erased: [Storage.AuditField] = []) -> AuditAppend {
        append(entries.map { TimedAuditEntry($0, at: now) }, erasing: erased)
    }

    /// Each under its own time; `erased` goes with them.
    func append(_ entries: [TimedAuditEntry], erasing erased: [Storage.AuditField] = []) -> AuditAppend {
        { [self] head in
            var chain = try chain(after: head)
            var random = SystemRandomNumberGenerator()
            var addition = AuditAddition(erased: erased)
            for timed in entries {
                let record = chain.append(timed.entry, at: timed.at, using: &random)
                addition.rows.append(
                    AuditRow(
                        sequence: record.record.sequence, at: timed.at, record: record.encoding,
                        hash: record.hash.octets))
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

    /// The end of the log as the chain has it; before the first record that is its genesis.
    func head(_ kept: Storage.AuditHead) throws -> Audit.AuditHead {
        guard kept.sequence > 0 else { return .genesis(of: system, created: created) }
        guard let hash = AuditHash(octets: kept.hash) else { throw NationError("the end of the audit log is no hash") }
        return Audit.AuditHead(sequence: kept.sequence, hash: hash)
    }

    private func chain(after head: Storage.AuditHead) throws -> AuditChain {
        AuditChain(resuming: try self.head(head))
    }
}

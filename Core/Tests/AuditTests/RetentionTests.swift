import Audit
import MCFoundation
import Testing

@Suite struct RetentionTests {
    static let day: Int64 = 86_400_000_000

    private func after(_ days: Int64, _ microseconds: Int64 = 0) -> UTCTime {
        UTCTime(microseconds: created.microseconds + days * Self.day + microseconds)
    }

    @Test func fieldsAreDueWhenOlderThanTheirClassAllows() throws {
        let recorded = try Log(count: 1).recorded(1)
        #expect(recorded.record.kind == .administration && recorded.record.at == created)
        let policy = RetentionPolicy(standardDays: 10, days: [.administration: 30])
        #expect(policy.days(of: .call) == 10)
        #expect(policy.due(recorded, at: after(30)) == [])
        let keys = [AuditFieldKey(1, 0), AuditFieldKey(1, 2), AuditFieldKey(1, 3)]
        #expect(policy.due(recorded, at: after(30, 1)) == keys)
        var erased = recorded
        erased.personal.removeFirst()
        #expect(policy.due(erased, at: after(30, 1)) == Array(keys.dropFirst()))
    }

    @Test func aHoldKeepsWhatAnInvestigationNeeds() throws {
        let log = Log(count: 4)
        let policy = RetentionPolicy(standardDays: 0, holds: [AuditQuery(call: "c-0")])
        #expect(policy.due(try log.recorded(3), at: after(1)) == [])
        #expect(policy.due(try log.recorded(4), at: after(1)) == [AuditFieldKey(4, 0)])
    }

    @Test func absurdNumbersAreBounded() {
        let policy = RetentionPolicy(standardDays: .max, days: [.login: .min])
        #expect(policy.days(of: .call) == AuditLimits.maxRetentionDays)
        #expect(policy.days(of: .login) == 0)
        #expect(policy.cutoff(of: .call, at: UTCTime(microseconds: .min)) == UTCTime(microseconds: .min))
    }

    @Test func anErasureIsReadBackFromTheLog() throws {
        var chain = AuditChain(system: italy, created: created)
        var generator = SeededGenerator(seed: 1)
        let keys = (0..<400).map { AuditFieldKey(UInt64.max - UInt64($0), 64) }
        let erasures =
            AuditErasure.naming(keys, reason: "request-1")
            + [AuditErasure(retentionOf: .call, before: created, reason: "retention")]
        #expect(erasures.count == 4)
        for erasure in erasures {
            let entry = erasure.entry(by: party("sip:dpo@x"), authority: "data protection")
            let chained = chain.append(entry, at: created, using: &generator)
            #expect(AuditErasure(try AuditRecord(encoding: chained.encoding)) == erasure)
        }
        let other = chain.append(Log.entry(0), at: created, using: &generator)
        #expect(AuditErasure(other.record) == nil)
    }

    @Test func anErasureThatTheLogTellsOfIsLawfulAndNoOther() throws {
        var log = Log(count: 60)
        var generator = SeededGenerator(seed: 9)
        let policy = RetentionPolicy(standardDays: 100_000, days: [.call: 0])
        // Calls before the 30th minute by their age, and one field because its owner asked.
        let now = log.records.count > 30 ? UTCTime(microseconds: created.microseconds + 30 * 60_000_000) : created
        let asked = AuditFieldKey(40, 0)
        let erasures = policy.sweep(at: now) + AuditErasure.naming([asked], reason: "request-1")
        for erasure in erasures {
            log.append(erasure.entry(by: party("sip:dpo@x"), authority: "data protection"), using: &generator)
        }
        let due = try log.records.flatMap { policy.due(try log.recorded($0.sequence), at: now) }
        #expect(!due.isEmpty)
        log.personal.removeAll { due.contains(AuditFieldKey($0.sequence, $0.index)) }
        log.personal.removeAll { AuditFieldKey($0.sequence, $0.index) == asked }
        let ledger = try gathered(log)
        #expect(log.verified(erasures: ledger).isSound)

        log.personal.removeAll { $0.sequence == 41 && $0.index == 0 }
        #expect(log.verified(erasures: ledger).findings == [AuditFinding(41, .erasureNotRecorded(index: 0))])
        #expect(log.verified().isSound)
    }

    private func gathered(_ log: Log) throws -> ErasureLedger {
        var ledger = ErasureLedger()
        for stored in log.records { ledger.read(try AuditRecord(encoding: stored.encoding)) }
        ledger.seal()
        return ledger
    }
}

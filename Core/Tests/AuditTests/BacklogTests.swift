import Audit
import MCFoundation
import Testing

@Suite struct BacklogTests {
    private static let system = AuditParty(identity: "it", role: "system", country: "IT")

    private func backlog(entries: Int = 10, batch: Int = 3) -> AuditBacklog {
        var limits = AuditBacklogLimits()
        limits.entries = entries
        limits.batch = batch
        return AuditBacklog(actor: Self.system, limits: limits)
    }

    private func at(_ milliseconds: Int64) -> Now {
        Now(
            instant: Instant(nanoseconds: milliseconds * 1_000_000),
            utc: UTCTime(microseconds: 1_700_000_000_000_000 + milliseconds * 1_000))
    }

    private func entry(_ number: Int64) -> TimedAuditEntry {
        TimedAuditEntry(
            AuditEntry(.call, "call.joined", actor: Self.system, details: [AuditDetail("number", "\(number)")]),
            at: at(number).utc)
    }

    private func record(_ backlog: inout AuditBacklog, _ numbers: ClosedRange<Int64>) -> [AuditBacklog.Action] {
        numbers.flatMap { backlog.handle(.recorded(entry($0)), at: at($0)) }
    }

    @Test func `a few entries wait for others, many do not`() {
        var backlog = backlog()
        #expect(record(&backlog, 1...2) == [])
        #expect(backlog.nextDeadline == at(101).instant)
        #expect(backlog.handle(.deadlineReached, at: at(100)) == [])
        #expect(backlog.handle(.deadlineReached, at: at(101)) == [.write([entry(1), entry(2)])])
        #expect(backlog.handle(.written, at: at(110)) == [])
        #expect(backlog.waiting == 0)
        #expect(record(&backlog, 111...113) == [.write([entry(111), entry(112), entry(113)])])
    }

    @Test func `one batch is written at a time, in order, and what comes meanwhile follows`() {
        var backlog = backlog()
        #expect(record(&backlog, 1...8) == [.write([entry(1), entry(2), entry(3)])])
        #expect(backlog.handle(.written, at: at(20)) == [.write([entry(4), entry(5), entry(6)])])
        #expect(backlog.handle(.written, at: at(30)) == [])
        #expect(backlog.nextDeadline == at(130).instant)
        #expect(backlog.handle(.deadlineReached, at: at(130)) == [.write([entry(7), entry(8)])])
    }

    @Test func `a store that fails is told of once, tried again after growing pauses, and loses nothing`() {
        var backlog = backlog()
        let batch = AuditBacklog.Action.write([entry(1), entry(2), entry(3)])
        #expect(record(&backlog, 1...3) == [batch])
        #expect(backlog.handle(.failed("full"), at: at(10)) == [.alarm("full")])
        #expect(backlog.trouble == "full")
        #expect(backlog.nextDeadline == at(1_010).instant)
        #expect(backlog.handle(.deadlineReached, at: at(1_010)) == [batch])
        #expect(backlog.handle(.failed("full"), at: at(1_020)) == [])
        #expect(backlog.nextDeadline == at(3_020).instant)
        for _ in 0..<40 {
            let next = backlog.nextDeadline ?? at(0).instant
            let now = Now(instant: next, utc: at(0).utc)
            #expect(backlog.handle(.deadlineReached, at: now) == [batch])
            #expect(backlog.handle(.failed("full"), at: now) == [])
            #expect((backlog.nextDeadline ?? next) - next <= .seconds(30))
        }
        let last = Now(instant: backlog.nextDeadline ?? at(0).instant, utc: at(0).utc)
        #expect(backlog.handle(.deadlineReached, at: last) == [batch])
        #expect(backlog.handle(.written, at: last) == [.allClear])
        #expect(backlog.trouble == nil)
        // And the next failure begins anew.
        let after = Now(instant: last.instant + .seconds(1), utc: at(0).utc)
        #expect(backlog.handle(.recorded(entry(4)), at: after) == [])
        let due = Now(instant: after.instant + .milliseconds(100), utc: at(0).utc)
        #expect(backlog.handle(.deadlineReached, at: due) == [.write([entry(4)])])
        #expect(backlog.handle(.failed("full"), at: due) == [.alarm("full")])
        #expect(backlog.nextDeadline == due.instant + .seconds(1))
    }

    @Test func `what does not fit is counted, and the log tells how much and since when`() throws {
        var backlog = backlog(entries: 4)
        _ = record(&backlog, 1...9)
        #expect(backlog.waiting == 4)
        #expect(backlog.lost == 5)
        _ = backlog.handle(.written, at: at(50))
        #expect(backlog.lost == 0)
        let actions = backlog.handle(.recorded(entry(60)), at: at(60))
        guard case .write(let batch)? = actions.first else {
            Issue.record("nothing is written")
            return
        }
        #expect(batch.first == entry(4))
        let loss = try #require(batch.dropFirst().first)
        #expect(loss.entry.action == AuditBacklog.lossAction)
        #expect(loss.entry.kind == .system)
        #expect(loss.entry.actor == Self.system)
        #expect(
            loss.entry.details == [AuditDetail("entries", "5"), AuditDetail("since", "2023-11-14T22:13:20.005000Z")])
        #expect(loss.at == at(50).utc)
        #expect(batch.last == entry(60))
    }

    @Test func `who stops waits until everything is kept`() {
        var backlog = backlog()
        #expect(record(&backlog, 1...5) == [.write([entry(1), entry(2), entry(3)])])
        #expect(backlog.handle(.stopRequested, at: at(6)) == [])
        #expect(backlog.handle(.written, at: at(7)) == [.write([entry(4), entry(5)])])
        #expect(backlog.handle(.written, at: at(8)) == [.stopped(unwritten: 0)])
        #expect(backlog.handle(.recorded(entry(9)), at: at(9)) == [])
        #expect(backlog.lost == 1)
    }

    @Test func `who stops while the store fails tries once more and says what is not kept`() {
        var backlog = backlog()
        _ = record(&backlog, 1...4)
        #expect(backlog.handle(.failed("full"), at: at(5)) == [.alarm("full")])
        #expect(backlog.handle(.stopRequested, at: at(6)) == [.write([entry(1), entry(2), entry(3)])])
        #expect(backlog.handle(.failed("full"), at: at(7)) == [.stopped(unwritten: 4)])
        var idle = self.backlog()
        #expect(idle.handle(.stopRequested, at: at(1)) == [.stopped(unwritten: 0)])
    }

    @Test func `a store that does not answer is told of once, and heard when it does`() {
        var backlog = backlog(entries: 6)
        #expect(record(&backlog, 1...3) == [.write([entry(1), entry(2), entry(3)])])
        #expect(backlog.nextDeadline == at(15_003).instant)
        #expect(backlog.handle(.deadlineReached, at: at(15_003)) == [.alarm(AuditBacklog.silence)])
        #expect(backlog.trouble == AuditBacklog.silence)
        #expect(backlog.nextDeadline == nil)
        // What comes waits; what is with the store is not given to it again.
        #expect(record(&backlog, 4...7) == [])
        #expect(backlog.waiting == 6)
        #expect(backlog.lost == 1)
        let next = backlog.handle(.written, at: at(20_000))
        #expect(next.first == .allClear)
        #expect(next.count == 2)
        #expect(backlog.trouble == nil)
    }

    @Test func `nobody waits for ever for the end of a store that does not answer`() {
        var waiting = backlog()
        _ = record(&waiting, 1...5)
        #expect(waiting.handle(.stopRequested, at: at(10)) == [])
        #expect(
            waiting.handle(.deadlineReached, at: at(15_003)) == [.alarm(AuditBacklog.silence), .stopped(unwritten: 5)])
        var silent = backlog()
        _ = record(&silent, 1...3)
        _ = silent.handle(.deadlineReached, at: at(15_003))
        #expect(silent.handle(.stopRequested, at: at(16_000)) == [.stopped(unwritten: 3)])
        #expect(silent.handle(.written, at: at(17_000)) == [])
    }
}

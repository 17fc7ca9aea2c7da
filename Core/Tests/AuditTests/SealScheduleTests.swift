import Audit
import MCFoundation
import Testing

@Suite struct SealScheduleTests {
    static let policy = SealPolicy(everyRecords: 3, every: .seconds(60), retryAfter: .seconds(10))

    private func head(_ sequence: UInt64) -> AuditHead {
        AuditHead(sequence: sequence, hash: AuditHash(of: [UInt8(sequence)]))
    }

    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    private func idle() -> SealSchedule {
        SealSchedule(policy: Self.policy, sealedThrough: 0, head: genesis, at: at(0))
    }

    @Test func anIdleLogNeedsNoSeal() {
        var schedule = idle()
        #expect(schedule.nextDeadline == nil)
        #expect(schedule.handle(.deadlineReached, at: at(1_000)) == [])
    }

    @Test func enoughRecordsAreSealedAtOnce() {
        var schedule = idle()
        #expect(schedule.handle(.recordAppended(head(1)), at: at(1)) == [])
        #expect(schedule.handle(.recordAppended(head(2)), at: at(2)) == [])
        #expect(schedule.handle(.recordAppended(head(3)), at: at(3)) == [.seal(head(3))])
        #expect(schedule.nextDeadline == nil)
    }

    @Test func aFewAreSealedWhenTheOldestIsOldEnough() {
        var schedule = idle()
        _ = schedule.handle(.recordAppended(head(1)), at: at(5))
        _ = schedule.handle(.recordAppended(head(2)), at: at(50))
        #expect(schedule.nextDeadline == at(65))
        #expect(schedule.handle(.deadlineReached, at: at(64)) == [])
        #expect(schedule.handle(.deadlineReached, at: at(65)) == [.seal(head(2))])
        #expect(schedule.handle(.deadlineReached, at: at(200)) == [])
        #expect(schedule.handle(.sealWritten(head(2)), at: at(201)) == [])
        #expect(schedule.nextDeadline == nil)
    }

    @Test func whatComesWhileASealIsMadeWaitsForTheNext() {
        var schedule = idle()
        for number in 1...3 { _ = schedule.handle(.recordAppended(head(UInt64(number))), at: at(1)) }
        for number in 4...6 {
            #expect(schedule.handle(.recordAppended(head(UInt64(number))), at: at(Int64(number))) == [])
        }
        #expect(schedule.handle(.sealWritten(head(3)), at: at(9)) == [.seal(head(6))])
        _ = schedule.handle(.recordAppended(head(7)), at: at(10))
        #expect(schedule.handle(.sealWritten(head(6)), at: at(11)) == [])
        #expect(schedule.nextDeadline == at(70))
    }

    @Test func aSealThatFailedIsTriedAgainWithThePresentHead() {
        var schedule = idle()
        for number in 1...3 { _ = schedule.handle(.recordAppended(head(UInt64(number))), at: at(1)) }
        _ = schedule.handle(.recordAppended(head(4)), at: at(2))
        #expect(schedule.handle(.sealFailed(head(3)), at: at(3)) == [])
        #expect(schedule.nextDeadline == at(13))
        #expect(schedule.handle(.recordAppended(head(5)), at: at(4)) == [])
        #expect(schedule.handle(.deadlineReached, at: at(13)) == [.seal(head(5))])
    }

    @Test func answersToOtherSealsAreIgnored() {
        var schedule = idle()
        for number in 1...3 { _ = schedule.handle(.recordAppended(head(UInt64(number))), at: at(1)) }
        #expect(schedule.handle(.sealWritten(head(2)), at: at(2)) == [])
        #expect(schedule.handle(.sealFailed(head(1)), at: at(2)) == [])
        #expect(schedule.nextDeadline == nil)
    }

    @Test func afterARestartWhatHasNoSealGetsOne() {
        var schedule = SealSchedule(policy: Self.policy, sealedThrough: 3, head: head(4), at: at(100))
        #expect(schedule.nextDeadline == at(160))
        #expect(schedule.handle(.deadlineReached, at: at(160)) == [.seal(head(4))])
        var full = SealSchedule(policy: Self.policy, sealedThrough: 3, head: head(9), at: at(100))
        #expect(full.nextDeadline == at(100))
        #expect(full.handle(.deadlineReached, at: at(100)) == [.seal(head(9))])
    }
}

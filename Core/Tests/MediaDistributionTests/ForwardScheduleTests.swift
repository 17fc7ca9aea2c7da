import FloorControl
import MCFoundation
import MediaDistribution
import Testing

/// The schedule behind a reference, so that what a call changes can be expected in one line.
private final class Schedule {
    private var schedule: ForwardSchedule

    init(packets: Int) {
        schedule = ForwardSchedule(packets: packets, longestWait: .milliseconds(200))
    }

    var isEmpty: Bool { schedule.isEmpty }
    func append(_ packet: UInt32, list: UInt32, tier: CallTier, at now: Instant) -> Bool {
        schedule.append(packet, list: list, tier: tier, at: now)
    }
    func mostUrgent() -> CallTier? { schedule.mostUrgent() }
    func head(of tier: CallTier) -> ForwardSchedule.Waiting? { schedule.head(of: tier) }
    func head(of tier: CallTier, ahead: Int) -> ForwardSchedule.Waiting? { schedule.head(of: tier, ahead: ahead) }
    func isTooOld(_ waiting: ForwardSchedule.Waiting, at now: Instant) -> Bool { schedule.isTooOld(waiting, at: now) }
    func nextTurn(in tier: CallTier) { schedule.nextTurn(in: tier) }
    func finish(in tier: CallTier) { schedule.finish(in: tier) }
}

@Suite struct ForwardScheduleTests {
    let start = Instant(nanoseconds: 1_000_000_000)

    private func schedule(packets: Int = 400) -> Schedule { Schedule(packets: packets) }

    @Test func `lists of one tier take turns, and packets of a list keep their order`() {
        let schedule = schedule()
        for (packet, list) in [(1, 7), (2, 7), (3, 8), (4, 9)] as [(UInt32, UInt32)] {
            #expect(schedule.append(packet, list: list, tier: .normal, at: start))
        }
        var served: [UInt32] = []
        // Packet 1 needs three turns, the others one.
        var turns: [UInt32: Int] = [1: 3]
        while let waiting = schedule.head(of: .normal) {
            served.append(waiting.packet)
            turns[waiting.packet, default: 1] -= 1
            if turns[waiting.packet, default: 0] > 0 {
                schedule.nextTurn(in: .normal)
            } else {
                schedule.finish(in: .normal)
            }
        }
        #expect(served == [1, 3, 4, 1, 1, 2])
        #expect(schedule.isEmpty)
    }

    @Test func `a talk to thousands does not stand before a small one`() {
        let schedule = schedule()
        for packet in 0..<50 as Range<UInt32> { _ = schedule.append(packet, list: 1, tier: .normal, at: start) }
        _ = schedule.append(99, list: 2, tier: .normal, at: start)
        #expect(schedule.head(of: .normal)?.packet == 0)
        schedule.nextTurn(in: .normal)
        #expect(schedule.head(of: .normal)?.packet == 99)
    }

    @Test func `a higher tier comes first, also for what waits when a call becomes an emergency`() {
        let schedule = schedule()
        _ = schedule.append(1, list: 1, tier: .normal, at: start)
        _ = schedule.append(2, list: 2, tier: .normal, at: start)
        #expect(schedule.mostUrgent() == .normal)
        _ = schedule.append(3, list: 2, tier: .emergency, at: start)
        #expect(schedule.mostUrgent() == .emergency)
        #expect(schedule.head(of: .emergency)?.packet == 2)
        schedule.finish(in: .emergency)
        #expect(schedule.head(of: .emergency)?.packet == 3)
        schedule.finish(in: .emergency)
        #expect(schedule.mostUrgent() == .normal)
        #expect(schedule.head(of: .normal)?.packet == 1)
        schedule.finish(in: .normal)
        #expect(schedule.mostUrgent() == nil)
        #expect(schedule.isEmpty)
    }

    @Test func `a list that was an emergency has one turn like the others afterwards`() {
        let schedule = schedule()
        for tier in [CallTier.normal, .emergency] { _ = schedule.append(1, list: 2, tier: tier, at: start) }
        schedule.finish(in: .emergency)
        schedule.finish(in: .emergency)
        for packet in 10...11 as ClosedRange<UInt32> {
            _ = schedule.append(packet, list: 2, tier: .normal, at: start)
        }
        #expect(schedule.head(of: .normal)?.packet == 10)
        #expect(schedule.head(of: .normal, ahead: 1) == nil)
    }

    @Test func `a flood of ordinary speech leaves room for an emergency`() {
        let schedule = schedule(packets: 400)
        var taken = 0
        for packet in 0..<1_000 as Range<UInt32>
        where schedule.append(packet, list: packet % 7, tier: .normal, at: start) {
            taken += 1
        }
        #expect(taken == 200)
        for packet in 0..<100 as Range<UInt32> {
            #expect(schedule.append(1_000 + packet, list: 9, tier: .emergency, at: start))
        }
        // What was served makes room again.
        schedule.finish(in: .normal)
        #expect(schedule.append(5_000, list: 1, tier: .normal, at: start))
        #expect(!schedule.append(5_001, list: 1, tier: .normal, at: start))
    }

    @Test func `what waited longer than 200 ms is too old`() throws {
        let schedule = schedule()
        _ = schedule.append(1, list: 1, tier: .normal, at: start)
        let waiting = try #require(schedule.head(of: .normal))
        #expect(!schedule.isTooOld(waiting, at: start + .milliseconds(200)))
        #expect(schedule.isTooOld(waiting, at: start + .milliseconds(201)))
    }

    @Test func `those ahead are the heads of the lists whose turns come next`() {
        let schedule = schedule()
        for (packet, list) in [(1, 7), (2, 7), (3, 8)] as [(UInt32, UInt32)] {
            _ = schedule.append(packet, list: list, tier: .normal, at: start)
        }
        #expect(schedule.head(of: .normal, ahead: 1)?.packet == 3)
        #expect(schedule.head(of: .normal, ahead: 2) == nil)
    }
}

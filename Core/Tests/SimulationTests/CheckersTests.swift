import CallControl
import FloorControl
import MCFoundation
import Simulation
import Testing

/// Each checker finds what it is for, and nothing in a clean course.
struct CheckersTests {
    private let italy = MCSystemID("it.example")
    private let france = MCSystemID("fr.example")
    private let group = MCPTTGroupID("sip:flood@it.example")
    private let call = MediaCallID(1)
    private func leg(_ number: UInt64) -> LegID { LegID(number) }

    private func violations(_ facts: [(Int64, WorldFact)]) -> [Violation.Rule] {
        var checkers = Checkers()
        for (milliseconds, fact) in facts {
            checkers.observe(fact, at: Instant(nanoseconds: milliseconds * 1_000_000))
        }
        return checkers.violations.map(\.rule)
    }

    private func burst(_ listeners: Int..., from: Int64 = 0, until: Int64) -> WorldFact {
        .burstEnded(
            Burst(
                group: group, ssrc: 7, from: at(from), until: at(until),
                listeners: listeners.map { Burst.Listener(DeviceID($0), from: at(from), hops: [way]) }))
    }
    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
    private let way = Hop(from: HostID(0), to: HostID(2))

    @Test func `a clean call has no violation`() {
        #expect(
            violations([
                (0, .callOpened(italy, group, call)),
                (5, .joined(italy, call, leg(1), ssrc: 7)),
                (10, .talkerChanged(italy, call, leg(1))),
                (12, .deviceMayTalk(DeviceID(1), group, ssrc: 7)),
                (14, .spoke(DeviceID(1), group, ssrc: 7, sequence: 1)),
                (20, .forwarded(italy, call, leg(1))),
                (25, .relayed(france, ssrc: 7)),
                (30, .heard(DeviceID(2), ssrc: 7, sequence: 1)),
                (40, .deviceMustStop(DeviceID(1), group)),
                (45, .talked(DeviceID(1), group, from: at(12), to: at(40))),
                (50, burst(2, from: 12, until: 40)),
                (60, .talkerChanged(italy, call, nil)),
                (70, .talkerChanged(italy, call, leg(2))),
                (80, .callClosed(italy, call)),
                (85, .affiliation(DeviceID(1), group, isWanted: true, isServed: true, isKnownToOwner: true)),
                (90, .stopped),
            ]) == [])
    }

    @Test func `two talkers at once are found`() {
        #expect(
            violations([
                (0, .talkerChanged(italy, call, leg(1))), (1, .forwarded(italy, call, leg(1))),
                (5, .talkerChanged(italy, call, leg(2))), (6, .forwarded(italy, call, leg(1))),
                (7, .forwarded(italy, call, leg(2))), (8, .forwarded(italy, call, leg(1))),
            ]) == [.oneHolder])
    }

    @Test func `two devices that talk at once for longer than a revocation takes are found`() {
        #expect(
            violations([
                (0, .talked(DeviceID(1), group, from: at(0), to: at(8_000))),
                (1, .talked(DeviceID(2), group, from: at(5_000), to: at(9_000))),
                (2, .talked(DeviceID(3), group, from: at(4_500), to: at(8_700))),
            ]) == [])
        #expect(
            violations([
                (0, .talked(DeviceID(1), group, from: at(0), to: at(8_000))),
                (1, .talked(DeviceID(2), group, from: at(3_000), to: at(9_000))),
            ]) == [.oneHolder])
    }

    @Test func `media of one who does not hold the floor is found, and grace is granted`() {
        #expect(
            violations([
                (0, .talkerChanged(italy, call, leg(1))), (5, .forwarded(italy, call, leg(2))),
                (10, .talkerChanged(italy, call, nil)), (1_000, .forwarded(italy, call, leg(1))),
                (9_000, .forwarded(italy, call, leg(1))),
            ]) == [.noMediaWithoutGrant, .noMediaWithoutGrant])
    }

    @Test func `a packet from nowhere that a gateway passes on is found`() {
        #expect(violations([(0, .relayed(france, ssrc: 9))]) == [.noMediaWithoutGrant])
    }

    @Test func `hearing oneself or somebody without a grant is found`() {
        #expect(
            violations([
                (0, .heard(DeviceID(2), ssrc: 9, sequence: 1)),
                (1, .deviceMayTalk(DeviceID(1), group, ssrc: 7)), (2, .heard(DeviceID(1), ssrc: 7, sequence: 1)),
            ]) == [.noMediaWithoutGrant, .noMediaWithoutGrant])
    }

    @Test func `a second controlling function and a call without end are found`() {
        #expect(
            violations([
                (0, .callOpened(italy, group, call)), (5, .callOpened(france, group, MediaCallID(2))),
                (6, .callClosed(france, MediaCallID(2))), (8, .remains("legs", count: 1)), (9, .stopped),
            ]) == [.oneControllingFunction, .everyCallEnds, .everyCallEnds])
    }

    /// Device 1 says ten packets; 2 hears all of them, 3 what is left after a change.
    private func hearing(until: Int64 = 1_000, _ heard: (UInt16) -> Bool, lost: [UInt16] = [], on hop: Hop? = nil)
        -> [Violation.Rule]
    {
        var facts: [(Int64, WorldFact)] = [(0, .deviceMayTalk(DeviceID(1), group, ssrc: 7))]
        for number in UInt16(0)..<10 {
            let time = Int64(number) * 100
            facts.append((time, .spoke(DeviceID(1), group, ssrc: 7, sequence: 65_530 &+ number)))
            facts.append((time + 30, .heard(DeviceID(2), ssrc: 7, sequence: 65_530 &+ number)))
            if heard(number) { facts.append((time + 30, .heard(DeviceID(3), ssrc: 7, sequence: 65_530 &+ number))) }
            if lost.contains(number) {
                facts.append((time + 10, .lost(ssrc: 7, sequence: 65_530 &+ number, hop ?? way)))
            }
        }
        return violations(facts + [(2_000, burst(2, 3, until: until))])
    }

    @Test func `who should have heard and did not is found, and each burst must be whole`() {
        #expect(hearing { _ in true } == [])
        #expect(hearing { _ in false } == [.everybodyHears])
        #expect(hearing { $0 != 0 } == [.everybodyHears], "a beginning that is cut off")
        #expect(hearing { $0 != 5 } == [.everybodyHears], "a hole")
        #expect(hearing(until: 850) { $0 != 9 } == [], "the end may be overtaken")
    }

    @Test func `losses that were counted on the way of a listener are no violation, elsewhere they are`() {
        #expect(hearing({ $0 != 5 }, lost: [5]) == [])
        #expect(hearing({ $0 != 5 }, lost: [4]) == [.everybodyHears])
        #expect(hearing({ $0 != 5 }, lost: [5], on: Hop(from: HostID(2), to: HostID(0))) == [.everybodyHears])
    }

    @Test func `a device that believes another tier than was declared is found`() {
        for (believed, declared) in [(CallTier.normal, CallTier.emergency), (.emergency, .normal)] {
            let fact = WorldFact.tier(DeviceID(1), group, believed: believed, declared: declared)
            #expect(violations([(0, fact)]) == [.convergence])
        }
        let fact = WorldFact.tier(DeviceID(1), group, believed: .emergency, declared: .emergency)
        #expect(violations([(0, fact)]) == [])
    }

    @Test func `an owner or a serving system that believes otherwise than the device is found`() {
        for (wanted, served, known) in [(true, true, false), (true, false, true), (false, true, false)] {
            #expect(
                violations([
                    (
                        0,
                        .affiliation(DeviceID(1), group, isWanted: wanted, isServed: served, isKnownToOwner: known)
                    )
                ]) == [.convergence])
        }
    }
}

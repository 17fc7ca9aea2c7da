import CallControl
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

    @Test func `a clean call has no violation`() {
        #expect(
            violations([
                (0, .callOpened(italy, group, call)),
                (10, .talkerChanged(italy, call, leg(1))),
                (12, .deviceMayTalk(DeviceID(1), group, ssrc: 7)),
                (20, .forwarded(italy, call, leg(1))),
                (30, .heard(DeviceID(2), ssrc: 7)),
                (40, .deviceMustStop(DeviceID(1), group)),
                (50, .burstEnded(ssrc: 7, from: Instant(nanoseconds: 12_000_000), expected: [DeviceID(2)])),
                (60, .talkerChanged(italy, call, nil)),
                (70, .talkerChanged(italy, call, leg(2))),
                (80, .callClosed(italy, call)),
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

    @Test func `media of one who does not hold the floor is found, and grace is granted`() {
        #expect(
            violations([
                (0, .talkerChanged(italy, call, leg(1))), (5, .forwarded(italy, call, leg(2))),
                (10, .talkerChanged(italy, call, nil)), (1_000, .forwarded(italy, call, leg(1))),
                (9_000, .forwarded(italy, call, leg(1))),
            ]) == [.noMediaWithoutGrant, .noMediaWithoutGrant])
    }

    @Test func `hearing oneself or somebody without a grant is found`() {
        #expect(
            violations([
                (0, .heard(DeviceID(2), ssrc: 9)),
                (1, .deviceMayTalk(DeviceID(1), group, ssrc: 7)), (2, .heard(DeviceID(1), ssrc: 7)),
            ]) == [.noMediaWithoutGrant, .noMediaWithoutGrant])
    }

    @Test func `a second controlling function and a call without end are found`() {
        #expect(
            violations([
                (0, .callOpened(italy, group, call)), (5, .callOpened(france, group, MediaCallID(2))),
                (6, .callClosed(france, MediaCallID(2))), (9, .stopped),
            ]) == [.oneControllingFunction, .everyCallEnds])
    }

    @Test func `one who should have heard and did not is found`() {
        #expect(
            violations([
                (0, .deviceMayTalk(DeviceID(1), group, ssrc: 7)), (2, .heard(DeviceID(2), ssrc: 7)),
                (9, .burstEnded(ssrc: 7, from: .zero, expected: [DeviceID(2), DeviceID(3)])),
            ]) == [.everybodyHears])
    }

    @Test func `an owner that believes otherwise than the device is found`() {
        #expect(
            violations([(0, .affiliation(DeviceID(1), group, isWanted: true, isKnownToOwner: false))]) == [.convergence]
        )
    }
}

import MCFoundation
import SIPUserAgent
import Testing

@Suite struct OutboundKeepAliveTests {
    private func seconds(_ instant: Instant?) -> Double? { instant.map { Double($0.nanoseconds) / 1e9 } }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `pings leave within 80 to 100 percent of Flow-Timer`(seed: UInt64) throws {
        var machine = OutboundKeepAlive(random: SeededGenerator(seed: seed))
        _ = machine.handle(.flowOpened, at: .milliseconds(0))
        let standard = try #require(seconds(machine.nextDeadline))
        #expect((95...120).contains(standard))
        _ = machine.handle(.flowTimerReceived(seconds: 30), at: .milliseconds(0))
        let learned = try #require(seconds(machine.nextDeadline))
        #expect((24...30).contains(learned))
    }

    @Test func `a pong keeps the flow and silence of ten seconds ends it`() throws {
        var machine = OutboundKeepAlive(random: SeededGenerator(seed: 1))
        #expect(machine.nextDeadline == nil)
        _ = machine.handle(.flowOpened, at: .milliseconds(0))
        _ = machine.handle(.flowTimerReceived(seconds: 30), at: .milliseconds(0))
        #expect(machine.handle(.timeAdvanced, at: .milliseconds(23_999)) == [])
        #expect(machine.handle(.timeAdvanced, at: .milliseconds(30_000)) == [.ping])
        #expect(machine.handle(.pongReceived, at: .milliseconds(31_000)) == [])
        #expect(machine.handle(.pongReceived, at: .milliseconds(31_000)) == [])
        #expect(machine.handle(.timeAdvanced, at: .milliseconds(61_000)) == [.ping])
        #expect(seconds(machine.nextDeadline) == 71)
        #expect(machine.handle(.timeAdvanced, at: .milliseconds(70_999)) == [])
        #expect(machine.handle(.timeAdvanced, at: .milliseconds(71_000)) == [.flowFailed])
        #expect(machine.nextDeadline == nil)
    }

    @Test func `a Flow-Timer of nothing does not make us ping without pause, and a closed flow not at all`() throws {
        var machine = OutboundKeepAlive(random: SeededGenerator(seed: 1))
        _ = machine.handle(.flowOpened, at: .milliseconds(0))
        _ = machine.handle(.flowTimerReceived(seconds: 0), at: .milliseconds(0))
        #expect(try #require(seconds(machine.nextDeadline)) >= 4)
        _ = machine.handle(.flowClosed, at: .milliseconds(1))
        #expect(machine.nextDeadline == nil)
        #expect(machine.handle(.timeAdvanced, at: .milliseconds(500_000)) == [])
    }
}

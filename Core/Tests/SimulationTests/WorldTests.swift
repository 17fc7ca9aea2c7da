import Simulation
import Testing

struct WorldTests {
    /// Five countries of forty responders and an hour of calls, with partitions, crashes, loss, duplicates and
    /// reordering.
    @Test(arguments: UInt64(1)...10)
    func `an hour with faults has no violation`(_ seed: UInt64) throws {
        let outcome = try World(WorldPlan(seed: seed)).run()
        #expect(outcome.violations.map(\.description) == [])
        // A run in which little happened proves little.
        #expect(outcome.statistics.faults >= 10)
        #expect(outcome.statistics.bursts >= 400)
        #expect(outcome.statistics.judgedHearings >= 2_000)
        #expect(outcome.statistics.judgedInTrouble >= 50)
        #expect(outcome.statistics.tierChanges >= 500)
        #expect(outcome.network.datagramsLost > 100)
        #expect(outcome.network.datagramsDuplicated > 100)
        #expect(outcome.network.datagramsReordered > 100)
    }

    @Test(arguments: UInt64(1)...3)
    func `a minute with every packet has no violation`(_ seed: UInt64) throws {
        let outcome = try World(.packetLevel(seed: seed)).run()
        #expect(outcome.violations.map(\.description) == [])
        #expect(outcome.statistics.judgedHearings > 50)
        #expect(outcome.network.datagramsLost > 100)
        #expect(outcome.network.datagramsDuplicated > 100)
        #expect(outcome.network.datagramsReordered > 100)
    }

    @Test(arguments: UInt64(21)...22)
    func `messages turned to octets and back between functions change nothing`(_ seed: UInt64) throws {
        var plan = WorldPlan(seed: seed)
        plan.countries = 3
        plan.respondersPerCountry = 12
        plan.duration = .seconds(900)
        let plain = try World(plan).run()
        plan.serializesInternally = true
        let serialized = try World(plan).run()
        #expect(serialized.statistics == plain.statistics)
        #expect(serialized.violations == plain.violations)
        #expect(serialized.network == plain.network)
        // Every fact and every decision, in the same order at the same time.
        #expect(serialized.trace.count == plain.trace.count)
        #expect(serialized.trace.fingerprint == plain.trace.fingerprint)
        #expect(plain.statistics.faults > 0)
        #expect(plain.statistics.bursts > 50)
    }

    /// Tokens last half an hour and are renewed in time.
    @Test func `in a run longer than a token nobody loses the service`() throws {
        var plan = WorldPlan(seed: 31)
        plan.countries = 2
        plan.respondersPerCountry = 8
        plan.duration = .seconds(2_700)
        plan.pressInterval = .seconds(20)
        plan.keepsTrace = true
        // A system that starts anew has everybody present his token again, which would hide a renewal that is missing.
        plan.faultInterval = nil
        let outcome = try World(plan).run()
        #expect(outcome.violations.map(\.description) == [])
        #expect(!outcome.trace.lines.contains { $0.contains("authorisation expired") })
        #expect(outcome.trace.lines.contains { $0.contains("service.bound") })
        #expect(outcome.statistics.bursts > 50)
    }
}

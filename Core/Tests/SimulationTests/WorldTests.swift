import Simulation
import Testing

struct WorldTests {
    /// Where several calls stand between two gateways, only Floor Taken says to which an SSRC belongs. It is sent once:
    /// where it is lost, overtakes the answer by which the joining side learns our address, or teaches nothing, those
    /// behind that gateway hear nothing until the next talk, or until the other calls are over. Known, named and bounded
    /// here until the product repeats it.
    private static func judge(_ outcome: WorldOutcome) {
        let deaf = outcome.violations.filter(\.isDeafAbroad)
        #expect(outcome.violations.filter { !$0.isDeafAbroad }.map(\.description) == [])
        #expect(deaf.count * 1_000 <= outcome.statistics.judgedHearings)
        withKnownIssue("a gateway did not learn from Floor Taken whose an SSRC is", isIntermittent: true) {
            #expect(deaf.map(\.description) == [])
        }
    }

    /// Five countries of forty responders and an hour of calls, with partitions, crashes, loss, duplicates and
    /// reordering.
    @Test(arguments: UInt64(1)...10)
    func `an hour with faults has no violation`(_ seed: UInt64) throws {
        let outcome = try World(WorldPlan(seed: seed)).run()
        Self.judge(outcome)
        // A run in which little happened proves little.
        #expect(outcome.statistics.faults >= 10)
        #expect(outcome.statistics.bursts >= 400)
        #expect(outcome.statistics.judgedHearings >= 2_000)
        #expect(outcome.statistics.judgedInTrouble >= 50)
    }

    @Test(arguments: UInt64(1)...3)
    func `a minute with every packet has no violation`(_ seed: UInt64) throws {
        let outcome = try World(.packetLevel(seed: seed)).run()
        Self.judge(outcome)
        #expect(outcome.statistics.judgedHearings > 50)
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
}

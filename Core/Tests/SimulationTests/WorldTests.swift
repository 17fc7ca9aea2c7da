import Simulation
import Testing

struct WorldTests {
    @Test func `a minute with every packet has no violation`() throws {
        let outcome = try World(.packetLevel(seed: 1)).run()
        print(outcome.statistics, outcome.network)
        #expect(outcome.violations.map(\.description) == [])
        #expect(outcome.statistics.judgedHearings > 10)
    }
}

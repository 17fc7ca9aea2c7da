import Simulation
import Testing

/// Each checker fails on a world with a machine that is broken on purpose, and on nothing else in it.
struct SabotageTests {
    @Test func `the small world is whole while nothing is broken`() throws {
        let outcome = try World(.sabotaged(nil, seed: 1)).run()
        #expect(outcome.violations.map(\.description) == [])
        #expect(outcome.statistics.judgedHearings > 10)
    }

    @Test(arguments: Sabotage.allCases)
    func `the checker of its rule finds what was broken, and no other does`(_ sabotage: Sabotage) throws {
        let outcome = try World(.sabotaged(sabotage, seed: 1)).run()
        #expect(Set(outcome.violations.map(\.rule)) == [sabotage.rule], "\(outcome.violations.prefix(5))")
    }

    @Test func `every rule has a machine that breaks it`() {
        #expect(Set(Sabotage.allCases.map(\.rule)) == Set(Violation.Rule.allCases))
    }
}

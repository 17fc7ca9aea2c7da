import ArgumentParser
import Foundation
import Simulation

/// Many countries in one process, from seeds.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Play simulated countries with faults and check what must never be.",
        discussion: """
            A seed that fails is printed with the command that plays it again, and the exit status is 1: the same seed \
            gives the same trace in every process.
            """)

    @Option(help: "How many seeds to play.")
    var seeds = 10

    @Option(name: [.long, .customLong("seed")], help: "The first seed.")
    var firstSeed: UInt64 = 1

    @Option(help: "Minutes of activity, in simulated time.")
    var minutes = 60

    @Flag(help: "Play every packet, 60 seconds, without faults.")
    var packets = false

    @Flag(help: "Turn every message between functions to octets and back.")
    var serialized = false

    @Option(
        help: "Break a machine on purpose: \(Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: { word in
            guard let sabotage = Sabotage(rawValue: word) else { throw ValidationError("\(word) is no sabotage") }
            return sabotage
        })
    var sabotage: Sabotage?

    @Option(help: "Write the trace of the last seed to this file.")
    var trace: String?

    func validate() throws {
        guard seeds > 0, minutes > 0 else { throw ValidationError("--seeds and --minutes must be positive") }
    }

    func run() throws {
        var failed: [WorldPlan] = []
        for number in 0..<UInt64(seeds) {
            let plan = plan(firstSeed &+ number)
            let outcome = try World(plan).run()
            let statistics = outcome.statistics
            Terminal.show(
                "seed \(plan.seed): \(statistics.presses) presses, \(statistics.bursts) bursts, "
                    + "\(statistics.faults) faults, \(statistics.judgedHearings) hearings of "
                    + "\(statistics.judgedBursts) bursts judged, \(statistics.judgedInTrouble) of them during faults, "
                    + "\(outcome.violations.count) violations, trace \(String(outcome.trace.fingerprint, radix: 16))")
            for violation in outcome.violations.prefix(20) { Terminal.show("  \(violation)") }
            if !outcome.violations.isEmpty { failed.append(plan) }
            if let trace, number + 1 == UInt64(seeds) {
                try outcome.trace.lines.joined(separator: "\n").write(toFile: trace, atomically: true, encoding: .utf8)
            }
        }
        guard failed.isEmpty else {
            for plan in failed { Terminal.show("FAILED seed \(plan.seed); again: euccs simulate \(plan.commandLine)") }
            throw ExitCode.failure
        }
    }

    private func plan(_ seed: UInt64) -> WorldPlan {
        var plan =
            if let sabotage {
                WorldPlan.sabotaged(sabotage, seed: seed)
            } else if packets {
                WorldPlan.packetLevel(seed: seed)
            } else {
                WorldPlan(seed: seed)
            }
        if !packets, sabotage == nil { plan.duration = .seconds(60 * minutes) }
        plan.serializesInternally = serialized
        plan.keepsTrace = trace != nil
        return plan
    }
}

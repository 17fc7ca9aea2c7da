import ArgumentParser
import Foundation
import Simulation

/// Many countries in one process, from seeds.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Play simulated countries with faults and check what must never be.",
        discussion: "A seed that fails is printed and replays: the same seed gives the same trace in every process.")

    @Option(help: "How many seeds to play.")
    var seeds = 10

    @Option(help: "The first seed; with --seeds 1 this one alone is played.")
    var seed: UInt64 = 1

    @Option(help: "Minutes of activity, in simulated time.")
    var minutes = 60

    @Flag(help: "Play every packet, 60 seconds, without faults.")
    var packets = false

    @Flag(help: "Turn every message between functions to octets and back.")
    var serialized = false

    @Option(help: "Write the trace of the last seed to this file.")
    var trace: String?

    func validate() throws {
        guard seeds > 0, minutes > 0 else { throw ValidationError("--seeds and --minutes must be positive") }
    }

    func run() throws {
        var failed: [UInt64] = []
        for number in 0..<UInt64(seeds) {
            var plan = packets ? WorldPlan.packetLevel(seed: seed + number) : WorldPlan(seed: seed + number)
            if !packets { plan.duration = .seconds(60 * minutes) }
            plan.serializesInternally = serialized
            plan.keepsTrace = trace != nil
            let outcome = try World(plan).run()
            let statistics = outcome.statistics
            Terminal.show(
                "seed \(plan.seed): \(statistics.presses) presses, \(statistics.bursts) bursts, \(statistics.faults) faults, "
                    + "\(statistics.judgedHearings) hearings of \(statistics.judgedBursts) bursts judged, "
                    + "\(outcome.violations.count) violations, trace \(String(outcome.trace.fingerprint, radix: 16))")
            for violation in outcome.violations.prefix(20) { Terminal.show("  \(violation)") }
            if !outcome.violations.isEmpty { failed.append(plan.seed) }
            if let trace, number + 1 == UInt64(seeds) {
                try outcome.trace.lines.joined(separator: "\n").write(toFile: trace, atomically: true, encoding: .utf8)
            }
        }
        guard failed.isEmpty else {
            Terminal.show(
                "FAILED seeds: \(failed.map(String.init).joined(separator: " ")); replay one with --seeds 1 --seed N")
            throw ExitCode.failure
        }
    }
}

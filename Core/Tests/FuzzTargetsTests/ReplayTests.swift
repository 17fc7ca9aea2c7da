import Foundation
import FuzzTargets
import MCFoundation
import Testing

/// Replays what the fuzzer keeps, through the very code it runs.
@Suite("Hostile octets")
struct ReplayTests {
    /// The files of `Fuzz/<folder>/<target>` beside the package; none where the package stands alone.
    static func inputs(_ folder: String, _ target: String) throws -> [[UInt8]] {
        let fuzz = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Fuzz").standardized
        let directory = fuzz.appending(path: folder).appending(path: target)
        guard FileManager.default.fileExists(atPath: directory.path()) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { Array(try Data(contentsOf: $0)) }
    }

    struct Target: Sendable, CustomTestStringConvertible {
        var name: String
        var run: @Sendable ([UInt8]) -> Void
        var testDescription: String { name }
    }

    static let targets = [
        Target(name: "sip") { FuzzTargets.sip($0) },
        Target(name: "sdp") { FuzzTargets.sdp($0) },
        Target(name: "rtp") { FuzzTargets.rtp($0) },
        Target(name: "documents") { FuzzTargets.documents($0) },
        Target(name: "floor") { FuzzTargets.floor($0) },
        Target(name: "stun") { FuzzTargets.stun($0) },
        Target(name: "audit") { FuzzTargets.audit($0) },
        Target(name: "xcap") { FuzzTargets.xcap($0) },
        Target(name: "tables") { FuzzTargets.tables($0) },
        Target(name: "succession") { FuzzTargets.succession($0) },
    ]

    @Test("what once made a target fail does so no more", arguments: targets)
    func crashers(_ target: Target) throws {
        let inputs = try Self.inputs("crashers", target.name)
        for input in inputs { target.run(input) }
    }

    @Test("the corpus is there, and passes whole and mutated", arguments: targets)
    func corpus(_ target: Target) throws {
        let inputs = try Self.inputs("corpus", target.name)
        #expect(!inputs.isEmpty)
        var random = SeededGenerator(seed: 4475)
        for input in inputs.prefix(1000) {
            target.run(input)
            target.run(mutated(input, &random))
        }
    }

    private func mutated(_ input: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var octets = input
        for _ in 0..<Int.random(in: 1...4, using: &random) where !octets.isEmpty {
            let index = Int.random(in: 0..<octets.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: octets[index] = UInt8.random(in: 0...255, using: &random)
            case 1: octets.remove(at: index)
            case 2: octets.insert(octets[octets.count - 1 - index], at: index)
            default: octets.removeLast(min(octets.count - index, 64))
            }
        }
        return octets
    }
}

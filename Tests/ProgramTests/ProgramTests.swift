import Foundation
import Testing

/// The program as people run it: real processes, sockets and files.
@Suite(.serialized)
struct ProgramTests {
    struct Result {
        var status: Int32
        var output: String
    }

    /// The program stands beside the test bundle: one build makes both.
    static func program() throws -> URL {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let beside = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("euccs")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? ""
        let inBuild = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("euccs")
        try #require(FileManager.default.isExecutableFile(atPath: inBuild.path), "no euccs beside \(own) or \(bundle)")
        return inBuild
    }

    static func run(_ arguments: [String], seconds: Double) throws -> Result {
        let process = Process()
        process.executableURL = try program()
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let limit = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: limit)
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        limit.cancel()
        return Result(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
    }

    static func scratch() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("euccs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test(arguments: [["--packets"], ["--minutes", "5"]])
    func `the same seed gives the same trace in two processes, and another seed another`(_ options: [String]) throws {
        func traces(_ seed: String) throws -> [Substring] {
            let result = try Self.run(["simulate", "--seeds", "1", "--first-seed", seed] + options, seconds: 240)
            #expect(result.status == 0, "\(result.output)")
            return result.output.split(separator: "\n")
        }
        let first = try traces("11")
        if options != ["--packets"] { #expect(first.first?.contains(" 0 faults") == false) }
        #expect(try traces("11") == first)
        let fingerprint = try #require(first.first?.split(separator: " ").last)
        #expect(try traces("12").first?.split(separator: " ").last != fingerprint)
    }

    @Test func `a seed that fails is told with the command that plays it again`() throws {
        let arguments = ["simulate", "--seeds", "2", "--sabotage", "deafMember", "--serialized"]
        let result = try Self.run(arguments, seconds: 240)
        #expect(result.status == 1)
        let command = "euccs simulate --seeds 1 --first-seed 2 --sabotage deafMember --serialized"
        let lines = result.output.split(separator: "\n")
        #expect(lines.last == "FAILED seed 2; again: \(command)")
        let replayed = try Self.run(command.split(separator: " ").dropFirst().map(String.init), seconds: 240)
        #expect(replayed.status == 1)
        let second = lines.drop { !$0.hasPrefix("seed 2:") }.filter { !$0.hasPrefix("FAILED seed 1") }
        #expect(replayed.output.split(separator: "\n") == Array(second))
    }

    @Test func `speech crosses the borders of three systems, everybody hears and nobody else`() throws {
        let folder = try Self.scratch()
        defer { try? FileManager.default.removeItem(at: folder) }
        let report = folder.appendingPathComponent("report.json")
        let result = try Self.run(
            ["lab", "--once", "--directory", folder.path, "--report", report.path], seconds: 240)
        #expect(result.status == 0, "\(result.output)")
        let json = try #require(
            JSONSerialization.jsonObject(with: try Data(contentsOf: report)) as? [String: Any])
        let bursts = try #require(json["bursts"] as? [[String: Any]])
        let hearings = try #require(json["hearings"] as? [[String: Any]])
        #expect(json["everybodyHeard"] as? Bool == true)
        #expect(hearings.allSatisfy { $0["isWhole"] as? Bool == true })
        #expect((json["failures"] as? [String]) == [])
        #expect(bursts.count >= 30)
        #expect(Set(bursts.compactMap { $0["country"] as? String }) == ["it", "fr", "es"])
        #expect(bursts.contains { $0["access"] as? String == "queued" })
        #expect(bursts.contains { $0["end"] as? String == "preempted" })
        #expect(hearings.contains { $0["isLateEntry"] as? Bool == true && $0["crossesBorder"] as? Bool == true })
        let heard = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("heard").path)
        #expect(heard.filter { $0.hasSuffix(".wav") }.count == 10)
    }

    /// Starts the lab and gives it once its three systems run, with their processes.
    private func startLab(_ folder: URL) async throws -> (lab: Process, systems: [Int32]) {
        let lab = Process()
        lab.executableURL = try Self.program()
        lab.arguments = ["lab", "--directory", folder.path]
        let pipe = Pipe()
        lab.standardOutput = pipe
        lab.standardError = pipe
        lab.standardInput = FileHandle.nullDevice
        try lab.run()
        var output = ""
        var systems: [Int32] = []
        while systems.count < 3 {
            let more = pipe.fileHandleForReading.availableData
            try #require(!more.isEmpty, "the lab ended: \(output)")
            output += String(decoding: more, as: UTF8.self)
            systems = output.split(separator: "\n").compactMap { line in
                line.split(separator: " ").drop { $0 != "process" }.dropFirst().first.flatMap { Int32($0.dropLast()) }
            }
        }
        // Nobody reads any more what it says; a full pipe must not hold it up.
        pipe.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
        return (lab, systems)
    }

    private func areGone(_ processes: [Int32], within seconds: Double) async throws -> Bool {
        for _ in 0..<Int(seconds * 20) {
            if processes.allSatisfy({ kill($0, 0) != 0 }) { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    @Test func `Ctrl-C in the midst of the demonstration ends the lab and its systems`() async throws {
        let folder = try Self.scratch()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (lab, systems) = try await startLab(folder)
        kill(lab.processIdentifier, SIGINT)
        lab.waitUntilExit()
        #expect(lab.terminationReason == .exit && lab.terminationStatus == 130)
        #expect(try await areGone(systems, within: 1))
    }

    @Test func `a lab that is killed leaves no system behind`() async throws {
        let folder = try Self.scratch()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (lab, systems) = try await startLab(folder)
        kill(lab.processIdentifier, SIGKILL)
        lab.waitUntilExit()
        #expect(try await areGone(systems, within: 10))
    }

    @Test func `a configuration that is wrong is refused with file, line and what was expected`() throws {
        let folder = try Self.scratch()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("system.yaml")
        try "system:\n  name: X\n  country: Italia\n".write(to: file, atomically: true, encoding: .utf8)
        let result = try Self.run(["serve", "--config", file.path], seconds: 20)
        #expect(result.status == 2)
        #expect(result.output.contains("\(file.path):3:"), "\(result.output)")
        #expect(result.output.contains("expected a country code of two capital letters"))
    }

    @Test func `a command line that is wrong is refused with its usage`() throws {
        let result = try Self.run(["lab", "--onec"], seconds: 20)
        #expect(result.status == 64)
        #expect(result.output.contains("Usage"))
    }

    @Test func `a configuration that is not there is named`() throws {
        let result = try Self.run(["serve", "--config", "/nowhere/system.yaml"], seconds: 20)
        #expect(result.status == 2)
        #expect(result.output.contains("/nowhere/system.yaml"))
    }
}

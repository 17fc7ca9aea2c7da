import ArgumentParser
import Foundation
import Lab
import Logging

/// The main job: three countries on one machine, and speech across the borders.
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Run three national systems on this machine and play the Liguria flood.",
        discussion: """
            Each country is a process of its own with its own authority, users, groups and ports on loopback, and they are \
            joined by mutual TLS. With --once the lab ends after the demonstration, with status 0 only if everybody who \
            should have heard did, each burst whole, and nobody else heard.
            """)

    enum KPIMode: String, ExpressibleByArgument, CaseIterable {
        case report, enforce
    }

    @Flag(help: "End after the demonstration.")
    var once = false

    @Option(help: "Write every measurement to this file, as JSON.")
    var report: String?

    @Option(help: "report: publish the indicators of TS 22.179; enforce: the in-country ones must hold.")
    var kpi: KPIMode = .report

    @Option(help: "Where certificates, configuration, logs and recordings go.")
    var directory = "lab-out"

    @Option(help: "Write the secrets of the systems' TLS sessions to this file, for a dissector.")
    var tlsKeyLog: String?

    func run() async throws {
        let end = EndSignal()
        let folder = URL(fileURLWithPath: directory)
        let isSatisfied: Bool?
        do {
            let program = try LabCommand.ownPath()
            isSatisfied = try await end.cancelling { try await play(in: folder, program: program) }
        } catch let failure as ExitCode {
            throw failure
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
        guard let isSatisfied else {
            Terminal.show("interrupted; the systems are stopped")
            throw ExitCode(130)
        }
        if !isSatisfied { throw ExitCode.failure }
    }

    /// True where everybody who should have heard did, and the indicators hold where that was asked.
    private func play(in folder: URL, program: String) async throws -> Bool {
        Terminal.show("Three national systems start")
        let lab = try await Lab.start(
            folder: folder, program: program, tlsKeyLog: tlsKeyLog, logger: Terminal.logger("lab", level: .warning),
            show: { Terminal.show($0) })
        defer { lab.stop() }
        let result = try await lab.demonstrate()
        Terminal.show(ReportTable.text(result))
        Terminal.show("What each listener heard: \(folder.appendingPathComponent("heard").path)")
        if let report { try write(result, to: report) }
        let isSatisfied = result.everybodyHeard && (kpi == .report || result.kpis.inCountryHolds)
        if result.everybodyHeard, !isSatisfied {
            Terminal.complain("in-country indicators of TS 22.179 missed or without a sample: --kpi enforce")
        }
        if !once {
            Terminal.show(lab.joinInstructions)
            await lab.stayUp()
        }
        return isSatisfied
    }

    private func write(_ result: LabReport, to path: String) throws {
        let file = URL(fileURLWithPath: path)
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try result.encoded().write(to: file, options: .atomic)
        } catch {
            Terminal.complain("\(path): cannot be written: \(error)")
            throw ExitCode.failure
        }
        Terminal.show("Every measurement: \(file.path)")
    }

    /// The file that this process runs, for starting the systems.
    private static func ownPath() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}

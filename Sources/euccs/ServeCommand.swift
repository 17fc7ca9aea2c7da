import ArgumentParser
import CallControl
import Configuration
import Foundation
import Logging
import NationalSystem
import Policy
import SignallingDriver

/// Runs one national system until it is asked to end.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run one national MC system.",
        discussion: "The configuration file is described in HANDBOOK.md; docs/example/system.yaml shows every key.")

    @Option(help: "The system's configuration file.")
    var config: String

    @Flag(help: "End when standard input ends: whoever started the system and held it open is gone.")
    var attached = false

    @Option(help: "Trials only: write the secrets of TLS sessions to this file, for a dissector.")
    var tlsKeyLog: String?

    @Flag(help: "Check the configuration and the directory, say what is wrong, and end.")
    var check = false

    func run() async throws {
        let configuration: SystemConfiguration
        do {
            configuration = try SystemConfiguration.read(path: config)
            _ = try DirectoryFile.read(for: configuration).snapshot(for: configuration)
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode(2)
        }
        if check {
            Terminal.show("\(config): in order")
            return
        }
        let end = EndSignal()
        if attached { end.includeEndOfInput() }
        let level = Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info
        let logger = Terminal.logger(configuration.identity.domain, level: level)
        let system: NationalSystem
        do {
            let keyLog = try tlsKeyLog.map { try TLSKeyLog(path: $0) }
            if let tlsKeyLog {
                logger.warning("TLS secrets are written: trials only", metadata: ["file": "\(tlsKeyLog)"])
            }
            system = try await NationalSystem.start(configuration, logger: logger, keyLog: keyLog) { observation in
                guard observation.name.hasPrefix("partner."), let partner = observation.fields.first else { return }
                Terminal.show("\(observation.name) \(partner.value)")
            }
        } catch {
            Terminal.complain("\(configuration.name) cannot start: \(error)")
            throw ExitCode.failure
        }
        for (name, address) in system.addresses.sorted(by: { $0.key < $1.key }) {
            Terminal.show("\(name) \(address)")
        }
        Terminal.show("ready: \(configuration.name)")
        await end.wait()
        await system.stop()
        Terminal.show("ended: \(configuration.name)")
    }
}

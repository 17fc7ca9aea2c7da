import Administration
import ArgumentParser
import CallControl
import ConfigurationFiles
import Foundation
import IdentityService
import Logging
import NationalAdministration
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

    @Option(help: "Seconds that running calls may go on after SIGTERM; else timers.drain of the configuration.")
    var drain: UInt16?

    @Flag(help: "Take the place of the process that serves by this file now: its calls end there, new ones begin here.")
    var succeed = false

    @Option(help: "Write the metrics to this file every ten seconds, for collectors that read files.")
    var metricsFile: String?

    /// How soon what another process changed in the store takes effect.
    private static let following = Duration.milliseconds(200)

    func run() async throws {
        let running = RunningSystem()
        let configuration: SystemConfiguration
        let directory: DirectorySnapshot
        let administration: NationalAdministration?
        do {
            configuration = try SystemConfiguration.read(path: config)
            switch configuration.directory {
            case .file:
                administration = nil
                directory = try DirectoryFile.read(for: configuration).snapshot(for: configuration)
            case .store(let path):
                let opened = try OpenedStore.administration(path, configuration) { running.replace($0) }
                administration = opened
                directory = await opened.directory
                running.fleet.replace(await opened.fleet)
                running.directory.replace(directory)
            }
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode(2)
        }
        if check {
            Terminal.show("\(config): in order")
            return
        }
        let end = EndSignal()
        let occasions = Upkeep.Occasions()
        if attached { end.includeEndOfInput() }
        let level = SharedLevel(Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info)
        let logger = level.logger(configuration.identity.domain)
        let audit = try await startAudit(configuration, administration, running, logger)
        let verifier = Awaited<TokenVerifying>()
        var identity: IdentityService?
        if !succeed { identity = try await startIdentity(configuration, administration, running, audit, logger) }
        identity.map { verifier.set(NationalIdentity.verifying($0)) }
        let documents = configuration.web.flatMap { web in
            administration.map { NationalDocuments(configuration, web, $0) }
        }
        running.tell(documents)
        let isByToken = configuration.web != nil && administration != nil
        let system = try await start(
            configuration, directory, isByToken ? verifier : nil, documents, running, audit, logger)
        running.isUp(system)
        if succeed {
            try await takeOver(system, logger)
            // What log-in knows is what the other process left when it closed its own.
            await configuration.web?.waitUntilFree()
            identity = try await startIdentity(configuration, administration, running, audit, logger)
            identity.map { verifier.set(NationalIdentity.verifying($0)) }
        }
        let following = Task {
            await administration?.follow(every: Self.following) { error in
                logger.error("the store cannot be followed; the last directory stays", metadata: ["why": "\(error)"])
            }
        }
        let metrics = ServeMetrics(system: system, administration: administration, audit: audit)
        let web = try await startWeb(configuration, identity, documents, metrics, logger)
        let upkeep = Task { [config, metricsFile, provider = running.provider] in
            var upkeep = Upkeep(
                occasions, path: config, system: system, web: web, provider: provider, administration: administration,
                level: level, logger: logger, metricsFile: metricsFile)
            await upkeep.run()
        }
        for (name, address) in (Array(system.addresses) + web.current.addresses).sorted(by: { $0.0 < $1.0 }) {
            Terminal.show("\(name) \(address)")
        }
        Terminal.show("ready: \(configuration.name)")
        SupervisorNotice.ready()
        let patience = drain.map { .seconds(Int64($0)) } ?? system.configuration.timers.drain
        for await event in Service.events(of: system, end: end) {
            switch event {
            case .succeeded:
                logger.notice("another process takes over: calls that stand end here")
                await web.close()
                continue
            case .aloneAgain:
                logger.error("the process that was to take over is gone; this one serves on")
                await web.open { logger.critical("HTTP cannot start again", metadata: ["why": "\($0)"]) }
                continue
            case .left:
                SupervisorNotice.stopping()
            case .askedToEnd:
                SupervisorNotice.stopping(within: patience)
                await Drainage.run(system, atMost: patience, end: end, logger: logger)
            }
            break
        }
        upkeep.cancel()
        following.cancel()
        await web.close()
        await system.stop()
        await identity?.stop()
        await audit?.stop()
        Terminal.show("ended: \(configuration.name)")
    }

    private static func verifying(_ verifier: Awaited<TokenVerifying>) -> TokenVerifying {
        { job in await verifier.value()(job) }
    }

    private func takeOver(_ system: NationalSystem, _ logger: Logger) async throws {
        do {
            try await system.succeed()
            logger.notice("calls that stand end in the process before; everything else begins here")
        } catch {
            Terminal.complain("\(system.configuration.name) cannot take over: \(error)")
            await system.stop()
            throw ExitCode.failure
        }
    }

    private func startAudit(
        _ configuration: SystemConfiguration, _ administration: NationalAdministration?, _ running: RunningSystem,
        _ logger: Logger
    ) async throws -> ServeAudit? {
        do {
            return try await ServeAudit.start(
                configuration, administration, directory: { running.directory.value }, logger)
        } catch {
            Terminal.complain("\(configuration.name): the audit log cannot be kept: \(error)")
            throw ExitCode.failure
        }
    }

    private func startIdentity(
        _ configuration: SystemConfiguration, _ administration: NationalAdministration?, _ running: RunningSystem,
        _ audit: ServeAudit?, _ logger: Logger
    ) async throws -> IdentityService? {
        guard let web = configuration.web, let administration else { return nil }
        do {
            return try await NationalIdentity.start(configuration, web, administration, running, audit, logger)
        } catch {
            Terminal.complain("\(configuration.name): nobody can log in: \(error)")
            throw ExitCode.failure
        }
    }

    private func startWeb(
        _ configuration: SystemConfiguration, _ identity: IdentityService?, _ documents: NationalDocuments?,
        _ metrics: ServeMetrics, _ logger: Logger
    ) async throws -> ServedWeb {
        do {
            return try await ServedWeb {
                try await NationalWeb.start(
                    configuration.web, identity: identity, documents: documents, metrics, logger)
            }
        } catch {
            Terminal.complain("\(configuration.name): HTTP cannot start: \(error)")
            throw ExitCode.failure
        }
    }

    private func start(
        _ configuration: SystemConfiguration, _ directory: DirectorySnapshot, _ verifier: Awaited<TokenVerifying>?,
        _ documents: NationalDocuments?, _ running: RunningSystem, _ audit: ServeAudit?, _ logger: Logger
    ) async throws -> NationalSystem {
        do {
            let keyLog = try tlsKeyLog.map { try TLSKeyLog(path: $0) }
            if let tlsKeyLog {
                logger.warning("TLS secrets are written: trials only", metadata: ["file": "\(tlsKeyLog)"])
            }
            return try await NationalSystem.start(
                configuration, directory: directory, logger: logger, keyLog: keyLog,
                verify: verifier.map(Self.verifying),
                documentRoot: documents?.settings.groupRoot, asSuccessor: succeed,
                lookUpDocuments: { documents?.find($0, for: running) }
            ) { observation in
                audit?.observe(observation)
                guard observation.name.hasPrefix("partner."), let partner = observation.fields.first else { return }
                Terminal.show("\(observation.name) \(partner.value)")
            }
        } catch {
            Terminal.complain("\(configuration.name) cannot start: \(error)")
            throw ExitCode.failure
        }
    }
}

import Audit
import CertificateAuthority
import ConfigurationFiles
import ExternalLogin
import Foundation
import HostTime
import Logging
import MCFoundation
import NationalAdministration
import NationalSystem
import Telemetry

/// What goes on beside a system that serves: its configuration is read again on SIGHUP, renewed certificates are taken up,
/// and people are told in time that one ends. One task does it all, so that nothing overlaps.
struct Upkeep {
    /// How often the files of certificates are looked at.
    private static let fileInterval = Duration.seconds(10)
    /// Of so many looks at the files one goes on to the dates.
    private static let looksPerDateCheck = 360

    /// What there is to do. It is made before the system is up, so that no request gets lost or ends the process.
    struct Occasions: Sendable {
        fileprivate enum Occasion: Sendable { case hangUp, tick }

        fileprivate let all: AsyncStream<Occasion>
        fileprivate let tell: AsyncStream<Occasion>.Continuation
        private let hangUp: HangUpSignal

        init() {
            // What is asked twice while it waits is done once more, and that is enough.
            let (all, tell) = AsyncStream.makeStream(of: Occasion.self, bufferingPolicy: .bufferingOldest(2))
            self.all = all
            self.tell = tell
            hangUp = HangUpSignal { tell.yield(.hangUp) }
        }
    }

    private let occasions: Occasions
    private let path: String
    private let system: NationalSystem
    private let web: ServedWeb
    private let provider: ProviderLogin?
    private let administration: NationalAdministration?
    private let level: SharedLevel
    private let logger: Logger
    private let metricsFile: String?
    private var watch = CertificateWatch()
    private var marks: [FileMark]

    init(
        _ occasions: Occasions, path: String, system: NationalSystem, web: ServedWeb, provider: ProviderLogin?,
        administration: NationalAdministration?, level: SharedLevel, logger: Logger, metricsFile: String? = nil
    ) {
        self.web = web
        self.provider = provider
        self.metricsFile = metricsFile
        self.occasions = occasions
        self.path = path
        self.system = system
        self.administration = administration
        self.level = level
        self.logger = logger
        marks = FileMark.of(system.configuration)
    }

    /// Returns when its task is cancelled.
    mutating func run() async {
        let clock = Task { [tell = occasions.tell] in
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.fileInterval)
                tell.yield(.tick)
            }
        }
        defer { clock.cancel() }
        await checkDates()
        await writeMetrics()
        var ticks = 0
        for await occasion in occasions.all {
            switch occasion {
            case .hangUp:
                await reload()
                await checkDates()
            case .tick:
                ticks += 1
                let isRenewed = await takeUpRenewedFiles()
                if isRenewed || ticks.isMultiple(of: Self.looksPerDateCheck) { await checkDates() }
                await writeMetrics()
            }
        }
    }

    /// For collectors that read files (node_exporter's textfile collector): a whole file or none.
    private func writeMetrics() async {
        guard let metricsFile else { return }
        let families = await ServeMetrics(system: system, administration: administration).families()
        do {
            try Data(MetricsText.render(families)).write(to: URL(fileURLWithPath: metricsFile), options: .atomic)
        } catch {
            logger.error("the metrics cannot be written", metadata: ["why": "\(error)"])
        }
    }

    // MARK: Configuration

    private mutating func reload() async {
        do {
            let fresh = try SystemConfiguration.read(path: path)
            let change = ConfigurationChange(from: system.configuration, to: fresh)
            let prepared = try prepare(change.effective)
            switch change.effective.directory {
            case .file:
                let directory = try DirectoryFile.read(for: change.effective).snapshot(for: change.effective)
                try await apply(prepared)
                system.replaceDirectory(directory)
            case .store:
                if change.takesEffect.contains("partners") {
                    try await administration?.replacePartners(change.effective.partners.map(\.partner))
                }
                try await apply(prepared)
            }
            marks = FileMark.of(change.effective)
            level.value = Logger.Level(rawValue: change.effective.logLevel.rawValue) ?? .info
            logger.notice(
                "configuration reloaded", metadata: ["changed": "\(change.takesEffect.joined(separator: ", "))"])
            if !change.needsRestart.isEmpty {
                logger.warning(
                    "a change needs a restart", metadata: ["keys": "\(change.needsRestart.joined(separator: ", "))"])
            }
            await audit(
                "configuration.reloaded",
                [
                    AuditDetail("changed", change.takesEffect.joined(separator: " ")),
                    AuditDetail("needs-restart", change.needsRestart.joined(separator: " ")),
                ])
        } catch let error as ConfigurationError {
            for issue in error.issues {
                logger.error("the configuration is wrong; nothing was changed", metadata: ["mistake": "\(issue)"])
            }
        } catch {
            logger.error("the configuration cannot be taken up; nothing was changed", metadata: ["why": "\(error)"])
        }
    }

    // MARK: Certificates

    /// Certificates of everything that shows or believes one.
    private struct Prepared {
        var system: PreparedConfiguration
        var web: NationalWeb.Prepared
        var trust: ProviderTrust?
    }

    /// Throws where a certificate does not fit; nothing changes yet.
    private func prepare(_ configuration: SystemConfiguration) throws -> Prepared {
        var trust: ProviderTrust?
        if let provider, let authority = configuration.web?.provider?.authority {
            trust = try provider.prepare(authorityPEM: try String(contentsOfFile: authority, encoding: .utf8))
        }
        return Prepared(
            system: try system.prepare(configuration), web: try web.current.prepare(configuration.web), trust: trust)
    }

    private func apply(_ prepared: Prepared) async throws {
        // The one that may throw comes first.
        try system.apply(prepared.system)
        web.current.apply(prepared.web)
        if let trust = prepared.trust { await provider?.believe(trust) }
    }

    /// True where files changed and are used from now on. What does not fit is said once, and looked at again when it
    /// changes again.
    private mutating func takeUpRenewedFiles() async -> Bool {
        let configuration = system.configuration
        let now = FileMark.of(configuration)
        guard now != marks else { return false }
        marks = now
        do {
            try await apply(try prepare(configuration))
            logger.notice("certificates renewed: new connections use them")
            return true
        } catch {
            logger.error("certificate refused; what was in use stays", metadata: ["why": "\(error)"])
            return false
        }
    }

    private mutating func checkDates() async {
        let now = Date()
        var watched: [CertificateWatch.Watched] = []
        for dated in system.certificateDates() { watched.append(.init(name: dated.role, notAfter: dated.notAfter)) }
        for warning in watch.look(at: watched, now: now) {
            let end = warning.notAfter.formatted(.iso8601)
            let metadata: Logger.Metadata = [
                "certificate": "\(warning.name)", "until": "\(end)", "days": "\(warning.daysLeft)",
            ]
            switch warning.threshold {
            case .sixtyDays, .thirtyDays: logger.warning("a certificate ends soon", metadata: metadata)
            case .sevenDays: logger.error("a certificate ends within days", metadata: metadata)
            case .expired: logger.critical("a certificate has expired", metadata: metadata)
            }
            await audit(
                warning.threshold == .expired ? "certificate.expired" : "certificate.expiryWarned",
                [
                    AuditDetail("certificate", warning.name), AuditDetail("until", end),
                    AuditDetail("days", "\(warning.daysLeft)"),
                ])
        }
    }

    private func audit(_ action: String, _ details: [AuditDetail]) async {
        guard let administration else { return }
        let entry = AuditEntry(
            .system, action, actor: AuditParty(identity: "euccs serve", role: "system"), details: details,
            authority: "operation")
        do {
            try await administration.record([entry], at: SystemClock.now().utc)
        } catch {
            logger.error("the audit log takes nothing", metadata: ["why": "\(error)"])
        }
    }
}

/// What tells that a file was replaced or written again.
struct FileMark: Hashable {
    var path: String
    var inode: Int?
    var size: Int?
    var modified: Date?

    static func of(_ configuration: SystemConfiguration) -> [FileMark] {
        configuration.certificateFiles.flatMap { [$0.certificate, $0.key].compactMap { $0 } }.map(FileMark.init)
    }

    init(_ path: String) {
        self.path = path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return }
        inode = (attributes[.systemFileNumber] as? NSNumber)?.intValue
        size = (attributes[.size] as? NSNumber)?.intValue
        modified = attributes[.modificationDate] as? Date
    }
}

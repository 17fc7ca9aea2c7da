import Audit
import CallAudit
import CallControl
import ConfigurationFiles
import Credentials
import HostTime
import Logging
import MCFoundation
import NationalAdministration
import Policy

/// The audit log of a nation that serves: what happens goes into it, it is sealed, and it forgets in time.
final class ServeAudit: Sendable {
    /// How soon a seal that is due is made.
    private static let tending = Duration.seconds(1)
    private static let sweeping = Duration.seconds(6 * 3_600)

    private let recorder: AuditRecorder
    private let calls: CallAudit
    /// As it was published last.
    private let directory: @Sendable () -> DirectorySnapshot?
    private let administration: NationalAdministration
    private let logger: Logger
    private let tended: Task<Void, Never>

    /// nil where the directory is a file: then there is no store to keep a log in.
    static func start(
        _ configuration: SystemConfiguration, _ administration: NationalAdministration?,
        directory: @escaping @Sendable () -> DirectorySnapshot?, _ logger: Logger
    ) async throws -> ServeAudit? {
        guard case .store(let path) = configuration.directory, let administration else { return nil }
        let key = try SealKeyFile.open(AuditKeyPath.beside(path))
        try await administration.seal(by: key, at: SystemClock.now().utc)
        let nation = await administration.nation
        let recorder = try OpenedStore.recorder(path, configuration, nation) { why in
            logger.critical("the audit log cannot be kept; calls go on", metadata: ["why": "\(why)"])
        } allClear: {
            logger.notice("the audit log is kept again")
        }
        logger.info("the audit log is sealed", metadata: ["key": "\(key.id)"])
        return ServeAudit(recorder, nation, administration, directory, logger)
    }

    private init(
        _ recorder: AuditRecorder, _ nation: NationRecord, _ administration: NationalAdministration,
        _ directory: @escaping @Sendable () -> DirectorySnapshot?, _ logger: Logger
    ) {
        self.recorder = recorder
        self.administration = administration
        self.logger = logger
        self.directory = directory
        calls = CallAudit(system: nation.identity.id, country: nation.country)
        tended = Task {
            await administration.tendAudit(every: Self.tending, sweepingEvery: Self.sweeping) {
                SystemClock.now()
            } sealed: { seal in
                Self.tell(seal, logger)
            } failing: { error in
                logger.error("the audit log cannot be tended", metadata: ["why": "\(error)"])
            }
        }
    }

    /// A copy outside of the store: with it a log that was shortened is found out, seal and all.
    private static func tell(_ seal: AuditSeal, _ logger: Logger) {
        logger.info(
            "audit seal", metadata: ["record": "\(seal.sequence)", "hash": "\(seal.hash)", "key": "\(seal.keyID)"])
    }

    /// What the functions observe. Called on the thread of the signalling cell: it does not wait.
    func observe(_ observation: Observation) {
        if let entry = calls.entry(for: observation, in: directory()) { recorder.record(entry) }
    }

    /// What others than the functions have to tell, such as log-in.
    func record(_ entry: AuditEntry) {
        var entry = entry
        entry.actor = calls.located(entry.actor, in: directory())
        recorder.record(entry)
    }

    /// Why the log cannot be kept now; nil where it can.
    var trouble: String? { recorder.trouble }

    /// Entries that are not durable yet, and those that are lost and not told of.
    var backlog: (waiting: Int, lost: UInt64) { recorder.backlog }

    /// After the system: what it said last is kept too.
    func stop() async {
        tended.cancel()
        let unwritten = await recorder.stop()
        if unwritten > 0 {
            logger.critical("audit entries are lost", metadata: ["entries": "\(unwritten)"])
        }
        await tended.value
        do {
            if let seal = try await administration.sealEnd(at: SystemClock.now()) { Self.tell(seal, logger) }
        } catch {
            logger.error("the end of the audit log is not sealed", metadata: ["why": "\(error)"])
        }
    }
}

import Administration
import Audit
import Dispatch
import MCFoundation
import NationalAdministration
import Storage
import Synchronization
import Testing

/// What goes on beside what.
@Suite(.timeLimit(.minutes(2))) struct BesideTests {
    private static let now = AuditGround.now

    private static func user(_ id: String) -> UserRecord {
        UserRecord(id: id, organisation: "vvf", profile: "responder")
    }

    @Test func `administration goes on while the log is verified, and while it is handed out`() async throws {
        let store = WatchedStore(MemoryStore())
        let administration = try AuditGround(store).open()
        for isExport in [false, true] {
            let entered = AsyncStream<Void>.makeStream()
            let gate = DispatchSemaphore(value: 0)
            store.beforeReading { _ in
                entered.continuation.yield()
                gate.wait()
            }
            async let read: Void = {
                if isExport {
                    try await administration.exportAudit(
                        AuditQuery(), as: .auditor, .csv, by: "root", at: Self.now, emit: { _ in })
                } else {
                    _ = try await administration.verifyAudit()
                }
            }()
            for await _ in entered.stream { break }
            let id = isExport ? AuditGround.anna : AuditGround.bruno
            try await administration.perform(.create(.user(Self.user(id))), by: "root", at: Self.now)
            store.beforeReading(nil)
            gate.signal()
            try await read
        }
    }

    @Test func `who is erased while the log is verified was not tampered with`() async throws {
        let disk = MemoryDisk()
        let store = WatchedStore(MemoryStore(disk: disk))
        let ground = try AuditGround(store)
        try await ground.record([AuditGround.call(AuditGround.anna, "1"), AuditGround.call(AuditGround.bruno, "2")])
        let administration = try ground.open()
        let other = try NationalAdministration(store: MemoryStore(disk: disk), identity: AuditGround.identity)
        let readings = Mutex(0)
        store.beforeReading { first in
            guard first == 1 else { return }
            let number = readings.withLock { count in
                count += 1
                return count
            }
            guard number == 2 else { return }
            WatchedStore.wait {
                _ = try? await other.eraseFromAudit([AuditGround.anna], reason: "request 1", by: "root", at: Self.now)
            }
        }
        let report = try await administration.verifyAudit()
        #expect(report.findings == [])
        #expect(report.personalErased == 1)
        #expect(readings.withLock { $0 } == 3)
    }

    @Test func `an import is decided and its passwords are made before the writer's transaction`() async throws {
        let store = WatchedStore(MemoryStore())
        let administration = try AuditGround(store).open()
        let table = """
            id,organisation,profile,password,login_name,login_password
            \(AuditGround.anna),vvf,responder,secret one,anna,quite long secret
            """
        let made = Mutex<[Bool]>([])
        let making = CredentialMaking(
            hashes: { _, realm, _ in
                made.withLock { $0.append(store.isWriting) }
                return CredentialHashes(realm: realm, md5: nil, sha256: String(repeating: "b", count: 64))
            },
            verifier: { _, _ in
                made.withLock { $0.append(store.isWriting) }
                return PasswordVerifier("made")
            })
        try await administration.carryOut(
            [try FleetTable(csv: Array(table.utf8), .users)], by: "root", making: making, at: Self.now)
        #expect(made.withLock { $0 } == [false, false])
        #expect(try store.contents().records.contains { $0.record.key == AuditGround.anna })
    }

    @Test func `what others committed at the last moment counts`() async throws {
        let disk = MemoryDisk()
        let store = WatchedStore(MemoryStore(disk: disk))
        let administration = try AuditGround(store).open()
        let other = try NationalAdministration(store: MemoryStore(disk: disk), identity: AuditGround.identity)
        var theirs = Self.user(AuditGround.anna)
        theirs.displayName = "Anna"
        let record = FleetRecord.user(theirs)
        store.beforeWriting {
            WatchedStore.wait { _ = try? await other.perform(.create(record), by: "root", at: Self.now) }
        }
        let refusal = await #expect(throws: FleetRefusal.self) {
            try await administration.perform(
                .create(.user(Self.user(AuditGround.anna))), by: "root", at: Self.now)
        }
        #expect(refusal?.code == .conflict)
        #expect(await administration.fleet.user(AuditGround.anna)?.displayName == "Anna")
    }
}

/// A store that says when it is used.
final class WatchedStore: NationalStore {
    private let base: any NationalStore
    private let writing = Mutex(false)
    private let reading = Mutex<(@Sendable (UInt64) -> Void)?>(nil)
    private let beginning = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ base: any NationalStore) { self.base = base }

    /// Whether a transaction of a writer goes on.
    var isWriting: Bool { writing.withLock { $0 } }

    /// Before a page of the log is read; given its first record.
    func beforeReading(_ hook: (@Sendable (UInt64) -> Void)?) { reading.withLock { $0 = hook } }

    /// Once, before the next transaction of a writer begins.
    func beforeWriting(_ hook: @escaping @Sendable () -> Void) { beginning.withLock { $0 = hook } }

    /// Does something of others to its end, on a thread that may wait.
    static func wait(_ body: @escaping @Sendable () async -> Void) {
        let done = DispatchSemaphore(value: 0)
        Task {
            await body()
            done.signal()
        }
        done.wait()
    }

    func write<Result: Sendable>(
        after known: UInt64, at now: UTCTime, _ decide: ([Commit]) throws -> StoreDecision<Result>
    ) throws -> StoreOutcome<Result> {
        let hook = beginning.withLock { hook in
            defer { hook = nil }
            return hook
        }
        hook?()
        return try base.write(after: known, at: now) { commits in
            writing.withLock { $0 = true }
            defer { writing.withLock { $0 = false } }
            return try decide(commits)
        }
    }
    func audit(from first: UInt64, limit: Int, during period: Range<UTCTime>?) throws(StoreError) -> AuditPage {
        if let hook = reading.withLock({ $0 }) { hook(first) }
        return try base.audit(from: first, limit: limit, during: period)
    }
    func contents() throws(StoreError) -> StoreContents { try base.contents() }
    func commits(after known: UInt64, limit: Int) throws(StoreError) -> [Commit] {
        try base.commits(after: known, limit: limit)
    }
    func sequence() throws(StoreError) -> UInt64 { try base.sequence() }
    func changed() throws(StoreError) -> UInt64 { try base.changed() }
    func auditHead() throws(StoreError) -> Storage.AuditHead { try base.auditHead() }
    func strandedSeals() throws(StoreError) -> [AuditSealRow] { try base.strandedSeals() }
    func expiring(at now: UTCTime) throws(StoreError) -> [ExpiringRecord] { try base.expiring(at: now) }
    func keep(_ changes: [ExpiringChange], at now: UTCTime) throws(StoreError) { try base.keep(changes, at: now) }
    func backup(to path: String) throws(StoreError) { try base.backup(to: path) }
    func check() throws(StoreError) -> [String] { try base.check() }
    func close() throws(StoreError) { try base.close() }
}

import Administration
import Audit
import Dispatch
import MCFoundation
import NationalAdministration
import Storage
import Synchronization
import Testing

/// Entries on their way to the store.
@Suite struct AuditRecorderTests {
    private static let full = StoreError(.full, "no room")

    /// Time that stands still: what is due by it is due at once.
    private static let clock: @Sendable () -> Now = { Now(instant: Instant(nanoseconds: 0), utc: AuditGround.now) }

    private func limits(entries: Int = 10_000, batch: Int = 500) -> AuditBacklogLimits {
        var limits = AuditBacklogLimits()
        limits.entries = entries
        limits.batch = batch
        limits.gathering = .milliseconds(1)
        limits.firstPause = .milliseconds(1)
        limits.longestPause = .milliseconds(4)
        return limits
    }

    private func entries(_ count: Int) -> [AuditEntry] {
        (0..<count).map { AuditGround.call(AuditGround.anna, "\($0)") }
    }

    @Test(arguments: AuditGround.Engine.allCases)
    func `what was recorded is kept in order, in batches, when the recorder has stopped`(
        engine: AuditGround.Engine
    ) async throws {
        try await AuditGround.on(engine) { ground in
            let administration = try ground.open()
            let recorder = AuditRecorder(
                store: ground.store, nation: await administration.nation, limits: limits(batch: 7), clock: Self.clock,
                alarm: { Issue.record("\($0)") })
            for entry in entries(50) { recorder.record(entry) }
            #expect(await recorder.stop() == 0)
            // Who stops it again is told the same.
            #expect(await recorder.stop() == 0)
            let records = try ground.store.audit(from: 2, limit: 100).rows.map { try AuditRecord(encoding: $0.record) }
            #expect(records.map { $0.clear("call") } == (0..<50).map { "\($0)" })
            #expect(try await administration.verifyAudit().isSound)
        }
    }

    @Test func `entries from many threads are all kept`() async throws {
        let ground = try AuditGround(MemoryStore())
        let recorder = AuditRecorder(
            store: ground.store, nation: try await ground.open().nation, limits: limits(batch: 3), clock: Self.clock,
            alarm: { Issue.record("\($0)") })
        DispatchQueue.concurrentPerform(iterations: 200) { number in
            recorder.record(AuditGround.call(AuditGround.anna, "\(number)"))
        }
        #expect(await recorder.stop() == 0)
        #expect(try ground.store.auditHead().sequence == 201)
        #expect(try await ground.open().verifyAudit().isSound)
    }

    @Test func `a full store is told of once, administration is refused, and when there is room all is kept`()
        async throws
    {
        let store = TroubledStore(MemoryStore())
        let ground = try AuditGround(store)
        let administration = try ground.open()
        let (alarms, raise) = AsyncStream<String>.makeStream()
        let (relief, relieve) = AsyncStream<Void>.makeStream()
        let recorder = AuditRecorder(
            store: store, nation: await administration.nation, limits: limits(), clock: Self.clock,
            alarm: { raise.yield($0) }, allClear: { relieve.yield() })
        store.be(.failing(Self.full))
        for entry in entries(5) { recorder.record(entry) }
        var told = alarms.makeAsyncIterator()
        #expect(await told.next() == "full: no room")
        #expect(recorder.trouble == "full: no room")
        await #expect(throws: StoreError.self) {
            try await administration.perform(
                .setSuspended(user: AuditGround.anna, true), by: "root", at: AuditGround.now)
        }
        store.be(.well)
        var better = relief.makeAsyncIterator()
        await better.next()
        #expect(recorder.trouble == nil)
        #expect(await recorder.stop() == 0)
        #expect(try store.auditHead().sequence == 6)
        raise.finish()
        #expect(await told.next() == nil)
    }

    @Test func `a recorder that stops while the store fails says how much is lost`() async throws {
        let store = TroubledStore(MemoryStore())
        let ground = try AuditGround(store)
        let recorder = AuditRecorder(
            store: store, nation: try await ground.open().nation, limits: limits(), clock: Self.clock, alarm: { _ in })
        store.be(.failing(Self.full))
        for entry in entries(5) { recorder.record(entry) }
        #expect(await recorder.stop() == 5)
    }

    @Test func `nobody waits for a slow store, and the log tells what it could not hold`() async throws {
        let base = MemoryStore()
        let ground = try AuditGround(base)
        let store = SlowStore(base)
        let recorder = AuditRecorder(
            store: store, nation: try await ground.open().nation, limits: limits(entries: 10, batch: 10),
            clock: Self.clock, alarm: { Issue.record("\($0)") })
        // The store takes the first ten and holds them: no call below returns later for it.
        for entry in entries(25) { recorder.record(entry) }
        store.letGo()
        #expect(await recorder.stop() == 0)
        let records = try base.audit(from: 2, limit: 100).rows.map { try AuditRecord(encoding: $0.record) }
        #expect(records.count == 11)
        let loss = try #require(records.last)
        #expect(loss.action == AuditBacklog.lossAction)
        #expect(loss.clear("entries") == "15")
        #expect(try await ground.open().verifyAudit().isSound)
    }
}

/// Holds every write until it is let go.
private final class SlowStore: NationalStore {
    private let base: any NationalStore
    private let gate = DispatchSemaphore(value: 0)

    init(_ base: any NationalStore) { self.base = base }

    func letGo() { gate.signal() }

    func write<Result: Sendable>(
        after known: UInt64, at now: UTCTime, _ decide: ([Commit]) throws -> StoreDecision<Result>
    ) throws -> StoreOutcome<Result> {
        gate.wait()
        gate.signal()
        return try base.write(after: known, at: now, decide)
    }
    func contents() throws(StoreError) -> StoreContents { try base.contents() }
    func commits(after known: UInt64, limit: Int) throws(StoreError) -> [Commit] {
        try base.commits(after: known, limit: limit)
    }
    func sequence() throws(StoreError) -> UInt64 { try base.sequence() }
    func changed() throws(StoreError) -> UInt64 { try base.changed() }
    func auditHead() throws(StoreError) -> Storage.AuditHead { try base.auditHead() }
    func audit(from first: UInt64, limit: Int, during period: Range<UTCTime>?) throws(StoreError) -> AuditPage {
        try base.audit(from: first, limit: limit, during: period)
    }
    func strandedSeals() throws(StoreError) -> [AuditSealRow] { try base.strandedSeals() }
    func expiring(at now: UTCTime) throws(StoreError) -> [ExpiringRecord] { try base.expiring(at: now) }
    func keep(_ changes: [ExpiringChange], at now: UTCTime) throws(StoreError) { try base.keep(changes, at: now) }
    func backup(to path: String) throws(StoreError) { try base.backup(to: path) }
    func check() throws(StoreError) -> [String] { try base.check() }
    func close() throws(StoreError) { try base.close() }
}

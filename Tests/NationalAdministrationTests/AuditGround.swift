import Administration
import Audit
import Foundation
import MCFoundation
import NationalAdministration
import Policy
import SQLiteStorage
import Storage
import Synchronization

/// A nation with a log, over each engine.
struct AuditGround {
    enum Engine: String, CaseIterable, Sendable {
        case memory, sqlite
    }

    struct CannotBeMade: Error {}

    static let identity = SystemIdentity(id: MCSystemID("mc.it.example"), domain: "mc.it.example")
    static let now = UTCTime(microseconds: 1_700_000_000_000_000)
    static let anna = "sip:anna@mc.it.example"
    static let bruno = "sip:bruno@mc.it.example"
    static let day: Int64 = 86_400_000_000

    let store: any NationalStore

    static func on(_ engine: Engine, _ body: (AuditGround) async throws -> Void) async throws {
        switch engine {
        case .memory: try await body(try AuditGround(MemoryStore()))
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("audit-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appendingPathComponent("nation.sqlite").path
            try await body(try AuditGround(try SQLiteStore(path: path, system: "mc.it.example", at: now)))
        }
    }

    init(_ store: any NationalStore) throws {
        self.store = store
        try NationalAdministration.found(
            NationRecord(name: "Italia", country: "IT", created: Self.now, identity: Self.identity),
            organisation: OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT"),
            administrator: AdministratorRecord(id: "root", roles: AdministratorRole.allCases),
            profile: ProfileRecord(name: "responder", rights: [.callPrearrangedGroup]), in: store, at: Self.now)
    }

    func open() throws -> NationalAdministration {
        try NationalAdministration(store: store, identity: Self.identity)
    }

    static func call(_ user: String, _ call: String) -> AuditEntry {
        AuditEntry(
            .call, "call.started", actor: AuditParty(identity: user, role: "responder", country: "IT"),
            details: [AuditDetail("call", call), AuditDetail("group", "sip:fire@mc.it.example", isPersonal: true)])
    }

    static func affiliation(_ users: String...) -> AuditEntry {
        AuditEntry(
            .administration, "group.changed", actor: AuditParty(identity: "root", role: "administrator"),
            details: [AuditDetail("added", users.joined(separator: " "), isPersonal: true)])
    }

    /// Somebody wrote a document of another.
    static func trespass(_ user: String) -> AuditEntry {
        let path = "/org.3gpp.mcptt.user-profile/users/\(user.replacing(":", with: "%3A"))/mcptt-user-profile-0.xml"
        return AuditEntry(
            .refusal, "document.refused", actor: AuditParty(identity: bruno, role: "user"),
            details: [AuditDetail("document", path, isPersonal: true)], outcome: .refused("not-owner"))
    }

    /// Keeps entries as the serving system does.
    func record(_ entries: [AuditEntry], at time: UTCTime = now) async throws {
        let nation = try await open().nation
        let recorder = AuditRecorder(
            store: store, nation: nation, clock: { Now(instant: Instant(nanoseconds: 0), utc: time) }, alarm: { _ in })
        for entry in entries { recorder.record(entry) }
        guard await recorder.stop() == 0 else { throw CannotBeMade() }
    }

    /// The records that are kept, as octets, and their actions.
    func kept() throws -> (octets: [[UInt8]], actions: [String], personal: [String]) {
        let page = try store.audit(from: 1, limit: 10_000)
        return (
            page.rows.map(\.record), try page.rows.map { try AuditRecord(encoding: $0.record).action },
            page.personal.map(\.value)
        )
    }
}

/// A store as a nation has it on a bad day.
final class TroubledStore: NationalStore {
    enum Mood: Sendable {
        case well
        case failing(StoreError)
    }

    let base: any NationalStore
    private let mood = Mutex(Mood.well)
    /// Rows after this one are not there any more.
    private let cut = Mutex<UInt64?>(nil)

    init(_ base: any NationalStore) { self.base = base }

    func be(_ mood: Mood) { self.mood.withLock { $0 = mood } }
    func cutOff(after last: UInt64) { cut.withLock { $0 = last } }

    func contents() throws(StoreError) -> StoreContents { try base.contents() }
    func write<Result: Sendable>(
        after known: UInt64, at now: UTCTime, _ decide: ([Commit]) throws -> StoreDecision<Result>
    ) throws -> StoreOutcome<Result> {
        if case .failing(let error) = mood.withLock({ $0 }) { throw error }
        return try base.write(after: known, at: now, decide)
    }
    func commits(after known: UInt64, limit: Int) throws(StoreError) -> [Commit] {
        try base.commits(after: known, limit: limit)
    }
    func sequence() throws(StoreError) -> UInt64 { try base.sequence() }
    func changed() throws(StoreError) -> UInt64 { try base.changed() }
    func auditHead() throws(StoreError) -> Storage.AuditHead {
        guard let last = cut.withLock({ $0 }) else { return try base.auditHead() }
        guard let row = try base.audit(from: last, limit: 1).rows.first else { return try base.auditHead() }
        return Storage.AuditHead(sequence: row.sequence, hash: row.hash)
    }
    func audit(from first: UInt64, limit: Int, during period: Range<UTCTime>?) throws(StoreError) -> AuditPage {
        var page = try base.audit(from: first, limit: limit, during: period)
        guard let last = cut.withLock({ $0 }) else { return page }
        page.rows.removeAll { $0.sequence > last }
        page.personal.removeAll { $0.field.sequence > last }
        page.seals.removeAll { $0.sequence > last }
        return page
    }
    func strandedSeals() throws(StoreError) -> [AuditSealRow] {
        guard let last = cut.withLock({ $0 }) else { return try base.strandedSeals() }
        return try base.audit(from: last + 1, limit: 1_000).seals
    }
    func expiring(at now: UTCTime) throws(StoreError) -> [ExpiringRecord] { try base.expiring(at: now) }
    func keep(_ changes: [ExpiringChange], at now: UTCTime) throws(StoreError) {
        if case .failing(let error) = mood.withLock({ $0 }) { throw error }
        try base.keep(changes, at: now)
    }
    func backup(to path: String) throws(StoreError) { try base.backup(to: path) }
    func check() throws(StoreError) -> [String] { try base.check() }
    func close() throws(StoreError) { try base.close() }
}

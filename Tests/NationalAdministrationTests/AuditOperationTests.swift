import Administration
import Audit
import Credentials
import MCFoundation
import NationalAdministration
import Policy
import Storage
import Synchronization
import Testing

/// Sealing, handing out and forgetting, on every engine.
@Suite struct AuditOperationTests {
    private static func at(_ seconds: Int64) -> Now {
        Now(
            instant: Instant(nanoseconds: seconds * 1_000_000_000),
            utc: UTCTime(microseconds: AuditGround.now.microseconds + seconds * 1_000_000))
    }

    private static let policy = SealPolicy(everyRecords: 100, every: .seconds(60))

    /// What an export said.
    private final class Heard: Sendable {
        private let octets = Mutex<[UInt8]>([])
        func add(_ more: [UInt8]) { octets.withLock { $0 += more } }
        var text: String { String(decoding: octets.withLock { $0 }, as: UTF8.self) }
    }

    // MARK: Seals

    @Test(arguments: AuditGround.Engine.allCases)
    func `a log is sealed when it is time, and its seals are believed`(engine: AuditGround.Engine) async throws {
        try await AuditGround.on(engine) { ground in
            let administration = try ground.open()
            try await administration.seal(by: try SealKey(), policy: Self.policy, at: AuditGround.now)
            #expect(try await administration.sealIfDue(at: Self.at(0)) == nil)
            let seal = try #require(try await administration.sealIfDue(at: Self.at(60)))
            #expect(seal.sequence == 2)
            // An idle log needs no more.
            #expect(try await administration.sealIfDue(at: Self.at(500)) == nil)
            try await ground.record([AuditGround.call(AuditGround.anna, "1")])
            #expect(try await administration.sealIfDue(at: Self.at(501)) == nil)
            #expect(try await administration.sealIfDue(at: Self.at(561))?.sequence == 3)
            let report = try await administration.verifyAudit()
            #expect(report.findings == [])
            #expect(report.seals == 2)
            #expect(report.sealedThrough == 3)
        }
    }

    @Test func `whoever ends seals the end of the log, once`() async throws {
        let ground = try AuditGround(MemoryStore())
        let administration = try ground.open()
        #expect(try await administration.sealEnd(at: Self.at(0)) == nil)
        try await administration.seal(by: try SealKey(), policy: Self.policy, at: AuditGround.now)
        _ = try await administration.sealIfDue(at: Self.at(0))
        #expect(try await administration.sealEnd(at: Self.at(1))?.sequence == 2)
        #expect(try await administration.sealEnd(at: Self.at(1)) == nil)
        #expect(try await administration.sealIfDue(at: Self.at(500)) == nil)
        let report = try await administration.verifyAudit()
        #expect(report.findings == [])
        #expect(report.sealedThrough == 2)
    }

    @Test func `seals of an old key are believed after a new one took its place, those of a stranger never`()
        async throws
    {
        let ground = try AuditGround(MemoryStore())
        let administration = try ground.open()
        let (old, new) = (try SealKey(), try SealKey())
        try await administration.seal(by: old, policy: Self.policy, at: AuditGround.now)
        _ = try await administration.sealIfDue(at: Self.at(0))
        #expect(try await administration.sealIfDue(at: Self.at(60))?.keyID == old.id)
        // The same key once more is no news.
        let before = try ground.store.auditHead().sequence
        try await administration.seal(by: old, policy: Self.policy, at: AuditGround.now)
        #expect(try ground.store.auditHead().sequence == before)
        try await administration.seal(by: new, policy: Self.policy, at: AuditGround.now)
        _ = try await administration.sealIfDue(at: Self.at(100))
        #expect(try await administration.sealIfDue(at: Self.at(160))?.keyID == new.id)
        #expect(try await administration.auditKeys().map(\.id) == [old.id, new.id].sorted())
        #expect(try await administration.verifyAudit().seals == 2)
        // Who noted only the new key elsewhere believes only that.
        let strict = try await administration.verifyAudit(trusting: [new.id])
        #expect(strict.seals == 1)
        #expect(strict.findings.map(\.fault) == [.sealForged(keyID: old.id)])
        let stranger = try SealKey()
        let head = try ground.store.auditHead()
        let hash = try #require(AuditHash(octets: head.hash))
        let payload = AuditSeal.payload(
            system: AuditGround.identity.id, head: Audit.AuditHead(sequence: head.sequence, hash: hash),
            at: AuditGround.now, keyID: stranger.id)
        let row = AuditSealRow(
            sequence: head.sequence, at: AuditGround.now, hash: head.hash, signature: try stranger.sign(payload),
            keyID: stranger.id)
        let store = ground.store
        _ = try store.write(after: try store.sequence(), at: AuditGround.now) { _ in
            StoreDecision(audit: { _ in AuditAddition(seals: [row]) }, result: ())
        }
        #expect(
            try await administration.verifyAudit().findings.map(\.fault) == [.sealForged(keyID: stranger.id)])
    }

    @Test func `a log that was cut off behind a seal is found out`() async throws {
        let store = TroubledStore(MemoryStore())
        let ground = try AuditGround(store)
        let administration = try ground.open()
        try await administration.seal(by: try SealKey(), policy: Self.policy, at: AuditGround.now)
        try await ground.record([AuditGround.call(AuditGround.anna, "1"), AuditGround.call(AuditGround.bruno, "2")])
        _ = try await administration.sealIfDue(at: Self.at(0))
        let seal = try #require(try await administration.sealIfDue(at: Self.at(60)))
        let whole = try await administration.verifyAudit()
        #expect(whole.isSound)
        store.cutOff(after: 3)
        let cut = try await administration.verifyAudit()
        #expect(cut.findings.map(\.fault) == [.truncated(last: 3)])
        // Where the seal was cut off too, the copy of its head that was kept elsewhere tells.
        let known = try await administration.verifyAudit(expecting: seal.head)
        #expect(known.findings.contains { $0.fault == .truncated(last: 3) })
    }

    // MARK: Handing out

    @Test(arguments: AuditGround.Engine.allCases)
    func `an export shows what the role may see, and is itself recorded`(engine: AuditGround.Engine) async throws {
        try await AuditGround.on(engine) { ground in
            let administration = try ground.open()
            try await ground.record([
                AuditGround.call(AuditGround.anna, "17"), AuditGround.call(AuditGround.bruno, "18"),
            ])
            func export(_ query: AuditQuery, _ reader: AuditReader) async throws -> (rows: Int, text: String) {
                let heard = Heard()
                let rows = try await administration.exportAudit(
                    query, as: reader, .jsonLines, by: "root", at: AuditGround.now
                ) { heard.add($0) }
                return (rows, heard.text)
            }
            let all = try await export(AuditQuery(identity: AuditGround.anna), .auditor)
            #expect(all.rows == 1)
            #expect(all.text.contains(AuditGround.anna))
            #expect(all.text.contains("sip:fire@mc.it.example"))
            #expect(!all.text.contains(AuditGround.bruno))
            let protection = try await export(AuditQuery(call: "17"), .dataProtection)
            #expect(protection.text.contains(AuditGround.anna))
            #expect(!protection.text.contains("sip:fire@mc.it.example"))
            let numbers = try await export(AuditQuery(classes: [.call]), .statistics)
            #expect(numbers.rows == 2)
            #expect(!numbers.text.contains("sip:"))
            let later = UTCTime(microseconds: AuditGround.now.microseconds + 1)
            #expect(try await export(AuditQuery(from: later), .auditor).rows == 0)
            #expect(try await export(AuditQuery(until: AuditGround.now), .auditor).rows == 0)
            #expect(try ground.kept().actions.filter { $0 == "audit.consulted" }.count == 5)
            #expect(try await administration.verifyAudit().isSound)
        }
    }

    @Test func `where it cannot be recorded that the log is read, nothing is shown`() async throws {
        let store = TroubledStore(MemoryStore())
        let administration = try AuditGround(store).open()
        store.be(.failing(StoreError(.full, "no room")))
        await #expect(throws: StoreError.self) {
            try await administration.exportAudit(AuditQuery(), as: .auditor, .csv, by: "root", at: AuditGround.now) {
                _ in
                Issue.record("something is shown")
            }
        }
    }

    @Test func `who is no auditor of the nation reads nothing, who is no administrator of it erases nothing`()
        async throws
    {
        let ground = try AuditGround(MemoryStore())
        let administration = try ground.open()
        for (id, organisation, roles) in [
            ("operator", nil, [AdministratorRole.operator]), ("local", "vvf", AdministratorRole.allCases),
            ("reader", nil, [.auditor]),
        ] as [(String, String?, [AdministratorRole])] {
            try await administration.perform(
                .create(.administrator(AdministratorRecord(id: id, organisation: organisation, roles: roles))),
                by: "root", at: AuditGround.now)
        }
        for id in ["operator", "local", "nobody"] {
            await #expect(throws: FleetRefusal.self) {
                try await administration.exportAudit(
                    AuditQuery(), as: .statistics, .csv, by: id, at: AuditGround.now
                ) { _ in Issue.record("something is shown") }
            }
        }
        for id in ["operator", "local", "reader"] {
            await #expect(throws: FleetRefusal.self) {
                try await administration.eraseFromAudit(
                    [AuditGround.anna], reason: "request 17", by: id, at: AuditGround.now)
            }
        }
        let actions = try ground.kept().actions
        #expect(actions.filter { $0 == "audit.consultationRefused" }.count == 2)
        #expect(actions.filter { $0 == "audit.erasureRefused" }.count == 3)
    }

    // MARK: Forgetting

    @Test(arguments: AuditGround.Engine.allCases)
    func `a person is erased wherever he stands, the record stays, and the log is sound`(
        engine: AuditGround.Engine
    ) async throws {
        try await AuditGround.on(engine) { ground in
            let administration = try ground.open()
            try await ground.record([
                AuditGround.call(AuditGround.anna, "1"), AuditGround.call(AuditGround.bruno, "2"),
                AuditGround.affiliation(AuditGround.bruno, AuditGround.anna), AuditGround.trespass(AuditGround.anna),
            ])
            let before = try ground.kept()
            let erased = try await administration.eraseFromAudit(
                [AuditGround.anna], reason: "request 17", by: "root", at: AuditGround.now)
            #expect(erased == 3)
            let after = try ground.kept()
            #expect(Array(after.octets.prefix(before.octets.count)) == before.octets)
            #expect(!after.personal.contains { $0.contains("anna") })
            #expect(after.personal.contains(AuditGround.bruno))
            #expect(after.actions.last == AuditErasure.action)
            let entry = try AuditRecord(encoding: try #require(after.octets.last))
            #expect(entry.clear("reason") == "request 17")
            for octets in after.octets { #expect(!String(decoding: octets, as: UTF8.self).contains("anna")) }
            let report = try await administration.verifyAudit()
            #expect(report.findings == [])
            #expect(report.personalErased == 3)
            // Whoever was erased is erased: once more finds nothing.
            #expect(
                try await administration.eraseFromAudit(
                    [AuditGround.anna], reason: "request 17", by: "root", at: AuditGround.now) == 0)
        }
    }

    @Test func `a reason that names the person is refused, and nothing is erased`() async throws {
        let ground = try AuditGround(MemoryStore())
        let administration = try ground.open()
        try await ground.record([AuditGround.call(AuditGround.anna, "1")])
        for reason in ["", "request of sip:anna@mc.it.example", "anna@mc.it.example asked"] {
            let refusal = await #expect(throws: FleetRefusal.self) {
                try await administration.eraseFromAudit(
                    [AuditGround.anna], reason: reason, by: "root", at: AuditGround.now)
            }
            #expect(refusal?.code == .invalid)
        }
        #expect(try ground.kept().personal.contains(AuditGround.anna))
    }

    @Test(arguments: AuditGround.Engine.allCases)
    func `what is older than the policy of the nation keeps goes, and the log says why`(
        engine: AuditGround.Engine
    ) async throws {
        try await AuditGround.on(engine) { ground in
            let administration = try ground.open()
            func after(_ days: Int64) -> UTCTime {
                UTCTime(microseconds: AuditGround.now.microseconds + days * AuditGround.day)
            }
            try await administration.perform(
                .replace(.policy(PolicyRecord(auditRetentionDays: 30))), by: "root", at: AuditGround.now)
            try await ground.record([AuditGround.call(AuditGround.anna, "1")], at: after(1))
            try await ground.record([AuditGround.call(AuditGround.bruno, "2")], at: after(20))
            #expect(try await administration.sweepAudit(at: after(30)) == 0)
            let early = try ground.kept()
            #expect(early.personal.contains(AuditGround.anna))
            #expect(try await administration.sweepAudit(at: after(32)) > 0)
            let swept = try ground.kept()
            #expect(!swept.personal.contains(AuditGround.anna))
            #expect(swept.personal.contains(AuditGround.bruno))
            #expect(swept.actions.contains(AuditErasure.action))
            #expect(try await administration.sweepAudit(at: after(32)) == 0)
            // The process starts anew and reads the policy anew.
            #expect(try await ground.open().sweepAudit(at: after(51)) > 0)
            #expect(try !ground.kept().personal.contains(AuditGround.bruno))
            #expect(try await administration.verifyAudit().findings == [])
        }
    }

    @Test func `a value that is gone without an entry that says so is found`() async throws {
        let ground = try AuditGround(MemoryStore())
        try await ground.record([AuditGround.call(AuditGround.anna, "1")])
        let store = ground.store
        _ = try store.write(after: try store.sequence(), at: AuditGround.now) { _ in
            StoreDecision(
                audit: { _ in AuditAddition(erased: [Storage.AuditField(sequence: 2, index: 0)]) }, result: ())
        }
        let report = try await ground.open().verifyAudit()
        #expect(report.findings.map(\.fault) == [.erasureNotRecorded(index: 0)])
    }
}

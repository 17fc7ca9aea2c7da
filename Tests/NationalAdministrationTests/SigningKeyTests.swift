import Administration
import Foundation
import MCFoundation
import NationalAdministration
import SQLiteStorage
import Storage
import Testing

@Suite struct SigningKeyTests {
    @Test func `what was signed before a restoration does not hold after it`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        func open() throws -> SQLiteStore {
            try SQLiteStore(path: path("nation.sqlite"), system: "mc.it.example", at: AuditGround.now)
        }
        let store = try open()
        let ground = try AuditGround(store)
        let key = SigningKeyRecord(id: "k1", pem: "secret", made: AuditGround.now)
        try await ground.open().keep(key, at: AuditGround.now)
        #expect(await (try ground.open()).signingKeys.map(\.id) == ["k1"])
        try store.backup(to: path("backup"))
        try store.close()
        try SQLiteStore.restore(from: path("backup"), to: path("nation.sqlite"), system: "mc.it.example")
        let restored = try open()
        let before = try restored.contents()
        #expect(try SigningKeyRecord.forgetAll(in: restored, at: AuditGround.now) == 1)
        #expect(await (try NationalAdministration(store: restored)).signingKeys.isEmpty)
        // And nothing else went.
        #expect(try restored.contents().records.count == before.records.count - 1)
        #expect(try SigningKeyRecord.forgetAll(in: restored, at: AuditGround.now) == 0)
        #expect(try restored.check() == [])
    }

    @Test(arguments: AuditGround.Engine.allCases)
    func `a signing key that is forgotten is gone, and nothing else`(engine: AuditGround.Engine) async throws {
        try await AuditGround.on(engine) { ground in
            let administration = try ground.open()
            for id in ["k1", "k2"] {
                try await administration.keep(
                    SigningKeyRecord(id: id, pem: "secret of \(id)", made: AuditGround.now), at: AuditGround.now)
            }
            let before = try ground.store.contents().records
            // Twice: what is gone already is no mistake.
            for _ in 0..<2 { try await administration.forgetSigningKey("k1", at: AuditGround.now) }
            let after = try ground.store.contents().records
            #expect(after == before.filter { $0.record.key != "k1" })
            #expect(after.count == before.count - 1)
            #expect(await (try ground.open()).signingKeys.map(\.id) == ["k2"])
            #expect(!after.contains { String(decoding: $0.record.body, as: UTF8.self).contains("secret of k1") })
            // Administration goes on after it.
            try await administration.keep(
                SigningKeyRecord(id: "k3", pem: "another", made: AuditGround.now), at: AuditGround.now)
            #expect(await (try ground.open()).signingKeys.map(\.id) == ["k2", "k3"])
        }
    }
}

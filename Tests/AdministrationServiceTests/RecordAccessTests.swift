import Administration
import AdministrationService
import Foundation
import MCFoundation
import NationalAdministration
import Testing
import WebServices

/// What is done by the command line against what is done over HTTP.
@Suite struct RecordAccessTests {
    private func access(_ bench: Bench, as administrator: String) -> RecordAccess {
        RecordAccess(bench.administration, as: administrator) { [clock = bench.clock] in clock.now }
    }

    private static let bodies = [
        ("organisations", "cri", #"{"name":"Croce Rossa","country":"IT"}"#), ("profiles", "chief", "{}"),
        ("users", "sip:dario@mc.it.example", #"{"organisation":"vvf"}"#),
        ("devices", "urn:uuid:9", #"{"organisation":"vvf"}"#),
        ("groups", "sip:snow@mc.it.example", #"{"organisation":"vvf","type":"chat"}"#),
        ("functional-aliases", "sip:boss@mc.it.example", #"{"organisation":"vvf"}"#),
        ("administrators", "new", #"{"roles":["reader"]}"#),
    ]

    @Test func `every kind is made, read, listed and deleted as over HTTP`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        let access = access(bench, as: "root")
        #expect(RecordAccess.kinds.sorted() == (Self.bodies.map(\.0) + ["policy"]).sorted())
        for (kind, key, body) in Self.bodies {
            guard case .made(let made) = try await access.put(kind, key, Array(body.utf8)) else {
                Issue.record("\(kind) was there")
                continue
            }
            #expect(await bench.ask("GET", "\(kind)/\(key)", token: token).body == made)
            #expect(try await access.get(kind, key) == made)
            #expect(try await access.put(kind, key, made) == .replaced(made))
            var listed: [[UInt8]] = []
            try await access.list(kind) { listed.append($0) }
            #expect(listed.contains(made) && listed.count > 0)
            try await access.delete(kind, key)
            #expect(await bench.ask("GET", "\(kind)/\(key)", token: token).status == 404)
        }
        let policy = try await access.get("policy", nil)
        #expect(try await access.put("policy", nil, policy) == .replaced(policy))
    }

    @Test func `a list goes on past its first page, and keeps to an organisation`() async throws {
        let bench = try await Bench()
        let access = access(bench, as: "root")
        for number in 1...1_003 {
            let record = FleetRecord.device(DeviceRecord(instance: "urn:uuid:\(9_000 + number)", organisation: "vvf"))
            try await bench.administration.perform(.create(record), by: "root", at: Bench.began)
        }
        var (all, police) = (0, 0)
        try await access.list("devices") { _ in all += 1 }
        try await access.list("devices", organisation: "ps") { _ in police += 1 }
        #expect(all == 1_005 && police == 1)
    }

    @Test func `a refusal has the code, place and audit entry that it has over HTTP`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("fire")
        let access = access(bench, as: "fire")
        for (kind, key, body) in [
            ("profiles", "chief", "{}"), ("users", "sip:carla@mc.it.example", #"{"organisation":"ps"}"#),
            ("users", "sip:dario@mc.it.example", #"{"organisation":"vvf","priority":256}"#),
            ("users", "sip:dario@mc.it.example", #"{"organisation":"vvf","colour":"red"}"#),
            ("users", "sip:dario@mc.fr.example", #"{"organisation":"vvf"}"#),
            ("users", "sip:dario@mc.it.example", #"{"organisation":"vvf","profile":"none"}"#),
            ("users", "sip:dario@mc.it.example", #"{"organisation":"#),
            ("groups", "flood", #"{"organisation":"vvf","type":"chat"}"#),
        ] {
            let before = try bench.audit().count
            let told = await bench.ask("PUT", "\(kind)/\(key)", body, token: token)
            #expect(told.status >= 400)
            let between = try bench.audit().count
            let refused = await #expect(throws: RecordAccess.Refused.self) {
                try await access.put(kind, key, Array(body.utf8))
            }
            #expect(refused?.code == told.code)
            #expect(refused?.field == told.member("field") ?? "")
            #expect(refused?.detail == told.member("detail"))
            #expect(try bench.audit().count - between == between - before, "\(body)")
        }
        await #expect(throws: RecordAccess.Refused.self) { try await access.get("users", "sip:carla@mc.it.example") }
        await #expect(throws: RecordAccess.Refused.self) {
            try await access.delete("users", "sip:carla@mc.it.example")
        }
        let nobody = await #expect(throws: RecordAccess.Refused.self) {
            try await self.access(bench, as: "nobody").get("policy", nil)
        }
        #expect(nobody?.description == "not-allowed (administrator): nobody is no administrator of this nation")
    }

    @Test func `nothing but records is reached`() async throws {
        let access = access(try await Bench(), as: "root")
        for kind in ["session", "openapi.json", "audit", "import", "", "users/x/suspend"] {
            await #expect(throws: RecordAccess.Refused.self) { try await access.get(kind, "verify") }
        }
    }

    @Test func `a dry run says what would be and changes nothing`() async throws {
        let bench = try await Bench()
        let (root, fire) = (try await bench.logIn("root"), try await bench.logIn("fire"))
        let before = try bench.audit().count
        let target = "profiles/chief?dry_run=true"
        let dry = await bench.ask("PUT", target, #"{"rights":["call-chat-group","call-chat-group"]}"#, token: root)
        #expect(dry.status == 200 && dry.json?["rights"] as? [String] == ["call-chat-group"], "\(dry.text)")
        #expect(await bench.ask("GET", "profiles/chief", token: root).status == 404)
        let rehearsed = try await access(bench, as: "root").put("profiles", "chief", Array("{}".utf8), isDry: true)
        guard case .rehearsed = rehearsed else {
            Issue.record("it was done")
            return
        }
        #expect(await bench.ask("GET", "profiles/chief", token: root).status == 404)
        let wrong = await bench.ask(
            "PUT", "users/sip:d@mc.it.example?dry_run=true", #"{"organisation":"none"}"#, token: root)
        #expect(wrong.code == "unknown-reference")
        #expect(try bench.audit().count == before)
        // Who tries what he may not do leaves a trace.
        #expect(await bench.ask("PUT", target, "{}", token: fire).code == "not-allowed")
        #expect(try bench.audit().count == before + 1)
        #expect(await bench.ask("PUT", "profiles/chief?dry_run=perhaps", "{}", token: root).code == "invalid-query")
        #expect(await bench.ask("GET", target, token: root).code == "invalid-query")
    }
}

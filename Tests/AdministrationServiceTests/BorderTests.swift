import Administration
import AdministrationService
import Audit
import MCFoundation
import Storage
import Testing
import WebServices

/// An organisation's administrator against the records of another one.
@Suite struct BorderTests {
    /// Each with a method, a target and a body that would be right for its own administrator.
    private static let reads = [
        "organisations/ps", "users/\(Bench.id("carla"))", "devices/urn:uuid:2", "groups/\(Bench.id("patrol"))",
        "functional-aliases/\(Bench.id("sheriff"))", "administrators/police", "administrators/root",
    ]
    private static let writes: [(String, String, String?)] = [
        ("PUT", "organisations/ps", #"{"name":"x","country":"IT"}"#),
        ("PUT", "users/\(Bench.id("carla"))", #"{"organisation":"ps"}"#),
        ("PUT", "users/\(Bench.id("carla"))", #"{"organisation":"vvf"}"#),
        ("PUT", "users/\(Bench.id("carla"))", #"{"organisation":"vvf","device_password":"taken over by us"}"#),
        ("PUT", "users/\(Bench.id("new"))", #"{"organisation":"ps"}"#),
        ("PUT", "users/\(Bench.id("anna"))", #"{"organisation":"ps"}"#),
        ("PUT", "devices/urn:uuid:2", #"{"organisation":"vvf"}"#),
        ("PUT", "devices/urn:uuid:3", #"{"organisation":"ps"}"#),
        ("PUT", "groups/\(Bench.id("patrol"))", #"{"organisation":"vvf","type":"chat"}"#),
        ("PUT", "groups/\(Bench.id("new"))", #"{"organisation":"ps","type":"chat"}"#),
        ("PUT", "functional-aliases/\(Bench.id("sheriff"))", #"{"organisation":"vvf"}"#),
        ("PUT", "administrators/police", #"{"organisation":"vvf","roles":["reader"]}"#),
        ("PUT", "administrators/root", #"{"organisation":"vvf","roles":["reader"]}"#),
        ("PUT", "administrators/new", #"{"roles":["reader"]}"#),
        ("PUT", "administrators/new", #"{"organisation":"ps","roles":["reader"]}"#),
        ("PUT", "administrators/new", #"{"organisation":"vvf","roles":["auditor"]}"#),
        ("PUT", "profiles/responder", "{}"), ("PUT", "profiles/new", "{}"), ("DELETE", "profiles/responder", nil),
        ("PUT", "policy", "{}"),
    ]
    private static let hidden: [(String, String, String?)] = [
        ("POST", "users/\(Bench.id("carla"))/suspend", nil), ("POST", "users/\(Bench.id("carla"))/resume", nil),
        ("PUT", "groups/\(Bench.id("patrol"))/members/\(Bench.id("anna"))", "{}"),
        ("DELETE", "groups/\(Bench.id("patrol"))/members/\(Bench.id("carla"))", nil),
        ("DELETE", "groups/\(Bench.id("patrol"))/members/\(Bench.id("anna"))", nil),
        ("PUT", "administrators/police/password", #"{"password":"taken over by us"}"#),
        ("PUT", "administrators/root/password", #"{"password":"taken over by us"}"#),
    ]

    @Test func `what belongs to another organisation is not there to read`() async throws {
        let bench = try await Bench()
        for name in ["fire", "desk", "eyes"] {
            let token = try await bench.logIn(name)
            for target in Self.reads {
                let answer = await bench.ask("GET", target, token: token)
                #expect(answer.status == 404, "\(target)")
                // Not told from what nobody has.
                #expect(answer == (await bench.ask("GET", target + "x", token: token)), "\(target)")
                let matched = await bench.ask("GET", target, token: token, headers: [("If-None-Match", "*")])
                #expect(matched.status == 404)
            }
            #expect(await bench.ask("GET", "users", token: token).items == [Bench.id("anna"), Bench.id("bruno")])
            #expect(await bench.ask("GET", "users?organisation=ps", token: token).items.isEmpty)
            #expect(await bench.ask("GET", "groups", token: token).items == [Bench.id("flood")])
            #expect(await bench.ask("GET", "devices", token: token).items == ["urn:uuid:1"])
            #expect(await bench.ask("GET", "functional-aliases", token: token).items == [Bench.id("chief")])
            #expect(await bench.ask("GET", "organisations", token: token).items == ["vvf"])
            #expect(await bench.ask("GET", "administrators", token: token).items == ["desk", "eyes", "fire"])
            for target in ["export/users", "export/groups", "export/users?organisation=ps"] {
                let table = await bench.ask("GET", target, token: token)
                #expect(table.status == 200 && !table.text.contains("carla") && !table.text.contains("patrol"))
            }
        }
        #expect(try bench.audit().contains { $0.says("user.refused") && $0.says("read") })
    }

    @Test func `and not to change, by any way`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("fire")
        let before = try bench.store.contents().records
        for (method, target, body) in Self.writes {
            for headers in [[], [("If-Match", "\"x\"")]] where method == "DELETE" || headers.isEmpty {
                let answer = await bench.ask(method, target, body, token: token, headers: headers)
                #expect([403, 412].contains(answer.status), "\(method) \(target) \(answer.text)")
                #expect(!answer.text.contains("Polizia") && !answer.text.contains("\"ps\""), "\(answer.text)")
            }
        }
        for target in Self.reads {
            for headers in [[], [("If-Match", "*")], [("If-Match", "\"x\"")]] {
                let answer = await bench.ask("DELETE", target, token: token, headers: headers)
                #expect(answer.status == 404, "\(target) \(answer.text)")
            }
        }
        for (method, target, body) in Self.hidden {
            let answer = await bench.ask(method, target, body, token: token)
            #expect(
                answer.status == 404 && answer.member("detail") == "there is no such thing here", "\(method) \(target)")
        }
        let csv = #"{"users":"id,display_name\r\nsip:carla@mc.it.example,x\r\nsip:new@mc.it.example,y\r\n"}"#
        for target in ["import", "import?dry_run=true"] {
            let answer = await bench.ask("POST", target, csv, token: token)
            #expect(
                answer.status == 422 && answer.code == "invalid-table" && !answer.text.contains("ps"), "\(answer.text)")
        }
        #expect(try bench.store.contents().records == before)
        let refusals = try bench.audit().filter { $0.action.hasSuffix(".refused") }
        #expect(refusals.count >= Self.writes.count + Self.reads.count)
    }

    @Test func `readers and auditors change nothing, and an auditor sees nothing but the audit log`() async throws {
        let bench = try await Bench()
        let before = try bench.store.contents().records
        let own: [(String, String, String?)] = [
            ("PUT", "users/\(Bench.id("anna"))", #"{"organisation":"vvf"}"#),
            ("PUT", "users/\(Bench.id("new"))", #"{"organisation":"vvf"}"#),
            ("DELETE", "groups/\(Bench.id("flood"))", nil), ("POST", "users/\(Bench.id("anna"))/suspend", nil),
            ("PUT", "groups/\(Bench.id("flood"))/members/\(Bench.id("bruno"))", "{}"),
            ("DELETE", "groups/\(Bench.id("flood"))/members/\(Bench.id("anna"))", nil),
            ("POST", "import", #"{"users":"id\r\nsip:x@mc.it.example\r\n"}"#),
            ("PUT", "administrators/fire/password", #"{"password":"taken over by us"}"#), ("PUT", "policy", "{}"),
        ]
        for name in ["eyes", "court"] {
            let token = try await bench.logIn(name)
            for (method, target, body) in own {
                let answer = await bench.ask(method, target, body, token: token)
                #expect(answer.status == 403, "\(name) \(method) \(target) \(answer.text)")
            }
        }
        let court = try await bench.logIn("court")
        for target in [
            "users", "policy", "profiles/responder", "users/\(Bench.id("anna"))", "export/groups", "administrators",
        ] { #expect(await bench.ask("GET", target, token: court).status == 403, "\(target)") }
        // Of what is not there he hears the same.
        #expect(await bench.ask("GET", "users/\(Bench.id("nobody"))", token: court).status == 403)
        let verified = await bench.ask("GET", "audit/verify", token: court)
        #expect(verified.status == 200 && verified.json?["isSound"] as? Bool == true)
        #expect((verified.json?["records"] as? Int ?? 0) > 20)
        for name in ["eyes", "fire", "desk"] {
            #expect(await bench.ask("GET", "audit/verify", token: try await bench.logIn(name)).status == 403)
        }
        #expect(try bench.store.contents().records == before)
    }

    @Test func `within his own he does his work`() async throws {
        let bench = try await Bench()
        let fire = try await bench.logIn("fire")
        #expect(await bench.ask("GET", "profiles/responder", token: fire).status == 200)
        #expect(await bench.ask("GET", "policy", token: fire).status == 200)
        #expect(await bench.ask("GET", "organisations/vvf", token: fire).status == 200)
        let made = await bench.ask(
            "PUT", "administrators/second",
            #"{"organisation":"vvf","roles":["administrator"],"password":"quite long enough"}"#,
            token: fire)
        #expect(made.status == 201)
        #expect(await bench.tryLogIn("second", "quite long enough").status == 200)
    }
}

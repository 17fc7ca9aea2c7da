import Administration
import AdministrationService
import Foundation
import FoundationNetworking
import Logging
import MCFoundation
import NationalAdministration
import Storage
import Testing
import WebServices

@Suite struct HostileTests {
    @Test func `hostile JSON is refused with a place, and takes no time`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        let target = "users/sip:dario@mc.it.example"
        let deep = String(repeating: "[", count: 100_000)
        for body in [
            "", " ", "{", "}", "nul", "NaN", "Infinity", "{\"organisation\":NaN}", "{\"organisation\":-}", "01", "1.",
            "1e",
            "{\"organisation\":\"vvf\",\"organisation\":\"ps\"}",
            "{\"organisation\":\"vvf\",\"org\\u0061nisation\":\"ps\"}",
            "{\"organisation\":\"vvf\"}x", "{\"organisation\":\"vvf\",}", "{'organisation':'vvf'}", "\"\\ud800\"",
            "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\x\"", "\"\\u00g0\"", "\"\\u00", "\"\n\"", "\"", deep,
            String(repeating: "{\"a\":", count: 100_000), "[" + String(repeating: "0,", count: 600_000) + "0]",
        ] {
            let answer = await bench.ask("PUT", target, body, token: token)
            #expect(answer.status == 400 && answer.code == "invalid-json", "\(body.prefix(40))")
        }
        for octets: [UInt8] in [
            [0xff], [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0xef, 0xbb, 0xbf, 0x7b, 0x7d],
        ] {
            #expect(await bench.ask("PUT", target, octets: octets, token: token).code == "invalid-json")
        }
        let escaped = await bench.ask(
            "PUT", target, #"{"organisation":"vvf","displayName":"\u00e9\ud83d\ude92 \"\\\/"}"#, token: token)
        #expect(escaped.status == 201 && escaped.member("displayName") == "é🚒 \"\\/", "\(escaped.text)")
        #expect(await bench.ask("PUT", target, #"{"organisation":"v\u0000f"}"#, token: token).status == 409)
        #expect(
            await bench.ask("PUT", target, #"{"organisation":"vvf","displayName":"\u0000"}"#, token: token).status
                == 400)
    }

    @Test func `large bodies are refused before they are looked at`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        let large = [UInt8](repeating: UInt8(ascii: "["), count: 16 << 20)
        #expect(await bench.ask("PUT", "users/sip:dario@mc.it.example", octets: large, token: token).status == 413)
        #expect(await bench.ask("POST", "session", octets: large).status == 413)
        #expect(await bench.ask("POST", "import", octets: large, token: token).status == 400)
        #expect(await bench.ask("POST", "import", octets: large + [0], token: token).status == 413)
        // Without a session nobody's body is looked at.
        #expect(await bench.ask("PUT", "users/sip:dario@mc.it.example", octets: large).status == 401)
        let users = String(repeating: #"sip:u@mc.it.example,"#, count: 700_000)
        let table = await bench.ask("POST", "import", "{\"users\":\"\(users)\"}", token: token)
        #expect(table.status == 422 && table.code == "invalid-table")
        let members = (0..<10_001).map { #"{"id":"sip:u\#($0)@mc.it.example"}"# }.joined(separator: ",")
        let group = await bench.ask(
            "PUT", "groups/sip:big@mc.it.example", #"{"organisation":"vvf","type":"chat","members":[\#(members)]}"#,
            token: token)
        #expect(group.status == 400 && group.member("field") == "members")
        #expect(await bench.ask("POST", "users/\(Bench.id("anna"))/suspend", "{}", token: token).status == 400)
    }

    @Test func `hostile paths lead nowhere`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        for target in [
            "users/%00", "users/sip:anna%00@mc.it.example", "users/%ff", "users/%c0%af", "users/%", "users/%4",
            "users/%zz",
            "users/..", "users/%2e%2e", "users/%2e", "../policy", "users/%0a", "users/\u{7f}",
            "users/" + String(repeating: "a", count: 2_000), "%2e%2e/policy", "profiles/%ed%a0%80",
        ] {
            for method in ["GET", "PUT", "DELETE"] {
                let answer = await bench.ask(method, target, method == "PUT" ? "{}" : nil, token: token)
                #expect(answer.status == 400 && answer.code == "invalid-path", "\(method) \(target) \(answer.status)")
            }
        }
        // An encoded slash divides nothing.
        #expect(await bench.ask("GET", "users%2fsip:anna@mc.it.example", token: token).status == 404)
        #expect(await bench.ask("GET", "users/sip:anna@mc.it.example%2fsuspend", token: token).status == 404)
        #expect(await bench.ask("GET", "audit%2Fverify", token: token).status == 404)
        let slash = await bench.ask("PUT", "users/sip:a%2fb@mc.it.example", #"{"organisation":"vvf"}"#, token: token)
        #expect(slash.status == 201 && slash.member("id") == "sip:a/b@mc.it.example")
        #expect(await bench.ask("GET", "users/sip:a%2Fb@mc.it.example", token: token).status == 200)
        let response = await bench.service.respond(to: WebRequest(method: "GET", path: "/admin/v10/users"))
        #expect(response.status == 404)
    }

    @Test func `tokens and passwords do not print`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        var text = "\(bench.service)"
        dump(bench.service, to: &text)
        #expect(!text.contains(token))
        _ = await bench.ask(
            "PUT", "users/sip:dario@mc.it.example",
            #"{"organisation":"vvf","loginName":"dario","password":"hunter2 hunter2"}"#, token: token)
        _ = await bench.ask(
            "PUT", "users/sip:x@mc.it.example", #"{"organisation":"vvf","loginName":"x","password":"hunter2"}"#,
            token: token)
        _ = await bench.tryLogIn("hunter2", "hunter2")
        dump(bench.service, to: &text)
        let personal = try bench.store.audit(from: 1, limit: 1_000).personal
        let log = try bench.audit().map { "\($0)" }.joined() + personal.map(\.value).joined()
        let kept = try bench.store.contents().records.map { String(decoding: $0.record.body, as: UTF8.self) }.joined()
        for secret in ["hunter2", token, Bench.password] {
            #expect(!log.contains(secret) && !kept.contains(secret))
            if secret != Bench.password { #expect(!text.contains(secret)) }
        }
    }

    @Test func `when the store does not take the log, nobody gets in`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        var limits = StoreLimits()
        limits.auditRowsPerWrite = 0
        let deaf = try NationalAdministration(
            store: FullStore(behind: bench.store), identity: Bench.identity)
        let service = AdministrationService(deaf, clock: { [clock = bench.clock] in clock.now })
        let answer = await service.respond(
            to: WebRequest(
                method: "POST", path: "/admin/v1/session", headers: [WebHeader("content-type", "application/json")],
                body: Array(#"{"name":"root","password":"\#(Bench.password)"}"#.utf8), source: Bench.source))
        #expect(answer.status == 503 && answer.code == "unavailable" && !answer.text.contains("full"))
        #expect(await bench.ask("GET", "users", token: token).status == 200)
    }

    @Test func `behind the listener it is the same`() async throws {
        let bench = try await Bench()
        var routes = WebRoutes()
        routes.add("/admin/v1/", bench.service)
        let server = try await WebServer.start(
            WebListener(address: SocketAddress(.loopback, port: 0), tls: nil),
            logger: Logger(label: "web", factory: { _ in SwiftLogNoOpLogHandler() }), handler: routes)
        let base = "http://127.0.0.1:\(server.address.port)/admin/v1/"
        func ask(_ method: String, _ target: String, _ body: String? = nil, token: String? = nil) async throws -> (
            Int, String, HTTPURLResponse?
        ) {
            var request = URLRequest(url: try #require(URL(string: base + target)))
            request.httpMethod = method
            if let body {
                request.httpBody = Data(body.utf8)
                request.setValue("application/json; charset=utf-8", forHTTPHeaderField: "Content-Type")
            }
            if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
            let (data, response) = try await URLSession.shared.data(for: request)
            let http = response as? HTTPURLResponse
            return (http?.statusCode ?? 0, String(decoding: data, as: UTF8.self), http)
        }
        let login = try await ask("POST", "session", #"{"name":"root","password":"\#(Bench.password)"}"#)
        #expect(login.0 == 200)
        let token = try #require(
            (try JSONSerialization.jsonObject(with: Data(login.1.utf8)) as? [String: Any])?["token"] as? String)
        let read = try await ask("GET", "users/sip:anna@mc.it.example", token: token)
        #expect(read.0 == 200 && read.2?.value(forHTTPHeaderField: "ETag")?.hasPrefix("\"") == true)
        #expect(try await ask("HEAD", "users/sip:anna@mc.it.example", token: token).1.isEmpty)
        #expect(try await ask("GET", "users/%00", token: token).0 == 400)
        #expect(try await ask("DELETE", "session", token: token).0 == 204)
        #expect(try await ask("GET", "users", token: token).0 == 401)
        await server.stop()
    }
}

/// A store whose disk is full: it reads and takes nothing more.
private struct FullStore: NationalStore {
    let behind: MemoryStore

    init(behind: MemoryStore) { self.behind = behind }

    func contents() throws(StoreError) -> StoreContents { try behind.contents() }
    func write<Result: Sendable>(
        after known: UInt64, at now: UTCTime, _ decide: ([Commit]) throws -> StoreDecision<Result>
    ) throws -> StoreOutcome<Result> { throw StoreError(.full, "the disk is full") }
    func commits(after known: UInt64, limit: Int) throws(StoreError) -> [Commit] {
        try behind.commits(after: known, limit: limit)
    }
    func sequence() throws(StoreError) -> UInt64 { try behind.sequence() }
    func changed() throws(StoreError) -> UInt64 { try behind.changed() }
    func auditHead() throws(StoreError) -> AuditHead { try behind.auditHead() }
    func audit(from first: UInt64, limit: Int, during period: Range<UTCTime>?) throws(StoreError) -> AuditPage {
        try behind.audit(from: first, limit: limit, during: period)
    }
    func strandedSeals() throws(StoreError) -> [AuditSealRow] { try behind.strandedSeals() }
    func expiring(at now: UTCTime) throws(StoreError) -> [ExpiringRecord] { try behind.expiring(at: now) }
    func keep(_ changes: [ExpiringChange], at now: UTCTime) throws(StoreError) {
        throw StoreError(.full, "the disk is full")
    }
    func backup(to path: String) throws(StoreError) { try behind.backup(to: path) }
    func check() throws(StoreError) -> [String] { try behind.check() }
    func close() throws(StoreError) {}
}

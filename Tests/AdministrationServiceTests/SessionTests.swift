import Administration
import AdministrationService
import Audit
import MCFoundation
import NationalAdministration
import Storage
import Testing
import WebServices

@Suite struct SessionTests {
    @Test func `an administrator logs in, is known by his token, and logs out`() async throws {
        let bench = try await Bench()
        let answer = await bench.tryLogIn("root")
        #expect(answer.status == 200 && answer.json?["expires_in"] as? Int == 43_200)
        #expect(answer.header("cache-control") == "no-store")
        let token = try #require(answer.member("token"))
        #expect(token.utf8.count == 43)
        #expect(await bench.ask("GET", "users", token: token).status == 200)
        #expect(await bench.ask("DELETE", "session", token: token).status == 204)
        #expect(await bench.ask("GET", "users", token: token).status == 401)
        let actions = try bench.audit().suffix(2).map(\.action)
        #expect(actions == ["administrator.logged-in", "administrator.logged-out"])
    }

    @Test func `without a session there is nothing but the description`() async throws {
        let bench = try await Bench()
        for target in ["users", "policy", "export/users", "audit/verify", "users/\(Bench.id("anna"))"] {
            for token in [nil, "", "x", String(repeating: "A", count: 43)] {
                let answer = await bench.ask("GET", target, token: token)
                #expect(answer.status == 401 && answer.code == "unauthenticated", "\(target)")
                #expect(answer.header("www-authenticate")?.hasPrefix("Bearer") == true)
            }
        }
        #expect(await bench.ask("GET", "openapi.json").status == 200)
    }

    @Test func `who is nobody, has no password, is suspended or errs hears the same, and the log hears why`()
        async throws
    {
        let bench = try await Bench()
        var suspended = try Bench.administrator("gone", [.administrator])
        suspended.isSuspended = true
        try await bench.administration.perform(.create(.administrator(suspended)), by: "root", at: Bench.began)
        var answers: [WebResponse] = []
        for (name, password) in [
            ("nobody", Bench.password), ("mute", Bench.password), ("gone", Bench.password), ("root", "wrong"),
        ] { answers.append(await bench.tryLogIn(name, password)) }
        #expect(answers.allSatisfy { $0 == answers[0] })
        #expect(answers[0].status == 401 && answers[0].code == "login-refused")
        let audit = try bench.audit().suffix(4)
        for (row, cause) in zip(audit, ["unknown-administrator", "no-password", "suspended", "wrong-password"]) {
            #expect(row.action == "administrator.login-refused" && row.outcome == .refused(cause))
        }
        #expect(!audit.contains { $0.says("wrong") })
    }

    @Test func `a hundred failures lock out, whoever asks from wherever, and the log is not flooded`() async throws {
        let bench = try await Bench()
        var refused = 0
        var told: WebResponse?
        for _ in 0..<100 {
            let answer = await bench.tryLogIn("root", "wrong")
            if answer.status == 429 {
                refused += 1
                told = answer
            }
            bench.clock.pass(.seconds(1))
        }
        #expect(refused > 80)
        #expect(told?.code == "too-many-attempts" && told?.header("retry-after").flatMap { Int($0) } != nil)
        // The right password does not help now, from another address neither.
        #expect(await bench.tryLogIn("root", from: IPAddress(v4: 9)).status == 429)
        #expect(try bench.audit().filter { $0.says("administrator.login-refused") }.count < 40)
        // Others are not concerned, and the time of it ends.
        #expect(await bench.tryLogIn("fire", from: IPAddress(v4: 9)).status == 200)
        bench.clock.pass(.seconds(3_600))
        #expect(await bench.tryLogIn("root").status == 200)
    }

    @Test func `long bodies are heard of who has a session, and of nobody else`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        func limit(_ token: String?) -> Int {
            bench.service.bodyLimit(
                of: WebRequest(
                    method: "POST", path: "/admin/v1/import",
                    headers: token.map { [WebHeader("authorization", "Bearer \($0)")] } ?? []))
        }
        #expect(limit(token) == 16 << 20)
        for other in [nil, "", "x", String(repeating: "A", count: 43)] { #expect(limit(other) == 16 << 10) }
        bench.clock.pass(.seconds(901))
        #expect(limit(token) == 16 << 10)
    }

    @Test func `a session ends when nobody uses it`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        bench.clock.pass(.seconds(899))
        #expect(await bench.ask("GET", "policy", token: token).status == 200)
        bench.clock.pass(.seconds(900))
        #expect(await bench.ask("GET", "policy", token: token).status == 401)
    }

    @Test func `a session of who is suspended, deleted or has a new password ends at once, whoever did it`()
        async throws
    {
        let bench = try await Bench()
        let root = try await bench.logIn("root")
        let fire = try await bench.logIn("fire")
        let desk = try await bench.logIn("desk")
        let eyes = try await bench.logIn("eyes")
        let answer = await bench.ask(
            "PUT", "administrators/fire", #"{"organisation":"vvf","roles":["administrator"],"isSuspended":true}"#,
            token: root)
        #expect(answer.status == 200)
        #expect(await bench.ask("GET", "users", token: fire).status == 401)
        #expect(await bench.tryLogIn("fire").status == 401)
        // Another process over the same store.
        let other = try NationalAdministration(store: bench.store, identity: Bench.identity)
        try await other.perform(.delete(.administrator, key: "desk"), by: "root", at: Bench.began)
        #expect(await bench.ask("GET", "users", token: desk).status == 401)
        let changed = await bench.ask(
            "PUT", "administrators/eyes/password", #"{"password":"another long one"}"#, token: eyes)
        #expect(changed.status == 204)
        #expect(await bench.ask("GET", "users", token: eyes).status == 401)
        #expect(await bench.tryLogIn("eyes").status == 401)
        #expect(await bench.tryLogIn("eyes", "another long one").status == 200)
    }

    @Test func `a password of an administrator follows the rule, and is not set by whom it does not concern`()
        async throws
    {
        let bench = try await Bench()
        let desk = try await bench.logIn("desk")
        let weak = await bench.ask("PUT", "administrators/desk/password", #"{"password":"too short"}"#, token: desk)
        #expect(weak.status == 409 && weak.code == "weak-password" && !weak.text.contains("too short"))
        let other = await bench.ask(
            "PUT", "administrators/fire/password", #"{"password":"a long new password"}"#, token: desk)
        #expect(other.status == 403)
        let hidden = await bench.ask(
            "PUT", "administrators/police/password", #"{"password":"a long new password"}"#, token: desk)
        #expect(hidden.status == 404)
        #expect(await bench.tryLogIn("fire").status == 200)
        let root = try await bench.logIn("root")
        let mute = await bench.ask(
            "PUT", "administrators/mute/password", #"{"password":"a long new password"}"#, token: root)
        #expect(mute.status == 204)
        #expect(await bench.tryLogIn("mute", "a long new password").status == 200)
    }

    @Test func `passwords that wait are bounded, and who is turned away has failed nothing`() async throws {
        var limits = AdministrationLimits()
        limits.passwordsAtOnce = 1
        limits.passwordsWaiting = 1
        let bench = try await Bench(limits)
        let statuses = await withTaskGroup(of: Int.self) { group in
            for number in 0..<12 {
                group.addTask { await bench.tryLogIn("n\(number)", "x", from: IPAddress(v4: UInt32(number))).status }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.contains(503))
        #expect(Set(statuses).isSubset(of: [401, 503]))
        #expect(await bench.tryLogIn("root").status == 200)
    }
}

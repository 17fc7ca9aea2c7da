import AdministrationService
import Audit
import Synchronization
import Testing
import WebServices

/// What changes no record: who serves log-in is told, after the audit log.
@Suite struct LoginOrderTests {
    @Test func `log-ins are ended and lock-outs forgiven by whom the user concerns`() async throws {
        let bench = try await Bench()
        let desk = try await bench.logIn("desk")
        let anna = "users/\(Bench.id("anna"))"
        #expect(await bench.ask("POST", anna + "/log-off", token: desk).status == 204)
        #expect(await bench.ask("POST", anna + "/forgive", token: desk).status == 204)
        #expect(
            bench.logins.told.withLock { $0 }.map { $0.prefix { $0 != "(" } } == ["userLoggedOff", "userForgiven"])
        #expect(bench.logins.told.withLock { $0 }.allSatisfy { $0.contains(Bench.id("anna")) })
        let audit = try bench.audit().suffix(2)
        #expect(audit.map { $0.says("user.logged-off") } == [true, false])
        #expect(audit.map { $0.says("user.forgiven") } == [false, true])
    }

    @Test func `who may not, or asks for nobody, changes nothing, and the log hears of it`() async throws {
        let bench = try await Bench()
        let desk = try await bench.logIn("desk")
        let eyes = try await bench.logIn("eyes")
        for order in ["log-off", "forgive"] {
            #expect(await bench.ask("POST", "users/\(Bench.id("carla"))/\(order)", token: desk).status == 404)
            #expect(await bench.ask("POST", "users/\(Bench.id("nobody"))/\(order)", token: desk).status == 404)
            #expect(await bench.ask("POST", "users/\(Bench.id("anna"))/\(order)", token: eyes).status == 403)
            #expect(await bench.ask("POST", "users/\(Bench.id("anna"))/\(order)", "{}", token: desk).status == 400)
        }
        #expect(bench.logins.told.withLock { $0 }.isEmpty)
        #expect(try bench.audit().filter { $0.says("user.refused") }.count == 6)
    }

    @Test func `a key is withdrawn by the nation's administrators, where it is published`() async throws {
        let bench = try await Bench()
        let fire = try await bench.logIn("fire")
        #expect(await bench.ask("POST", "keys/k1/withdraw", token: fire).status == 403)
        let root = try await bench.logIn("root")
        #expect(await bench.ask("POST", "keys/k3/withdraw", token: root).status == 404)
        #expect(bench.logins.told.withLock { $0 }.isEmpty)
        #expect(await bench.ask("POST", "keys/k1/withdraw", token: root).status == 204)
        #expect(bench.logins.told.withLock { $0 } == ["k1"])
        let last = try #require(try bench.audit().last)
        #expect(last.says("key.withdrawal-ordered") && last.says("k1"))
    }

    @Test func `where nobody logs in, nobody is told, and that is said`() async throws {
        let bench = try await Bench(servesLogin: false)
        let root = try await bench.logIn("root")
        for target in ["users/\(Bench.id("anna"))/log-off", "users/\(Bench.id("anna"))/forgive", "keys/k1/withdraw"] {
            #expect(await bench.ask("POST", target, token: root).status == 503)
        }
    }
}

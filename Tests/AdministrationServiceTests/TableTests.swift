import Administration
import AdministrationService
import Foundation
import NationalAdministration
import Storage
import Testing
import WebServices

@Suite struct TableTests {
    private static let tables = #"""
        {"users":"id,organisation,profile,login_name,login_password\r\nsip:dario@mc.it.example,vvf,responder,dario,a quite long one\r\n",
        "groups":"id,type,organisation,members\r\nsip:snow@mc.it.example,chat,vvf,sip:dario@mc.it.example\r\n"}
        """#

    @Test func `a dry run says what would change and changes nothing`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("fire")
        let before = try bench.store.contents()
        let dry = await bench.ask("POST", "import?dry_run=true", Self.tables, token: token)
        #expect(dry.status == 200 && dry.json?["created"] as? Int == 2 && dry.json?["dry_run"] as? Bool == true)
        #expect(try bench.store.contents() == before)
        let done = await bench.ask("POST", "import", Self.tables, token: token)
        #expect(done.status == 200 && done.json?["created"] as? Int == 2 && done.json?["dry_run"] as? Bool == false)
        #expect(await bench.ask("GET", "users/sip:dario@mc.it.example", token: token).member("loginName") == "dario")
        #expect(await bench.administration.fleet.user("sip:dario@mc.it.example")?.passwordVerifier != nil)
    }

    @Test func `more passwords than it may hash are refused, and nothing is changed`() async throws {
        var limits = AdministrationLimits()
        limits.importPasswords = 1
        let bench = try await Bench(limits)
        let token = try await bench.logIn("fire")
        func users(_ names: [String]) -> String {
            let rows = names.map { #"sip:\#($0)@mc.it.example,vvf,responder,\#($0),a quite long one\r\n"# }.joined()
            return #"{"users":"id,organisation,profile,login_name,login_password\r\n\#(rows)"}"#
        }
        let before = try bench.store.contents()
        for query in ["?dry_run=true", ""] {
            let refused = await bench.ask("POST", "import\(query)", users(["dario", "elena"]), token: token)
            #expect(refused.status == 400 && refused.code == "limit-exceeded", "\(refused.text)")
            #expect(refused.text.contains("login_verifier"))
        }
        #expect(try bench.store.contents() == before)
        #expect(await bench.ask("POST", "import", users(["dario"]), token: token).status == 200)
        let kept = await bench.administration.fleet.user("sip:dario@mc.it.example")?.passwordVerifier
        #expect(kept.map { PasswordWork.proves("a quite long one", $0) } == true)
    }

    @Test func `every mistake has its line and column`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        let body =
            #"{"users":"id,organisation,priority\r\nsip:a@mc.it.example,vvf,300\r\nx,vvf,1\r\nsip:b@mc.it.example,xx,1\r\n"}"#
        let answer = await bench.ask("POST", "import", body, token: token)
        #expect(answer.status == 422 && answer.code == "invalid-table" && answer.json?["errorCount"] as? Int == 3)
        let errors = try #require(answer.json?["errors"] as? [[String: Any]])
        #expect(errors.map { $0["line"] as? Int } == [2, 3, 4])
        #expect(errors.map { $0["column"] as? String } == ["priority", "id", "organisation"])
        #expect(await bench.ask("POST", "import", #"{"users":""}"#, token: token).status == 422)
        for body in ["{}", #"{"devices":""}"#, #"{"users":1}"#] {
            #expect(await bench.ask("POST", "import", body, token: token).status == 400, "\(body)")
        }
        for query in ["dry_run=yes", "dry_run=", "dry_run=true&dry_run=false", "dry=1"] {
            #expect(await bench.ask("POST", "import?\(query)", Self.tables, token: token).status == 400, "\(query)")
        }
        let many = (0..<3_000).map { "x\($0),1" }.joined(separator: #"\r\n"#)
        let told = await bench.ask("POST", "import", "{\"users\":\"id,priority\\r\\n\(many)\"}", token: token)
        #expect((told.json?["errors"] as? [Any])?.count == 1_000 && told.json?["errorCount"] as? Int == 3_000)
    }

    @Test func `what was exported can be imported again`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        let users = await bench.ask("GET", "export/users", token: token)
        let groups = await bench.ask("GET", "export/groups", token: token)
        #expect(users.header("content-type")?.hasPrefix("text/csv") == true)
        let body = try JSONSerialization.data(withJSONObject: ["users": users.text, "groups": groups.text])
        let answer = await bench.ask("POST", "import", octets: Array(body), token: token)
        #expect(answer.status == 200 && answer.json?["unchanged"] as? Int == 5 && answer.json?["changed"] as? Int == 0)
        #expect(await bench.ask("GET", "export/users?organisation=ps", token: token).text.contains("carla"))
        #expect(!(await bench.ask("GET", "export/users?organisation=ps", token: token).text.contains("anna")))
    }

    @Test func `the tables together go out and come in as YAML`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        let fleet = await bench.ask("GET", "export/fleet", token: token)
        #expect(fleet.status == 200 && fleet.header("content-type") == "application/yaml")
        #expect(fleet.text.contains("carla") && fleet.text.contains("groups:"))
        #expect(!fleet.text.contains("verifier") && !fleet.text.contains("aaaa"))
        let yaml = [("content-type", "application/yaml; charset=utf-8")]
        let same = await bench.ask("POST", "import", fleet.text, token: token, headers: yaml)
        #expect(same.status == 200 && same.json?["unchanged"] as? Int == 5 && same.json?["changed"] as? Int == 0)
        let own = await bench.ask("GET", "export/fleet", token: try await bench.logIn("fire"))
        #expect(own.text.contains("anna") && !own.text.contains("carla"))
        let body = "users:\n  - id: sip:dario@mc.it.example\n    organisation: vvf\n    colour: red\nroles: []\n"
        let refused = await bench.ask("POST", "import", body, token: token, headers: yaml)
        #expect(refused.status == 422)
        let errors = try #require(refused.json?["errors"] as? [[String: Any]])
        #expect(errors.map { $0["line"] as? Int } == [5] && errors.map { $0["table"] as? String } == [""])
        #expect(
            await bench.ask("POST", "import", "a", token: token, headers: [("content-type", "text/csv")]).status == 415)
        #expect(await bench.ask("POST", "import", "{}", token: token, headers: yaml).status == 400)
        var limits = AdministrationLimits()
        limits.importBytes = 8
        let small = try await Bench(limits)
        let long = await small.ask("POST", "import", body, token: try await small.logIn("root"), headers: yaml)
        #expect(long.status == 413)
    }
}

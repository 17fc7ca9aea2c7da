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
}

import Administration
import Audit
import ConfigurationDocuments
import DocumentService
import MCFoundation
import NationalAdministration
import Policy
import Storage
import Testing
import WebServices

@Suite struct DocumentServiceTests {
    private typealias Ground = DocumentGround

    @Test func `a group is put, read by its new members, changed by a node and deleted`() async throws {
        let ground = try await Ground()
        let created = await ground.ask(
            "PUT", Ground.rescue, token: "chiara.g", type: Ground.groupType + "; charset=utf-8",
            body: Ground.groupDocument("rescue", ["bruno"]))
        #expect(created.status == 201)
        let etag = try #require(created.header("etag"))
        let read = await ground.ask("GET", Ground.rescue, token: "bruno.g")
        #expect(read.status == 200 && read.header("etag") == etag)
        #expect(read.header("content-type") == Ground.groupType)
        #expect(read.header("cache-control") == "private, no-cache")
        // The call path has it too.
        #expect(await ground.administration.directory.group(MCPTTGroupID(Ground.id("rescue"))) != nil)
        let entry = Ground.rescue + "/~~/group/list-service/list/entry%5b@uri=%22sip:anna@mc.it.example%22%5d"
        let added = await ground.ask(
            "PUT", entry, token: "chiara.g", type: "application/xcap-el+xml",
            body: Array(#"<entry xmlns="urn:oma:xml:poc:list-service" uri="sip:anna@mc.it.example"/>"#.utf8),
            headers: [WebHeader("if-match", etag)])
        #expect(added.status == 201 && added.header("etag") != etag)
        #expect(await ground.ask("GET", Ground.rescue, token: "anna.g").status == 200)
        // Somebody else's tag is from before.
        let late = await ground.ask(
            "DELETE", entry, token: "chiara.g", headers: [WebHeader("if-match", etag)])
        #expect(late.status == 412)
        #expect(await ground.ask("DELETE", entry, token: "chiara.g").status == 200)
        #expect(await ground.ask("GET", Ground.rescue, token: "anna.g").status == 403)
        #expect(await ground.ask("DELETE", Ground.rescue, token: "chiara.g").status == 200)
        #expect(await ground.ask("GET", Ground.rescue, token: "chiara.g").status == 404)
        #expect(try await ground.administration.verifyAudit().isSound)
    }

    @Test func `groups are regrouped and set free again`() async throws {
        let ground = try await Ground()
        var elena = UserRecord(id: Ground.id("elena"), organisation: "vvf", profile: "responder")
        elena.rights = RightsOverride(allowed: [.regroup])
        try await ground.perform(.create(elena.record))
        var document = GroupDocument(id: MCPTTGroupID(Ground.id("joint")), displayName: "Joint")
        document.constituents = [MCPTTGroupID(Ground.id("flood"))]
        let path = Ground.flood.replacing("flood", with: "joint")
        let body = document.serialized()
        #expect(await ground.ask("PUT", path, token: "chiara.g", type: Ground.groupType, body: body).status == 403)
        #expect(await ground.ask("PUT", path, token: "elena.g", type: Ground.groupType, body: body).status == 201)
        #expect(await ground.ask("GET", path, token: "anna.g").status == 200)
        let flood = await ground.ask("GET", Ground.flood, token: "anna.g")
        #expect(String(decoding: flood.body, as: UTF8.self).contains("on-network-regrouped"))
        let joint = MCPTTGroupID(Ground.id("joint"))
        #expect(await ground.administration.directory.group(MCPTTGroupID(Ground.id("flood")))?.regroupedInto == joint)
        #expect(await ground.ask("DELETE", path, token: "chiara.g").status == 403)
        #expect(await ground.ask("DELETE", path, token: "elena.g").status == 200)
        #expect(await ground.administration.directory.group(joint) == nil)
        #expect(await ground.administration.directory.group(MCPTTGroupID(Ground.id("flood")))?.regroupedInto == nil)
        #expect(try await ground.administration.verifyAudit().isSound)
    }

    @Test func `the initial configuration is read without a token, and only read`() async throws {
        let ground = try await Ground()
        let path = "/xcap/org.3gpp.mcptt.ue-init-config/users/sip:ue@mc.it.example/urn:uuid:1"
        let read = await ground.ask("GET", path)
        #expect(read.status == 200)
        #expect(read.header("content-type") == "application/vnd.3gpp.mcptt-ue-init-config+xml")
        #expect(await ground.ask("PUT", path, body: read.body).status == 401)
        #expect(await ground.ask("PUT", path, token: "chiara.gc", body: read.body).status == 403)
        #expect(await ground.ask("DELETE", path, token: "chiara.gc").status == 403)
        // Whatever is named, the answer says nothing of what exists.
        #expect(await ground.ask("GET", path.replacing("urn:uuid:1", with: "urn:uuid:2")).status == 200)
    }

    @Test func `without a token, or with one that opens something else, nothing is read`() async throws {
        let ground = try await Ground()
        let nobody = await ground.ask("GET", Ground.flood)
        #expect(nobody.status == 401 && nobody.header("www-authenticate") == #"Bearer realm="mcx""#)
        for token in ["nonsense", "anna.expired", String(repeating: "x", count: 9_000)] {
            let refused = await ground.ask("GET", Ground.flood, token: token)
            #expect(refused.status == 401)
            #expect(refused.header("www-authenticate") == #"Bearer realm="mcx", error="invalid_token""#)
        }
        let scope = await ground.ask("GET", Ground.flood, token: "anna.c")
        #expect(scope.status == 403)
        #expect(scope.header("www-authenticate")?.contains("insufficient_scope") == true)
        #expect(scope.header("www-authenticate")?.contains("3gpp:mc:ptt_group_management_service") == true)
        let two = await ground.ask(
            "GET", Ground.flood, token: "anna.g", headers: [WebHeader("authorization", "Bearer carla.g")])
        #expect(two.status == 400)
        #expect(await ground.ask("GET", Ground.flood, token: "anna.g").status == 200)
    }

    @Test func `conditions and HEAD are answered as RFC 9110 says`() async throws {
        let ground = try await Ground()
        let head = await ground.ask("HEAD", Ground.flood, token: "anna.g")
        #expect(head.status == 200 && head.body.isEmpty)
        let etag = try #require(head.header("etag"))
        let same = await ground.ask(
            "GET", Ground.flood, token: "anna.g",
            headers: [WebHeader("if-none-match", "\"x\""), WebHeader("if-none-match", etag)])
        #expect(same.status == 304 && same.body.isEmpty)
        // A new group only where there is none (RFC 4825 7.11).
        let put = await ground.ask(
            "PUT", Ground.flood, token: "chiara.g", type: Ground.groupType,
            body: Ground.groupDocument("flood", ["bruno"]), headers: [WebHeader("if-none-match", "*")])
        #expect(put.status == 412)
    }

    @Test func `mistakes are told by the documents of RFC 4825`() async throws {
        let ground = try await Ground()
        func put(_ path: String, _ body: String, _ type: String = Ground.groupType) async -> WebResponse {
            await ground.ask("PUT", path, token: "chiara.g", type: type, body: Array(body.utf8))
        }
        let broken = await put(Ground.rescue, "<group")
        #expect(broken.status == 409 && broken.header("content-type") == "application/xcap-error+xml")
        #expect(String(decoding: broken.body, as: UTF8.self).contains("not-well-formed"))
        let schema = await put(Ground.rescue, #"<group xmlns="urn:oma:xml:poc:list-service"/>"#)
        #expect(String(decoding: schema.body, as: UTF8.self).contains("schema-validation-error"))
        #expect(await put(Ground.rescue, "<group/>", "text/plain").status == 415)
        let parent = await put(
            Ground.flood + "/~~/group/nothing/entry", "<entry/>", "application/xcap-el+xml")
        let text = String(decoding: parent.body, as: UTF8.self)
        #expect(parent.status == 409 && text.contains("no-parent"))
        #expect(text.contains("https://mc.it.example/xcap/org.openmobilealliance.groups"))
        let external = await put(
            Ground.rescue, #"<!DOCTYPE group [<!ENTITY x SYSTEM "file:///etc/passwd">]><group>&x;</group>"#)
        #expect(external.status == 409)
        #expect(await ground.administration.fleet.group(Ground.id("rescue")) == nil)
    }

    @Test func `a group is asked for without its members by POST`() async throws {
        let ground = try await Ground()
        let body = Array(
            #"<document xmlns="urn:3gpp:ns:mcpttGMOP:1.0"><request><get-excluding-memberlist/></request></document>"#
                .utf8)
        let type = "application/vnd.3gpp.GMOP+xml"
        let answer = await ground.ask("POST", Ground.flood, token: "anna.g", type: type, body: body)
        #expect(answer.status == 200 && answer.header("content-type") == Ground.groupType)
        #expect(!String(decoding: answer.body, as: UTF8.self).contains("anna"))
        #expect(await ground.ask("POST", Ground.flood, token: "carla.g", type: type, body: body).status == 403)
        #expect(await ground.ask("POST", Ground.flood, token: "anna.g", type: "text/xml", body: body).status == 415)
        #expect(await ground.ask("POST", Ground.flood, type: type, body: body).status == 401)
        let large = [UInt8](repeating: 32, count: 70_000)
        #expect(await ground.ask("POST", Ground.flood, token: "anna.g", type: type, body: large).status == 413)
        let profile = "/xcap/org.3gpp.mcptt.user-profile/users/\(Ground.id("anna"))/mcptt-user-profile-0.xml"
        let other = await ground.ask("POST", profile, token: "anna.c", type: type, body: body)
        #expect(other.status == 405 && other.header("allow") == "GET, HEAD, PUT, DELETE")
        #expect(await ground.ask("PATCH", Ground.flood, token: "anna.g").status == 405)
    }

    @Test func `long bodies are heard where somebody with a token puts a document`() async throws {
        let ground = try await DocumentGround()
        func limit(_ method: String, _ token: String?) -> Int {
            ground.service.bodyLimit(
                of: WebRequest(
                    method: method, path: DocumentGround.flood,
                    headers: token.map { [WebHeader("authorization", "Bearer \($0)")] } ?? []))
        }
        #expect(limit("PUT", "anna gc") == XCAPLimits().octets)
        #expect(limit("PUT", nil) == 65_536 && limit("POST", "anna gc") == 65_536)
    }

    @Test func `the root is where it is configured, and nothing is served beside it`() async throws {
        let ground = try await Ground(root: "/mc/documents/")
        let path = "/mc/documents/org.openmobilealliance.groups/global/byGroupID/sip:flood@mc.it.example"
        #expect(await ground.ask("GET", path, token: "anna.g").status == 200)
        #expect(await ground.ask("GET", Ground.flood, token: "anna.g").status == 404)
    }

    @Test func `a selector binds its prefixes in the query`() async throws {
        let ground = try await Ground()
        let path = Ground.flood + "/~~/group/list-service/i:protect-media"
        let query = "xmlns(i=urn:3gpp:ns:mcpttGroupInfo:1.0)"
        let node = await ground.ask("GET", path, token: "anna.g", query: query)
        #expect(node.status == 200 && node.header("content-type") == "application/xcap-el+xml")
        #expect(await ground.ask("GET", path, token: "anna.g").status == 400)
    }

    @Test func `a group as large as the rules allow fits the store`() throws {
        let padding = String(repeating: "x", count: 220)
        let members = (0..<10_000).map { GroupMember(id: "sip:\($0)\(padding)@mc.it.example", priority: 7) }
        let record = GroupRecord(id: DocumentGround.id("all"), organisation: "vvf", type: .chat, members: members)
        let body = try JSONRecordCoding(isBrief: true).encode(record)
        #expect(body.count > 2 << 20)
        try StoreLimits().check([.put(StoredRecord(kind: "group", key: record.id, body: body))])
    }

    @Test func `a group that the store does not take is refused for good`() async throws {
        var limits = StoreLimits()
        limits.bodyOctets = 2_000
        let ground = try await DocumentGround(limits: limits)
        var document = GroupDocument(id: MCPTTGroupID(DocumentGround.id("rescue")))
        document.displayName = "Rescue"
        document.entries = ["anna", "bruno", "chiara"].map { .init(mcpttID: MCPTTID(DocumentGround.id($0))) }
        func put() async -> WebResponse {
            await ground.ask(
                "PUT", DocumentGround.rescue, token: "chiara.gc", type: DocumentGround.groupType,
                body: document.serialized())
        }
        #expect(await put().status == 201)
        document.displayName = String(repeating: "R", count: 250)
        document.entries += (0..<60).map { .init(mcpttID: MCPTTID("sip:u\($0)@mc.fr.example")) }
        let refused = await put()
        #expect(refused.status == 409, "\(refused.status)")
        #expect(String(decoding: refused.body, as: UTF8.self).contains("constraint-failure"))
    }
}

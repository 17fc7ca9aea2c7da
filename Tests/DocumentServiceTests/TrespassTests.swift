import Administration
import Audit
import DocumentService
import MCFoundation
import NationalAdministration
import Policy
import Testing
import WebServices

/// What one user tries on the documents of another, by every route.
@Suite struct TrespassTests {
    private typealias Ground = DocumentGround

    /// Documents of anna, and a group of the fire brigade, by every address they might have.
    static let targets = [
        "org.3gpp.mcptt.user-profile/users/sip:anna@mc.it.example/mcptt-user-profile-0.xml",
        "org.3gpp.mcptt.user-profile/users/sip%3Aanna%40mc.it.example/mcptt-user-profile-0.xml",
        "org.3gpp.mcptt.user-profile/users/sip:anna@mc.it.example/mcptt-user-profile-0.xml/~~/mcptt-user-profile/Name",
        "org.3gpp.mcptt.user-profile/users/sip:anna@mc.it.example/other.xml",
        "org.3gpp.mcptt.user-profile/global/mcptt-user-profile-0.xml",
        "org.3gpp.mcptt.user-profile/users/sip:carla@mc.it.example/../sip:anna@mc.it.example/mcptt-user-profile-0.xml",
        "org.3gpp.mcptt.user-profile/users/sip:carla@mc.it.example/%2e%2e/sip:anna@mc.it.example/"
            + "mcptt-user-profile-0.xml",
        "org.3gpp.mcptt.user-profile/users/sip:carla@mc.it.example/..%2Fsip:anna@mc.it.example%2F"
            + "mcptt-user-profile-0.xml",
        "org.3gpp.mcptt.user-profile/users/sip:ANNA@mc.it.example/mcptt-user-profile-0.xml",
        "org.3gpp.mcptt.user-profile/users/sip:anna@mc.it.example;x=y/mcptt-user-profile-0.xml",
        "org.3gpp.mcptt.ue-config/users/sip:anna@mc.it.example/urn:uuid:1",
        "org.openmobilealliance.xcap-directory/users/sip:anna@mc.it.example/directory.xml",
        "org.openmobilealliance.groups/global/byGroupID/sip:flood@mc.it.example",
        "org.openmobilealliance.groups/global/byGroupID/sip:flood@mc.it.example/~~/group/list-service/list/entry%5b1%5d",
        "org.openmobilealliance.groups/users/sip:anna@mc.it.example/sip:flood@mc.it.example",
        "org.openmobilealliance.groups/users/sip:carla@mc.it.example/sip:flood@mc.it.example",
        "org.openmobilealliance.groups/users/sip:groups@mc.it.example/sip:flood@mc.it.example",
        "org.openmobilealliance.groups/users/sip:groups@mc.it.example/sip:anna@mc.it.example",
        "org.3gpp.mcvideo.user-profile/users/sip:anna@mc.it.example/mcvideo-user-profile-0.xml",
    ]

    @Test(arguments: targets) func `a user of another organisation gets nothing and changes nothing`(
        target: String
    ) async throws {
        let ground = try await Ground()
        let before = await ground.administration.fleet
        for method in ["GET", "HEAD", "PUT", "DELETE", "POST"] {
            for type in [Ground.groupType, "application/xcap-el+xml", "application/vnd.3gpp.GMOP+xml"] {
                let answer = await ground.ask(
                    method, "/xcap/" + target, token: "carla.gc", type: type,
                    body: Ground.groupDocument("flood", ["carla"]))
                #expect([403, 404, 405, 415].contains(answer.status), "\(method) \(target): \(answer.status)")
                #expect(answer.body.isEmpty && answer.header("etag") == nil)
            }
        }
        let after = await ground.administration.fleet
        for kind in FleetKind.allCases {
            #expect(before.keys(of: kind) == after.keys(of: kind))
            for key in before.keys(of: kind) { #expect(before.record(kind, key: key) == after.record(kind, key: key)) }
        }
    }

    @Test func `a refused write that is tried again and again fills no log`() async throws {
        let ground = try await Ground()
        func head() async throws -> UInt64 { try await ground.administration.verifyAudit().head.sequence }
        let before = try await head()
        for _ in 0..<50 {
            let answer = await ground.ask(
                "PUT", Ground.flood, token: "carla.gc", type: Ground.groupType,
                body: Ground.groupDocument("flood", ["carla"]))
            #expect(answer.status == 403)
        }
        #expect(try await head() == before + 1)
        for number in 0..<50 {
            let path = "/xcap/org.openmobilealliance.groups/global/byGroupID/sip:g\(number)@mc.it.example"
            _ = await ground.ask("DELETE", path, token: "carla.gc")
        }
        #expect(try await head() <= before + 10)
    }

    @Test(arguments: [
        "", "/", "/xcap", "/xcap/", "/xcap//", "/xcap/..", "/xcap/../etc/passwd", "/xcap/%00/users/x/y",
        "/xcap/org.openmobilealliance.groups", "/xcap/org.openmobilealliance.groups/global",
        "/xcap/org.openmobilealliance.groups/global/byGroupID/%ff", "/xcap/a/users/%zz/y", "/xcap/~~/~~/~~/~~",
        "/xcap/org.openmobilealliance.groups/global/byGroupID/x/~~/", "/xcapx/org.openmobilealliance.groups/global/a/b",
        "/xcap/org.openmobilealliance.groups/global/byGroupID/x/~~/%5b%5d",
        "/xcap/" + String(repeating: "a/", count: 4_000) + "global/x", "/xcap/" + String(repeating: "a", count: 9_000),
    ]) func `a path that is none is refused, with and without a token`(path: String) async throws {
        let ground = try await Ground()
        for token in [nil, "chiara.gc"] {
            for method in ["GET", "PUT", "DELETE", "POST"] {
                let answer = await ground.ask(method, path, token: token, type: Ground.groupType, body: [60])
                #expect((400..<500).contains(answer.status), "\(method): \(answer.status)")
            }
        }
    }

    @Test func `whose right was taken or who was suspended writes nothing more, and the refusal is in the audit log`()
        async throws
    {
        let ground = try await Ground()
        func put() async -> Int {
            await ground.ask(
                "PUT", Ground.rescue, token: "chiara.g", type: Ground.groupType,
                body: Ground.groupDocument("rescue", ["bruno"])
            ).status
        }
        try await ground.perform(
            .setRights(
                user: Ground.id("chiara"), profile: "responder", RightsOverride(), ProfileMaxima()))
        let rows = try await ground.administration.verifyAudit().records
        #expect(await put() == 403)
        #expect(try await ground.administration.verifyAudit().records == rows + 1)
        try await ground.perform(.setSuspended(user: Ground.id("anna"), true))
        #expect(await ground.ask("GET", Ground.flood, token: "anna.g").status == 403)
    }
}

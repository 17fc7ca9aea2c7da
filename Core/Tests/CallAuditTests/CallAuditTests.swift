import Audit
import CallAudit
import CallControl
import Foundation
import MCFoundation
import Policy
import Testing

@Suite struct CallAuditTests {
    static let own = MCSystemID("mc.it.example")
    static let anna = "sip:anna@mc.it.example"
    let audit = CallAudit(system: own, country: "IT")

    static let user = Observation.Field("user", anna, isPersonal: true)

    struct Row: Sendable, CustomTestStringConvertible {
        var observation: Observation
        var kind: AuditClass
        var role: String
        var identity: String
        var outcome = AuditOutcome.done
        var testDescription: String { observation.name }
    }

    static let rows = [
        Row(
            observation: Observation("registration.added", [user, .init("expires", "600")]), kind: .login,
            role: "responder", identity: anna),
        Row(
            observation: Observation("registration.removed", [user, .init("cause", "deregistered")]), kind: .login,
            role: "responder", identity: anna),
        Row(
            observation: Observation("registration.removed", [user, .init("cause", "withdrawn")]), kind: .login,
            role: "system", identity: own.value),
        Row(
            observation: Observation(
                "registration.refused", [user, .init("status", "403"), .init("cause", "credentials")]), kind: .login,
            role: "unknown", identity: anna, outcome: .refused("credentials")),
        Row(
            observation: Observation("authorisation.refused", [user, .init("cause", "expired")]),
            kind: .authorisation, role: "responder", identity: anna, outcome: .refused("expired")),
        Row(
            observation: Observation(
                "call.refused", [user, .init("tier", "normal"), .init("status", "403"), .init("warning", "109")]),
            kind: .refusal, role: "responder", identity: anna, outcome: .refused("warning-109")),
        Row(
            observation: Observation(
                "call.refused", [.init("tier", "emergency"), .init("status", "403"), .init("warning", "")]),
            kind: .emergency, role: "unknown", identity: "", outcome: .refused("status-403")),
        Row(
            observation: Observation("call.started", [.init("call", "1a"), .init("tier", "normal"), user]),
            kind: .call, role: "responder", identity: anna),
        Row(
            observation: Observation("call.started", [.init("call", "1a"), .init("tier", "imminentPeril"), user]),
            kind: .emergency, role: "responder", identity: anna),
        Row(
            observation: Observation("call.left", [user, .init("cause", "hung up")]), kind: .call, role: "responder",
            identity: anna),
        Row(
            observation: Observation("call.left", [user, .init("cause", "right withdrawn")]), kind: .call,
            role: "system", identity: own.value),
        Row(
            observation: Observation("participant.misbehaves", [user]), kind: .refusal, role: "responder",
            identity: anna, outcome: .refused("no-floor")),
        Row(
            observation: Observation(
                "border.session-started", [.init("partner", "fr"), .init("crossing", "in"), user]),
            kind: .interconnection, role: "partner", identity: "fr"),
        Row(
            observation: Observation(
                "border.session-started", [.init("partner", "fr"), .init("crossing", "out"), user]),
            kind: .interconnection, role: "responder", identity: anna),
        Row(
            observation: Observation(
                "border.refused", [.init("status", "403"), .init("cause", "agreement"), .init("partner", "fr")]),
            kind: .interconnection, role: "partner", identity: "fr", outcome: .refused("agreement")),
        Row(
            observation: Observation("partner.lost", [.init("partner", "fr")]), kind: .interconnection, role: "system",
            identity: own.value),
    ]

    @Test(arguments: rows)
    func `an observation becomes the entry that the log needs`(row: Row) throws {
        let entry = try #require(audit.entry(for: row.observation))
        #expect(entry.action == row.observation.name)
        #expect(entry.kind == row.kind)
        #expect(entry.actor.role == row.role)
        #expect(entry.actor.identity == row.identity)
        #expect(entry.outcome == row.outcome)
    }

    @Test func `what is personal stays so, the actor is not told twice, and who is acted upon is a detail`() throws {
        let group = Observation.Field("group", "sip:fire@mc.it.example", isPersonal: true)
        let hungUp = try #require(
            audit.entry(
                for: Observation("call.left", [.init("call", "1a"), group, Self.user, .init("cause", "hung up")])))
        #expect(
            hungUp.details == [
                AuditDetail("call", "1a"), AuditDetail("group", group.value, isPersonal: true),
                AuditDetail("cause", "hung up"),
            ])
        let thrownOut = try #require(
            audit.entry(for: Observation("call.left", [Self.user, .init("cause", "right withdrawn")])))
        #expect(thrownOut.details.first == AuditDetail(AuditDetailName.user, Self.anna, isPersonal: true))
    }

    @Test func `a country stands only for whom the system speaks`() throws {
        func country(_ system: String) -> String? {
            audit.entry(for: Observation("call.joined", [Self.user, .init("system", system)]))?.actor.country
        }
        #expect(country("mc.it.example") == "IT")
        #expect(country("mc.fr.example") == "")
    }

    private func directory() throws -> DirectorySnapshot {
        let system = SystemIdentity(id: Self.own, domain: Self.own.value)
        let anna = User(
            mcpttID: MCPTTID(Self.anna), publicIdentity: PublicUserIdentity("sip:ims-anna@mc.it.example"),
            privateIdentity: PrivateUserIdentity("anna@mc.it.example"),
            credentials: DigestSecrets(realm: "mc.it.example", md5: nil, sha256: nil),
            organisation: "Vigili del Fuoco", homeSystem: Self.own)
        let partner = Partner(
            system: MCSystemID("fr"), country: "FR", domains: ["mc.fr.example"],
            gateways: [GatewayTarget(host: "gw", serverName: "gw")])
        return try DirectorySnapshot(system: system, users: [anna], groups: [], partners: [partner])
    }

    @Test(arguments: [
        "call.started", "call.joined", "call.left", "call.refused", "registration.added", "service.bound",
        "affiliation.changed", "affiliation.refused", "authorisation.refused", "request.refused",
    ])
    func `whoever acts is told with his organisation`(name: String) throws {
        let cause = ["call.left": "hung up", "affiliation.changed": "published"][name] ?? "x"
        let observation = Observation(name, [Self.user, .init("cause", cause), .init("status", "403")])
        let actor = try #require(audit.entry(for: observation, in: try directory())).actor
        #expect(actor == AuditParty(identity: Self.anna, role: "responder", agency: "Vigili del Fuoco", country: "IT"))
        // Who knows only the address that is registered finds him too.
        let address = Observation.Field("user", "sip:ims-anna@mc.it.example", isPersonal: true)
        let other = Observation(name, [address, .init("cause", cause), .init("status", "403")])
        #expect(audit.entry(for: other, in: try directory())?.actor.agency == "Vigili del Fuoco")
    }

    @Test func `a partner's user has the country of his system, and so has the partner`() throws {
        let user = Observation.Field("user", "sip:luc@mc.fr.example", isPersonal: true)
        let joined = audit.entry(
            for: Observation("call.joined", [user, .init("system", "fr")]), in: try directory())
        #expect(
            joined?.actor == AuditParty(identity: "sip:luc@mc.fr.example", role: "responder", country: "FR"))
        let lost = audit.entry(for: Observation("partner.reachable", [.init("partner", "fr")]), in: try directory())
        #expect(lost?.actor == AuditParty(identity: "fr", role: "partner", country: "FR"))
    }

    @Test func `who only claims to be somebody is not told as of his organisation`() throws {
        let refused = Observation("registration.refused", [Self.user, .init("cause", "credentials")])
        #expect(
            audit.entry(for: refused, in: try directory())?.actor == AuditParty(identity: Self.anna, role: "unknown"))
    }

    @Test func `what a partner does is done under its agreement`() throws {
        let entry = try #require(
            audit.entry(for: Observation("partner.reachable", [.init("partner", "mc.fr.example")])))
        #expect(entry.authority == "agreement mc.fr.example")
    }

    @Test func `what is on the other list is no entry`() {
        for (name, reason) in CallAudit.notAudited {
            #expect(audit.entry(for: Observation(name, [Self.user])) == nil)
            #expect(!reason.isEmpty)
        }
    }

    /// Every name that the functions give an observation is on one of the two lists, and nothing else is.
    @Test func `no observation is forgotten`() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources")
        let pattern = try NSRegularExpression(pattern: #""([a-z]+\.[a-zA-Z][a-zA-Z-]*)""#)
        var found: Set<String> = []
        for room in ["ParticipatingFunction", "ControllingFunction", "MCGateway", "Registrar", "MCSystem"] {
            let folder = sources.appendingPathComponent(room)
            let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
                $0.hasSuffix(".swift")
            }
            #expect(!files.isEmpty)
            for file in files {
                let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
                for match in pattern.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
                    if let range = Range(match.range(at: 1), in: text) { found.insert(String(text[range])) }
                }
            }
        }
        let audited = Set(CallAudit.audited)
        let known = audited.union(CallAudit.notAudited.map(\.name))
        #expect(known.count == CallAudit.audited.count + CallAudit.notAudited.count)
        #expect(found.subtracting(known).sorted() == [])
        #expect(known.subtracting(found).sorted() == [])
    }
}

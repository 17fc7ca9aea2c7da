import CallControl
import MCFoundation
import MCSystem
import Policy
import SIP
import SIPUserAgent
import Testing

/// A system that serves nobody without a token, octets only (TS 24.379 7.3).
@Suite struct AuthorisationTests {
    private static let fire = MCPTTGroupID("sip:fire@mc.it.example")
    private static let names = ["anna", "bruno"]

    private func group(_ names: [String]) -> Group {
        Lab.group("fire", of: "it", members: names.map { MCPTTID("sip:\($0)@mc.it.example") })
    }

    private func lab() throws -> Lab {
        var lab = Lab()
        lab.requiresToken = true
        try lab.addSite("it", users: Self.names, groups: [group(Self.names)])
        for name in Self.names {
            let index = lab.addHandset(name, at: 0)
            lab.act(index) { $0.register(at: $1) }
        }
        return lab
    }

    /// Presents a token, whose holder the pool finds to be `holder`.
    private func present(_ lab: inout Lab, _ index: Int, holder: String? = nil, id: String? = nil) throws {
        lab.act(index) { $0.publishSettings(token: "secret-\(index)", at: $1) }
        let job = try #require(lab.sites[0].jobs.last)
        lab.sites[0].jobs = []
        #expect(job.token.text == "secret-\(index)")
        let name = holder ?? Self.names[index]
        let grant = TokenGrant(
            mcpttID: MCPTTID("sip:\(name)@mc.it.example"), scopes: ["3gpp:mc:ptt_service"],
            expires: UTCTime(microseconds: lab.now.utc.microseconds + 3_600_000_000),
            tokenID: AccessTokenID(id ?? "t\(index)"))
        lab.tell(0, .tokenVerified(job.id, .granted(grant)))
        lab.settle()
    }

    private func warnings(_ lab: Lab, _ index: Int) -> [Int] {
        lab.handsets[index].answers.last.map { [$0.status] + MCPTTWarning.codes(in: $0.headers) } ?? []
    }

    private func calling() throws -> (Lab, SessionID) {
        var lab = try lab()
        for index in Self.names.indices {
            try present(&lab, index)
            lab.act(index) { $0.affiliate([Self.fire], at: $1) }
            #expect(warnings(lab, index) == [200])
        }
        let session = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        #expect(lab.handsets[0].establishedAnswers.count == 1)
        #expect(lab.handsets[1].acknowledged.count == 1)
        return (lab, session)
    }

    @Test func withTokensTwoHandsetsComeTogetherInACall() throws {
        let (lab, _) = try calling()
        // The token goes to the participating function and no further.
        let invitations = lab.handsets[1].invitations.map { String(decoding: $0.1.serialized(), as: UTF8.self) }
        #expect(!invitations.contains { $0.contains("secret-") })
        #expect(!lab.sites[0].notes.contains { "\($0)".contains("secret-") })
    }

    @Test func withoutATokenNothingIsServed() throws {
        var lab = try lab()
        lab.act(0) { $0.publishSettings(at: $1) }
        #expect(warnings(lab, 0) == [403, 101])
        lab.act(0) { $0.affiliate([Self.fire], at: $1) }
        #expect(warnings(lab, 0) == [404, 141])
        _ = lab.act(0) { $0.call(Self.fire, at: $1) }
        #expect(lab.handsets[0].rejections.map(\.status) == [404])
        #expect(lab.sites[0].cell.counters.refusedServices == 3)
        #expect(lab.sites[0].cell.counters.refusals.participating == 3)
    }

    @Test func aTokenOfAnotherUserThanTheOneWhoRegisteredIsRefused() throws {
        var lab = try lab()
        try present(&lab, 0, holder: "bruno")
        #expect(warnings(lab, 0) == [403, 101])
        lab.act(0) { $0.affiliate([Self.fire], at: $1) }
        #expect(warnings(lab, 0) == [404, 141])
    }

    @Test func aPoolThatIsSilentIs503() throws {
        var lab = try lab()
        lab.act(0) { $0.publishSettings(token: "x", at: $1) }
        #expect(lab.handsets[0].answers.isEmpty)
        lab.pass(.seconds(8))
        #expect(warnings(lab, 0) == [503])
        #expect(lab.handsets[0].answers.last?.headers[.retryAfter] == "5")
    }

    @Test func aRevokedTokenEndsCallRegistrationAndConnection() throws {
        var (lab, session) = try calling()
        lab.tell(0, .tokensRevoked(.these([AccessTokenID("t0")])))
        lab.settle()
        #expect(lab.handsets[0].endings == [session])
        #expect(lab.sites[0].closed.count == 1)
        let affiliated = lab.handsets.map { handset in
            lab.sites[0].cell.isAffiliated(handset.mcpttID, client: handset.clientID, with: Self.fire)
        }
        #expect(affiliated == [false, true])
        // Where the connection should still stand, there is nobody registered behind it.
        lab.act(0) { $0.affiliate([Self.fire], at: $1) }
        #expect(warnings(lab, 0) == [403])
        // The other one's way stays.
        lab.act(1) { $0.affiliate([Self.fire], at: $1) }
        #expect(warnings(lab, 1) == [200])
    }

    @Test func aSuspendedUserLosesEverythingAtOnce() throws {
        var (lab, session) = try calling()
        let system = lab.sites[0].system
        let directory = try DirectorySnapshot(
            system: system, users: [Lab.user("bruno", of: system)], groups: [group(Self.names)])
        lab.tell(0, .directoryReplaced(directory))
        lab.settle()
        #expect(lab.handsets[0].endings == [session])
        lab.act(0) { $0.publishSettings(token: "x", at: $1) }
        #expect(warnings(lab, 0) == [403])
        lab.act(0) { $0.register(at: $1) }
        #expect(lab.handsets[0].registration?.status == 403)
    }

    @Test func aMemberWhoIsTakenOutOfTheGroupLeavesItsRunningCall() throws {
        var (lab, _) = try calling()
        let system = lab.sites[0].system
        let users = Self.names.map { Lab.user($0, of: system) }
        lab.tell(0, .directoryReplaced(try DirectorySnapshot(system: system, users: users, groups: [group(["anna"])])))
        lab.settle()
        #expect(lab.handsets[1].endings.count == 1)
    }

    @Test func aTokenThatRunsOutTakesTheServiceAndLeavesTheRegistration() throws {
        var lab = try lab()
        try present(&lab, 0)
        lab.pass(.seconds(590))
        lab.act(0) { $0.register(expires: 3_600, at: $1) }
        lab.pass(.seconds(3_009))
        lab.act(0) { $0.affiliate([Self.fire], at: $1) }
        #expect(warnings(lab, 0) == [200])
        lab.pass(.seconds(1))
        lab.act(0) { $0.affiliate([Self.fire], at: $1) }
        #expect(warnings(lab, 0) == [404, 141])
        try present(&lab, 0, id: "t9")
        lab.act(0) { $0.affiliate([Self.fire], at: $1) }
        #expect(warnings(lab, 0) == [200])
    }
}

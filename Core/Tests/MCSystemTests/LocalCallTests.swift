import CallControl
import MCDocuments
import MCFoundation
import MCSystem
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// One system, three handsets, octets only.
@Suite struct LocalCallTests {
    static let fire = MCPTTGroupID("sip:fire@mc.it.example")

    func lab(serializes: Bool = false) throws -> Lab {
        var lab = Lab()
        let names = ["anna", "bruno", "carla"]
        let group = Lab.group("fire", of: "it", members: names.map { MCPTTID("sip:\($0)@mc.it.example") })
        try lab.addSite("it", users: names, groups: [group], serializes: serializes)
        for name in names { lab.addHandset(name, at: 0) }
        return lab
    }

    @Test func aHandsetRegistersWithDigestAndLearnsItsWay() throws {
        var lab = try lab()
        lab.act(0) { $0.register(at: $1) }
        let response = try #require(lab.handsets[0].registration)
        #expect(response.status == 200)
        let path = try #require(response.headers.addresses(.path).first)
        #expect(path.uri.host == "10.0.0.1")
        #expect(path.uri.parameters.has("ob"))
        #expect(response.headers.addresses(.serviceRoute).first?.uri.host == "10.0.0.1")
        #expect(response.headers[.pAssociatedURI] == "<sip:anna@it.example>")
    }

    @Test func aWrongPasswordIsRefused() throws {
        var lab = try lab()
        let index = lab.addHandset("anna", at: 0, password: "guess")
        lab.act(index) { $0.register(at: $1) }
        #expect(lab.handsets[index].registration?.status == 403)
    }

    @Test func nothingIsServedBeforeRegistration() throws {
        var lab = try lab()
        lab.act(0) { $0.publishSettings(at: $1) }
        #expect(lab.handsets[0].answers.map(\.status) == [403])
    }

    @Test func aDeviceCannotCallADevice() throws {
        var lab = try lab()
        lab.act(0) { $0.register(at: $1) }
        lab.act(1) { $0.register(at: $1) }
        lab.act(0) { handset, now in
            var request = handset.request(.message)
            request.uri = SIPURI(user: "bruno", host: "it.example")
            handset.send(request, at: now)
        }
        #expect(lab.handsets[0].answers.map(\.status) == [403])
    }

    @Test func onlyTheParticipatingFunctionIsOpenToClients() throws {
        var lab = try lab()
        lab.act(0) { $0.register(at: $1) }
        for service in ["mcptt-controlling-group", "mcptt-gateway"] {
            lab.act(0) { $0.send($0.request(.message, to: service), at: $1) }
        }
        lab.act(0) { $0.send($0.request(.message, to: "nobody"), at: $1) }
        #expect(lab.handsets[0].answers.map(\.status) == [403, 403, 404])
    }

    @Test(arguments: [false, true])
    func aGroupCallReachesEveryAffiliatedMemberAndEnds(serializes: Bool) throws {
        var lab = try lab(serializes: serializes)
        for index in 0..<3 { lab.ready(index, groups: [Self.fire]) }
        #expect(lab.handsets[0].answers.map(\.status) == [200, 200])
        let session = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        #expect(lab.handsets[0].rejections.isEmpty)
        let answer = try #require(lab.handsets[0].establishedAnswers.first)
        #expect(ServiceHeaders.isFocus(answer.headers))
        for index in [1, 2] {
            let (_, invitation) = try #require(lab.handsets[index].invitations.first)
            #expect(lab.handsets[index].acknowledged.count == 1)
            let information = try #require(try CallBody(reading: invitation).information)
            #expect(information.callingGroupID == Self.fire)
            #expect(information.requestURI == lab.handsets[index].mcpttID.value)
        }
        let joins = lab.sites[0].media.filter { if case .join = $0 { true } else { false } }
        #expect(joins.count == 3)
        lab.act(0) { $0.hangUp(session, at: $1) }
        lab.act(1) { handset, now in
            if let (session, _) = handset.invitations.first { handset.hangUp(session, at: now) }
        }
        lab.pass(.seconds(5))
        #expect(lab.handsets[2].endings.count == 1)
        #expect(lab.sites[0].media.contains { if case .closeCall = $0 { true } else { false } })
    }

    @Test func aHandsetThatHasNoServiceSettingsIsUnknownToTheService() throws {
        var lab = try lab()
        lab.act(0) { $0.register(at: $1) }
        _ = lab.act(0) { $0.call(Self.fire, at: $1) }
        #expect(lab.handsets[0].rejections.map(\.status) == [404])
        #expect(MCPTTWarning.codes(in: lab.handsets[0].rejections[0].headers) == [141])
    }
}

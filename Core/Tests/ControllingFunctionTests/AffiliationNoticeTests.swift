import CallControl
import ControllingFunction
import MCDocuments
import MCFoundation
import Policy
import SIP
import SIPUserAgent
import Testing

/// What the owner of groups tells the system that serves a user (TS 24.379 9.2.2.3.5).
@Suite struct AffiliationNoticeTests {
    private static let fire = ControllingFixture.fireID
    private static let luc = ControllingFixture.luc

    private func subscribe(
        _ fixture: inout ControllingFixture, _ user: MCPTTID = luc, for requested: MCPTTID? = nil,
        expires: String = "3600"
    ) -> [FunctionAction] {
        var request = fixture.fresh(.subscribe, to: "sip:mcptt-controlling-group@it.example")
        request.headers.append(.event, "presence")
        request.headers.append(.expires, expires)
        request.headers.append(.contact, "<sip:mcptt-gateway@it.example;gr=s>")
        request.body = CallBody(
            information: MCPTTInfo(requestURI: (requested ?? user).value, callingUserID: user)
        ).write(into: &request.headers)
        return fixture.receive(request)
    }

    private func told(_ notice: SentRequest) throws -> AffiliationDocument {
        try AffiliationDocument(parsing: #require(notice.request.part(MIMEType.presence)).body)
    }

    /// The fire group without luc.
    private var withoutHim: Group {
        let whole = ControllingFixture.fire()
        return Group(id: whole.id, kind: whole.kind, members: whole.members.filter { $0.mcpttID != Self.luc })
    }

    private func statuses(_ notice: SentRequest) throws -> [[AffiliationStatus?]] {
        try told(notice).clients.map { $0.groups.map(\.status) }
    }

    @Test func whoeverServesAUserIsToldWhatHeHasAndWhatIsTakenFromHim() throws {
        var fixture = try ControllingFixture()
        _ = fixture.publish(Self.luc, "phone", groups: [Self.fire])
        _ = fixture.publish(Self.luc, "tablet", groups: [Self.fire])
        let actions = subscribe(&fixture)
        #expect(actions.verdict == [200])
        let first = try #require(actions.sent(.notify).first)
        #expect(try told(first).entity == Self.luc)
        #expect(try statuses(first) == [[.affiliated], [.affiliated]])
        _ = fixture.answer(first, 200)
        let taken = try #require(try fixture.replaceGroups([withoutHim]).sent(.notify).first)
        // One for each client, and the last says all.
        let last = try #require(fixture.answer(taken, 200).sent(.notify).first)
        #expect(try statuses(last) == [[.deaffiliated], [.deaffiliated]])
        #expect(!fixture.function.isAffiliated(Self.luc, client: MCPTTClientID("phone"), with: Self.fire))
    }

    @Test func whatOthersLoseIsNotToldNorWhatHeAskedFor() throws {
        var fixture = try ControllingFixture()
        _ = fixture.publish(Self.luc, groups: [Self.fire])
        fixture.affiliate("anna")
        _ = fixture.answer(try #require(subscribe(&fixture).sent(.notify).first), 200)
        let alone = Group(id: Self.fire, kind: .prearranged, members: [Member(mcpttID: Self.luc)])
        #expect(try fixture.replaceGroups([alone]).sent(.notify).isEmpty)
        #expect(fixture.publish(Self.luc, groups: [], expires: "0").sent(.notify).isEmpty)
        #expect(fixture.publish(Self.luc, groups: [Self.fire]).sent(.notify).isEmpty)
    }

    @Test func whatWasTakenIsSaidUntilItIsGrantedAgain() throws {
        var fixture = try ControllingFixture()
        let other = MCPTTGroupID("sip:other@it.example")
        let second = Group(id: other, kind: .prearranged, members: [Member(mcpttID: Self.luc)])
        _ = try fixture.replaceGroups([ControllingFixture.fire(), second])
        _ = fixture.publish(Self.luc, groups: [Self.fire, other])
        _ = fixture.answer(try #require(subscribe(&fixture).sent(.notify).first), 200)
        let taken = try #require(try fixture.replaceGroups([withoutHim, second]).sent(.notify).first)
        #expect(try told(taken).clients.map { $0.groups.map(\.group) } == [[other, Self.fire]])
        #expect(try statuses(taken) == [[.affiliated, .deaffiliated]])
        _ = fixture.answer(taken, 200)
        _ = try fixture.replaceGroups([ControllingFixture.fire(), second])
        // Whoever was told that it was taken is told that it is not.
        let granted = try #require(fixture.publish(Self.luc, groups: [Self.fire, other]).sent(.notify).first)
        #expect(try statuses(granted) == [[.affiliated, .affiliated]])
        _ = fixture.answer(granted, 200)
        let again = try #require(try fixture.replaceGroups([ControllingFixture.fire()]).sent(.notify).first)
        #expect(try statuses(again) == [[.affiliated, .deaffiliated]])
        _ = fixture.answer(again, 200)
        // Of a client that left nothing is remembered.
        _ = fixture.publish(Self.luc, groups: [], expires: "0")
        _ = fixture.publish(Self.luc, "tablet", groups: [Self.fire])
        let last = try #require(try fixture.replaceGroups([withoutHim]).sent(.notify).first)
        #expect(try told(last).clients.map(\.client.value) == ["tablet"])
    }

    @Test func whereAllIsTooMuchOnlyWhatWasTakenIsSaid() throws {
        var settings = ControllingSettings()
        settings.limits.affiliationNoticeOctets = 400
        var fixture = try ControllingFixture(settings: settings)
        let others = (1...9).map {
            Group(
                id: MCPTTGroupID("sip:other\($0)@it.example"), kind: .prearranged,
                members: [Member(mcpttID: Self.luc)])
        }
        _ = try fixture.replaceGroups([ControllingFixture.fire()] + others)
        _ = fixture.publish(Self.luc, groups: [Self.fire] + others.map(\.id))
        _ = fixture.answer(try #require(subscribe(&fixture).sent(.notify).first), 200)
        let taken = try #require(try fixture.replaceGroups([withoutHim] + others).sent(.notify).first)
        #expect(try told(taken).clients.flatMap { $0.groups.map(\.group) } == [Self.fire])
    }

    @Test func whoeverServesHimNoMoreIsToldNoMore() throws {
        var fixture = try ControllingFixture()
        _ = fixture.publish(Self.luc, groups: [Self.fire])
        _ = fixture.answer(try #require(subscribe(&fixture).sent(.notify).first), 200)
        let switzerland = Partner(
            system: MCSystemID("ch"), domains: ["ch.example"],
            gateways: [GatewayTarget(host: "gw.ch.example", serverName: "gw.ch.example")],
            exceptions: RoutingExceptions(servedUsers: [Self.luc]))
        let actions = try fixture.addPartner(switzerland)
        #expect(actions.sent(.notify).first?.request.headers[.subscriptionState] == "terminated;reason=rejected")
    }

    @Test func aSubscriptionEndsWhereItIsNotWantedAnyMore() throws {
        var settings = ControllingSettings()
        settings.limits.affiliationObserversPerUser = 1
        var fixture = try ControllingFixture(settings: settings)
        let once = try #require(subscribe(&fixture, expires: "0").sent(.notify).first)
        #expect(once.request.headers[.subscriptionState] == "terminated;reason=timeout")
        _ = fixture.answer(once, 200)
        let first = try #require(subscribe(&fixture).sent(.notify).first)
        #expect(subscribe(&fixture).verdict == [503])
        // Whoever takes no notification has no subscription (RFC 6665 4.2.2).
        _ = fixture.answer(first, 481)
        #expect(subscribe(&fixture).verdict == [200])
    }

    @Test func onePartnerDoesNotTakeTheRoomOfAllOthers() throws {
        var settings = ControllingSettings()
        settings.limits.affiliationObserversPerPartner = 1
        var fixture = try ControllingFixture(settings: settings)
        #expect(subscribe(&fixture).verdict == [200])
        #expect(subscribe(&fixture, MCPTTID("sip:odile@fr.example")).verdict == [503])
        #expect(subscribe(&fixture, ControllingFixture.id("anna")).verdict == [200])
    }

    @Test func whoAsksForAnotherIsRefused() throws {
        var fixture = try ControllingFixture()
        #expect(subscribe(&fixture, for: ControllingFixture.id("anna")).verdict == [403, 150])
        #expect(subscribe(&fixture, MCPTTID("sip:nobody@nowhere.example")).verdict == [404, 141])
    }
}

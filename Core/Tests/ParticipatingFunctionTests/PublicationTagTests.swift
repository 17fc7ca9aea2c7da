import CallControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import SIP
import SIPUserAgent
import Testing

/// Publishing again under an entity tag (RFC 3903 4.1 and 6).
@Suite struct PublicationTagTests {
    private static let fire = ParticipatingFixture.fire

    private func again(
        _ fixture: inout ParticipatingFixture, _ package: String, _ tag: String?, expires: String = "4294967295",
        groups: [MCPTTGroupID]? = nil, client: String = "urn:uuid:1"
    ) -> [FunctionAction] {
        var request = fixture.fresh(.publish, to: "sip:mcptt-participating@it.example")
        request.headers.append(.event, package)
        request.headers.append(.expires, expires)
        if let tag { request.headers.append(.sipIfMatch, tag) }
        if let groups {
            let document = AffiliationDocument(
                entity: ParticipatingFixture.anna,
                clients: [.init(client: MCPTTClientID(client), groups: groups.map { GroupAffiliation(group: $0) })])
            request.body = CallBody(others: [BodyPart(type: MIMEType.presence, body: document.serialized())])
                .write(into: &request.headers)
        }
        return fixture.receive(request)
    }

    private func tag(_ actions: [FunctionAction]) throws -> String {
        try #require(actions.responses.first?.headers[.sipETag])
    }

    @Test func aSetIsKeptWithoutSayingItAgainAndEachTagServesOnce() throws {
        var fixture = try ParticipatingFixture()
        let first = fixture.affiliate([Self.fire])
        _ = fixture.answer(try #require(first.sent(.publish).first), 200)
        let kept = again(&fixture, "presence", try tag(first))
        #expect(kept.verdict == [200])
        #expect(kept.sent(.publish).isEmpty)
        #expect(again(&fixture, "presence", try tag(first)).verdict == [412])
        #expect(again(&fixture, "presence", try tag(kept), expires: "60").verdict == [423])
        let changed = again(&fixture, "presence", try tag(kept), groups: [ParticipatingFixture.chat])
        #expect(changed.sent(.publish).map(\.affiliations) == [[ParticipatingFixture.chat]])
        let left = again(&fixture, "presence", try tag(changed), expires: "0")
        #expect(left.verdict == [200])
        #expect(left.sent(.publish).map { $0.request.headers[.expires] } == ["0"])
        #expect(again(&fixture, "presence", try tag(left)).verdict == [412])
    }

    @Test func aTagOfAnotherClientOrOfNothingIs412AndChangesNothing() throws {
        var fixture = try ParticipatingFixture()
        let first = fixture.affiliate([Self.fire])
        #expect(fixture.publishSettings(client: "urn:uuid:2").verdict == [200])
        for groups in [nil, [ParticipatingFixture.chat]] as [[MCPTTGroupID]?] {
            #expect(again(&fixture, "presence", "nobody's", groups: groups).verdict == [412])
        }
        #expect(again(&fixture, "presence", try tag(first), groups: [Self.fire], client: "urn:uuid:2").verdict == [412])
        #expect(again(&fixture, "presence", try tag(first)).verdict == [200])
    }

    @Test func withoutTagAndBodyItIs400() throws {
        var fixture = try ParticipatingFixture()
        #expect(again(&fixture, "presence", nil).verdict == [400])
        #expect(again(&fixture, "poc-settings", nil).verdict == [400])
    }

    @Test func settingsAreKeptOrTakenBackUnderTheirTag() throws {
        var fixture = try ParticipatingFixture()
        let first = fixture.publishSettings(mode: .manual)
        let kept = again(&fixture, "poc-settings", try tag(first))
        #expect(kept.verdict == [200])
        let answers = fixture.receive(fixture.invitation(), from: .system)
        #expect(answers.sent(.invite).first?.request.headers[.answerMode] == "Manual")
        #expect(again(&fixture, "poc-settings", try tag(first)).verdict == [412])
        // The call that rings at that client ends with it.
        #expect(again(&fixture, "poc-settings", try tag(kept), expires: "0").responses.map(\.status).contains(200))
        #expect(fixture.affiliate([Self.fire]).verdict == [404, 141])
    }

    /// The client comes over another connection, and nothing else tells that it is the one of before.
    @Test func whatIsKeptIsBoundToTheDeviceThatKeepsIt() throws {
        var fixture = try ParticipatingFixture()
        #expect(fixture.publishSettings(client: "urn:uuid:2").verdict == [200])
        let first = fixture.publishSettings(client: "urn:uuid:3")
        _ = fixture.handle(.registrationChanged(ParticipatingFixture.identity, .removed(ParticipatingFixture.device)))
        var device = ParticipatingFixture.device
        device.flow = FlowID(7)
        device.instance = InstanceID("urn:uuid:7")
        _ = fixture.handle(.registrationChanged(ParticipatingFixture.identity, .registered(device)))
        var request = fixture.fresh(.publish, to: "sip:mcptt-participating@it.example")
        request.headers.append(.event, "poc-settings")
        request.headers.append(.expires, "4294967295")
        request.headers.append(.sipIfMatch, try tag(first))
        #expect(fixture.receive(request, from: .user(ParticipatingFixture.identity, FlowID(7))).verdict == [200])
        #expect(fixture.function.serves(ParticipatingFixture.anna, client: MCPTTClientID("urn:uuid:3")))
        _ = fixture.wait(.seconds(60))
        #expect(fixture.function.serves(ParticipatingFixture.anna, client: MCPTTClientID("urn:uuid:3")))
        #expect(!fixture.function.serves(ParticipatingFixture.anna, client: MCPTTClientID("urn:uuid:2")))
    }
}

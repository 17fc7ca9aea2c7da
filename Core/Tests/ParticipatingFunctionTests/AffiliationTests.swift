import CallControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SIP
import SIPUserAgent
import Testing

@Suite struct AffiliationTests {
    private static let fire = ParticipatingFixture.fire
    private static let talk = ParticipatingFixture.chat
    private static let french = ParticipatingFixture.french

    @Test func eachOwnerGetsTheWholeSetOfItsGroups() throws {
        var fixture = try ParticipatingFixture()
        let actions = fixture.affiliate([Self.talk, Self.french, Self.fire])
        #expect(actions.verdict == [200])
        #expect(actions.responses.first?.headers.has(.sipETag) == true)
        let published = actions.sent(.publish)
        #expect(
            published.map(\.request.uri.description) == [
                "sip:mcptt-controlling-group@fr.example", "sip:mcptt-controlling-group@it.example",
            ])
        #expect(published.map(\.affiliations) == [[Self.french], [Self.talk, Self.fire]])
        #expect(published.allSatisfy { $0.request.headers[.expires] == "4294967295" })
        #expect(published.allSatisfy { $0.information?.callingUserID == ParticipatingFixture.anna })
        // Taking all back tells both.
        let back = fixture.affiliate([], expires: "0").sent(.publish)
        #expect(back.map { $0.request.headers[.expires] } == ["0", "0"])
        #expect(back.map(\.affiliations) == [[], []])
    }

    @Test func aShortLifeIs423WithMinExpires() throws {
        var fixture = try ParticipatingFixture()
        let actions = fixture.affiliate([Self.fire], expires: "3600")
        #expect(actions.verdict == [423])
        #expect(actions.responses[0].headers[.minExpires] == "4294967295")
        #expect(actions.sent(.publish).isEmpty)
    }

    @Test func tooManyGroupsAre486With102AndChangeNothing() throws {
        var fixture = try ParticipatingFixture { user, _ in user.maxima.affiliationsN2 = 1 }
        #expect(fixture.affiliate([Self.fire]).verdict == [200])
        let actions = fixture.affiliate([Self.fire, Self.talk])
        #expect(actions.verdict == [486, 102])
        #expect(actions.sent(.publish).isEmpty)
        // The set of a client replaces its own: one for one is within the limit.
        #expect(fixture.affiliate([Self.talk]).verdict == [200])
    }

    @Test func aClientWithoutServiceSettingsIs404With141() throws {
        var fixture = try ParticipatingFixture()
        #expect(fixture.affiliate([Self.fire], client: "urn:uuid:other").verdict == [404, 141])
    }

    @Test func affiliatingSomebodyElseIs403() throws {
        var fixture = try ParticipatingFixture()
        let actions = fixture.affiliate([Self.fire], entity: MCPTTID("sip:bruno@it.example"))
        #expect(actions.verdict == [403, 100])
    }

    @Test func aGroupThatTheAgreementDoesNotCoverIsNotAskedFor() throws {
        var fixture = try ParticipatingFixture { _, partner in partner.agreement.groupsUsed = .none }
        let actions = fixture.affiliate([Self.french, Self.fire])
        #expect(actions.sent(.publish).map(\.affiliations) == [[Self.fire]])
    }

    @Test func anOwnerThatDoesNotAnswerIsAskedAgain() throws {
        var fixture = try ParticipatingFixture()
        let first = try #require(fixture.affiliate([Self.fire]).sent(.publish).first)
        #expect(fixture.answer(first, 503).sent(.publish).isEmpty)
        let again = fixture.wait(.seconds(5)).sent(.publish)
        #expect(again.map(\.affiliations) == [[Self.fire]])
    }

    @Test func whatALostPartnerKnewIsUncertainAndSaidAgainWhenItIsBack() throws {
        var fixture = try ParticipatingFixture()
        let observer = try #require(fixture.observe().sent(.notify).first)
        _ = fixture.answer(observer, 200)
        let published = fixture.affiliate([Self.french])
        var told = fixture.takeNotices(published)
        told += fixture.takeNotices(fixture.answer(try #require(published.sent(.publish).first), 200))
        told += fixture.takeNotices(fixture.handle(.partnerStateChanged(MCSystemID("fr"), .lost)))
        #expect(told == [.affiliating, .affiliated, .affiliating])
        let back = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "two")))
        #expect(back.sent(.publish).map(\.affiliations) == [[Self.french]])
    }

    @Test func whoLeftWhileAPartnerWasLostIsTakenBackWhenItReturns() throws {
        var fixture = try ParticipatingFixture()
        let first = try #require(fixture.affiliate([Self.french]).sent(.publish).first)
        _ = fixture.answer(first, 200)
        _ = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .lost))
        #expect(fixture.publishSettings(expires: "0").sent(.publish).isEmpty)
        let back = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "one")))
        #expect(back.sent(.publish).map { $0.request.headers[.expires] } == ["0"])
    }

    @Test func joiningAChatGroupMakesTheClientAffiliated() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.call(Self.talk, type: .chat)
        let out = try #require(fixture.receive(request).sent(.invite).first)
        _ = fixture.answer(out, 200, body: [0])
        let observed = try #require(fixture.observe().sent(.notify).first)
        #expect(observed.statuses == [.affiliated])
    }

    @Test func stateGoesFromAffiliatingToAffiliatedAndWhatIsRefusedIsSaidOnce() throws {
        var fixture = try ParticipatingFixture()
        _ = fixture.answer(try #require(fixture.observe().sent(.notify).first), 200)
        let asked = fixture.affiliate([Self.fire])
        let asking = try #require(asked.sent(.notify).first)
        #expect(asking.statuses == [.affiliating])
        _ = fixture.answer(asking, 200)
        let refused = fixture.answer(try #require(asked.sent(.publish).first), 403) {
            $0.headers.append(.warning, MCPTTWarning.notGroupMember.headerValue(agent: "it.example"))
        }
        let told = try #require(refused.sent(.notify).first)
        #expect(told.statuses == [.deaffiliated])
        _ = fixture.answer(told, 200)
        let next = fixture.affiliate([]).sent(.notify)
        #expect(next.first?.statuses == [])
    }
}

extension SentRequest {
    /// The statuses that a NOTIFY tells.
    var statuses: [AffiliationStatus?] {
        request.part(MIMEType.presence).flatMap { try? AffiliationDocument(parsing: $0.body) }?
            .clients.flatMap { $0.groups.map(\.status) } ?? []
    }
}

extension ParticipatingFixture {
    /// Answers the NOTIFYs among these actions and returns what they told.
    mutating func takeNotices(_ actions: [FunctionAction]) -> [AffiliationStatus?] {
        var statuses: [AffiliationStatus?] = []
        for notice in actions.sent(.notify) {
            statuses += notice.statuses
            _ = answer(notice, 200)
        }
        return statuses
    }

    mutating func observe(from origin: RequestOrigin = .user(identity, flow)) -> [FunctionAction] {
        var request = fresh(.subscribe, to: "sip:mcptt-participating@it.example")
        request.headers.append(.event, "presence")
        request.headers.append(.expires, "3600")
        request.headers.append(.contact, "<sip:device@10.0.0.1>")
        request.body = CallBody(information: MCPTTInfo(requestURI: Self.anna.value)).write(into: &request.headers)
        return receive(request, from: origin)
    }
}

import CallControl
import ControllingFunction
import FloorControl
import MCDocuments
import MCFoundation
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

@Suite struct ChatCallTests {
    private let anna = ControllingFixture.id("anna")

    private func fixture() throws -> ControllingFixture {
        try ControllingFixture(groups: [ControllingFixture.fire { $0.kind = .chat }])
    }

    @Test func nobodyIsInvitedAndWhoJoinsIsAffiliatedByIt() throws {
        var fixture = try fixture()
        fixture.affiliate("bruno", "carla")
        let request = fixture.invitation(anna, type: .chat)
        let actions = fixture.receive(request)
        #expect(actions.verdict == [200])
        #expect(actions.sent(.invite).isEmpty)
        #expect(actions.commands.names == ["openCall", "openLeg", "connectLeg", "join"])
        #expect(actions.notes("affiliation.implicit").count == 1)
    }

    @Test func theSecondJoinsWithoutWarning() throws {
        var fixture = try fixture()
        let first = fixture.invitation(anna, type: .chat)
        _ = fixture.receive(first)
        let second = fixture.invitation(ControllingFixture.id("bruno"), type: .chat)
        let actions = fixture.receive(second)
        #expect(actions.verdict == [200])
        #expect(actions.commands.names == ["openLeg", "connectLeg", "join"])
    }

    @Test func anotherPayloadTypeThanTheCallsIs488() throws {
        var fixture = try fixture()
        let first = fixture.invitation(anna, type: .chat, payloadType: 101)
        _ = fixture.receive(first)
        let second = fixture.invitation(ControllingFixture.id("bruno"), type: .chat, payloadType: 97)
        #expect(fixture.receive(second).verdict == [488])
        let third = fixture.invitation(ControllingFixture.id("bruno"), type: .chat, payloadType: 101)
        #expect(fixture.receive(third).verdict == [200])
    }
}

@Suite struct OwnerAffiliationTests {
    private let anna = ControllingFixture.id("anna")

    private func verdict(
        _ user: MCPTTID, _ groups: [MCPTTGroupID] = [ControllingFixture.fireID], expires: String = "4294967295",
        _ change: (inout Group) -> Void = { _ in }
    ) throws -> [Int] {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire(change)])
        return fixture.publish(user, groups: groups, expires: expires).verdict
    }

    @Test func aMemberIsAffiliated() throws {
        #expect(try verdict(anna) == [200])
    }

    @Test func anUnknownGroupIs113() throws {
        #expect(try verdict(anna, [MCPTTGroupID("sip:other@it.example")]) == [404, 113])
    }

    @Test func aDisabledGroupIs115EvenForAStranger() throws {
        #expect(try verdict(ControllingFixture.id("zeno")) { $0.isEnabled = false } == [403, 115])
    }

    @Test func aStrangerIs116() throws {
        #expect(try verdict(ControllingFixture.id("zeno")) == [403, 116])
    }

    @Test func aShortLifeIs423WithMinExpires() throws {
        var fixture = try ControllingFixture()
        let actions = fixture.publish(anna, groups: [ControllingFixture.fireID], expires: "3600")
        #expect(actions.verdict == [423])
        #expect(actions.responses.first?.headers[.minExpires] == "4294967295")
    }

    @Test func aSetThatIsPartlyRefusedIsGrantedForTheRest() throws {
        var fixture = try ControllingFixture()
        let other = MCPTTGroupID("sip:other@it.example")
        let actions = fixture.publish(anna, groups: [other, ControllingFixture.fireID])
        #expect(actions.verdict == [200, 113])
        let document = try AffiliationDocument(
            parsing: #require(actions.responses.first?.part(MIMEType.presence)).body)
        #expect(document.clients.first?.groups.map(\.status) == [.deaffiliated, .affiliated])
    }

    @Test func oneUserOrPartnerDoesNotTakeTheRoomOfAllOthers() throws {
        var settings = ControllingSettings()
        settings.limits.affiliatedClientsPerUser = 2
        settings.limits.affiliatedClientsPerPartner = 1
        var fixture = try ControllingFixture(settings: settings)
        let groups = [ControllingFixture.fireID]
        #expect(fixture.publish(anna, "1", groups: groups).verdict == [200])
        #expect(fixture.publish(anna, "2", groups: groups).verdict == [200])
        #expect(fixture.publish(anna, "3", groups: groups).verdict == [486, 102])
        #expect(fixture.publish(anna, "3", groups: [], expires: "0").verdict == [200])
        #expect(fixture.publish(ControllingFixture.luc, "1", groups: groups).verdict == [200])
        #expect(fixture.publish(ControllingFixture.luc, "2", groups: groups).verdict == [503])
        #expect(fixture.publish(ControllingFixture.id("bruno"), "1", groups: groups).verdict == [200])
        // What is given back makes room.
        _ = fixture.publish(anna, "1", groups: [], expires: "0")
        #expect(fixture.publish(anna, "3", groups: groups).verdict == [200])
        _ = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "a")))
        _ = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "b")))
        #expect(fixture.publish(ControllingFixture.luc, "2", groups: groups).verdict == [200])
    }

    @Test func theSetOfAClientIsReplacedAndThatOfAnotherClientStays() throws {
        var fixture = try ControllingFixture()
        _ = fixture.publish(anna, "phone", groups: [ControllingFixture.fireID])
        _ = fixture.publish(anna, "tablet", groups: [ControllingFixture.fireID])
        _ = fixture.publish(anna, "phone", groups: [], expires: "0")
        let phone = fixture.invitation(anna, "phone")
        #expect(fixture.receive(phone).verdict == [403, 120])
        let tablet = fixture.invitation(anna, "tablet")
        #expect(fixture.receive(tablet).verdict == [200])
    }
}

@Suite struct ConferenceEventTests {
    private func subscribe(
        _ fixture: inout ControllingFixture, _ user: MCPTTID, to uri: String
    ) -> [FunctionAction] {
        var request = fixture.fresh(.subscribe, to: uri)
        request.headers.append(.event, "conference")
        request.headers.append(.expires, "600")
        request.headers.append(.contact, "<sip:mcptt-participating@it.example>")
        request.body = CallBody(information: MCPTTInfo(callingUserID: user)).write(into: &request.headers)
        return fixture.receive(request)
    }

    @Test func aParticipantLearnsWhoIsInAndWhoJoins() throws {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire { $0.kind = .chat }])
        let anna = ControllingFixture.id("anna")
        let first = fixture.invitation(anna, type: .chat)
        let identity = try #require(fixture.receive(first).responses.first?.headers.contacts.first?.uri)
        let actions = subscribe(&fixture, anna, to: identity.description)
        #expect(actions.verdict == [200])
        let notice = try #require(actions.sent(.notify).first)
        let info = try ConferenceInfo(parsing: #require(notice.request.part(MIMEType.conferenceInfo)).body)
        #expect(info.entity == ControllingFixture.fireID.value)
        #expect(info.users.map(\.entity) == [anna.value])
        _ = fixture.answer(notice, 200)
        let second = fixture.invitation(ControllingFixture.id("bruno"), type: .chat)
        #expect(fixture.receive(second).sent(.notify).isEmpty)
        let bundled = fixture.wait(.seconds(1)).sent(.notify)
        #expect(bundled.count == 1)
        let update = try ConferenceInfo(
            parsing: #require(bundled.first?.request.part(MIMEType.conferenceInfo)).body)
        #expect(update.users.count == 2)
        #expect(update.version > info.version)
    }

    @Test func whoTakesPartNoMoreIsToldNoMore() throws {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire { $0.kind = .chat }])
        let anna = ControllingFixture.id("anna")
        let bruno = ControllingFixture.id("bruno")
        let first = fixture.invitation(anna, type: .chat)
        let identity = try #require(fixture.receive(first).responses.first?.headers.contacts.first?.uri)
        let second = fixture.invitation(bruno, type: .chat)
        _ = fixture.receive(second)
        let notice = try #require(subscribe(&fixture, anna, to: identity.description).sent(.notify).first)
        _ = fixture.answer(notice, 200)
        let removed = fixture.publish(anna, groups: [], expires: "0").sent(.notify)
        #expect(removed.count == 1)
        #expect(removed.first?.request.headers[.subscriptionState]?.hasPrefix("terminated") == true)
        #expect(removed.first?.request.body.isEmpty == true)
        #expect(fixture.wait(.seconds(5)).sent(.notify).isEmpty)
    }

    @Test func whereTheGroupSaysSoNobodyLearnsWhoTakesPart() throws {
        let group = ControllingFixture.fire {
            $0.kind = .chat
            $0.allowsConferenceState = false
        }
        var fixture = try ControllingFixture(groups: [group])
        let anna = ControllingFixture.id("anna")
        let request = fixture.invitation(anna, type: .chat)
        let identity = try #require(fixture.receive(request).responses.first?.headers.contacts.first?.uri)
        let asked = subscribe(&fixture, anna, to: identity.description)
        #expect(asked.verdict == [403, 138] && asked.sent(.notify).isEmpty)
    }

    /// Of two who take part one may see who does; then the other way round, while they do.
    @Test func whoOfTheMembersMaySeeIsARuleOfEach() throws {
        let (anna, bruno) = (ControllingFixture.id("anna"), ControllingFixture.id("bruno"))
        func group(seenBy seer: MCPTTID) -> Group {
            ControllingFixture.fire {
                $0.kind = .chat
                $0.setMembers([anna, bruno].map { Member(mcpttID: $0, maySeeParticipants: $0 == seer) })
            }
        }
        var fixture = try ControllingFixture(groups: [group(seenBy: anna)])
        let first = fixture.invitation(anna, type: .chat)
        let identity = try #require(fixture.receive(first).responses.first?.headers.contacts.first?.uri)
        let second = fixture.invitation(bruno, type: .chat)
        #expect(fixture.receive(second).verdict == [200])
        #expect(subscribe(&fixture, bruno, to: identity.description).verdict == [403, 138])
        let notice = try #require(subscribe(&fixture, anna, to: identity.description).sent(.notify).first)
        _ = fixture.answer(notice, 200)
        let turned = try fixture.replaceGroups([group(seenBy: bruno)]).sent(.notify)
        #expect(turned.count == 1)
        #expect(turned.first?.request.headers[.subscriptionState]?.hasPrefix("terminated") == true)
        #expect(subscribe(&fixture, anna, to: identity.description).verdict == [403, 138])
        #expect(subscribe(&fixture, bruno, to: identity.description).sent(.notify).count == 1)
    }

    @Test func whoIsNotInTheCallIs403With138() throws {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire { $0.kind = .chat }])
        let request = fixture.invitation(ControllingFixture.id("anna"), type: .chat)
        let identity = try #require(fixture.receive(request).responses.first?.headers.contacts.first?.uri)
        #expect(
            subscribe(&fixture, ControllingFixture.id("bruno"), to: identity.description).verdict == [403, 138])
        #expect(
            subscribe(
                &fixture, ControllingFixture.id("anna"), to: "sip:mcptt-controlling-group@it.example;gr=x"
            ).verdict == [404, 137])
    }

    @Test func whereTheGroupShowsNobodyAnyMoreObserversAreToldNoMore() throws {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire { $0.kind = .chat }])
        let anna = ControllingFixture.id("anna")
        let first = fixture.invitation(anna, type: .chat)
        let identity = try #require(fixture.receive(first).responses.first?.headers.contacts.first?.uri)
        let notice = try #require(subscribe(&fixture, anna, to: identity.description).sent(.notify).first)
        _ = fixture.answer(notice, 200)
        let actions = try fixture.replaceGroups([
            ControllingFixture.fire {
                $0.kind = .chat
                $0.allowsConferenceState = false
            }
        ])
        #expect(
            actions.sent(.notify).first?.request.headers[.subscriptionState]?.hasPrefix("terminated") == true)
        #expect(subscribe(&fixture, anna, to: identity.description).verdict == [403, 138])
    }
}

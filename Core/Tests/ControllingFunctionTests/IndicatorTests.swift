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

/// Emergency, imminent peril, alert and broadcast: what is served, and what is refused rather than passed over.
@Suite struct IndicatorTests {
    private let anna = ControllingFixture.id("anna")
    private let bruno = ControllingFixture.id("bruno")

    @Test(arguments: [CallTier.imminentPeril, .emergency])
    func aTierAboveNormalIsTheCallsAndAffiliatesWhoIsNot(tier: CallTier) throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("bruno")
        let isEmergency = tier == .emergency
        let request = fixture.invitation(anna) {
            $0.imminentPerilIndicator = isEmergency ? nil : true
            $0.emergencyIndicator = isEmergency ? true : nil
        }
        let actions = fixture.receive(request)
        #expect(actions.notes("affiliation.implicit").count == 1)
        guard case .openCall(_, let floor)? = actions.commands.first else {
            Issue.record("no call opened")
            return
        }
        #expect(floor.tier == tier)
        let invitation = try #require(actions.sent(.invite).first)
        #expect(invitation.request.headers[.resourcePriority] == (isEmergency ? "mcpttp.15" : "mcpttp.8"))
        #expect(invitation.information?.imminentPerilIndicator == (isEmergency ? nil : true))
        #expect(invitation.information?.emergencyIndicator == (isEmergency ? true : nil))
        let answered = fixture.answer(invitation, 200)
        #expect(answered.verdict == [200])
        let told = try MCPTTInfo(parsing: #require(answered.responses[0].part(MIMEType.mcpttInfo)).body)
        #expect(told.tier == tier)
        #expect(answered.commands.joined.map(\.tier) == [tier, .normal])
    }

    @Test(arguments: ["group", "member"])
    func aRefusedImminentPerilSaysSo(axis: String) throws {
        var fixture = try ControllingFixture(groups: [
            ControllingFixture.fire { group in
                if axis == "group" {
                    group.emergency.allowsImminentPerilCalls = false
                } else {
                    group.setMembers([Member(mcpttID: anna, mayCallInEmergency: false)])
                }
            }
        ])
        let request = fixture.invitation(anna) { $0.imminentPerilIndicator = true }
        let actions = fixture.receive(request)
        #expect(actions.verdict == [403])
        let told = try MCPTTInfo(parsing: #require(actions.responses[0].part(MIMEType.mcpttInfo)).body)
        #expect(told.imminentPerilIndicator == false)
    }

    @Test func indicatorsThatExcludeEachOtherAre403With150() throws {
        var fixture = try ControllingFixture()
        let both = fixture.invitation(anna, emergency: true) { $0.imminentPerilIndicator = true }
        #expect(fixture.receive(both).verdict == [403, 150])
        let alertAlone = fixture.invitation(anna) { $0.alertIndicator = true }
        #expect(fixture.receive(alertAlone).verdict == [403, 150])
    }

    @Test func moreResourcePriorityThanTheTierIs403() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna")
        for (header, expected) in [("mcpttp.15", [403]), ("mcpttp.0", [200])] {
            var request = fixture.invitation(anna)
            request.headers.append(.resourcePriority, header)
            #expect(fixture.receive(request).verdict == expected)
        }
    }

    @Test func aRequestThatIsNotOfTheServiceIs403BeforeTheGroupIsLookedAt() throws {
        var fixture = try ControllingFixture()
        let unknown = MCPTTGroupID("sip:nobody@it.example")
        for values in [[], [ServiceHeaders.acceptContact[0]], [ServiceHeaders.acceptContact[1]]] {
            var request = fixture.invitation(anna, group: unknown)
            request.headers.remove(.acceptContact)
            for value in values { request.headers.append(.acceptContact, value) }
            #expect(fixture.receive(request).verdict == [403])
        }
        var focus = fixture.invitation(anna, group: unknown)
        focus.headers.set(.contact, "<sip:mcptt-participating@it.example>;isfocus")
        #expect(fixture.receive(focus).verdict == [403, 128])
        var silent = fixture.invitation(anna, group: unknown)
        silent.body = CallBody(information: try CallBody(reading: silent).information).write(into: &silent.headers)
        #expect(fixture.receive(silent).verdict == [488])
    }

    // MARK: Alert

    @Test func anAlertIsDeniedByInfoAndTheCallGoesOn() throws {
        var fixture = try ControllingFixture()
        let request = fixture.invitation(anna, emergency: true) { $0.alertIndicator = true }
        let started = fixture.receive(request)
        #expect(started.verdict == [200, 149])
        let acknowledged = fixture.acknowledge(request, started.responses[0])
        let info = try #require(acknowledged.sent(.info).first)
        #expect(info.request.headers[.infoPackage] == ServiceHeaders.infoPackage)
        #expect(info.information?.alertIndicator == false)
        #expect(fixture.acknowledge(request, started.responses[0]).sent(.info).isEmpty)
    }

    // MARK: Change in mid call

    /// anna's call of a tier stands; she asks for a change.
    private func asking(
        _ change: (inout MCPTTInfo) -> Void, inEmergency: Bool? = nil
    ) throws -> [FunctionAction] {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna")
        let request = fixture.invitation(anna, emergency: inEmergency)
        let started = fixture.receive(request)
        #expect(started.verdict == [200])
        _ = fixture.acknowledge(request, started.responses[0])
        var information = MCPTTInfo()
        change(&information)
        let sdp = try #require(fixture.invitation(anna).part(MIMEType.sessionDescription)).body
        return fixture.receive(
            fixture.inside(.invite, request, started.responses[0], information: information, sdp: sdp))
    }

    @Test func aCallDoesNotBecomeABroadcast() throws {
        let actions = try asking { $0.broadcastIndicator = true }
        #expect(actions.verdict == [403, 100])
        #expect(actions.commands.isEmpty)
    }

    @Test func whatIsSaidAgainAndIsAlreadySoIsNoChange() throws {
        #expect(try asking({ $0.emergencyIndicator = true }, inEmergency: true).verdict == [200])
        #expect(try asking({ $0.emergencyIndicator = false }).verdict == [200])
    }

    @Test func aReinviteMovesTheMediaOfAParticipant() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna")
        let request = fixture.invitation(anna)
        let started = fixture.receive(request)
        _ = fixture.acknowledge(request, started.responses[0])
        let elsewhere = SocketAddress(IPAddress(v4: 0xc000_02aa), port: 7_000)
        let offer = SpeechOffer(
            audio: elsewhere, floor: SocketAddress(elsewhere.address, port: 7_001),
            floorParameters: FloorControlParameters(queueing: true, floorSSRC: 99), payloadType: 97)
        let moved = fixture.receive(
            fixture.inside(
                .invite, request, started.responses[0], sdp: offer.session(id: 1, version: 2).serialized()))
        #expect(moved.verdict == [200])
        let remotes = moved.commands.compactMap { if case .connectLeg(_, let remote) = $0 { remote } else { nil } }
        #expect(remotes.map(\.audio) == [elsewhere])
        #expect(moved.commands.names == ["connectLeg"])
        let octets = try #require(moved.responses[0].part(MIMEType.sessionDescription)).body
        #expect(
            try SpeechOffer(reading: SessionDescription(parsing: octets)).audio == ControllingFixture.ports.audio)
    }

    @Test func aParticipantHoldsTheCallAndResumesIt() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna")
        let request = fixture.invitation(anna)
        let started = fixture.receive(request)
        _ = fixture.acknowledge(request, started.responses[0])
        func change(
            _ direction: MediaDirection, _ version: UInt64
        ) throws -> (remote: LegRemote?, answer: SessionDescription) {
            let address = SocketAddress(IPAddress(v4: 0xc000_02aa), port: 7_000)
            let offer = SpeechOffer(
                audio: address, floor: SocketAddress(address.address, port: 7_001),
                floorParameters: FloorControlParameters(queueing: true, floorSSRC: 99), payloadType: 97,
                direction: direction)
            let actions = fixture.receive(
                fixture.inside(
                    .invite, request, started.responses[0], number: Int(version),
                    sdp: offer.session(id: 1, version: version).serialized()))
            let response = try #require(actions.responses.first)
            _ = fixture.acknowledge(request, response, number: Int(version))
            let remotes = actions.commands.compactMap { if case .connectLeg(_, let to) = $0 { to } else { nil } }
            let octets = try #require(response.part(MIMEType.sessionDescription)).body
            return (remotes.first, try SessionDescription(parsing: octets))
        }
        let first = try SessionDescription(
            parsing: try #require(started.responses[0].part(MIMEType.sessionDescription)).body)
        let held = try change(.sendOnly, 2)
        #expect(held.remote?.hears == false)
        #expect(held.remote?.speaks == true)
        #expect(held.answer.direction(of: held.answer.media[0]) == .receiveOnly)
        #expect(held.answer.origin.sessionID == first.origin.sessionID)
        #expect(held.answer.origin.version == first.origin.version + 1)
        let silent = try change(.inactive, 3)
        #expect(silent.remote?.speaks == false)
        let resumed = try change(.sendReceive, 4)
        #expect(resumed.remote?.hears == true)
        #expect(resumed.remote?.speaks == true)
        #expect(resumed.answer.origin.version == first.origin.version + 3)
    }

    // MARK: Broadcast

    @Test func inABroadcastOnlyTheInitiatorTalksAndItEndsWhenHeIsDone() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna", "bruno")
        let request = fixture.invitation(anna) { $0.broadcastIndicator = true }
        var actions = fixture.receive(request)
        guard case .openCall(let media, let floor)? = actions.commands.first,
            case .openLeg(let leg, _, _)? = actions.commands.dropFirst().first
        else {
            Issue.record("no call opened")
            return
        }
        #expect(floor.broadcastInitiator == ParticipantKey(leg.value))
        let invitation = try #require(actions.sent(.invite).first)
        #expect(invitation.information?.broadcastIndicator == true)
        actions = fixture.answer(invitation, 200)
        #expect(actions.verdict == [200])
        let identity = try #require(actions.responses[0].headers.contacts.first?.uri)
        var subscription = fixture.fresh(.subscribe, to: identity.description)
        subscription.headers.append(.event, "conference")
        subscription.headers.append(.contact, "<sip:mcptt-participating@it.example>")
        subscription.body = CallBody(information: MCPTTInfo(callingUserID: anna)).write(into: &subscription.headers)
        #expect(fixture.receive(subscription).verdict == [480, 105])
        #expect(!fixture.handle(.media(.talkerChanged(media, leg, anna))).isReleasing)
        #expect(fixture.handle(.media(.talkerChanged(media, nil, nil))).isReleasing)
    }

    @Test func aBroadcastNeitherTakesOverACallNorMakesOneOfAChatGroup() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna", "bruno")
        let first = fixture.invitation(anna)
        let invitation = try #require(fixture.receive(first).sent(.invite).first)
        _ = fixture.answer(invitation, 200)
        _ = fixture.publish(ControllingFixture.id("carla"), groups: [ControllingFixture.fireID])
        let second = fixture.invitation(ControllingFixture.id("carla")) { $0.broadcastIndicator = true }
        #expect(fixture.receive(second).verdict == [403, 100])
        var chat = try ControllingFixture(groups: [ControllingFixture.fire { $0.kind = .chat }])
        let third = chat.invitation(anna, type: .chat) { $0.broadcastIndicator = true }
        #expect(chat.receive(third).verdict == [403, 100])
    }

    @Test func theInitiatorOfABroadcastThatRejoinsIsStillTheOnlyOneWhoTalks() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna", "bruno")
        let request = fixture.invitation(anna) { $0.broadcastIndicator = true }
        let invitation = try #require(fixture.receive(request).sent(.invite).first)
        let identity = try #require(invitation.request.headers.contacts.first?.uri)
        _ = fixture.answer(invitation, 200)
        let rejoin = fixture.invitation(anna, to: identity.description) { $0.broadcastIndicator = true }
        let actions = fixture.receive(rejoin)
        #expect(actions.verdict == [200, 123])
        guard case .configureCall(_, let floor)? = actions.commands.first,
            case .openLeg(let leg, _, _)? = actions.commands.first(where: {
                if case .openLeg = $0 { true } else { false }
            })
        else {
            Issue.record("the new leg does not take the place of the old one")
            return
        }
        #expect(floor.broadcastInitiator == ParticipantKey(leg.value))
    }
}

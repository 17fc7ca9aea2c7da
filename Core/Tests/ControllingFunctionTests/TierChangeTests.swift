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

/// A running call that becomes an emergency or imminent peril, and is brought back (TS 24.379 6.3.3.1.13, 6.3.3.1.14,
/// 10.1.1.4.7).
@Suite struct TierChangeTests {
    private let anna = ControllingFixture.id("anna")
    private let bruno = ControllingFixture.id("bruno")

    /// anna's call with bruno stands.
    private struct Standing {
        var fixture: ControllingFixture
        let invitation: SIPRequest
        let response: SIPResponse
        /// Our INVITE to bruno.
        let invited: SentRequest
        private var number = 2

        init(emergency: Bool? = nil, _ change: (inout Group) -> Void = { _ in }) throws {
            fixture = try ControllingFixture(groups: [ControllingFixture.fire(change)])
            fixture.affiliate("anna", "bruno")
            invitation = fixture.invitation(ControllingFixture.id("anna"), emergency: emergency)
            invited = try #require(fixture.receive(invitation).sent(.invite).first)
            response = try #require(fixture.answer(invited, 200).responses.first)
            _ = fixture.acknowledge(invitation, response)
        }

        /// anna says this in the call, and sends an ACK to its 200.
        mutating func say(
            emergency: Bool? = nil, peril: Bool? = nil, alert: Bool? = nil, priority: String? = nil, sdp: [UInt8]? = nil
        ) throws -> [FunctionAction] {
            var information = MCPTTInfo(emergencyIndicator: emergency)
            information.imminentPerilIndicator = peril
            information.alertIndicator = alert
            let offer = try #require(invitation.part(MIMEType.sessionDescription)).body
            var request = fixture.inside(
                .invite, invitation, response, number: number, information: information, sdp: sdp ?? offer)
            if let priority { request.headers.append(.resourcePriority, priority) }
            let actions = fixture.receive(request)
            if let answer = actions.responses.first, answer.status == 200 {
                _ = fixture.acknowledge(invitation, answer, number: number)
            }
            number += 1
            return actions
        }

        /// bruno's answer to a re-INVITE of ours.
        mutating func answer(_ sent: SentRequest, _ status: Int = 200, audio: SocketAddress? = nil) -> [FunctionAction]
        {
            fixture.answer(sent, status, sdp: audio.map { ControllingFixture.answer(to: sent.request, audio: $0) })
        }
    }

    private func told(_ actions: [FunctionAction]) throws -> MCPTTInfo? {
        try CallBody(reading: #require(actions.responses.first)).information
    }

    private func floorTier(_ actions: [FunctionAction]) -> CallTier? {
        actions.commands.compactMap { if case .configureCall(_, let settings) = $0 { settings.tier } else { nil } }.last
    }

    @Test(arguments: [CallTier.emergency, .imminentPeril])
    func `a participant declares it: the call and his floor are raised and the others are told by whom`(
        tier: CallTier
    ) throws {
        var standing = try Standing()
        let (emergency, peril): (Bool?, Bool?) = tier == .emergency ? (true, nil) : (nil, true)
        let actions = try standing.say(
            emergency: emergency, peril: peril, priority: ResourcePriority.headerValue(tier))
        #expect(actions.verdict == [200])
        #expect(try told(actions)?.tier == tier)
        #expect(floorTier(actions) == tier)
        #expect(actions.commands.joined.map(\.tier) == [tier])
        #expect(actions.sent(.invite).count == 1)
        let sent = try #require(actions.sent(.invite).first)
        #expect(sent.request.headers.callID == standing.invited.request.headers.callID)
        #expect(sent.request.headers[.resourcePriority] == ResourcePriority.headerValue(tier))
        #expect(sent.information?.tier == tier)
        #expect(sent.information?.callingUserID == anna)
        #expect(sent.information?.callingGroupID == ControllingFixture.fireID)
        let before = try #require(standing.invited.offer)
        let again = try #require(sent.offer)
        #expect(again.audio == before.audio && again.payloadType == before.payloadType)
        let raised = try #require(actions.notes("call.tierRaised").first)
        #expect(raised.value("user") == anna.value)
        #expect(raised.value("tier") == "\(tier)")
        #expect(raised.value("incident") == raised.value("call"))
        // Nothing is said twice.
        #expect(standing.answer(sent).sent(.invite).isEmpty)
        #expect(try standing.say(emergency: emergency, peril: peril).sent.isEmpty)
    }

    @Test func `it is called off for all, and the record says of what and by whom`() throws {
        var standing = try Standing(emergency: true)
        let actions = try standing.say(emergency: false, alert: false)
        #expect(actions.verdict == [200])
        #expect(try told(actions)?.emergencyIndicator == false)
        #expect(floorTier(actions) == .normal)
        #expect(actions.commands.joined.map(\.tier) == [.normal])
        let sent = try #require(actions.sent(.invite).first)
        #expect(sent.information?.emergencyIndicator == false)
        #expect(sent.request.headers[.resourcePriority] == "mcpttp.0")
        let lowered = try #require(actions.notes("call.tierLowered").first)
        #expect(lowered.value("tier") == "emergency")
        #expect(lowered.value("user") == anna.value)
        #expect(lowered.value("incident") == lowered.value("call"))
        #expect(try standing.say(emergency: false).notes("call.tierLowered").isEmpty)
    }

    @Test func `an emergency takes the place of imminent peril`() throws {
        var standing = try Standing()
        _ = standing.answer(try #require(try standing.say(peril: true).sent(.invite).first))
        let actions = try standing.say(emergency: true)
        #expect(actions.verdict == [200])
        let sent = try #require(actions.sent(.invite).first)
        #expect(sent.information?.emergencyIndicator == true)
        #expect(sent.information?.imminentPerilIndicator == false)
        #expect(floorTier(actions) == .emergency)
    }

    @Test func `imminent peril in an emergency is agreed to, and an INFO says what there is`() throws {
        var standing = try Standing(emergency: true)
        let actions = try standing.say(peril: true)
        #expect(actions.verdict == [200, 149])
        #expect(actions.commands.names == ["connectLeg"])
        let info = try #require(actions.sent(.info).first)
        #expect(info.information?.emergencyIndicator == true)
        #expect(info.information?.imminentPerilIndicator == false)
        #expect(actions.sent(.invite).isEmpty)
        #expect(try standing.say(emergency: false, peril: true).verdict == [403, 150])
    }

    @Test func `an alert with it is denied by INFO, the emergency is not`() throws {
        var standing = try Standing()
        let actions = try standing.say(emergency: true, alert: true)
        #expect(actions.verdict == [200, 149])
        #expect(actions.sent(.info).first?.information?.alertIndicator == false)
        #expect(floorTier(actions) == .emergency)
    }

    @Test(arguments: ["group", "member"])
    func `whose group or entry does not allow it is told what the call is in`(axis: String) throws {
        for isEmergency in [true, false] {
            var standing = try Standing { group in
                if axis == "group" {
                    group.emergency = EmergencyRule(allowsEmergencyCalls: false, allowsImminentPerilCalls: false)
                } else {
                    group.setMembers([
                        Member(mcpttID: anna, mayCallInEmergency: false), Member(mcpttID: bruno),
                    ])
                }
            }
            let actions = try standing.say(
                emergency: isEmergency ? true : nil, peril: isEmergency ? nil : true)
            #expect(actions.verdict == [403])
            #expect(actions.commands.isEmpty && actions.sent.isEmpty)
            #expect(try told(actions)?.emergencyIndicator == (isEmergency ? false : nil))
            #expect(try told(actions)?.imminentPerilIndicator == (isEmergency ? nil : false))
            #expect(actions.notes("request.refused").first?.value("user") == anna.value)
        }
    }

    @Test func `more priority than the tier, or a description of no use, changes nothing`() throws {
        var standing = try Standing()
        #expect(try standing.say(peril: true, priority: "mcpttp.15").verdict == [403])
        let other = SpeechOffer(
            audio: SocketAddress(IPAddress(v4: 0xc000_02aa), port: 7_000), floor: nil, floorParameters: .init(),
            payloadType: 111)
        let actions = try standing.say(emergency: true, sdp: other.session(id: 1, version: 2).serialized())
        #expect(actions.verdict == [488])
        #expect(actions.commands.isEmpty && actions.notes("call.tierRaised").isEmpty)
    }

    @Test func `who answers from elsewhere is heard there, and who does not agree is recorded`() throws {
        var standing = try Standing()
        let sent = try #require(try standing.say(emergency: true).sent(.invite).first)
        let elsewhere = SocketAddress(IPAddress(v4: 0xc000_02bb), port: 7_200)
        let moved = standing.answer(sent, audio: elsewhere)
        let remotes = moved.commands.compactMap { if case .connectLeg(_, let remote) = $0 { remote } else { nil } }
        #expect(remotes.map(\.audio) == [elsewhere])
        let over = try #require(try standing.say(emergency: false).sent(.invite).first)
        let refused = standing.answer(over, 488)
        #expect(refused.notes("call.tierUnconfirmed").first?.value("user") == bruno.value)
        // What the call is in he learns all the same.
        let told = refused.sent(.info)
        #expect(told.map(\.information?.emergencyIndicator) == [false])
        #expect(told.map(\.information?.imminentPerilIndicator) == [false])
    }

    @Test func `who was invited before it and answers after it is told then`() throws {
        var standing = try Standing()
        let carla = ControllingFixture.id("carla")
        let late = try #require(
            standing.fixture.publish(carla, groups: [ControllingFixture.fireID]).sent(.invite).first)
        #expect(late.information?.emergencyIndicator == nil)
        #expect(try standing.say(emergency: true).sent(.invite).count == 1)
        let news = try #require(standing.fixture.answer(late, 200).sent(.invite).first)
        #expect(news.request.headers.callID == late.request.headers.callID)
        #expect(news.information?.emergencyIndicator == true)
    }

    @Test func `who comes in with an emergency raises the call for those who are there`() throws {
        var standing = try Standing()
        let carla = ControllingFixture.id("carla")
        let request = standing.fixture.invitation(carla, emergency: true)
        let actions = standing.fixture.receive(request)
        #expect(actions.verdict == [200, 123])
        #expect(actions.sent(.invite).count == 2)
        #expect(actions.sent(.invite).allSatisfy { $0.information?.callingUserID == carla })
        #expect(actions.sent(.invite).allSatisfy { $0.information?.emergencyIndicator == true })
    }
}

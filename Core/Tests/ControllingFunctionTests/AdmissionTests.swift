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

/// Each check of TS 24.379 10.1.1.4.2 and 10.1.2.4.1.1, with a request that fails it and all that come after.
@Suite struct AdmissionTests {
    private static let anna = ControllingFixture.id("anna")
    private static let stranger = ControllingFixture.id("zeno")

    private func verdict(
        _ user: MCPTTID = anna, group: MCPTTGroupID = ControllingFixture.fireID, type: MCPTTSessionType = .prearranged,
        _ change: (inout Group) -> Void = { _ in }
    ) throws -> [Int] {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire(change)])
        let request = fixture.invitation(user, group: group, type: type)
        return fixture.receive(request).verdict
    }

    @Test func anUnknownGroupIs404With113() throws {
        let unknown = MCPTTGroupID("sip:nobody@it.example")
        #expect(try verdict(Self.stranger, group: unknown, type: .chat) == [404, 113])
    }

    @Test func aDisabledGroupIs403With115EvenForWhoIsNoMember() throws {
        #expect(try verdict(Self.stranger, type: .chat) { $0.isEnabled = false } == [403, 115])
    }

    @Test func whoIsNoMemberGets403With116EvenWithTheWrongType() throws {
        #expect(try verdict(Self.stranger, type: .chat) == [403, 116])
    }

    @Test func aChatRequestToAPrearrangedGroupIs404With117() throws {
        #expect(
            try verdict(type: .chat) { $0.setMembers([Member(mcpttID: Self.anna, mayInitiate: false)]) } == [404, 117])
    }

    @Test func aPrearrangedRequestToAChatGroupIs404With118() throws {
        #expect(
            try verdict {
                $0.kind = .chat
                $0.setMembers([Member(mcpttID: Self.anna, mayJoin: false)])
            } == [404, 118])
    }

    @Test func whoMayNotInitiateGets403With119EvenUnaffiliated() throws {
        #expect(try verdict { $0.setMembers([Member(mcpttID: Self.anna, mayInitiate: false)]) } == [403, 119])
    }

    @Test func whoMayNotJoinAChatGroupGets403With121() throws {
        #expect(
            try verdict(type: .chat) {
                $0.kind = .chat
                $0.setMembers([Member(mcpttID: Self.anna, mayJoin: false)])
            } == [403, 121])
    }

    @Test func whoMayNotJoinARunningCallGets403With121() throws {
        var fixture = try ControllingFixture(groups: [
            ControllingFixture.fire {
                $0.setMembers([
                    Member(mcpttID: Self.anna), Member(mcpttID: ControllingFixture.id("bruno"), mayJoin: false),
                ])
            }
        ])
        fixture.affiliate("anna")
        let first = fixture.invitation(Self.anna)
        #expect(fixture.receive(first).verdict == [200])
        let second = fixture.invitation(ControllingFixture.id("bruno"))
        #expect(fixture.receive(second).verdict == [403, 121])
    }

    @Test func whoIsNotAffiliatedGets403With120EvenInAFullGroup() throws {
        #expect(try verdict { $0.maximumParticipants = 0 } == [403, 120])
    }

    @Test func aFullGroupIs486With122() throws {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire { $0.maximumParticipants = 1 }])
        fixture.affiliate("anna", "bruno")
        let first = fixture.invitation(Self.anna)
        let started = fixture.receive(first)
        #expect(started.sent(.invite).isEmpty)
        #expect(started.verdict == [200])
        let second = fixture.invitation(ControllingFixture.id("bruno"))
        #expect(fixture.receive(second).verdict == [486, 122])
    }

    @Test func anOfferWithoutTheGroupsCodecIs488AndLeavesNothingBehind() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna")
        let request = fixture.invitation(Self.anna, codec: .opus)
        let actions = fixture.receive(request)
        #expect(actions.verdict == [488])
        #expect(actions.commands.isEmpty)
    }

    @Test func aMessageWithoutMCPTTInfoIs403With150() throws {
        var fixture = try ControllingFixture()
        var request = fixture.invitation(Self.anna)
        request.body = CallBody(sessionDescription: Array("v=0".utf8)).write(into: &request.headers)
        #expect(fixture.receive(request).verdict == [403, 150])
    }

    @Test func anUnreadableMCPTTInfoIs400() throws {
        var fixture = try ControllingFixture()
        var request = fixture.invitation(Self.anna)
        request.body = CallBody.write(
            [BodyPart(type: MIMEType.mcpttInfo, body: Array("<mcpttinfo".utf8))], into: &request.headers)
        #expect(fixture.receive(request).verdict == [400])
    }

    @Test func onlyFunctionsOfTheSystemMayCall() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna")
        for origin in [
            RequestOrigin.stranger(FlowID(1)), .user(PublicUserIdentity("sip:x@it.example"), FlowID(1)),
            .partner(MCSystemID("fr"), FlowID(1)),
        ] {
            let request = fixture.invitation(Self.anna)
            #expect(fixture.receive(request, from: origin).verdict == [403])
        }
    }

    @Test func aSessionThatIsNoMoreIs404With137() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna")
        let request = fixture.invitation(
            Self.anna, group: nil, type: nil, to: "sip:mcptt-controlling-group@it.example;gr=gone")
        #expect(fixture.receive(request).verdict == [404, 137])
    }

    @Test func aRefusedEmergencySaysSoInItsBody() throws {
        var fixture = try ControllingFixture(groups: [
            ControllingFixture.fire { $0.emergency.allowsEmergencyCalls = false }
        ])
        let request = fixture.invitation(Self.anna, emergency: true)
        let actions = fixture.receive(request)
        #expect(actions.verdict == [403])
        let told = try MCPTTInfo(parsing: #require(actions.responses[0].part(MIMEType.mcpttInfo)).body)
        #expect(told.emergencyIndicator == false)
    }

    @Test func anEmergencyAffiliatesWhoIsNot() throws {
        var fixture = try ControllingFixture()
        let request = fixture.invitation(Self.anna, emergency: true)
        let actions = fixture.receive(request)
        #expect(actions.verdict == [200])
        #expect(actions.notes("affiliation.implicit").count == 1)
        guard case .openCall(_, let floor)? = actions.commands.first else {
            Issue.record("no call opened")
            return
        }
        #expect(floor.tier == .emergency)
        #expect(actions.commands.joined.first?.tier == .emergency)
    }

    @Test func theFloorIsControlledAsTheSystemSaysAndTheGroup() throws {
        var settings = ControllingSettings()
        settings.floor.timers.endOfMedia = .seconds(5)
        settings.floor.timers.retryAfter = .seconds(20)
        settings.floor.timers.stopTalking = .seconds(99)
        settings.floor.asksForAcknowledgement = true
        let group = ControllingFixture.fire {
            $0.talkLimit = .seconds(45)
            $0.hangTime = .seconds(12)
        }
        var fixture = try ControllingFixture(groups: [group], settings: settings)
        fixture.affiliate("anna")
        let actions = fixture.receive(fixture.invitation(Self.anna))
        guard case .openCall(_, let floor)? = actions.commands.first else {
            Issue.record("no call opened")
            return
        }
        #expect(floor.timers.endOfMedia == .seconds(5))
        #expect(floor.timers.retryAfter == .seconds(20))
        #expect(floor.asksForAcknowledgement)
        #expect(floor.timers.stopTalking == .seconds(45))
        #expect(floor.timers.inactivity == .seconds(12))
    }
}

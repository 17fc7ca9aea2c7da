import CallControl
import ControllingFunction
import FloorControl
import MCDocuments
import MCFoundation
import Policy
import SIP
import Testing

/// Rules of a group that change while its call is up.
@Suite struct RightsRevisionTests {
    private let anna = ControllingFixture.id("anna")
    private let bruno = ControllingFixture.id("bruno")
    private let carla = ControllingFixture.id("carla")
    private let names = ["anna", "bruno", "carla"]

    /// anna called, bruno and carla were invited; all are in.
    private func running(
        emergency: Bool? = nil, _ change: (inout Group) -> Void = { _ in }
    ) throws -> ControllingFixture {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire(change)])
        for name in names { fixture.affiliate(name) }
        let request = fixture.invitation(anna, emergency: emergency)
        for invitation in fixture.receive(request).sent(.invite) { _ = fixture.answer(invitation, 200) }
        return fixture
    }

    /// All three joined a chat group by themselves; carla in an emergency where `emergency` is true.
    private func chatting(emergency: Bool? = nil) throws -> ControllingFixture {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire { $0.kind = .chat }])
        for user in [anna, bruno, carla] {
            try join(&fixture, user, emergency: user == carla ? emergency : nil)
        }
        return fixture
    }

    private func join(_ fixture: inout ControllingFixture, _ user: MCPTTID, emergency: Bool? = nil) throws {
        let request = fixture.invitation(user, type: .chat, emergency: emergency)
        let actions = fixture.receive(request)
        #expect(actions.verdict == [200])
        _ = fixture.acknowledge(request, try #require(actions.responses.first))
    }

    private func changed(
        _ user: MCPTTID, kind: Group.Kind = .prearranged, _ change: (inout Member) -> Void
    ) -> Group {
        ControllingFixture.fire { group in
            group.kind = kind
            var members = group.members
            for index in members.indices where members[index].mcpttID == user { change(&members[index]) }
            group.setMembers(members)
        }
    }

    @Test func aDirectoryThatSaysTheSameChangesNothing() throws {
        var fixture = try running()
        #expect(try fixture.replaceGroups([ControllingFixture.fire()]).isEmpty)
    }

    @Test func whatTheGroupSaysOfTheFloorHoldsInARunningCall() throws {
        var fixture = try running()
        func other(_ change: (inout Group) -> Void = { _ in }) -> Group {
            ControllingFixture.fire { group in
                group.talkLimit = .seconds(7)
                group.hangTime = .seconds(9)
                group.queueDepth = 3
                group.hasAudioCutIn = true
                change(&group)
            }
        }
        let changed = try fixture.replaceGroups([other()])
        guard case .configureCall(_, let floor)? = changed.commands.first else {
            Issue.record("floor control was not told")
            return
        }
        #expect(floor.timers.stopTalking == .seconds(7))
        #expect(floor.timers.inactivity == .seconds(9))
        #expect(floor.queueDepth == 3)
        #expect(floor.isAudioCutIn)
        // All who are in agreed on a codec: another one is for the next call.
        #expect(try fixture.replaceGroups([other { $0.speech = .opus }]).isEmpty)
    }

    @Test func howLongACallMayLastCountsFromItsBeginning() throws {
        var fixture = try running()
        func limit(_ duration: Duration?) throws {
            _ = try fixture.replaceGroups([ControllingFixture.fire { $0.maximumDuration = duration }])
        }
        _ = fixture.wait(.seconds(50))
        try limit(.seconds(60))
        try limit(nil)
        _ = fixture.wait(.seconds(20))
        #expect(fixture.function.hasCall(of: ControllingFixture.fireID))
        try limit(.seconds(80))
        _ = fixture.wait(.seconds(9))
        #expect(fixture.function.hasCall(of: ControllingFixture.fireID))
        _ = fixture.wait(.seconds(1))
        #expect(!fixture.function.hasCall(of: ControllingFixture.fireID))
    }

    @Test func whoMayOnlyListenNowIsToldToFloorControlAndMayTalkAgainLater() throws {
        var fixture = try running()
        let silenced = try fixture.replaceGroups([changed(bruno) { $0.isReceiveOnly = true }])
        #expect(silenced.commands.names == ["join"])
        let description = try #require(silenced.commands.joined.first)
        #expect(description.mcpttID == bruno)
        #expect(description.isReceiveOnly)
        // Being told of the change is no request for the floor.
        #expect(!description.isImplicitRequest)
        let back = try fixture.replaceGroups([ControllingFixture.fire()])
        #expect(back.commands.joined.map(\.isReceiveOnly) == [false])
        #expect(back.commands.joined.map(\.audioSSRC) == [description.audioSSRC])
    }

    @Test func whosePriorityIsLoweredAsksForTheFloorWithLess() throws {
        var fixture = try running()
        let before = try fixture.replaceGroups([changed(bruno) { $0.priority = 2 }])
        #expect(before.commands.joined.map(\.maxPriority) == [2])
        let after = try fixture.replaceGroups([changed(bruno) { $0.priority = 1 }])
        #expect(after.commands.joined.map(\.maxPriority) == [1])
        #expect(after.commands.joined.map(\.defaultPriority) == [1])
    }

    @Test func whoJoinedAndMayJoinNoMoreLeaves() throws {
        var fixture = try chatting()
        let actions = try fixture.replaceGroups([changed(bruno, kind: .chat) { $0.mayJoin = false }])
        #expect(actions.sent(.bye).count == 1)
        #expect(actions.commands.names == ["leave", "closeLeg"])
        let again = fixture.invitation(bruno, type: .chat)
        #expect(fixture.receive(again).verdict == [403, 121])
    }

    @Test func whoWasInvitedOrBeganTheCallNeedsNoRightToJoin() throws {
        var fixture = try running()
        #expect(try fixture.replaceGroups([changed(bruno) { $0.mayJoin = false }]).sent(.bye).isEmpty)
        #expect(try fixture.replaceGroups([changed(anna) { $0.mayJoin = false }]).sent(.bye).isEmpty)
        #expect(try fixture.replaceGroups([changed(anna) { $0.mayInitiate = false }]).sent(.bye).isEmpty)
    }

    @Test func whoDeclaredAnEmergencyAndMayNoMoreLeavesAndHeAlone() throws {
        var fixture = try chatting(emergency: true)
        #expect(
            try fixture.replaceGroups([changed(bruno, kind: .chat) { $0.mayCallInEmergency = false }])
                .sent(.bye).isEmpty)
        let actions = try fixture.replaceGroups([changed(carla, kind: .chat) { $0.mayCallInEmergency = false }])
        #expect(actions.sent(.bye).count == 1)
        #expect(!actions.isReleasing)
        let again = fixture.invitation(carla, type: .chat, emergency: true)
        #expect(fixture.receive(again).verdict == [403])
    }

    @Test func aGroupThatAllowsNoEmergencyAnyMoreLosesItsEmergencyCallAndNoOther() throws {
        var fixture = try running(emergency: true)
        let rule = EmergencyRule(allowsEmergencyCalls: false, allowsImminentPerilCalls: true)
        let actions = try fixture.replaceGroups([ControllingFixture.fire { $0.emergency = rule }])
        #expect(actions.isReleasing)
        #expect(actions.sent(.bye).first?.request.headers[.reason]?.contains("right withdrawn") == true)
        var normal = try running()
        #expect(try normal.replaceGroups([ControllingFixture.fire { $0.emergency = rule }]).isEmpty)
    }

    @Test func aGroupOfAnotherKindLosesItsCall() throws {
        var fixture = try running()
        #expect(try fixture.replaceGroups([ControllingFixture.fire { $0.kind = .chat }]).isReleasing)
    }

    @Test func aMemberLessLeavesThoughHeNeverAffiliated() throws {
        var settings = ControllingSettings()
        settings.limits.affiliatedClients = 0
        var fixture = try ControllingFixture(
            groups: [ControllingFixture.fire { $0.kind = .chat }], settings: settings)
        for user in [anna, bruno] {
            try join(&fixture, user)
        }
        let actions = try fixture.replaceGroups([
            ControllingFixture.fire { group in
                group.kind = .chat
                group.setMembers(group.members.filter { $0.mcpttID != bruno })
            }
        ])
        #expect(actions.sent(.bye).count == 1)
    }

    @Test func whereFewerMayBeInTheLastToComeLeaveButNobodyInAnEmergency() throws {
        var fixture = try chatting(emergency: true)
        let actions = try fixture.replaceGroups([
            ControllingFixture.fire {
                $0.kind = .chat
                $0.maximumParticipants = 2
            }
        ])
        #expect(actions.sent(.bye).count == 1)
        #expect(actions.commands.names == ["leave", "closeLeg"])
        // bruno it was: he may come again only where there is room.
        let again = fixture.invitation(bruno, type: .chat)
        #expect(fixture.receive(again).verdict == [486, 122])
        let other = fixture.invitation(carla, type: .chat, emergency: true)
        #expect(fixture.receive(other).verdict == [200])
    }

    @Test func theInitiatorWhoIsTakenOutBeforeTheCallStartsTakesItWithHim() throws {
        var fixture = try ControllingFixture()
        for name in names { fixture.affiliate(name) }
        let request = fixture.invitation(anna)
        _ = fixture.receive(request)
        let actions = try fixture.replaceGroups([
            ControllingFixture.fire { group in group.setMembers(group.members.filter { $0.mcpttID != anna }) }
        ])
        #expect(actions.isReleasing)
        #expect(actions.responses.first.map { $0.status >= 400 } == true)
    }

    @Test func whoWasRequiredAndIsNoMoreDoesNotHoldTheCallBack() throws {
        var fixture = try ControllingFixture(groups: [changed(carla) { $0.isRequired = true }])
        for name in ["anna", "bruno"] { fixture.affiliate(name) }
        let request = fixture.invitation(anna)
        let invitations = fixture.receive(request).sent(.invite)
        #expect(invitations.count == 1)
        _ = try fixture.replaceGroups([ControllingFixture.fire()])
        let answered = fixture.answer(try #require(invitations.first), 200)
        // Without her right to be waited for there is nothing to say of her.
        #expect(answered.verdict == [200])
    }
}

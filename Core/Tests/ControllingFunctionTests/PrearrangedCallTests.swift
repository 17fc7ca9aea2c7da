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

/// Prearranged group calls as transcripts: SIP values in, SIP values and media commands out.
@Suite struct PrearrangedCallTests {
    private let anna = ControllingFixture.id("anna")
    private let bruno = ControllingFixture.id("bruno")
    private let carla = ControllingFixture.id("carla")

    /// anna calls; bruno and carla have been invited.
    private func ringing(
        _ change: (inout Group) -> Void = { _ in }, affiliated: [String] = ["anna", "bruno", "carla"]
    ) throws -> (fixture: ControllingFixture, actions: [FunctionAction]) {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire(change)])
        for name in affiliated { fixture.affiliate(name) }
        let request = fixture.invitation(
            anna,
            floor: FloorControlParameters(
                queueing: true, priority: 7, granted: true, implicitRequest: true, ssrc: 1, floorSSRC: 99))
        let actions = fixture.receive(request)
        return (fixture, actions)
    }

    /// All three are in.
    private func running(
        _ change: (inout Group) -> Void = { _ in }
    ) throws -> (fixture: ControllingFixture, sessions: [SentRequest]) {
        var (fixture, actions) = try ringing(change)
        let invitations = actions.sent(.invite)
        for invitation in invitations { actions += fixture.answer(invitation, 200) }
        #expect(actions.verdict == [200])
        return (fixture, invitations)
    }

    @Test func everyAffiliatedMemberIsInvitedWithTheHeadersOfTheService() throws {
        let (_, actions) = try ringing()
        let invitations = actions.sent(.invite)
        #expect(invitations.map { $0.information?.requestURI } == [bruno.value, carla.value])
        let first = try #require(invitations.first)
        #expect(first.request.uri.description == "sip:mcptt-participating@it.example")
        let headers = first.request.headers
        #expect(ServiceHeaders.isFocus(headers))
        #expect(headers.contacts.first.flatMap { SessionIdentity.token($0.uri) } != nil)
        #expect(headers.values(.acceptContact) == ServiceHeaders.acceptContact)
        #expect(headers[.pAssertedService] == "urn:urn-7:3gpp-service.ims.icsi.mcptt")
        #expect(headers[.pAssertedIdentity] == "<sip:mcptt-controlling-group@it.example>")
        #expect(headers[.sessionExpires] == "1800")
        #expect(headers.values(.supported).sorted() == ["norefersub", "tdialog", "timer"])
        #expect(headers[.resourcePriority] == "mcpttp.0")
        #expect(!headers.has(.answerMode))
        #expect(first.information?.callingUserID == anna)
        #expect(first.information?.callingGroupID == ControllingFixture.fireID)
        #expect(first.information?.sessionType == .prearranged)
        #expect(first.information?.clientID == MCPTTClientID("phone"))
        #expect(first.offer?.audio == ControllingFixture.ports.audio)
        #expect(first.offer?.floor == ControllingFixture.ports.floor)
        #expect(first.offer?.floorParameters.floorSSRC != nil)
    }

    @Test func theInitiatorIsAnsweredOnceAllHaveAnsweredAndThenAllJoinHimFirst() throws {
        var (fixture, actions) = try ringing()
        #expect(actions.responses.isEmpty)
        #expect(actions.commands.names == ["openCall", "openLeg", "connectLeg", "openLeg", "openLeg"])
        let invitations = actions.sent(.invite)
        let first = fixture.answer(invitations[0], 200)
        #expect(first.commands.names == ["connectLeg"])
        #expect(first.responses.isEmpty)
        let second = fixture.answer(invitations[1], 200)
        #expect(second.commands.names == ["connectLeg", "join", "join", "join"])
        #expect(second.commands.joined.map(\.mcpttID) == [anna, bruno, carla])
        #expect(second.verdict == [200])
        #expect(second.notes("call.started").count == 1)
    }

    @Test func theFloorComesWithTheFirst200() throws {
        let (fixture, actions) = try ringing()
        let offer = try #require(actions.sent(.invite).first?.offer)
        #expect(!offer.floorParameters.granted)
        var mutable = fixture
        var last: [FunctionAction] = []
        for invitation in actions.sent(.invite) { last = mutable.answer(invitation, 200) }
        let response = try #require(last.responses.first)
        #expect(response.headers[.sessionExpires] == "1800;refresher=uac")
        #expect(response.headers.lists("timer", in: .require))
        for tag in ["tdialog", "norefersub", "explicitsub", "nosub"] {
            #expect(response.headers.lists(tag, in: .supported))
        }
        #expect(ServiceHeaders.isFocus(response.headers))
        let description = try SessionDescription(
            parsing: #require(response.part(MIMEType.sessionDescription)).body)
        let floor = try SpeechOffer(reading: description).floorParameters
        #expect(floor.granted)
        #expect(floor.queueing)
        #expect(floor.priority == 5)
        let joined = last.commands.joined
        #expect(joined.map(\.isImplicitRequest) == [true, false, false])
        #expect(floor.ssrc == joined[0].audioSSRC)
        #expect(floor.floorSSRC == joined[0].floorSSRC)
        #expect(Set(joined.map(\.audioSSRC)).count == 3)
        #expect(Set(joined.map(\.floorSSRC)).count == 3)
        #expect(joined.map(\.maxPriority) == [5, 2, 0])
        #expect(joined.map(\.defaultPriority) == [5, 3, 0])
    }

    @Test func theCallStartsWithoutWhoRingsTooLongAndHeJoinsLater() throws {
        var (fixture, actions) = try ringing()
        let invitations = actions.sent(.invite)
        _ = fixture.answer(invitations[0], 200)
        let started = fixture.wait(.milliseconds(500))
        #expect(started.verdict == [200])
        #expect(started.commands.joined.map(\.mcpttID) == [anna, bruno])
        let late = fixture.answer(invitations[1], 200)
        #expect(late.commands.names == ["connectLeg", "join"])
    }

    @Test func theInitiatorIsNotLeftAloneWhileOthersStillRing() throws {
        var (fixture, actions) = try ringing()
        let invitations = actions.sent(.invite)
        #expect(fixture.wait(.seconds(3)).responses.isEmpty)
        _ = fixture.answer(invitations[0], 486)
        let answered = fixture.answer(invitations[1], 200)
        #expect(answered.verdict == [200])
    }

    @Test func whenEverybodyRefusesTheInitiatorHasTheCallForHimself() throws {
        var (fixture, actions) = try ringing()
        let invitations = actions.sent(.invite)
        #expect(fixture.answer(invitations[0], 486).responses.isEmpty)
        let last = fixture.answer(invitations[1], 480)
        #expect(last.verdict == [200])
        #expect(last.commands.joined.map(\.mcpttID) == [anna])
    }

    @Test func belowTheMinimumNumberTheCallIsNotStarted() throws {
        var (fixture, actions) = try ringing { $0.minimumToStart = 3 }
        let invitations = actions.sent(.invite)
        _ = fixture.answer(invitations[0], 200)
        let last = fixture.answer(invitations[1], 486)
        #expect(last.responses.map(\.status) == [480])
        #expect(last.isReleasing)
        // Who had answered is told good-bye.
        #expect(last.sent(.bye).count == 1)
    }

    @Test func requiredMembersHoldTheCallBackUntilTNG1AndThenItProceedsWith111() throws {
        var (fixture, actions) = try ringing {
            $0.setMembers([
                Member(mcpttID: anna), Member(mcpttID: bruno), Member(mcpttID: carla, isRequired: true),
            ])
            $0.acknowledgement = RequiredMembersRule(timeout: .seconds(4), onTimeout: .proceed)
        }
        let invitations = actions.sent(.invite)
        _ = fixture.answer(invitations[0], 200)
        #expect(fixture.wait(.seconds(3)).responses.isEmpty)
        let started = fixture.wait(.seconds(1))
        #expect(started.verdict == [200, 111])
    }

    @Test func requiredMembersMissingAtTNG1AbandonTheCallWith112() throws {
        var (fixture, actions) = try ringing {
            $0.setMembers([
                Member(mcpttID: anna), Member(mcpttID: bruno), Member(mcpttID: carla, isRequired: true),
            ])
            $0.acknowledgement = RequiredMembersRule(timeout: .seconds(4), onTimeout: .abandon)
        }
        _ = fixture.answer(actions.sent(.invite)[0], 200)
        let failed = fixture.wait(.seconds(4))
        #expect(failed.verdict == [480, 112])
        #expect(failed.isReleasing)
    }

    @Test func theCallWaitsForARequiredMemberAndStartsWithHim() throws {
        var (fixture, actions) = try ringing {
            $0.setMembers([Member(mcpttID: anna), Member(mcpttID: carla, isRequired: true)])
        }
        #expect(fixture.wait(.seconds(2)).responses.isEmpty)
        actions = fixture.answer(actions.sent(.invite)[0], 200)
        #expect(actions.verdict == [200])
    }

    @Test func aSecondInviteJoinsTheOneCallWith123() throws {
        var (fixture, _) = try running()
        _ = fixture.publish(ControllingFixture.luc, groups: [ControllingFixture.fireID])
        let request = fixture.invitation(ControllingFixture.luc, "tablet")
        #expect(fixture.receive(request).verdict == [403, 120])
        let joining = fixture.invitation(ControllingFixture.luc)
        let actions = fixture.receive(joining)
        #expect(actions.verdict == [200, 123])
        // He was being invited (late entry): the invitation is called off.
        #expect(actions.contains { if case .sip(.cancel) = $0 { true } else { false } })
        #expect(actions.commands.names.filter { $0 == "openCall" }.isEmpty)
        #expect(actions.commands.joined.map(\.mcpttID) == [ControllingFixture.luc])
    }

    @Test func aClientThatLostItsSessionRejoinsByTheSessionIdentity() throws {
        var (fixture, sessions) = try running()
        let identity = try #require(sessions[0].request.headers.contacts.first?.uri)
        let request = fixture.invitation(bruno, group: nil, type: nil, to: identity.description)
        let actions = fixture.receive(request)
        #expect(actions.verdict == [200, 123])
        #expect(actions.commands.names == ["leave", "closeLeg", "openLeg", "connectLeg", "join"])
        #expect(actions.sent(.bye).count == 1)
    }

    /// Whoever let the client in judged it by the group that it named.
    @Test func aSessionIsNotRejoinedUnderTheNameOfAnotherGroup() throws {
        var (fixture, sessions) = try running()
        let identity = try #require(sessions[0].request.headers.contacts.first?.uri)
        let other = fixture.invitation(bruno, group: MCPTTGroupID("sip:o@it.example"), to: identity.description)
        #expect(fixture.receive(other).verdict == [404, 137])
        let own = fixture.invitation(bruno, to: identity.description)
        #expect(fixture.receive(own).verdict == [200, 123])
    }

    @Test func aCallForWhichThereIsNoRoomLeavesNothingBehind() throws {
        var settings = ControllingSettings()
        settings.limits.calls = 0
        var fixture = try ControllingFixture(settings: settings)
        let request = fixture.invitation(anna, emergency: true)
        let actions = fixture.receive(request)
        #expect(actions.verdict == [503])
        #expect(actions.notes("affiliation.implicit").isEmpty)
        #expect(fixture.function.population == FunctionPopulation(calls: 0, sessions: 0, references: 0))
    }

    @Test func aGroupThatIsSwitchedOffAndOnAgainRingsThoseWhoWereAffiliated() throws {
        var (fixture, sessions) = try running()
        _ = try fixture.replaceGroups([ControllingFixture.fire { $0.isEnabled = false }])
        _ = try fixture.replaceGroups([ControllingFixture.fire()])
        let request = fixture.invitation(anna)
        #expect(fixture.receive(request).sent(.invite).count == sessions.count)
    }

    @Test func nobodyIsCalledBackIntoACallThatHeLeftBecauseSomethingElseChanged() throws {
        let other = MCPTTGroupID("sip:o@it.example")
        func groups(_ members: [MCPTTID]) -> [Group] {
            [
                ControllingFixture.fire(),
                Group(id: other, kind: .prearranged, members: members.map { Member(mcpttID: $0) }),
            ]
        }
        var fixture = try ControllingFixture(groups: groups([bruno]))
        fixture.affiliate("anna", "carla")
        _ = fixture.publish(bruno, groups: [ControllingFixture.fireID, other])
        let request = fixture.invitation(anna)
        for invitation in fixture.receive(request).sent(.invite) {
            let isBruno = invitation.information?.requestURI == bruno.value
            _ = fixture.answer(invitation, isBruno ? 486 : 200)
        }
        #expect(try fixture.replaceGroups(groups([])).sent(.invite).isEmpty)
    }

    @Test func whoAffiliatesDuringTheCallIsInvited() throws {
        var (fixture, _) = try running()
        let actions = fixture.publish(ControllingFixture.luc, groups: [ControllingFixture.fireID])
        let invitation = try #require(actions.sent(.invite).first)
        #expect(invitation.request.uri.description == "sip:mcptt-participating@fr.example")
        #expect(invitation.information?.requestURI == ControllingFixture.luc.value)
        #expect(fixture.answer(invitation, 200).commands.names == ["connectLeg", "join"])
    }

    // MARK: Address families

    private func bothFamilies() throws -> ControllingFixture {
        var fixture = try ControllingFixture(access: [ControllingFixture.ports, ControllingFixture.sixPorts])
        fixture.affiliate("anna", "bruno")
        return fixture
    }

    @Test func aMemberThatHasOnlyIPv6IsInvitedAgainInItAndTheNextTimeAtOnce() throws {
        var fixture = try bothFamilies()
        let request = fixture.invitation(anna)
        let first = try #require(fixture.receive(request).sent(.invite).first)
        #expect(first.offer?.audio == ControllingFixture.ports.audio)
        let refused = fixture.answer(first, 488)
        let second = try #require(refused.sent(.invite).first)
        #expect(second.offer?.audio == ControllingFixture.sixPorts.audio)
        #expect(second.offer?.floor == ControllingFixture.sixPorts.floor)
        let six = SocketAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 9), port: 6_000)
        let joined = fixture.answer(second, 200, sdp: ControllingFixture.answer(to: second.request, audio: six))
        #expect(joined.verdict == [200])
        let remotes = joined.commands.compactMap {
            if case .connectLeg(_, let remote) = $0 { remote.audio } else { nil }
        }
        #expect(remotes == [six])
        #expect(fixture.receive(fixture.bye(second)).isReleasing)
        let again = fixture.invitation(anna)
        let next = try #require(fixture.receive(again).sent(.invite).first)
        #expect(next.offer?.audio == ControllingFixture.sixPorts.audio)
    }

    @Test func aMemberThatAnswersFromIPv6IsInvitedAgainInIt() throws {
        var fixture = try bothFamilies()
        let request = fixture.invitation(anna)
        let first = try #require(fixture.receive(request).sent(.invite).first)
        let six = SocketAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 9), port: 6_000)
        let answered = fixture.answer(first, 200, sdp: ControllingFixture.answer(to: first.request, audio: six))
        #expect(answered.sent(.bye).count == 1)
        #expect(answered.sent(.invite).first?.offer?.audio == ControllingFixture.sixPorts.audio)
    }

    @Test func whoRefusesBothFamiliesIsNotInvitedAThirdTime() throws {
        var fixture = try bothFamilies()
        let request = fixture.invitation(anna)
        let first = try #require(fixture.receive(request).sent(.invite).first)
        let second = try #require(fixture.answer(first, 488).sent(.invite).first)
        let last = fixture.answer(second, 488)
        #expect(last.sent(.invite).isEmpty)
        #expect(last.verdict == [200])
        #expect(last.commands.joined.map(\.mcpttID) == [anna])
    }

    @Test func twoClientsOfAUserHaveALegEach() throws {
        var fixture = try ControllingFixture()
        fixture.affiliate("anna", "bruno")
        _ = fixture.publish(bruno, "tablet", groups: [ControllingFixture.fireID])
        let request = fixture.invitation(anna)
        let invitations = fixture.receive(request).sent(.invite)
        #expect(invitations.map { $0.information?.clientID?.value } == ["phone", "tablet"])
        #expect(Set(invitations.map { $0.offer?.floorParameters.floorSSRC }).count == 2)
    }

    @Test func aPlainTelephoneOnlyListens() throws {
        var (fixture, actions) = try ringing(affiliated: ["anna", "bruno"])
        let invitation = try #require(actions.sent(.invite).first)
        actions = fixture.answer(
            invitation, 200, sdp: ControllingFixture.answer(to: invitation.request, floor: false))
        let joined = actions.commands.joined
        #expect(joined.map(\.isReceiveOnly) == [false, true])
        let remote = actions.commands.compactMap { if case .connectLeg(_, let remote) = $0 { remote } else { nil } }
        #expect(remote.map(\.floor) == [nil])
    }

    @Test func aLargeGroupIsInvitedWholeAndInOrder() throws {
        let names = (0..<400).map { "u\($0 + 100)" }
        var fixture = try ControllingFixture(groups: [
            ControllingFixture.fire { group in
                group.setMembers((["anna"] + names).map { Member(mcpttID: ControllingFixture.id($0)) })
            }
        ])
        for name in ["anna"] + names { fixture.affiliate(name) }
        let request = fixture.invitation(anna)
        let invitations = fixture.receive(request).sent(.invite)
        #expect(invitations.map { $0.information?.requestURI } == names.map { ControllingFixture.id($0).value })
        var last: [FunctionAction] = []
        for invitation in invitations { last = fixture.answer(invitation, 200) }
        #expect(last.verdict == [200])
        #expect(last.commands.joined.count == 401)
    }

    // MARK: Release

    @Test func theHangTimeOfFloorControlEndsTheCallForAll() throws {
        var (fixture, actions) = try ringing(affiliated: ["anna"])
        guard case .openCall(let media, let floor)? = actions.commands.first else {
            Issue.record("no call opened")
            return
        }
        #expect(floor.timers.inactivity == .seconds(30))
        #expect(floor.groupID == ControllingFixture.fireID)
        actions = fixture.handle(.media(.callInactive(media)))
        #expect(actions.commands.names == ["closeCall", "closeLeg"])
        #expect(actions.notes("call.released").first?.fields.contains { $0.value == "inactivity" } == true)
        // A late event of the media cell about a call that is gone does nothing.
        #expect(fixture.handle(.media(.callInactive(media))).isEmpty)
    }

    @Test func theLastOneLeftIsReleased() throws {
        var (fixture, sessions) = try running()
        let first = fixture.receive(fixture.bye(sessions[0]))
        #expect(first.verdict == [200])
        #expect(first.commands.names == ["leave", "closeLeg"])
        let second = fixture.receive(fixture.bye(sessions[1]))
        #expect(second.isReleasing)
        #expect(second.commands.names == ["leave", "closeLeg", "closeCall", "closeLeg"])
    }

    /// anna and bruno are in, carla has just been invited and bruno leaves.
    private func waitingForCarla() throws -> (fixture: ControllingFixture, invitation: SentRequest) {
        var settings = ControllingSettings()
        settings.ringLimit = .seconds(20)
        var fixture = try ControllingFixture(settings: settings)
        fixture.affiliate("anna", "bruno")
        let request = fixture.invitation(anna)
        let first = try #require(fixture.receive(request).sent(.invite).first)
        #expect(fixture.answer(first, 200).verdict == [200])
        let second = try #require(
            fixture.publish(carla, groups: [ControllingFixture.fireID]).sent(.invite).first)
        #expect(!fixture.receive(fixture.bye(first)).isReleasing)
        return (fixture, second)
    }

    @Test func theLastOneLeftIsReleasedWhenTheLastInvitedRefuses() throws {
        var (fixture, invitation) = try waitingForCarla()
        #expect(fixture.answer(invitation, 486).isReleasing)
    }

    @Test func theLastOneLeftIsReleasedWhenTheLastInvitedRingsOver() throws {
        var (fixture, _) = try waitingForCarla()
        let before = fixture.wait(.seconds(19)).isReleasing
        let after = fixture.wait(.seconds(1)).isReleasing
        #expect(!before)
        #expect(after)
    }

    @Test func theLastOneLeftIsReleasedWhenTheLastInvitedAnswersWithoutSpeech() throws {
        var (fixture, invitation) = try waitingForCarla()
        #expect(fixture.answer(invitation, 200, sdp: Array("v=0".utf8)).isReleasing)
    }

    @Test func whomNobodyHasJoinedYetKeepsHisCallWhenALateOneRefuses() throws {
        var (fixture, actions) = try ringing(affiliated: ["anna"])
        #expect(actions.verdict == [200])
        let late = try #require(fixture.publish(bruno, groups: [ControllingFixture.fireID]).sent(.invite).first)
        actions = fixture.answer(late, 486)
        #expect(!actions.isReleasing)
        #expect(fixture.function.population.calls == 1)
    }

    @Test func twoClientsOfOneUserAreOneUser() throws {
        var fixture = try ControllingFixture(groups: [ControllingFixture.fire { $0.minimumToStart = 2 }])
        fixture.affiliate("anna", "bruno")
        _ = fixture.publish(anna, "tablet", groups: [ControllingFixture.fireID])
        let request = fixture.invitation(anna)
        let invitations = fixture.receive(request).sent(.invite)
        let tablet = try #require(invitations.first { $0.information?.clientID?.value == "tablet" })
        let other = try #require(invitations.first { $0.information?.requestURI == bruno.value })
        #expect(fixture.answer(tablet, 200).responses.isEmpty)
        #expect(fixture.answer(other, 200).verdict == [200])
        // bruno leaves: anna is alone with herself.
        #expect(fixture.receive(fixture.bye(other)).isReleasing)
    }

    /// Who lost his connection or his right has not asked for it (TS 24.379 6.3.8.1).
    @Test(arguments: [
        (true, "SIP;cause=200;text=\"User requested release\"", true),
        (true, "sip ; cause=200 ; TEXT=\"user requested release\"", true),
        (false, "SIP;cause=200;text=\"User requested release\"", false),
        (true, "SIP;cause=408;text=\"Request Timeout\"", false),
        (true, "SIP;cause=403;text=\"right withdrawn\"", false), (true, nil, false),
    ])
    func theInitiatorsWishEndsTheCallWhereTheGroupSaysSo(policy: Bool, reason: String?, isEnding: Bool) throws {
        var (fixture, actions) = try ringing { $0.release.whenInitiatorLeaves = policy }
        for invitation in actions.sent(.invite) { actions = fixture.answer(invitation, 200) }
        let response = try #require(actions.responses.first)
        var bye = fixture.fresh(.bye, to: "sip:mcptt-controlling-group@it.example")
        bye.headers.set(.from, response.headers[.from] ?? "")
        bye.headers.set(.to, response.headers[.to] ?? "")
        bye.headers.set(.callID, response.headers.callID ?? "")
        bye.headers.set(.cseq, "2 BYE")
        if let reason { bye.headers.set(.reason, reason) }
        let left = fixture.receive(bye)
        #expect(left.isReleasing == isEnding)
        #expect(left.sent(.bye).count == (isEnding ? 2 : 0))
    }

    @Test func anInvitationNamesSomebodyWhoIsInTheCall() throws {
        var (fixture, actions) = try ringing()
        for invitation in actions.sent(.invite) { actions = fixture.answer(invitation, 200) }
        let response = try #require(actions.responses.first)
        var bye = fixture.fresh(.bye, to: "sip:mcptt-controlling-group@it.example")
        bye.headers.set(.from, response.headers[.from] ?? "")
        bye.headers.set(.to, response.headers[.to] ?? "")
        bye.headers.set(.callID, response.headers.callID ?? "")
        bye.headers.set(.cseq, "2 BYE")
        _ = fixture.receive(bye)
        let late = fixture.publish(ControllingFixture.luc, groups: [ControllingFixture.fireID])
        #expect(late.sent(.invite).first?.information?.callingUserID == bruno)
    }

    @Test func TNG3EndsTheCall() throws {
        var (fixture, _) = try running { $0.maximumDuration = .seconds(60) }
        #expect(!fixture.wait(.seconds(59)).isReleasing)
        let ended = fixture.wait(.seconds(2))
        #expect(ended.isReleasing)
        #expect(ended.sent(.bye).count == 2)
        #expect(ended.sent(.bye)[0].request.headers[.reason]?.contains("maximum duration") == true)
    }

    @Test func aMemberWhoDeaffiliatesLeavesTheCall() throws {
        var (fixture, _) = try running()
        let actions = fixture.publish(bruno, groups: [], expires: "0")
        #expect(actions.verdict == [200])
        #expect(actions.sent(.bye).count == 1)
        #expect(actions.commands.names == ["leave", "closeLeg"])
    }

    @Test(arguments: [false, true])
    func whoIsTakenOutOfTheGroupLeavesItsCallAndIsNotCalledAgain(isMadeAnew: Bool) throws {
        var (fixture, _) = try running()
        let smaller = ControllingFixture.fire { group in group.setMembers(group.members.filter { $0.mcpttID != bruno })
        }
        let actions = try isMadeAnew ? fixture.replaceGroupsAnew([smaller]) : fixture.replaceGroups([smaller])
        #expect(actions.sent(.bye).count == 1)
        #expect(actions.commands.names == ["leave", "closeLeg"])
        #expect(try fixture.replaceGroups([ControllingFixture.fire()]).isEmpty)
    }

    @Test func aGroupThatIsDisabledLosesItsCall() throws {
        var (fixture, _) = try running()
        let actions = try fixture.replaceGroups([ControllingFixture.fire { $0.isEnabled = false }])
        #expect(actions.isReleasing)
        #expect(actions.sent(.bye).count == 2)
    }

    @Test func anotherGroupsChangeConcernsNoCall() throws {
        var (fixture, _) = try running()
        let other = Group(id: MCPTTGroupID("sip:other@it.example"), kind: .chat, members: [])
        #expect(try fixture.replaceGroups([ControllingFixture.fire(), other]).isEmpty)
        #expect(try fixture.replaceGroups([other]).isReleasing)
    }

    // MARK: Partners

    @Test func aLostPartnersMembersGoAndTheCallStays() throws {
        var fixture = try ControllingFixture()
        _ = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "one")))
        fixture.affiliate("anna", "bruno")
        _ = fixture.publish(ControllingFixture.luc, groups: [ControllingFixture.fireID])
        let request = fixture.invitation(anna)
        for invitation in fixture.receive(request).sent(.invite) { _ = fixture.answer(invitation, 200) }
        let lost = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .lost))
        #expect(lost.commands.names == ["leave", "closeLeg"])
        #expect(!lost.isReleasing)
        // Not called while it is away, though still affiliated.
        #expect(fixture.publish(ControllingFixture.luc, groups: [ControllingFixture.fireID]).sent(.invite).isEmpty)
        _ = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "two")))
        let back = fixture.publish(ControllingFixture.luc, groups: [ControllingFixture.fireID])
        #expect(back.sent(.invite).count == 1)
        #expect(back.notes("affiliation.changed").count == 1)
    }

    @Test func aPartnerThatDidNotNoticeItsLossIsInvitedAgainWithoutHavingPublished() throws {
        var fixture = try ControllingFixture()
        let france = MCSystemID("fr")
        _ = fixture.handle(.partnerStateChanged(france, .reachable(epoch: "one")))
        fixture.affiliate("anna", "bruno")
        _ = fixture.publish(ControllingFixture.luc, groups: [ControllingFixture.fireID])
        let request = fixture.invitation(anna)
        for invitation in fixture.receive(request).sent(.invite) { _ = fixture.answer(invitation, 200) }
        _ = fixture.handle(.partnerStateChanged(france, .lost))
        let back = fixture.handle(.partnerStateChanged(france, .reachable(epoch: "one")))
        #expect(back.sent(.invite).map { $0.information?.requestURI } == [ControllingFixture.luc.value])
        // Not a second time while he is being called.
        #expect(fixture.handle(.partnerStateChanged(france, .reachable(epoch: "one"))).sent(.invite).isEmpty)
    }

    @Test func aMediaCellThatRefusesALegCostsTheParticipantNotTheCall() throws {
        var (fixture, actions) = try ringing()
        var legs: [LegID] = []
        for command in actions.commands { if case .openLeg(let leg, _, _) = command { legs.append(leg) } }
        for invitation in actions.sent(.invite) { actions = fixture.answer(invitation, 200) }
        let refused = fixture.handle(.media(.legRefused(legs[1], .ambiguous)))
        #expect(refused.sent(.bye).count == 1)
        #expect(refused.commands.names == ["leave", "closeLeg"])
    }
}

extension ControllingFixture {
    /// BYE of a callee inside the dialog that an INVITE of the function began.
    mutating func bye(_ sent: SentRequest) -> SIPRequest {
        var request = fresh(.bye, to: "sip:mcptt-controlling-group@it.example")
        request.headers.set(.from, "<\(sent.request.uri)>;tag=callee\(sent.id.value)")
        request.headers.set(.to, sent.request.headers[.from] ?? "")
        request.headers.set(.callID, sent.request.headers.callID ?? "")
        return request
    }
}

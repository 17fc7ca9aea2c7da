import CallControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SIP
import SIPUserAgent
import Testing

/// Calls of a client: each check of TS 24.379 10.1.1.3.1 with a request that fails it and all later ones, then what is
/// sent on.
@Suite struct OriginatingTests {
    private static let nowhere = MCPTTGroupID("sip:fire@nowhere.example")

    private func verdict(
        binds: Bool = true, group: MCPTTGroupID = nowhere, type: MCPTTSessionType = .prearranged,
        client: String? = "urn:uuid:1", _ change: (inout User, inout Partner) -> Void
    ) throws -> [Int] {
        var fixture = try ParticipatingFixture(binds: binds, change)
        let request = fixture.call(group, type: type, client: client)
        let actions = fixture.receive(request)
        #expect(actions.sent(.invite).isEmpty)
        return actions.verdict
    }

    @Test func anUnknownIdentityIs404With141() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.call(Self.nowhere)
        let stranger = RequestOrigin.user(PublicUserIdentity("sip:ims-zeno@it.example"), FlowID(9))
        #expect(fixture.receive(request, from: stranger).verdict == [404, 141])
    }

    @Test func aClientWithoutServiceSettingsIs404With141BeforeAnyRightIsLookedAt() throws {
        #expect(
            try verdict(binds: false) { user, _ in
                user.rights.mayCallPrearrangedGroups = false
                user.maxima.groupCallsN6 = 0
            } == [404, 141])
    }

    @Test func aClientThatIsNotTheUsersIs404With141() throws {
        #expect(try verdict(client: "urn:uuid:other") { _, _ in } == [404, 141])
    }

    @Test func whoMayNotJoinChatGroupsGets403With106() throws {
        #expect(
            try verdict(type: .chat) { user, _ in
                user.rights.mayJoinChatGroups = false
                user.rights.mayCallChatGroups = false
                user.maxima.groupCallsN6 = 0
            } == [403, 106])
    }

    @Test func whoMayNotMakeChatCallsGets403With108() throws {
        #expect(
            try verdict(type: .chat) { user, _ in
                user.rights.mayCallChatGroups = false
                user.maxima.groupCallsN6 = 0
            } == [403, 108])
    }

    @Test func whoMayNotMakePrearrangedCallsGets403With109() throws {
        #expect(
            try verdict { user, _ in
                user.rights.mayCallPrearrangedGroups = false
                user.maxima.groupCallsN6 = 0
            } == [403, 109])
    }

    @Test func tooManyCallsAre486With103() throws {
        #expect(try verdict { user, _ in user.maxima.groupCallsN6 = 0 } == [486, 103])
        #expect(try verdict { user, _ in user.maxima.groupCallsPerClientN4 = 0 } == [486, 103])
    }

    @Test func aGroupOfNoKnownSystemIs404With142() throws {
        #expect(try verdict { _, _ in } == [404, 142])
    }

    @Test func aRefusedEmergencySaysSoInItsBody() throws {
        var fixture = try ParticipatingFixture { user, _ in user.rights.mayCallInEmergency = false }
        let request = fixture.call(emergency: true)
        let actions = fixture.receive(request)
        #expect(actions.verdict == [403])
        let body = try #require(actions.responses[0].part(MIMEType.mcpttInfo)).body
        #expect(try MCPTTInfo(parsing: body).emergencyIndicator == false)
    }

    @Test func aFocusDoesNotCallAsAClient() throws {
        var fixture = try ParticipatingFixture(binds: false)
        let request = fixture.call {
            $0.headers.set(.contact, "<sip:device@10.0.0.1>;+g.3gpp.mcptt;isfocus")
        }
        #expect(fixture.receive(request).verdict == [403, 128])
    }

    @Test(
        arguments: [
            (nil, "mcpttp.1", false), ("e", "mcpttp.15", true), ("i", "mcpttp.8", true), ("i", "mcpttp.9", false),
            (nil, "mcpttp.0", true), (nil, "ets.0, mcpttq.15", false), (nil, "mcpttp.x", false), (nil, "ets.0", true),
        ] as [(String?, String, Bool)])
    func aClientHasNoMorePriorityThanItsTier(tier: String?, header: String, isAllowed: Bool) throws {
        var fixture = try ParticipatingFixture()
        var request = fixture.call(emergency: tier == "e" ? true : nil) {
            $0.headers.append(.resourcePriority, header)
        }
        if tier == "i" {
            var body = try CallBody(reading: request)
            body.information?.imminentPerilIndicator = true
            request.body = body.write(into: &request.headers)
        }
        let actions = fixture.receive(request)
        #expect(actions.sent(.invite).isEmpty != isAllowed)
        if !isAllowed { #expect(actions.verdict == [403]) }
    }

    @Test func indicatorsThatExcludeEachOtherAre403With150() throws {
        for change in [
            {
                $0.emergencyIndicator = true
                $0.imminentPerilIndicator = true
            }, { $0.alertIndicator = true },
        ] as [(inout MCPTTInfo) -> Void] {
            var fixture = try ParticipatingFixture()
            var request = fixture.call()
            var body = try CallBody(reading: request)
            var information = try #require(body.information)
            change(&information)
            body.information = information
            request.body = body.write(into: &request.headers)
            #expect(fixture.receive(request).verdict == [403, 150])
        }
    }

    @Test func theCallThatIsJoinedAgainDoesNotCountAsAnother() throws {
        var fixture = try ParticipatingFixture { user, _ in
            user.maxima.groupCallsN6 = 1
            user.maxima.groupCallsPerClientN4 = 1
        }
        let request = fixture.call()
        let out = try #require(fixture.receive(request).sent(.invite).first)
        let accepted = fixture.answer(out, 200, body: Array("v=0".utf8))
        let identity = try #require(accepted.responses.first?.headers.contacts.first?.uri)
        let again = fixture.call(to: identity.description)
        #expect(fixture.receive(again).sent(.invite).count == 1)
        let other = fixture.call(ParticipatingFixture.french)
        #expect(fixture.receive(other).verdict == [486, 103])
    }

    @Test func aCallThatWouldAffiliateBeyondN2Is486With102() throws {
        var fixture = try ParticipatingFixture { user, _ in user.maxima.affiliationsN2 = 1 }
        _ = fixture.affiliate([ParticipatingFixture.fire])
        for request in [
            fixture.call(ParticipatingFixture.chat, type: .chat),
            fixture.call(ParticipatingFixture.french, emergency: true),
        ] {
            let actions = fixture.receive(request)
            #expect(actions.verdict == [486, 102])
            #expect(actions.sent(.invite).isEmpty)
        }
        let known = fixture.call(ParticipatingFixture.fire, emergency: true)
        #expect(fixture.receive(known).sent(.invite).count == 1)
    }

    @Test func anOwnerThatRingsForEverIsGivenUp() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.call()
        let out = try #require(fixture.receive(request).sent(.invite).first)
        _ = fixture.answer(out, 180)
        let over = fixture.wait(.seconds(180))
        #expect(over.responses.map(\.status) == [408])
        #expect(over.cancelled == 1)
    }

    // MARK: Inside the dialog

    /// anna's call stands; her client says `information` in it.
    private func saying(
        _ method: Method, _ information: MCPTTInfo, _ change: (inout User, inout Partner) -> Void = { _, _ in }
    ) throws -> [FunctionAction] {
        var fixture = try ParticipatingFixture(change)
        return try saying(method, information, &fixture)
    }

    private func saying(
        _ method: Method, _ information: MCPTTInfo, _ fixture: inout ParticipatingFixture
    ) throws -> [FunctionAction] {
        let second = BodyPart(type: MIMEType.mcpttInfo, body: MCPTTInfo().serialized())
        let inside = fixture.inCall(method, information, [second])
        return fixture.receive(inside)
    }

    @Test(arguments: [Method.info, .invite])
    func inACallAClientIsWhoItIsAndItsTokenStays(method: Method) throws {
        var information = MCPTTInfo(callingUserID: MCPTTID("sip:bruno@it.example"))
        information.clientID = MCPTTClientID("urn:uuid:another")
        information.accessToken = "secret"
        let carried = try #require(try saying(method, information).sent(method).first)
        #expect(carried.information?.callingUserID == ParticipatingFixture.anna)
        #expect(carried.information?.clientID == MCPTTClientID("urn:uuid:1"))
        #expect(carried.information?.accessToken == nil)
        #expect(carried.request.parts.count == 2)
        #expect(carried.request.part(MIMEType.sessionDescription)?.body == ParticipatingFixture.offer)
    }

    @Test(arguments: [200, 488])
    func aReinviteThatMovesMediaIsCarriedAndItsAnswerComesBack(status: Int) throws {
        var fixture = try ParticipatingFixture()
        let carried = try #require(try saying(.invite, MCPTTInfo(), &fixture).sent(.invite).first)
        let moved = Array("v=0 moved".utf8)
        let back = fixture.answer(carried, status, body: status == 200 ? moved : [])
        #expect(back.verdict == [status])
        #expect(back.responses.first?.body == (status == 200 ? moved : []))
    }

    @Test func inACallAClientMayNotMoreThanItsUser() throws {
        let actions = try saying(.invite, MCPTTInfo(emergencyIndicator: true)) { user, _ in
            user.rights.mayCallInEmergency = false
        }
        #expect(actions.verdict == [403])
        #expect(actions.sent(.invite).isEmpty)
        let body = try #require(actions.responses[0].part(MIMEType.mcpttInfo)).body
        #expect(try MCPTTInfo(parsing: body).emergencyIndicator == false)
    }

    @Test func otherKindsOfCallAre403With100() throws {
        #expect(try verdict(type: .privateCall) { _, _ in } == [403, 100])
    }

    @Test func aLoopEndsWith483() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.call { $0.headers.set(.maxForwards, "0") }
        #expect(fixture.receive(request).verdict == [483])
    }

    @Test func theCallGoesToTheOwnerOfTheGroupWithWhoCalls() throws {
        var fixture = try ParticipatingFixture()
        for (group, target) in [
            (ParticipatingFixture.fire, "sip:mcptt-controlling-group@it.example"),
            (ParticipatingFixture.french, "sip:mcptt-controlling-group@fr.example"),
        ] {
            let request = fixture.call(group)
            let out = try #require(fixture.receive(request).sent(.invite).first)
            #expect(out.request.uri.description == target)
            #expect(out.information?.callingUserID == ParticipatingFixture.anna)
            #expect(out.information?.requestURI == group.value)
            #expect(out.information?.clientID?.value == "urn:uuid:1")
            #expect(out.request.part(MIMEType.sessionDescription)?.body == ParticipatingFixture.offer)
            let headers = out.request.headers
            #expect(headers[.pAssertedService] == ServiceHeaders.serviceIdentifier)
            #expect(headers[.pAssertedIdentity] == "<sip:mcptt-participating@it.example>")
            #expect(headers.values(.acceptContact) == ServiceHeaders.acceptContact)
            #expect(headers[.sessionExpires] == "1800")
            #expect(headers[.maxForwards] == "69")
            #expect(!headers.has(.answerMode))
            #expect(!headers.has(.pPreferredService))
            #expect(headers[.from]?.contains("ims-anna") == false)
        }
    }

    @Test func aClientThatDoesNotNameItselfIsKnownByItsFlow() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.call(client: nil)
        #expect(fixture.receive(request).sent(.invite).first?.information?.clientID?.value == "urn:uuid:1")
    }

    @Test func theAnswerComesBackUnderASessionIdentityOfOurs() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.call()
        let out = try #require(fixture.receive(request).sent(.invite).first)
        let ringing = fixture.answer(out, 180)
        #expect(ringing.responses.map(\.status) == [180])
        let answered = fixture.answer(out, 200, body: Array("v=0 answer".utf8)) {
            $0.headers.append(.warning, MCPTTWarning.sessionAlreadyExists.headerValue(agent: "it.example"))
        }
        #expect(answered.verdict == [200, 123])
        let response = answered.responses[0]
        #expect(response.body == Array("v=0 answer".utf8))
        #expect(ServiceHeaders.isFocus(response.headers))
        let contact = try #require(response.headers.contacts.first?.uri)
        #expect(contact.user == "mcptt-participating")
        let rejoin = fixture.call(to: contact.description)
        let again = try #require(fixture.receive(rejoin).sent(.invite).first)
        #expect(again.request.uri.description == "sip:mcptt-controlling-group@it.example;gr=abc")
    }

    @Test func aRefusalComesBackWithItsWarning() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.call()
        let out = try #require(fixture.receive(request).sent(.invite).first)
        let refused = fixture.answer(out, 403) {
            $0.headers.append(.warning, MCPTTWarning.notAffiliated.headerValue(agent: "it.example"))
        }
        #expect(refused.verdict == [403, 120])
        // The place is free again.
        let next = fixture.call()
        #expect(fixture.receive(next).sent(.invite).count == 1)
    }

    @Test func callsOfAPartnerThatStartedAnewEndToo() throws {
        var fixture = try ParticipatingFixture()
        _ = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "one")))
        let foreign = fixture.call(ParticipatingFixture.french)
        let out = try #require(fixture.receive(foreign).sent(.invite).first)
        _ = fixture.answer(out, 200, body: [0])
        #expect(fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "one"))).sent(.bye).isEmpty)
        #expect(fixture.handle(.partnerStateChanged(MCSystemID("fr"), .reachable(epoch: "two"))).sent(.bye).count == 1)
    }

    @Test func callsOfALostPartnerEndForItsUsersAndThoseAtHomeGoOn() throws {
        var fixture = try ParticipatingFixture()
        let foreign = fixture.call(ParticipatingFixture.french)
        let away = try #require(fixture.receive(foreign).sent(.invite).first)
        _ = fixture.answer(away, 200, body: [0])
        let home = fixture.call()
        let out = try #require(fixture.receive(home).sent(.invite).first)
        _ = fixture.answer(out, 200, body: [0])
        let actions = fixture.handle(.partnerStateChanged(MCSystemID("fr"), .lost))
        #expect(actions.sent(.bye).map { $0.request.headers.callID } == [away.request.headers.callID])
    }

    /// Rights and maxima go by kind and group, also of a call that is rejoined by its session identity.
    @Test func whoRejoinsSaysIntoWhatAndNeedsTheRightToIt() throws {
        var fixture = try ParticipatingFixture { user, _ in user.rights.mayCallPrearrangedGroups = false }
        let session = try #require(SIPURI("sip:mcptt-controlling-group@it.example;gr=abc"))
        let identity =
            "sip:mcptt-participating@it.example;gr=" + (try #require(SessionIdentity.token(standingFor: session)))
        let untyped = fixture.call(type: nil, to: identity)
        #expect(fixture.receive(untyped).verdict == [403, 100])
        let prearranged = fixture.call(to: identity)
        #expect(fixture.receive(prearranged).verdict == [403, 109])
        let nameless = fixture.call(nil, type: .chat, to: identity)
        #expect(fixture.receive(nameless).verdict == [403, 150])
        let chat = fixture.call(ParticipatingFixture.chat, type: .chat, to: identity)
        #expect(fixture.receive(chat).sent(.invite).count == 1)
    }

    @Test func whatAClientSaysOfTheGroupIntoWhichItIsCalledCountsNothing() throws {
        var fixture = try ParticipatingFixture { user, _ in user.rights.mayCallInEmergency = false }
        var request = fixture.call(emergency: true)
        var body = try CallBody(reading: request)
        body.information?.callingGroupID = ParticipatingFixture.chat
        request.body = body.write(into: &request.headers)
        let refused = try #require(fixture.receive(request).notes("call.refused").first)
        #expect(refused.value("group") == ParticipatingFixture.fire.value)
        var normal = fixture.call()
        body.information?.emergencyIndicator = nil
        normal.body = body.write(into: &normal.headers)
        let out = try #require(fixture.receive(normal).sent(.invite).first)
        #expect(out.information?.callingGroupID == nil)
    }
}

import CallControl
import MCDocuments
import MCFoundation
import MCGateway
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// What a partner tries in order to get past the rules of the border.
@Suite struct RulesTests {
    private static let anna = MCPTTID("sip:anna@mc.it.example")
    private static let denis = MCPTTID("sip:denis@mc.fr.example")

    /// A request that opens a dialog.
    private static func message(
        _ method: Method, to uri: String, from: String, information: MCPTTInfo?, speech: SpeechOffer? = nil,
        callID: String
    ) -> SIPRequest {
        var request = Border.message(
            method, to: uri, from: from, information: information, speech: speech, callID: callID)
        request.headers.append(.contact, "<sip:mcptt-gateway@fr.example;gr=m>")
        return request
    }

    private func refusal(
        _ request: SIPRequest, from origin: RequestOrigin = Border.abroad, agreement: Agreement = Agreement()
    ) throws -> [Int] {
        var border = try Border(agreement: agreement)
        border.reach()
        let (_, actions) = border.request(request, from: origin)
        #expect(actions.sent(.invite) == nil)
        #expect(actions.media.isEmpty)
        guard let final = actions.finals.first else { return [] }
        return [final.status] + MCPTTWarning.codes(in: final.headers)
    }

    private func entering(_ change: (inout MCPTTInfo) -> Void) throws -> SIPRequest {
        var request = Border.enteringInvitation()
        var body = try CallBody(reading: request)
        var information = try #require(body.information)
        change(&information)
        body.information = information
        request.body = body.write(into: &request.headers)
        return request
    }

    @Test func whoLeavesOutWhomACallConcernsEscapesNothing() throws {
        var closed = Agreement()
        closed.groupsUsed = .none
        closed.usersAdmitted = .none
        for (change, expected) in [
            ({ $0.callingGroupID = nil }, [403, 150]),
            ({ $0.callingUserID = nil }, [403, 150]),
            ({ $0.requestURI = nil }, [403, 150]),
            ({ $0.sessionType = nil }, [403, 150]),
            ({ $0.sessionType = .privateCall }, [403, 180]),
            ({ $0.sessionType = .ambientListening }, [403, 180]),
        ] as [((inout MCPTTInfo) -> Void, [Int])] {
            #expect(try refusal(try entering(change), agreement: closed) == expected)
        }
    }

    @Test func aCallToTheControllingFunctionNamesCallerGroupAndKind() throws {
        func call(_ change: (inout MCPTTInfo) -> Void) -> SIPRequest {
            var information = MCPTTInfo(
                sessionType: .prearranged, requestURI: Border.fire.value, callingUserID: Self.denis)
            change(&information)
            return Self.message(
                .invite, to: "sip:mcptt-controlling-group@it.example", from: "sip:mcptt-participating@fr.example",
                information: information, speech: Border.speech(Border.outsideSDP, ssrc: 1), callID: "call")
        }
        #expect(try refusal(call { $0.callingUserID = nil }) == [403, 150])
        #expect(try refusal(call { $0.requestURI = nil }) == [403, 150])
        #expect(try refusal(call { $0.sessionType = nil }) == [403, 150])
        #expect(try refusal(call { $0.sessionType = .adHoc }) == [403, 180])
        #expect(try refusal(call { $0.callingUserID = Self.anna }) == [403, 180])
    }

    @Test func aPartnerSpeaksForWhatIsRoutedToItByItself() throws {
        let joint = MCPTTGroupID("sip:alps@joint.example")
        let invitation = Border.enteringInvitation(group: joint)
        #expect(try refusal(invitation) == [403, 180])
        var border = try Border(partner: { $0.exceptions.groups = [joint] })
        border.reach()
        let (_, actions) = border.request(invitation, from: Border.abroad)
        #expect(actions.sent(.invite) != nil)
    }

    @Test func ofTwoInformationPartsNoneIsBelieved() throws {
        var request = Border.enteringInvitation()
        let other = MCPTTInfo(
            sessionType: .prearranged, requestURI: Self.anna.value, callingUserID: Self.anna,
            callingGroupID: Border.fire)
        let parts =
            request.parts + [
                BodyPart(
                    contentType: ContentType("application", "vnd.3gpp.mcptt-info+xml"),
                    body: other.serialized())
            ]
        request.setBody(parts, boundary: "two")
        #expect(try refusal(request) == [403, 150])
    }

    @Test func aPRACKWithABodyIsAnsweredAndHarmsNobody() throws {
        var border = try Border()
        border.reach()
        var invitation = Border.enteringInvitation()
        invitation.headers.append(.require, "100rel")
        let (_, first) = border.request(invitation, from: Border.abroad)
        let (inside, id) = try #require(first.sent(.invite))
        let ringing = border.tell(.sip(.response(inside.response(180, toTag: "t"), id)))
        let provisional = try #require(ringing.answers.first { $0.status == 180 })
        var prack = Border.enteringInvitation()
        prack.method = .prack
        prack.headers.set(.cseq, "2 PRACK")
        prack.headers.set(.to, provisional.headers[.to] ?? "")
        prack.headers.append(.rack, "\(provisional.headers[.rseq] ?? "") 1 INVITE")
        let (_, actions) = border.request(prack, from: Border.abroad)
        #expect(actions.finals.map(\.status) == [488])
        #expect(border.gateway.sessionCount == 1)
    }

    @Test func ofOurOwnUsersAPartnerClaimsOnlyThoseWhoAreInItsCall() throws {
        var border = try Border()
        border.reach()
        func claim(_ number: Int) throws -> SIPRequest {
            var request = try entering {
                $0.callingUserID = Self.anna
                $0.requestURI = "sip:bruno@mc.it.example"
            }
            request.headers.set(.callID, "claim\(number)")
            return request
        }
        let (_, refused) = border.request(try claim(1), from: Border.abroad)
        #expect(refused.finals.map(\.status) == [403])
        #expect(refused.finals.first.map { MCPTTWarning.codes(in: $0.headers) } == [180])
        // Anna calls France's group: now she may be named.
        let call = Self.message(
            .invite, to: "sip:mcptt-controlling-group@fr.example", from: "sip:mcptt-participating@it.example",
            information: MCPTTInfo(
                sessionType: .prearranged, requestURI: Border.pompiers.value, callingUserID: Self.anna),
            speech: Border.speech(Border.insideSDP, ssrc: 2), callID: "anna")
        let (_, first) = border.request(call, from: .system)
        let (out, id) = try #require(first.sent(.invite))
        let (_, named) = border.request(try claim(2), from: Border.abroad)
        #expect(named.sent(.invite) != nil)
        // And for a while after she left, as an invitation may be on its way.
        _ = border.tell(.sip(.response(out.response(480, toTag: "r"), id)))
        let (_, late) = border.request(try claim(3), from: Border.abroad)
        #expect(late.sent(.invite) != nil)
        border.now.instant = border.now.instant + .seconds(33)
        let (_, over) = border.request(try claim(4), from: Border.abroad)
        #expect(over.sent(.invite) == nil)
    }

    @Test func aBodyThatCannotBeLookedIntoDoesNotCross() throws {
        var nested = Border.enteringInvitation()
        nested.setBody(
            nested.parts + [BodyPart(contentType: ContentType("multipart", "mixed"), body: Array("--x".utf8))],
            boundary: "outer")
        #expect(try refusal(nested) == [400])
        var untyped = Border.enteringInvitation()
        untyped.headers.remove(.contentType)
        #expect(try refusal(untyped) == [400])
    }

    // MARK: Rejoining

    /// Anna is in a call of France's group; what stands for it is shown to us.
    private func sealed(_ border: inout Border) throws -> SIPURI {
        border.reach()
        let (_, first) = border.request(Border.enteringInvitation(), from: Border.abroad)
        return try #require(first.sent(.invite)?.0.headers.contacts.first?.uri)
    }

    private func rejoin(_ identity: SIPURI, as user: MCPTTID = anna, group: MCPTTGroupID?) -> SIPRequest {
        Self.message(
            .invite, to: identity.description, from: "sip:mcptt-participating@it.example",
            information: MCPTTInfo(requestURI: group?.value, callingUserID: user),
            speech: Border.speech(Border.insideSDP, ssrc: 3), callID: "rejoin")
    }

    @Test func aRejoinGoesOverTheTrunkOfTheGroupWhoseSessionItNames() throws {
        var border = try Border()
        let identity = try sealed(&border)
        let (_, ordinary) = border.request(
            Self.message(
                .invite, to: "sip:mcptt-controlling-group@fr.example", from: "sip:mcptt-participating@it.example",
                information: MCPTTInfo(
                    sessionType: .prearranged, requestURI: Border.pompiers.value, callingUserID: Self.anna),
                speech: Border.speech(Border.insideSDP, ssrc: 2), callID: "ordinary"), from: .system)
        let (_, again) = border.request(rejoin(identity, group: nil), from: .system)
        func trunk(_ actions: [FunctionAction]) throws -> String? {
            let request = try #require(actions.sent(.invite)?.0)
            let octets = try #require(request.part(MIMEType.sessionDescription)?.body)
            return try SpeechOffer(reading: try SessionDescription(parsing: octets)).trunk
        }
        #expect(try trunk(again) != nil)
        #expect(try trunk(again) == (try trunk(ordinary)))
        #expect(again.sent(.invite)?.0.uri.description == "sip:mcptt-gateway@fr.example;gr=theirs")
    }

    @Test func aRejoinIsUnderTheAgreementOfTheGroupWhateverItClaims() throws {
        var border = try Border()
        let identity = try sealed(&border)
        var agreement = Agreement()
        agreement.groupsUsed = .only([MCPTTGroupID("sip:other@mc.fr.example")])
        var strict = try Border(agreement: agreement)
        strict.reach()
        for claimed in [nil, MCPTTGroupID("sip:other@mc.fr.example")] {
            let (_, actions) = strict.request(rejoin(identity, group: claimed), from: .system)
            #expect(actions.finals.map(\.status) == [403])
            #expect(actions.finals.first.map { MCPTTWarning.codes(in: $0.headers) } == [179])
        }
    }

    @Test func aUserWhoIsNotReleasedNeitherRejoinsNorAsksWhoTakesPart() throws {
        var border = try Border()
        let identity = try sealed(&border)
        var agreement = Agreement()
        agreement.usersReleased = .none
        var strict = try Border(agreement: agreement)
        strict.reach()
        var subscription = rejoin(identity, group: Border.pompiers)
        subscription.method = .subscribe
        subscription.headers.set(.cseq, "1 SUBSCRIBE")
        subscription.headers.append(.event, "conference")
        for request in [rejoin(identity, group: Border.pompiers), subscription] {
            let (_, actions) = strict.request(request, from: .system)
            #expect(actions.finals.map(\.status) == [403])
            #expect(actions.finals.first.map { MCPTTWarning.codes(in: $0.headers) } == [179])
        }
    }

    @Test func aRejoinFromAbroadWithoutAGroupIsUnderTheAgreementToo() throws {
        var border = try Border()
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let shown = try #require(first.sent(.invite)?.0.headers.contacts.first?.uri)
        var agreement = Agreement()
        agreement.groupsOffered = .none
        let rejoin = Self.message(
            .invite, to: shown.description, from: "sip:mcptt-participating@fr.example",
            information: MCPTTInfo(callingUserID: Self.denis), speech: Border.speech(Border.outsideSDP, ssrc: 1),
            callID: "rejoin")
        #expect(try refusal(rejoin, agreement: agreement) == [403, 180])
    }

    // MARK: Inside a session

    /// Denis of France is in our group's call; `inside` makes a request of his side in it.
    private func standing(_ border: inout Border) throws -> (Method, MCPTTInfo) -> SIPRequest {
        border.reach()
        let invitation = Self.message(
            .invite, to: "sip:mcptt-controlling-group@it.example", from: "sip:mcptt-participating@fr.example",
            information: MCPTTInfo(
                sessionType: .prearranged, requestURI: Border.fire.value, callingUserID: Self.denis),
            speech: Border.speech(Border.outsideSDP, ssrc: 1), callID: "standing")
        let (_, first) = border.request(invitation, from: Border.abroad)
        let (request, id) = try #require(first.sent(.invite))
        let answer = try Border.answer(
            request, Border.insideSDP, ssrc: 5, contact: "<sip:mcptt-controlling-group@it.example;gr=in>")
        let accepted = try #require(border.tell(.sip(.response(answer, id))).finals.first)
        var acknowledgement = invitation
        acknowledgement.method = .ack
        acknowledgement.headers.set(.cseq, "1 ACK")
        acknowledgement.headers.set(.to, accepted.headers[.to] ?? "")
        _ = border.tell(.sip(.acknowledgement(acknowledgement)))
        return { method, information in
            var inside = acknowledgement
            inside.method = method
            inside.headers.set(.cseq, "2 \(method)")
            let description = method == .invite ? Border.speech(Border.outsideSDP, ssrc: 1).session(id: 9) : nil
            inside.body = CallBody(information: information, sessionDescription: description?.serialized())
                .write(into: &inside.headers)
            return inside
        }
    }

    @Test(arguments: [Method.info, .invite])
    func nobodyBecomesAnotherOneInsideASession(method: Method) throws {
        var claims = MCPTTInfo(callingUserID: Self.anna)
        var other = MCPTTInfo(callingUserID: Self.denis)
        other.callingGroupID = Border.pompiers
        claims.emergencyIndicator = true
        for information in [claims, other] {
            var border = try Border()
            let inside = try standing(&border)
            let (_, actions) = border.request(inside(method, information), from: Border.abroad)
            #expect(actions.finals.map(\.status) == [403])
            #expect(actions.sent.isEmpty)
        }
    }

    @Test func whatCrossesInsideASessionCarriesNoToken() throws {
        var border = try Border()
        let inside = try standing(&border)
        var information = MCPTTInfo(callingUserID: Self.denis)
        information.accessToken = "secret"
        let (_, actions) = border.request(inside(.info, information), from: Border.abroad)
        let (out, _) = try #require(actions.sent(.info))
        let crossed = try #require(try CallBody(reading: out).information)
        #expect(crossed.accessToken == nil)
        #expect(crossed.callingUserID == Self.denis)
    }

    @Test func aRefusedChangeIsForgotten() throws {
        var border = try Border()
        let inside = try standing(&border)
        var moved = inside(.invite, MCPTTInfo())
        let elsewhere = SocketAddress(IPAddress(v4: 0xc633_6477), port: 51_000)
        moved.body = CallBody(sessionDescription: Border.speech(elsewhere, ssrc: 1).session(id: 9).serialized())
            .write(into: &moved.headers)
        let (_, actions) = border.request(moved, from: Border.abroad)
        let (out, id) = try #require(actions.sent(.invite))
        _ = border.tell(.sip(.response(out.response(488, toTag: "t9"), id)))
        // Without a description of its own the next one stands for what the end last had.
        var empty = moved
        empty.headers.set(.cseq, "3 INVITE")
        empty.headers.remove(.contentType)
        empty.body = []
        let (_, second) = border.request(empty, from: Border.abroad)
        let (again, answerID) = try #require(second.sent(.invite))
        let answer = try Border.answer(again, Border.insideSDP, ssrc: 5, contact: "<sip:x@it.example>")
        let remotes = border.tell(.sip(.response(answer, answerID))).media.compactMap { command -> SocketAddress? in
            if case .connectLeg(_, let remote) = command { remote.audio } else { nil }
        }
        #expect(remotes == [Border.insideSDP, Border.outsideSDP])
    }

    /// What becomes of the affiliations of a partner's user is told to that partner, and to no other.
    @Test func aPartnerAsksForTheAffiliationsOfItsOwnUsersOnly() throws {
        func subscription(_ user: MCPTTID, by caller: MCPTTID = Self.denis) -> SIPRequest {
            var request = Self.message(
                .subscribe, to: "sip:mcptt-controlling-group@it.example", from: "sip:mcptt-participating@fr.example",
                information: MCPTTInfo(requestURI: user.value, callingUserID: caller), callID: "affiliations")
            request.headers.append(.event, "presence")
            return request
        }
        var border = try Border(partner: { $0.agreement.groupsOffered = .only([Border.fire]) })
        border.reach()
        let (_, actions) = border.request(subscription(Self.denis), from: Border.abroad)
        #expect(actions.sent(.subscribe) != nil)
        #expect(try refusal(subscription(Self.anna)) == [403, 180])
        #expect(try refusal(subscription(Self.anna, by: Self.anna)) == [403, 180])
        var closed = Agreement()
        closed.usersAdmitted = .none
        #expect(try refusal(subscription(Self.denis), agreement: closed) == [403, 180])
        // Nor by who homes a user that another serves.
        var away = try Border()
        away.reach()
        let switzerland = Partner(
            system: MCSystemID("ch"), domains: ["ch.example"],
            gateways: [GatewayTarget(host: "gw.ch.example", serverName: "gw.ch.example")],
            exceptions: RoutingExceptions(servedUsers: [Self.denis]))
        _ = away.gateway.replaceDirectory(try Border.directory([Border.partner(), switzerland]), at: away.now)
        let (_, refused) = away.request(subscription(Self.denis), from: Border.abroad)
        #expect(refused.finals.map(\.status) == [403])
        // What the agreement covers no more ends.
        let narrowed = border.gateway.replaceDirectory(
            try Border.directory([Border.partner(closed)]), at: border.now)
        #expect(narrowed.finals.map(\.status) == [403])
    }

    // MARK: Bounds

    @Test func onePartnerCannotTakeAllRequestsNorSubscriptions() throws {
        var border = try Border {
            $0.limits.pendingRequestsPerPartner = 1
            $0.limits.subscriptionsPerPartner = 1
        }
        border.reach()
        func request(_ method: Method, _ number: Int) -> SIPRequest {
            var request = Self.message(
                method, to: "sip:mcptt-controlling-group@it.example", from: "sip:mcptt-participating@fr.example",
                information: MCPTTInfo(requestURI: Border.fire.value, callingUserID: Self.denis),
                callID: "\(method)\(number)")
            request.headers.append(.event, "conference")
            return request
        }
        for method in [Method.message, .subscribe] {
            let (_, first) = border.request(request(method, 1), from: Border.abroad)
            let (out, id) = try #require(first.sent(method))
            let (_, second) = border.request(request(method, 2), from: Border.abroad)
            #expect(second.finals.map(\.status) == [503])
            _ = border.tell(.sip(.response(out.response(404, toTag: "n"), id)))
            let (_, third) = border.request(request(method, 3), from: Border.abroad)
            #expect(third.sent(method) != nil)
        }
    }

    /// The agreement holds while a call is up, too.
    @Test(arguments: [true, false])
    func whatTheAgreementCoversNoMoreEnds(byGroup: Bool) throws {
        var border = try Border()
        border.reach()
        _ = border.request(Border.leavingInvitation(), from: .system)
        #expect(border.gateway.sessionCount == 1)
        var agreement = Agreement()
        agreement.usersReleased = .none
        _ = border.gateway.replaceDirectory(
            try Border.directory([Border.partner(agreement)]), at: border.now)
        #expect(border.gateway.sessionCount == 1, "no user of ours takes part in it")
        if byGroup { agreement.groupsOffered = .none } else { agreement.usersAdmitted = .none }
        let actions = border.gateway.replaceDirectory(
            try Border.directory([Border.partner(agreement)]), at: border.now)
        #expect(border.gateway.sessionCount == 0)
        #expect(actions.finals.map(\.status) == [403])
    }
}

import CallControl
import MCDocuments
import MCFoundation
import MCGateway
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

@Suite struct CrossingTests {
    private static let secrets = [
        "10.0.0.", "inside", "cell0.invalid", "Record-Route", "Server", "X-Private", "z9hG4bK",
    ]

    private func reading(_ request: SIPRequest) throws -> SpeechOffer {
        let octets = try #require(request.part(MIMEType.sessionDescription)?.body)
        return try SpeechOffer(reading: try SessionDescription(parsing: octets))
    }

    @Test func anInvitationLeavesWithNothingOfTheInside() throws {
        var border = try Border()
        border.reach()
        let (_, actions) = border.request(Border.leavingInvitation(), from: .system)
        let (request, _) = try #require(actions.sent(.invite))
        let text = String(decoding: SIPMessage.request(request).serialized(), as: UTF8.self)
        for secret in Self.secrets { #expect(!text.contains(secret), "\(secret): \(text)") }
        #expect(request.uri.description == "sip:mcptt-participating@fr.example")
        #expect(request.headers[.route] == "<sip:gw1.fr.example:5061;transport=tls;lr>")
        #expect(request.headers[.pAssertedIdentity] == "<sip:mcptt-controlling-group@it.example>")
        let contact = try #require(request.headers.contacts.first)
        #expect(contact.uri.user == "mcptt-gateway")
        #expect(contact.uri.host == "it.example")
        #expect(contact.parameters.has("isfocus"))
        #expect(request.headers[.pAssertedService] == ServiceHeaders.serviceIdentifier)
        let offer = try reading(request)
        #expect(offer.audio.description == "203.0.113.5:20000")
        #expect(offer.floor?.description == "203.0.113.5:20001")
        #expect(offer.floorParameters.floorSSRC == 0xaaaa)
        #expect(offer.floorParameters.granted)
        #expect(offer.trunk != nil)
        #expect(try CallBody(reading: request).information?.callingGroupID == Border.fire)
    }

    @Test func anAnswerConnectsBothLegsAndJoinsThem() throws {
        var border = try Border()
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        let trunk = try #require(try reading(request).trunk)
        let answer = try Border.answer(
            request, Border.outsideSDP, ssrc: 0xbbbb, contact: "<sip:mcptt-gateway@fr.example;gr=theirs>")
        let actions = border.tell(.sip(.response(answer, id)))
        let commands = (first + actions).media
        guard case .openLeg(let outside, .interconnection, 0xaaaa)? = commands.first,
            case .openLeg(let inside, .access, 0xbbbb)? = commands.dropFirst().first
        else { return #expect(Bool(false), "\(commands)") }
        let expected: [MediaCommand] = [
            .connectLeg(
                inside,
                LegRemote(
                    audio: Border.insideSDP, floor: SocketAddress(Border.insideSDP.address, port: 40_001),
                    floorSSRC: 0xaaaa, payloadType: 97)),
            .connectLeg(
                outside,
                LegRemote(
                    audio: Border.outsideSDP, floor: SocketAddress(Border.outsideSDP.address, port: 50_001),
                    floorSSRC: 0xbbbb, payloadType: 97, trunk: TrunkID(trunk))),
            .relay(inside: inside, outside: outside),
        ]
        #expect(Array(commands.dropFirst(2)) == expected)
        let accepted = try #require(actions.finals.first)
        #expect(accepted.status == 200)
        let octets = try #require(accepted.part(MIMEType.sessionDescription)?.body)
        let shown = try SpeechOffer(reading: try SessionDescription(parsing: octets))
        #expect(shown.audio.description == "10.0.0.2:20000")
        #expect(shown.floorParameters.floorSSRC == 0xbbbb)
        #expect(shown.trunk == nil)
        #expect(accepted.headers.contacts.first?.uri.user == "mcptt-gateway")
        #expect(accepted.headers.contacts.first?.uri.parameters["gr"] != "theirs")
        #expect(actions.contains { if case .sip(.acknowledge) = $0 { true } else { false } })
        #expect(border.gateway.sessionCount == 1)
    }

    @Test func aPartnerThatDoesNotKnowTrunksGetsAStreamAMember() throws {
        var border = try Border()
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        let answer = try Border.answer(
            request, Border.outsideSDP, ssrc: nil, echoesTrunk: false, contact: "<sip:x@198.51.100.9>")
        let commands = border.tell(.sip(.response(answer, id))).media
        let trunks = commands.compactMap { if case .connectLeg(_, let remote) = $0 { remote.trunk } else { nil } }
        #expect(trunks.isEmpty)
        // Its floor messages carry an SSRC that nobody announced: the inside leg has one of our own.
        guard case .openLeg(_, .access, let minted)? = commands.first else { return #expect(Bool(false)) }
        #expect(minted != 0 && minted != 0xaaaa)
    }

    @Test func laterRequestsOfTheDialogGoToThePartnersGatewayWhateverItsContact() throws {
        var border = try Border()
        border.reach()
        let (invited, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        let answer = try Border.answer(request, Border.outsideSDP, ssrc: 7, contact: "<sip:x@198.51.100.9>")
        let accepted = try #require(border.tell(.sip(.response(answer, id))).finals.first)
        _ = invited
        var bye = Border.message(.bye, to: "sip:mcptt-gateway@it.example", from: "x", information: nil)
        bye.headers.set(.from, Border.leavingInvitation().headers[.from] ?? "")
        bye.headers.set(.to, accepted.headers[.to] ?? "")
        bye.headers.set(.cseq, "2 BYE")
        bye.headers.append(.reason, "SIP;cause=200;text=\"over\"")
        let (_, actions) = border.request(bye, from: .system)
        let (out, _) = try #require(actions.sent(.bye))
        #expect(out.uri.description == "sip:x@198.51.100.9")
        #expect(out.headers[.route] == "<sip:gw1.fr.example:5061;transport=tls;lr>")
        #expect(out.headers[.reason]?.contains("over") == true)
        #expect(actions.media.count(where: { if case .closeLeg = $0 { true } else { false } }) == 2)
        #expect(border.gateway.sessionCount == 0)
    }

    @Test func aRefusalCrossesWithItsWarningButNotItsAgent() throws {
        var border = try Border()
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        var response = request.response(403, toTag: "r")
        response.headers.append(.warning, "399 host7.fr.example \"120 user is not affiliated to this group\"")
        let actions = border.tell(.sip(.response(response, id)))
        let refusal = try #require(actions.finals.first)
        #expect(refusal.status == 403)
        #expect(refusal.headers[.warning] == "399 it.example \"120 user is not affiliated to this group\"")
        #expect(actions.media.count == 1)
        #expect(border.gateway.sessionCount == 0)
    }

    @Test func aCancelledInvitationIsCancelledOnTheOtherSide() throws {
        var border = try Border()
        border.reach()
        let (server, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        _ = border.tell(.sip(.response(request.response(180, toTag: "t"), id)))
        let actions = border.tell(.sip(.cancelled(server)))
        #expect(actions.contains { $0 == .sip(.cancel(id)) })
        #expect(border.gateway.sessionCount == 0)
    }

    @Test func anInvitationEntersOverTheTrunkItOffers() throws {
        var border = try Border()
        border.reach()
        let (_, first) = border.request(Border.enteringInvitation(), from: Border.abroad)
        let (request, id) = try #require(first.sent(.invite))
        #expect(request.uri.description == "sip:mcptt-participating@it.example")
        #expect(request.headers[.pAssertedIdentity] == "<sip:mcptt-controlling-group@fr.example>")
        #expect(!request.headers.has(.route))
        let offer = try reading(request)
        #expect(offer.audio.description == "10.0.0.2:20000")
        #expect(offer.trunk == nil)
        let answer = try Border.answer(
            request, Border.insideSDP, ssrc: 5, contact: "<sip:mcptt-participating@it.example;gr=in>")
        let actions = border.tell(.sip(.response(answer, id)))
        let accepted = try #require(actions.finals.first)
        let text = String(decoding: SIPMessage.response(accepted).serialized(), as: UTF8.self)
        #expect(!text.contains("10.0.0."))
        #expect(!text.contains("gr=in>"))
        #expect(text.contains("a=x-mc-trunk:t1"))
        let trunks = actions.media.compactMap { if case .connectLeg(_, let remote) = $0 { remote.trunk } else { nil } }
        #expect(trunks == [TrunkID("t1")])
    }

    @Test func aPartnerInvitesOnlyIntoGroupsThatItOwns() throws {
        var border = try Border()
        border.reach()
        let (_, actions) = border.request(Border.enteringInvitation(group: Border.fire), from: Border.abroad)
        #expect(actions.finals.map(\.status) == [403])
        #expect(actions.finals.first.map { MCPTTWarning.codes(in: $0.headers) } == [180])
        #expect(actions.media.isEmpty)
    }

    @Test func theOwnerOfAGroupVouchesForATalkerOfAThirdSystem() throws {
        var border = try Border()
        border.reach()
        let third = Border.enteringInvitation(caller: "sip:pablo@mc.es.example")
        let (_, actions) = border.request(third, from: Border.abroad)
        #expect(actions.sent(.invite) != nil)
        // Without a group there is nothing that could make him the partner's business.
        let alone = Border.enteringInvitation(caller: "sip:pablo@mc.es.example", group: nil)
        let (_, refused) = border.request(alone, from: Border.abroad)
        #expect(refused.finals.map(\.status) == [403])
    }

    @Test func whoAssertsAnIdentityOfAnotherDomainIsRefused() throws {
        var border = try Border()
        border.reach()
        var request = Border.enteringInvitation()
        request.headers.set(.pAssertedIdentity, "<sip:mcptt-controlling-group@it.example>")
        let (_, actions) = border.request(request, from: Border.abroad)
        #expect(actions.finals.map(\.status) == [403])
    }

    @Test func whomAPartnerHomesBesideItsDomainsItAsserts() throws {
        var border = try Border(partner: { $0.exceptions.users = [MCPTTID("sip:anne@joint.example")] })
        border.reach()
        for (identity, status) in [("sip:anne@joint.example;user=phone", nil), ("sip:eve@joint.example", 403)] {
            var request = Border.enteringInvitation()
            request.headers.set(.pAssertedIdentity, "<\(identity)>")
            let (_, actions) = border.request(request, from: Border.abroad)
            #expect(actions.finals.first?.status == status, "\(identity)")
        }
    }

    @Test func nobodyReachesAnythingButServicesFromAbroad() throws {
        var border = try Border()
        border.reach()
        for target in ["sip:anna@it.example", "sip:mcptt-gateway@it.example", "sip:mcptt-participating@10.0.0.1"] {
            var request = Border.enteringInvitation()
            request.uri = try #require(SIPURI(target))
            let (_, actions) = border.request(request, from: Border.abroad)
            #expect(actions.finals.map(\.status) == [404], "\(target)")
        }
    }

    @Test func clientsAndStrangersDoNotCross() throws {
        var border = try Border()
        border.reach()
        let origins: [RequestOrigin] = [
            .user(PublicUserIdentity("sip:anna@it.example"), FlowID(1)), .stranger(FlowID(2)),
            .partner(MCSystemID("es"), FlowID(3)),
        ]
        for origin in origins {
            let (_, actions) = border.request(Border.enteringInvitation(), from: origin)
            #expect(actions.finals.map(\.status) == [403])
        }
    }

    /// A rejoin: our session identity, as the partner was shown it, leads back to the session.
    @Test func aSessionIdentityLeadsBackOnlyForThePartnerThatWasShownIt() throws {
        var border = try Border()
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let shown = try #require(first.sent(.invite)?.0.headers.contacts.first?.uri)
        var rejoin = Border.message(
            .invite, to: shown.description, from: "sip:mcptt-participating@fr.example",
            information: MCPTTInfo(
                sessionType: .prearranged, requestURI: Border.fire.value,
                callingUserID: MCPTTID("sip:denis@mc.fr.example")),
            speech: Border.speech(Border.outsideSDP, ssrc: 1), callID: "rejoin")
        rejoin.headers.append(.contact, "<sip:mcptt-gateway@fr.example;gr=x>")
        // Another gateway process of the system, with the same key.
        var other = try Border(seed: 99)
        other.reach()
        let (_, actions) = other.request(rejoin, from: Border.abroad)
        #expect(actions.sent(.invite)?.0.uri.description == "sip:mcptt-controlling-group@it.example;gr=insidesession")
        // One with another key.
        var stranger = try Border(key: 2)
        stranger.reach()
        let (_, refused) = stranger.request(rejoin, from: Border.abroad)
        #expect(refused.finals.map(\.status) == [404])
    }

    @Test func nothingLeavesToALostPartner() throws {
        var border = try Border()
        let (_, actions) = border.request(Border.leavingInvitation(), from: .system)
        #expect(actions.finals.map(\.status) == [503])
        #expect(actions.media.isEmpty)
    }

    @Test func aSessionEndsOnBothSidesWhenThePartnerIsLost() throws {
        var border = try Border()
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        let answer = try Border.answer(request, Border.outsideSDP, ssrc: 7, contact: "<sip:x@fr.example>")
        let accepted = try #require(border.tell(.sip(.response(answer, id))).finals.first)
        var acknowledgement = Border.leavingInvitation()
        acknowledgement.method = .ack
        acknowledgement.headers.set(.cseq, "1 ACK")
        acknowledgement.headers.set(.to, accepted.headers[.to] ?? "")
        acknowledgement.body = []
        _ = border.tell(.sip(.acknowledgement(acknowledgement)))
        var actions: [FunctionAction] = []
        for _ in 1...4 { actions += border.pass(.seconds(5)) }
        #expect(actions.states == [.lost])
        #expect(border.gateway.sessionCount == 0)
        #expect(actions.sent.contains { $0.0.method == .bye && $0.0.headers[.route] == "<sip:10.0.0.1;lr>" })
        #expect(actions.media.count(where: { if case .closeLeg = $0 { true } else { false } }) == 2)
    }

    @Test func sessionsWithAPartnerAreLimited() throws {
        var border = try Border { $0.limits.sessionsPerPartner = 1 }
        border.reach()
        _ = border.request(Border.leavingInvitation(), from: .system)
        var second = Border.leavingInvitation("sip:elise@mc.fr.example")
        second.headers.set(.callID, "second")
        let (_, actions) = border.request(second, from: .system)
        #expect(actions.finals.map(\.status) == [503])
    }

    @Test func aMessageIsCarriedAndItsAnswerComesBack() throws {
        var border = try Border()
        border.reach()
        let request = Border.message(
            .message, to: "sip:mcptt-controlling-group@fr.example", from: "sip:mcptt-participating@it.example",
            information: MCPTTInfo(
                requestURI: Border.pompiers.value, callingUserID: MCPTTID("sip:anna@mc.it.example")))
        let (_, actions) = border.request(request, from: .system)
        let (out, id) = try #require(actions.sent(.message))
        let text = String(decoding: SIPMessage.request(out).serialized(), as: UTF8.self)
        for secret in Self.secrets { #expect(!text.contains(secret), "\(secret)") }
        let back = border.tell(.sip(.response(out.response(202, toTag: "m"), id)))
        #expect(back.finals.map(\.status) == [202])
    }

    @Test func theAgreementIsAskedOnTheWayOut() throws {
        var agreement = Agreement()
        agreement.usersAdmitted = .none
        var border = try Border(agreement: agreement)
        border.reach()
        let (_, actions) = border.request(Border.leavingInvitation(), from: .system)
        #expect(actions.finals.map(\.status) == [403])
        #expect(actions.finals.first.map { MCPTTWarning.codes(in: $0.headers) } == [179])
    }

    @Test func aSubscriptionCrossesAndItsNotificationsComeBack() throws {
        var border = try Border()
        border.reach()
        var request = Border.message(
            .subscribe, to: "sip:mcptt-controlling-group@fr.example", from: "sip:mcptt-participating@it.example",
            information: MCPTTInfo(
                requestURI: Border.pompiers.value, callingUserID: MCPTTID("sip:anna@mc.it.example")))
        request.headers.append(.event, "conference")
        request.headers.append(.expires, "600")
        request.headers.append(.contact, "<sip:mcptt-participating@it.example;gr=s>")
        let (_, actions) = border.request(request, from: .system)
        let (out, id) = try #require(actions.sent(.subscribe))
        #expect(out.headers[.event] == "conference")
        var accepted = out.response(200, toTag: "n")
        accepted.headers.append(.expires, "600")
        accepted.headers.append(.contact, "<sip:mcptt-gateway@fr.example;gr=n>")
        _ = border.tell(.sip(.response(accepted, id)))
        var notify = SIPRequest(method: .notify, uri: out.headers.contacts.first?.uri ?? SIPURI(host: ""))
        notify.headers.append(.via, "SIP/2.0/TLS gw1.fr.example;branch=z9hG4bKn")
        notify.headers.append(.from, accepted.headers[.to] ?? "")
        notify.headers.append(.to, out.headers[.from] ?? "")
        notify.headers.append(.callID, out.headers[.callID] ?? "")
        notify.headers.append(.cseq, "1 NOTIFY")
        notify.headers.append(.maxForwards, "70")
        notify.headers.append(.event, "conference")
        notify.headers.append(.subscriptionState, "active;expires=600")
        notify.headers.append(.contact, "<sip:mcptt-gateway@fr.example;gr=n>")
        notify.headers.append(.contentType, "application/conference-info+xml")
        notify.body = Array("<x/>".utf8)
        let (_, back) = border.request(notify, from: Border.abroad)
        #expect(back.finals.map(\.status).sorted() == [200, 200])
        let (passed, passedID) = try #require(back.sent(.notify))
        #expect(passed.body == notify.body)
        _ = border.tell(.sip(.response(passed.response(200), passedID)))
        #expect(passed.headers[.subscriptionState]?.hasPrefix("active") == true)
        // A partner that is taken out, or lost, tells nothing any more, and whoever asked knows.
        let lost = border.gateway.replaceDirectory(try Border.directory([]), at: border.now)
        let (last, _) = try #require(lost.sent(.notify))
        #expect(last.headers[.subscriptionState]?.hasPrefix("terminated") == true)
        #expect(border.gateway.population == FunctionPopulation(calls: 0, sessions: 0, references: 0))
    }
}

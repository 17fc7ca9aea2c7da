import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import MCGateway
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// Ends of a session across the border that the media cell cannot tell from others at the ports that all share.
@Suite struct BorderMovesTests {
    private static let movedInside = SocketAddress(IPAddress(v4: 0x0a00_0077), port: 41_000)

    private struct Standing {
        var border: Border
        var accepted: SIPResponse
        var inside: LegID
        var outside: LegID
    }

    private func standing(spare: UInt16, partner: (inout Partner) -> Void = { _ in }) throws -> Standing {
        var border = try Border(sparePorts: spare, partner: partner)
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        let answer = try Border.answer(request, Border.outsideSDP, ssrc: nil, contact: "<sip:x@198.51.100.9>")
        let actions = border.tell(.sip(.response(answer, id)))
        let accepted = try #require(actions.finals.first)
        for case .relay(let inside, let outside) in actions.media {
            var standing = Standing(border: border, accepted: accepted, inside: inside, outside: outside)
            _ = standing.border.tell(.sip(.acknowledgement(Border.inDialog(.ack, 1, accepted))))
            return standing
        }
        throw Border.Missing.key
    }

    private func offer(_ request: SIPRequest) throws -> SpeechOffer {
        try SpeechOffer(
            reading: try SessionDescription(parsing: request.part(MIMEType.sessionDescription)?.body ?? []))
    }

    /// The inside sends a re-INVITE. Gives what leaves for the partner.
    private func change(
        _ standing: inout Standing, _ offer: SpeechOffer = Border.speech(movedInside, ssrc: 0xaaaa),
        octets: [UInt8]? = nil
    ) throws -> (SIPRequest, ClientTransactionID) {
        var change = Border.inDialog(.invite, 2, standing.accepted)
        change.body = CallBody(sessionDescription: octets ?? offer.session(id: 42, version: 2).serialized())
            .write(into: &change.headers)
        let (_, actions) = standing.border.request(change, from: .system)
        return try #require(actions.sent(.invite))
    }

    @Test func `a partner that uses one port for all is told of other ports, and the inside of nothing`() throws {
        var standing = try standing(spare: 1)
        let moved = standing.border.tell(.media(.legRefused(standing.outside, .ambiguous)))
        #expect(moved.media.isEmpty)
        let (request, id) = try #require(moved.sent.first)
        #expect(moved.sent.count == 1)
        #expect(request.method == .invite)
        #expect(try offer(request).audio.description == "203.0.113.5:20002")
        #expect(try offer(request).floor?.port == 20_003)
        let text = String(decoding: SIPMessage.request(request).serialized(), as: UTF8.self)
        for secret in ["10.0.0.", "inside", "cell0.invalid"] { #expect(!text.contains(secret), "\(secret): \(text)") }
        let answer = try Border.answer(request, Border.outsideSDP, ssrc: nil, contact: "<sip:x@198.51.100.9>")
        let back = standing.border.tell(.sip(.response(answer, id)))
        #expect(back.media.first == .moveLeg(standing.outside, pair: 1))
        #expect(back.media.dropFirst().map(\.connected) == [standing.outside])
        #expect(standing.border.gateway.sessionCount == 1)
    }

    @Test func `later changes of the other end show the new ports`() throws {
        var standing = try standing(spare: 1)
        let moved = standing.border.tell(.media(.legAmbiguous(standing.outside)))
        let (request, id) = try #require(moved.sent.first)
        let answer = try Border.answer(request, Border.outsideSDP, ssrc: nil, contact: "<sip:x@198.51.100.9>")
        _ = standing.border.tell(.sip(.response(answer, id)))
        #expect(try offer(try change(&standing).0).audio.port == 20_002)
    }

    @Test func `a move waits for the end of a change that is under way`() throws {
        var standing = try standing(spare: 1)
        let (out, id) = try change(&standing)
        let moved = standing.border.tell(.media(.legRefused(standing.outside, .ambiguous)))
        #expect(moved.sent.isEmpty)
        let answer = try Border.answer(out, Border.outsideSDP, ssrc: nil, contact: "<sip:x@198.51.100.9>")
        let back = standing.border.tell(.sip(.response(answer, id)))
        let (told, _) = try #require(back.sent(.invite))
        #expect(try offer(told).audio.port == 20_002)
        // Meanwhile nobody changes anything.
        let (_, refused) = standing.border.request(Border.inDialog(.invite, 3, standing.accepted), from: .system)
        #expect(refused.finals.first?.status == 491)
    }

    @Test func `the answer to a change tells the end that asked of its other ports, and the far end keeps its own`()
        throws
    {
        var standing = try standing(spare: 1)
        let (out, id) = try change(&standing)
        // Both ends become ambiguous while the far one has not answered.
        _ = standing.border.tell(.media(.legRefused(standing.inside, .ambiguous)))
        _ = standing.border.tell(.media(.legAmbiguous(standing.outside)))
        let answer = try Border.answer(out, Border.outsideSDP, ssrc: nil, contact: "<sip:x@198.51.100.9>")
        let back = standing.border.tell(.sip(.response(answer, id)))
        let told = try SessionDescription(parsing: back.finals.first?.part(MIMEType.sessionDescription)?.body ?? [])
        #expect(told.media.first?.port == 20_002)
        #expect(back.media.first == .moveLeg(standing.inside, pair: 1))
        // What the far end said was said to the former ports: there its leg stays.
        #expect(back.media.dropFirst().map(\.connected) == [standing.inside, standing.outside])
        let (move, _) = try #require(back.sent(.invite))
        #expect(try offer(move).audio.description == "203.0.113.5:20002")
        #expect(back.sent.count == 1)
    }

    @Test func `an end that is cut is not connected by an answer to its former ports`() throws {
        var standing = try standing(spare: 1)
        let (out, id) = try change(&standing)
        _ = standing.border.tell(.media(.legRefused(standing.outside, .ambiguous)))
        let answer = try Border.answer(out, Border.outsideSDP, ssrc: nil, contact: "<sip:x@198.51.100.9>")
        let back = standing.border.tell(.sip(.response(answer, id)))
        #expect(back.media.map(\.connected) == [standing.inside])
        let (told, move) = try #require(back.sent(.invite))
        _ = standing.border.tell(.sip(.response(told.response(488, toTag: "t9"), move)))
        #expect(standing.border.gateway.sessionCount == 0)
    }

    @Test func `an end gets ports of its own once, and is cut where it refuses them`() throws {
        var standing = try standing(spare: 2)
        let moved = standing.border.tell(.media(.legAmbiguous(standing.outside)))
        let (request, id) = try #require(moved.sent.first)
        #expect(standing.border.tell(.media(.legRefused(standing.outside, .ambiguous))).sent.isEmpty)
        _ = standing.border.tell(.sip(.response(request.response(488, toTag: "t9"), id)))
        #expect(standing.border.gateway.sessionCount == 0)
    }

    @Test func `an end that agrees to other ports without saying where it is ends the session`() throws {
        var standing = try standing(spare: 1)
        let moved = standing.border.tell(.media(.legAmbiguous(standing.outside)))
        let (request, id) = try #require(moved.sent.first)
        var response = request.response(200, toTag: "t9")
        response.headers.append(.contact, "<sip:x@198.51.100.9>")
        _ = standing.border.tell(.sip(.response(response, id)))
        #expect(standing.border.gateway.sessionCount == 0)
    }

    @Test func `what is said again to tell of other ports asks for no floor`() throws {
        var standing = try standing(spare: 1)
        var description = Border.speech(Self.movedInside, ssrc: 0xaaaa)
        description.floorParameters.implicitRequest = true
        let (out, id) = try change(&standing, description)
        #expect(try offer(out).floorParameters.implicitRequest)
        let answer = try Border.answer(out, Border.outsideSDP, ssrc: nil, contact: "<sip:x@198.51.100.9>")
        _ = standing.border.tell(.sip(.response(answer, id)))
        _ = standing.border.tell(.sip(.acknowledgement(Border.inDialog(.ack, 2, standing.accepted))))
        let moved = standing.border.tell(.media(.legAmbiguous(standing.outside)))
        let told = try offer(try #require(moved.sent.first).0)
        #expect(!told.floorParameters.implicitRequest)
        #expect(told.floorParameters.floorSSRC == 0xaaaa)
    }

    @Test func `speech is protected on both sides of a border or on none`() throws {
        var standing = try standing(spare: 1)
        var protected = Border.speech(Self.movedInside, ssrc: 0xaaaa).session(id: 42, version: 2)
        protected.media[0].transport = "RTP/SAVP"
        let (out, id) = try change(&standing, octets: protected.serialized())
        var refused = standing
        var answered = try SessionDescription(parsing: out.part(MIMEType.sessionDescription)?.body ?? [])
        #expect(answered.media[0].transport == "RTP/SAVP")
        answered.connection = Connection(Border.outsideSDP.address)
        func response() -> SIPResponse {
            var response = out.response(200, toTag: "t9")
            response.headers.append(.contact, "<sip:x@198.51.100.9>")
            response.body = CallBody(sessionDescription: answered.serialized()).write(into: &response.headers)
            return response
        }
        let both = standing.border.tell(.sip(.response(response(), id)))
        answered.media[0].transport = "RTP/AVP"
        let back = refused.border.tell(.sip(.response(response(), id)))
        #expect(back.finals.first?.status == 488)
        #expect(back.media.isEmpty)
        #expect(refused.border.gateway.sessionCount == 1)
        // The far end is told that all stays as it was.
        let corrected = try SessionDescription(
            parsing: back.sent(.invite)?.0.part(MIMEType.sessionDescription)?.body ?? [])
        #expect(corrected.media.first?.transport == "RTP/AVP")
        #expect(both.finals.first?.status == 200)
        #expect(both.media.map(\.connected) == [standing.inside, standing.outside])
    }

    @Test func `without more ports, or where the end refuses them, the session ends`() throws {
        var none = try standing(spare: 0)
        _ = none.border.tell(.media(.legRefused(none.outside, .ambiguous)))
        #expect(none.border.gateway.sessionCount == 0)
        var refusing = try standing(spare: 1)
        let moved = refusing.border.tell(.media(.legRefused(refusing.outside, .ambiguous)))
        let (request, id) = try #require(moved.sent.first)
        _ = refusing.border.tell(.sip(.response(request.response(488, toTag: "t9"), id)))
        #expect(refusing.border.gateway.sessionCount == 0)
    }

    @Test func `speech that is ambiguous ends nothing`() throws {
        var none = try standing(spare: 0)
        #expect(none.border.tell(.media(.legAmbiguous(none.outside))).isEmpty)
        var refusing = try standing(spare: 1)
        let moved = refusing.border.tell(.media(.legAmbiguous(refusing.inside)))
        let (request, id) = try #require(moved.sent.first)
        #expect(try offer(request).audio.description == "10.0.0.2:20002")
        _ = refusing.border.tell(.sip(.response(request.response(488, toTag: "t9"), id)))
        #expect(refusing.border.gateway.sessionCount == 1)
    }

    @Test func `the partner's leg has the dialect that was agreed, the client's the current one`() throws {
        let agreed = FloorDialect(release: 14, ssrcList: .withLengthAndSpareOctet)
        var border = try Border(partner: { $0.floorDialect = agreed })
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        let answer = try Border.answer(request, Border.outsideSDP, ssrc: 0xbbbb, contact: "<sip:x@198.51.100.9>")
        let actions = border.tell(.sip(.response(answer, id)))
        let dialects = actions.media.compactMap {
            if case .connectLeg(_, let remote) = $0 { remote.dialect } else { nil }
        }
        #expect(dialects == [.current, agreed])
    }

    @Test func `an offer of protected speech crosses, and its leg says so`() throws {
        var border = try Border()
        border.reach()
        var invitation = Border.leavingInvitation()
        var description = Border.speech(Border.insideSDP, ssrc: 0xaaaa).session(id: 42)
        description.media[0].transport = "RTP/SAVP"
        var body = try CallBody(reading: invitation)
        body.sessionDescription = description.serialized()
        invitation.body = body.write(into: &invitation.headers)
        let (_, first) = border.request(invitation, from: .system)
        let (request, id) = try #require(first.sent(.invite))
        let octets = request.part(MIMEType.sessionDescription)?.body ?? []
        var answered = try SessionDescription(parsing: octets)
        #expect(answered.media[0].transport == "RTP/SAVP")
        answered.connection = Connection(Border.outsideSDP.address)
        var response = request.response(200, toTag: "t9")
        response.headers.append(.contact, "<sip:x@198.51.100.9>")
        response.body = CallBody(sessionDescription: answered.serialized()).write(into: &response.headers)
        let actions = border.tell(.sip(.response(response, id)))
        let protections = actions.media.compactMap {
            if case .connectLeg(_, let remote) = $0 { remote.protection } else { nil }
        }
        #expect(protections == [.endToEnd, .endToEnd])
    }
}

extension MediaCommand {
    /// The leg that it connects.
    fileprivate var connected: LegID? {
        if case .connectLeg(let leg, _) = self { leg } else { nil }
    }
}

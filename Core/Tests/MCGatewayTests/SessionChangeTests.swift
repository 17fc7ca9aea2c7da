import CallControl
import MCDocuments
import MCFoundation
import MCGateway
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// What happens to a session across the border once it stands.
@Suite struct SessionChangeTests {
    /// An established session, its ACK in; `Border.inDialog` makes requests of the inside end.
    private func established(_ border: inout Border) throws -> (inside: SIPResponse, outside: SIPRequest) {
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        let (request, id) = try #require(first.sent(.invite))
        let answer = try Border.answer(request, Border.outsideSDP, ssrc: 0xbbbb, contact: "<sip:x@198.51.100.9>")
        let accepted = try #require(border.tell(.sip(.response(answer, id))).finals.first)
        _ = border.tell(.sip(.acknowledgement(Border.inDialog(.ack, 1, accepted))))
        return (accepted, request)
    }

    @Test func aModificationIsCarriedWithNewAddressesAndItsAnswerBack() throws {
        var border = try Border()
        let (accepted, _) = try established(&border)
        let moved = SocketAddress(IPAddress(v4: 0x0a00_0077), port: 41_000)
        var change = Border.inDialog(.invite, 2, accepted)
        change.body = CallBody(
            sessionDescription: Border.speech(moved, ssrc: 0xaaaa).session(id: 42, version: 2).serialized()
        )
        .write(into: &change.headers)
        let (_, actions) = border.request(change, from: .system)
        let (out, id) = try #require(actions.sent(.invite))
        #expect(out.headers[.route] == "<sip:gw1.fr.example:5061;transport=tls;lr>")
        let text = String(decoding: SIPMessage.request(out).serialized(), as: UTF8.self)
        for secret in ["10.0.0.", "inside", "cell0.invalid", "X-Private"] {
            #expect(!text.contains(secret), "\(secret): \(text)")
        }
        #expect(
            try SpeechOffer(reading: try SessionDescription(parsing: out.part(MIMEType.sessionDescription)?.body ?? []))
                .audio.description == "203.0.113.5:20000")
        let answer = try Border.answer(out, Border.outsideSDP, ssrc: 0xbbbb, contact: "<sip:x@198.51.100.9>")
        let back = border.tell(.sip(.response(answer, id)))
        #expect(back.finals.map(\.status) == [200])
        let remotes = back.media.compactMap { if case .connectLeg(_, let remote) = $0 { remote.audio } else { nil } }
        #expect(remotes == [moved, Border.outsideSDP])
    }

    @Test func aHoldCrossesAndTheMediaCellIsToldOfIt() throws {
        var border = try Border()
        let (accepted, _) = try established(&border)
        var change = Border.inDialog(.invite, 2, accepted)
        var offer = Border.speech(Border.insideSDP, ssrc: 0xaaaa)
        offer.direction = .sendOnly
        change.body = CallBody(sessionDescription: offer.session(id: 42, version: 2).serialized())
            .write(into: &change.headers)
        let (_, actions) = border.request(change, from: .system)
        let (out, id) = try #require(actions.sent(.invite))
        let shown = try SessionDescription(parsing: out.part(MIMEType.sessionDescription)?.body ?? [])
        #expect(shown.direction(of: shown.media[0]) == .sendOnly)
        let answer = try Border.answer(out, Border.outsideSDP, ssrc: 0xbbbb, contact: "<sip:x@198.51.100.9>")
        let back = border.tell(.sip(.response(answer, id)))
        let remotes = back.media.compactMap { if case .connectLeg(_, let remote) = $0 { remote } else { nil } }
        #expect(remotes.map(\.hears) == [false, true])
        #expect(remotes.map(\.speaks) == [true, false])
    }

    @Test func aRefusedModificationLeavesTheSessionAsItWas() throws {
        var border = try Border()
        let (accepted, _) = try established(&border)
        var change = Border.inDialog(.invite, 2, accepted)
        change.body = CallBody(
            sessionDescription: Border.speech(Border.insideSDP, ssrc: 1).session(id: 42, version: 2).serialized()
        )
        .write(into: &change.headers)
        let (_, actions) = border.request(change, from: .system)
        let (out, id) = try #require(actions.sent(.invite))
        let back = border.tell(.sip(.response(out.response(488, toTag: "t9"), id)))
        #expect(back.finals.map(\.status) == [488])
        #expect(back.media.isEmpty)
        #expect(border.gateway.sessionCount == 1)
    }

    @Test func whatIsSaidInsideASessionCrossesAndIsAnswered() throws {
        var border = try Border()
        let (accepted, _) = try established(&border)
        var info = Border.inDialog(.info, 2, accepted)
        info.headers.append(.infoPackage, ServiceHeaders.infoPackage)
        info.body = CallBody(information: MCPTTInfo(emergencyIndicator: true)).write(into: &info.headers)
        let (_, actions) = border.request(info, from: .system)
        let (out, id) = try #require(actions.sent(.info))
        #expect(out.headers[.infoPackage] == ServiceHeaders.infoPackage)
        #expect(out.body == info.body)
        let back = border.tell(.sip(.response(out.response(200), id)))
        #expect(back.finals.map(\.status) == [200])
    }

    @Test func aLegThatTheMediaCellRefusesEndsTheSession() throws {
        var border = try Border()
        border.reach()
        let (_, first) = border.request(Border.leavingInvitation(), from: .system)
        guard case .openLeg(let leg, _, _)? = first.media.first else { return #expect(Bool(false)) }
        let actions = border.tell(.media(.legRefused(leg, .limit)))
        #expect(actions.finals.map(\.status) == [503])
        #expect(border.gateway.sessionCount == 0)
    }
}

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

/// Clients that the media cell cannot tell from others at the ports that all share.
@Suite struct LegMovesTests {
    private let anna = ControllingFixture.id("anna")

    private struct Running {
        var fixture: ControllingFixture
        var invitation: SIPRequest
        var accepted: SIPResponse
        /// The initiator's, then of those whom the function called.
        var legs: [LegID]
    }

    private func fixture(spare: Int = 1) throws -> ControllingFixture {
        try ControllingFixture(
            access: [ControllingFixture.ports] + Array(repeating: ControllingFixture.sparePorts, count: spare))
    }

    /// What the initiator says of his media.
    private func offer(_ port: UInt16, version: UInt64) -> [UInt8] {
        SpeechOffer(
            audio: SocketAddress(IPAddress(v4: 0xc000_0263), port: port),
            floor: SocketAddress(IPAddress(v4: 0xc000_0263), port: port + 1),
            floorParameters: FloorControlParameters(floorSSRC: 99)
        ).session(id: 1, version: version).serialized()
    }

    private func running(spare: Int = 1) throws -> Running {
        var fixture = try fixture(spare: spare)
        for name in ["anna", "bruno", "carla"] { fixture.affiliate(name) }
        let invitation = fixture.invitation(anna)
        var actions = fixture.receive(invitation)
        for sent in actions.sent(.invite) { actions += fixture.answer(sent, 200) }
        let legs = actions.commands.compactMap { if case .openLeg(let leg, _, _) = $0 { leg } else { nil } }
        let accepted = try #require(actions.responses.first { $0.status == 200 })
        _ = fixture.acknowledge(invitation, accepted)
        return Running(fixture: fixture, invitation: invitation, accepted: accepted, legs: legs)
    }

    @Test(arguments: [MediaEvent.legRefused(LegID(0), .ambiguous), .legAmbiguous(LegID(0))])
    func `a client in the call is told of other ports and is connected there`(event: MediaEvent) throws {
        var call = try running()
        let leg = call.legs[1]
        let moved = call.fixture.handle(.media(event.of(leg)))
        #expect(moved.commands.isEmpty)
        #expect(moved.notes("participant.moved").count == 1)
        let told = try #require(moved.sent(.invite).first)
        #expect(moved.sent.count == 1)
        #expect(told.offer?.audio == ControllingFixture.sparePorts.audio)
        #expect(told.offer?.floor == ControllingFixture.sparePorts.floor)
        #expect(told.information?.callingGroupID == ControllingFixture.fireID)
        let back = call.fixture.answer(told, 200)
        #expect(back.commands.first == .moveLeg(leg, pair: 1))
        #expect(back.commands.names == ["moveLeg", "connectLeg"])
    }

    @Test func `he gets ports of his own once, and leaves where he was cut meanwhile and refuses them`() throws {
        var call = try running(spare: 2)
        let moved = call.fixture.handle(.media(.legAmbiguous(call.legs[1])))
        let told = try #require(moved.sent(.invite).first)
        let second = call.fixture.handle(.media(.legRefused(call.legs[1], .ambiguous)))
        #expect(second.isEmpty)
        let answered = call.fixture.answer(told, 488)
        #expect(answered.sent(.invite).isEmpty)
        #expect(answered.sent(.bye).count == 1)
    }

    @Test func `ports that were refused once are offered again`() throws {
        var call = try running()
        let silent = call.fixture.handle(.media(.legAmbiguous(call.legs[1])))
        _ = call.fixture.answer(try #require(silent.sent(.invite).first), 488)
        let cut = call.fixture.handle(.media(.legRefused(call.legs[1], .ambiguous)))
        let told = try #require(cut.sent(.invite).first)
        #expect(told.offer?.audio == ControllingFixture.sparePorts.audio)
        #expect(call.fixture.answer(told, 200).commands.names == ["moveLeg", "connectLeg"])
    }

    @Test func `an answer that agrees to the new ports counts, whatever is said after it`() throws {
        var call = try running()
        let moved = call.fixture.handle(.media(.legRefused(call.legs[1], .ambiguous)))
        let told = try #require(moved.sent(.invite).first)
        // What tells of the emergency waits behind it.
        _ = call.fixture.receive(raising(&call))
        let answered = call.fixture.answer(told, 200)
        #expect(answered.commands.names == ["moveLeg", "connectLeg"])
        let news = try #require(answered.sent(.invite).first)
        let refused = call.fixture.answer(news, 488)
        #expect(refused.sent(.bye).isEmpty)
    }

    @Test func `an answer to the former ports brings where the client is now, as long as he is served there`() throws {
        var call = try running()
        let told = try #require(call.fixture.receive(raising(&call)).sent(.invite).first)
        _ = call.fixture.handle(.media(.legAmbiguous(call.legs[1])))
        let answered = call.fixture.answer(told, 200)
        #expect(answered.commands.names == ["connectLeg"])
    }

    /// The initiator declares an emergency.
    private func raising(_ call: inout Running) -> SIPRequest {
        var request = call.fixture.inside(
            .invite, call.invitation, call.accepted, information: MCPTTInfo(emergencyIndicator: true),
            sdp: offer(5_000, version: 2))
        request.headers.append(.resourcePriority, ResourcePriority.headerValue(.emergency))
        return request
    }

    @Test func `an answer that named the former ports does not connect who was given others meanwhile`() throws {
        var call = try running()
        let raised = call.fixture.receive(raising(&call))
        let told = try #require(raised.sent(.invite).first)
        let leg = call.legs[1]
        let moved = call.fixture.handle(.media(.legRefused(leg, .ambiguous)))
        // One re-INVITE at a time.
        #expect(moved.sent.isEmpty)
        let answered = call.fixture.answer(told, 200)
        #expect(answered.commands.isEmpty)
        let renewed = try #require(answered.sent(.invite).first)
        #expect(renewed.offer?.audio == ControllingFixture.sparePorts.audio)
        let refused = call.fixture.answer(renewed, 488)
        #expect(refused.sent(.bye).count == 1)
        #expect(refused.commands.names == ["leave", "closeLeg"])
    }

    @Test func `who agrees to other ports without saying where he is has no media`() throws {
        var call = try running()
        let silent = call.fixture.handle(.media(.legAmbiguous(call.legs[1])))
        let told = try #require(silent.sent(.invite).first)
        let answered = call.fixture.answer(told, 200, hasDescription: false)
        #expect(answered.sent(.bye).count == 1)
        #expect(answered.commands.names == ["leave", "closeLeg"])
    }

    @Test func `who calls is answered with other ports as long as he has no answer`() throws {
        var fixture = try fixture()
        for name in ["anna", "bruno"] { fixture.affiliate(name) }
        let actions = fixture.receive(fixture.invitation(anna))
        let leg = try #require(
            actions.commands.compactMap { if case .openLeg(let leg, _, _) = $0 { leg } else { nil } }.first)
        let moved = fixture.handle(.media(.legRefused(leg, .ambiguous)))
        #expect(moved.commands.names == ["moveLeg", "connectLeg"])
        #expect(moved.sent.isEmpty)
        let invitation = try #require(actions.sent(.invite).first)
        let answered = fixture.answer(invitation, 200)
        let octets = try #require(answered.responses.first?.part(MIMEType.sessionDescription)?.body)
        let description = try SessionDescription(parsing: octets)
        #expect(description.media.map(\.port) == [40_002, 40_003])
    }

    @Test func `where there are no more ports the media cell's refusal costs the participant, not the call`() throws {
        var call = try running(spare: 0)
        let refused = call.fixture.handle(.media(.legRefused(call.legs[1], .ambiguous)))
        #expect(refused.sent(.bye).count == 1)
        #expect(refused.commands.names == ["leave", "closeLeg"])
        // Whose speech alone is ambiguous still hears.
        #expect(call.fixture.handle(.media(.legAmbiguous(call.legs[2]))).isEmpty)
    }

    @Test func `who refuses other ports and has no media leaves; who has some stays`() throws {
        var call = try running()
        let cut = call.fixture.handle(.media(.legRefused(call.legs[1], .ambiguous)))
        let first = call.fixture.answer(try #require(cut.sent(.invite).first), 488)
        #expect(first.sent(.bye).count == 1)
        #expect(first.commands.names == ["leave", "closeLeg"])
        let silent = call.fixture.handle(.media(.legAmbiguous(call.legs[2])))
        let second = call.fixture.answer(try #require(silent.sent(.invite).first), 488)
        #expect(second.sent(.bye).isEmpty)
        #expect(second.commands.isEmpty)
    }

    @Test func `a change by the client meanwhile is answered with the new ports and connects him`() throws {
        var call = try running()
        let moved = call.fixture.handle(.media(.legRefused(call.legs[0], .ambiguous)))
        let told = try #require(moved.sent(.invite).first)
        // Both at once: ours is refused with 491 and his is served.
        _ = call.fixture.answer(told, 491)
        let change = call.fixture.inside(
            .invite, call.invitation, call.accepted, sdp: offer(5_000, version: 2))
        let answered = call.fixture.receive(change)
        #expect(answered.commands.names == ["moveLeg", "connectLeg"])
        let octets = try #require(answered.responses.first?.part(MIMEType.sessionDescription)?.body)
        #expect(try SessionDescription(parsing: octets).media.map(\.port) == [40_002, 40_003])
        _ = call.fixture.acknowledge(call.invitation, try #require(answered.responses.first), number: 2)
        // He is not told again what he knows, and not put out when that comes too late.
        let again = call.fixture.wait(.seconds(5))
        if let repeated = again.sent(.invite).first {
            #expect(call.fixture.answer(repeated, 488).sent(.bye).isEmpty)
        }
    }
}

extension MediaEvent {
    /// The same of another leg.
    fileprivate func of(_ leg: LegID) -> MediaEvent {
        switch self {
        case .legRefused(_, let why): .legRefused(leg, why)
        default: .legAmbiguous(leg)
        }
    }
}

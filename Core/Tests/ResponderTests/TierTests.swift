import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import Responder
import SDP
import SIP
import SIPUserAgent
import Testing

/// Emergency and imminent peril in a call that stands (TS 24.379 10.1.1.2.1).
@Suite struct TierTests {
    private let call = CallHandle(1)
    private static let anna = MCPTTID("sip:anna@mcptt.it.example")

    private func information(_ message: SIPRequest) throws -> MCPTTInfo? { try CallBody(reading: message).information }

    /// 200 to a re-INVITE of the client.
    private func agree(_ bench: Bench, _ invite: SIPRequest, _ information: MCPTTInfo?, audio: SocketAddress) throws {
        let octets = try #require(invite.part(MIMEType.sessionDescription)).body
        let offered = try SessionDescription(parsing: octets)
        let answer = SpeechAnswer(
            to: try SpeechOffer(reading: offered), audio: audio, floor: Bench.serverFloor,
            floorParameters: .init(queueing: true))
        let description = try answer.session(answering: offered, id: 5, version: 2)
        bench.answer(
            invite, body: CallBody(information: information, sessionDescription: description.serialized()).parts
        ) { $0.append(.contact, Bench.focus) }
    }

    @Test(arguments: [CallTier.emergency, .imminentPeril])
    func `It is declared by a re-INVITE, and what is said in the call is of it`(tier: CallTier) throws {
        let bench = try Bench.registered()
        bench.call()
        let first = try #require(bench.take(.ack))
        bench.others = []
        bench.command(.changeTier(call, tier))
        let invite = try #require(bench.take(.invite))
        #expect(invite.headers.callID == first.headers.callID)
        #expect(invite.headers[.resourcePriority] == ResourcePriority.headerValue(tier))
        #expect(try information(invite)?.tier == tier)
        let offer = try SessionDescription(parsing: try #require(invite.part(MIMEType.sessionDescription)).body)
        #expect(offer.origin.version == 1)
        #expect(try SpeechOffer(reading: offer).audio == Bench.clientAudio)
        bench.command(.changeTier(call, .normal))
        #expect(bench.notices.last == .changeRefused(call, status: 491, warning: nil))
        try agree(bench, invite, MCPTTInfo(tier: tier), audio: Bench.serverAudio)
        #expect(bench.notices.last == .callChanged(call, tier, by: Self.anna))
        // The media is where it was.
        #expect(!bench.others.contains { if case .connectMedia = $0 { true } else { false } })
        bench.command(.press(call))
        let indicator: FloorIndicator = tier == .emergency ? .emergencyCall : .imminentPerilCall
        #expect(bench.takeFloor().first?.indicator == indicator)
    }

    @Test func `What a call is in that is joined is known, and is called off`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group)))
        bench.giveMedia()
        try agree(bench, try #require(bench.take(.invite)), MCPTTInfo(tier: .emergency), audio: Bench.serverAudio)
        #expect(bench.notices.last == .callChanged(call, .emergency, by: nil))
        bench.command(.changeTier(call, .normal))
        let invite = try #require(bench.take(.invite))
        #expect(try information(invite)?.emergencyIndicator == false)
        #expect(invite.headers[.resourcePriority] == nil)
        let elsewhere = SocketAddress(Bench.serverAudio.address, port: 45_000)
        try agree(bench, invite, nil, audio: elsewhere)
        #expect(bench.notices.last == .callChanged(call, .normal, by: Self.anna))
        let remotes = bench.others.compactMap { if case .connectMedia(_, let remote) = $0 { remote } else { nil } }
        #expect(remotes.last?.audio == elsewhere)
    }

    @Test func `A refusal leaves it as the server says`() throws {
        let bench = try Bench.registered()
        bench.call()
        bench.command(.changeTier(call, .emergency))
        var told = MCPTTInfo()
        told.emergencyIndicator = false
        bench.answer(bench.take(.invite), 403, body: CallBody(information: told).parts)
        #expect(bench.notices.last == .changeRefused(call, status: 403, warning: nil))
        #expect(!bench.notices.contains { if case .callChanged = $0 { true } else { false } })
        // It may be tried again.
        bench.command(.changeTier(call, .emergency))
        #expect(bench.take(.invite) != nil)
    }

    /// The INVITE by which it comes back into the call that it was in.
    private func comeBack(_ bench: Bench) throws -> SIPRequest {
        bench.tell(.flowClosed(bench.flow))
        bench.pass(milliseconds: 1_000)
        bench.flow = FlowID(2)
        bench.tell(.flowOpened(bench.flow, .tcp, remote: Bench.edgeAddress))
        bench.answerRegister()
        bench.answer(bench.take(.publish))
        bench.giveMedia(2)
        return try #require(bench.take(.invite))
    }

    @Test(arguments: [true, false])
    func `Who comes back declares nothing by it, for it may have been called off meanwhile`(wasOurs: Bool) throws {
        let bench = try Bench.registered()
        if wasOurs {
            bench.call()
            bench.command(.changeTier(call, .emergency))
            let invite = try #require(bench.take(.invite))
            try agree(bench, invite, MCPTTInfo(tier: .emergency), audio: Bench.serverAudio)
        } else {
            bench.command(.call(CallRequest(group: Bench.group)))
            bench.giveMedia()
            try agree(bench, try #require(bench.take(.invite)), MCPTTInfo(tier: .emergency), audio: Bench.serverAudio)
        }
        let rejoin = try comeBack(bench)
        #expect(try information(rejoin)?.emergencyIndicator == nil)
        #expect(rejoin.headers[.resourcePriority] == nil)
        // Where the call is nowhere, who had declared it calls as he did, and nobody else.
        bench.answer(rejoin, 404) { $0.append(.warning, "399 it.example \"137 the group call does not exist\"") }
        bench.pass(milliseconds: 1_200)
        bench.giveMedia(3)
        let anew = try #require(bench.take(.invite))
        #expect(try information(anew)?.emergencyIndicator == (wasOurs ? true : nil))
    }

    @Test func `Nothing is sent where there is no call, or nothing to change`() throws {
        let bench = try Bench.registered()
        bench.command(.changeTier(call, .emergency))
        #expect(bench.notices.last == .changeRefused(call, status: 481, warning: nil))
        bench.call()
        bench.command(.changeTier(call, .normal))
        #expect(bench.take(.invite) == nil)
        #expect(bench.notices.last == .callChanged(call, .normal, by: Self.anna))
    }
}

import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import RTP
import Responder
import SDP
import SIP
import SIPUserAgent
import Testing

@Suite struct OriginatedCallTests {
    private let call = CallHandle(1)

    @Test func `A call asks for sockets, then for the group, with the floor where that is wished`() throws {
        let bench = try Bench.registered()
        bench.others = []
        bench.command(.call(CallRequest(group: Bench.group, requestsFloor: true)))
        #expect(bench.others == [.openMedia(call)])
        #expect(bench.take(.invite) == nil)
        bench.giveMedia()
        let invite = try #require(bench.take(.invite))
        #expect(invite.uri.description == "sip:participating@it.example")
        #expect(invite.headers.values(.acceptContact).count == 2)
        #expect(invite.headers.contacts.first?.uri.description == Bench.gruu)
        #expect(invite.headers.contacts.first?.parameters.has("+g.3gpp.mcptt") == true)
        #expect(invite.headers[.sessionExpires] == "1800;refresher=uac")
        #expect(invite.headers.lists("timer", in: .supported))
        #expect(!invite.headers.has(.answerMode))
        let information = try MCPTTInfo(parsing: try #require(invite.part(MIMEType.mcpttInfo)).body)
        #expect(information.sessionType == .prearranged)
        #expect(information.requestURI == Bench.group.value)
        #expect(information.clientID == MCPTTClientID("urn:uuid:1"))
        let description = try SessionDescription(parsing: try #require(invite.part(MIMEType.sessionDescription)).body)
        let offer = try SpeechOffer(reading: description)
        #expect(offer.audio == Bench.clientAudio)
        #expect(offer.floor == Bench.clientFloor)
        #expect(offer.floorParameters.implicitRequest)
        #expect(offer.floorParameters.granted)
        #expect(offer.floorParameters.floorSSRC != nil)
    }

    @Test func `The way to its media is opened with a call and kept open as long as it stands`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group)))
        bench.giveMedia()
        #expect(bench.mediaKeepAlives.isEmpty)
        let invite = try #require(bench.take(.invite))
        let description = try SessionDescription(parsing: try #require(invite.part(MIMEType.sessionDescription)).body)
        let floorSSRC = try #require(try SpeechOffer(reading: description).floorParameters.floorSSRC)
        bench.acceptCall(invite, .init(queueing: true))
        #expect(bench.mediaKeepAlives.count == 1)
        bench.pass(milliseconds: 44_999)
        #expect(bench.mediaKeepAlives.count == 3)
        bench.pass(milliseconds: 1)
        #expect(bench.mediaKeepAlives.count == 4)
        let packet = try #require(bench.mediaKeepAlives.last)
        #expect(try RTCPPacket.parse(packet) == [.receiverReport(ReceiverReport(ssrc: floorSSRC))])
        bench.command(.leave(call))
        // He wanted to: a call that ends with its initiator ends.
        #expect(bench.take(.bye)?.headers[.reason] == "SIP;cause=200;text=\"User requested release\"")
        bench.pass(milliseconds: 60_000)
        #expect(bench.mediaKeepAlives.count == 4)
    }

    @Test func `Where the answer grants the floor, talking starts at once with the SSRC that it assigns`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group, requestsFloor: true)))
        bench.giveMedia()
        bench.others = []
        bench.acceptCall(bench.take(.invite), .init(queueing: true, granted: true, implicitRequest: true, ssrc: 77))
        #expect(bench.take(.ack) != nil)
        let remote = RemoteMedia(
            audio: Bench.serverAudio, floor: Bench.serverFloor, codec: .amrWB(octetAlign: true), payloadType: 97,
            direction: .sendReceive)
        #expect(bench.others == [.connectMedia(call, remote), .startTalking(call, ssrc: 77)])
        #expect(bench.client.mayTalk(call))
        bench.others = []
        bench.floor(.granted) { $0.audioSSRC = 77 }
        #expect(bench.others == [])
        bench.floor(.granted, ack: true) { $0.audioSSRC = 78 }
        #expect(bench.takeFloor().map(\.kind) == [.ack])
        #expect(bench.others == [.startTalking(call, ssrc: 78)])
    }

    @Test func `Who lets go before the answer does not talk, though it grants the floor`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group, requestsFloor: true)))
        bench.giveMedia()
        bench.command(.release(call))
        bench.acceptCall(bench.take(.invite), .init(granted: true, implicitRequest: true))
        #expect(!bench.client.mayTalk(call))
        #expect(bench.takeFloor().map(\.kind) == [.release])
    }

    @Test func `Who presses while the call is set up asks when it stands`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group)))
        bench.command(.press(call))
        bench.giveMedia()
        bench.acceptCall(bench.take(.invite), .init())
        #expect(bench.takeFloor().map(\.kind) == [.request])
    }

    @Test func `Without implicit request the button asks, the grant starts and the release ends the talk`() throws {
        let bench = try Bench.registered()
        bench.call()
        #expect(
            bench.notices.last
                == .callStarted(
                    call,
                    CallFacts(
                        group: Bench.group, session: SIPURI("sip:controlling@it.example;gr=s1"), hasFloorControl: true))
        )
        #expect(!bench.client.mayTalk(call))
        bench.others = []
        bench.command(.press(call))
        let request = try #require(bench.takeFloor().first)
        #expect(request.kind == .request)
        #expect(request.priority == 5)
        #expect(bench.others == [])
        bench.floor(.queuePositionInfo) { $0.queueInfo = QueueInfo(position: 1, priority: 5) }
        #expect(bench.notices.last == .floor(call, .queued(QueueInfo(position: 1, priority: 5))))
        bench.floor(.granted) {
            $0.audioSSRC = 42
            $0.duration = 30
        }
        #expect(bench.others == [.startTalking(call, ssrc: 42)])
        #expect(bench.notices.last == .floor(call, .granted(duration: 30)))
        bench.command(.release(call))
        #expect(bench.takeFloor().map(\.kind) == [.release])
        #expect(bench.others.last == .stopTalking(call))
        #expect(!bench.client.mayTalk(call))
    }

    @Test func `A revoked floor stops the talk, and its repetitions go out on time`() throws {
        let bench = try Bench.registered()
        bench.call()
        bench.command(.press(call))
        bench.pass(milliseconds: 1_000)
        #expect(bench.takeFloor().map(\.kind) == [.request, .request])
        bench.floor(.granted)
        bench.others = []
        bench.floor(.revoke) { $0.rejectCause = RejectCause(FloorRevokeCause.preempted) }
        #expect(bench.others.first == .stopTalking(call))
        #expect(bench.notices.last == .floor(call, .revoked(RejectCause(4))))
        #expect(bench.takeFloor().map(\.kind) == [.release])
    }

    @Test func `A refused call is told with its warning, and its sockets are closed`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group, kind: .chat)))
        bench.giveMedia()
        bench.others = []
        let invite = try #require(bench.take(.invite))
        let information = try MCPTTInfo(parsing: try #require(invite.part(MIMEType.mcpttInfo)).body)
        #expect(information.sessionType == .chat)
        bench.answer(invite, 403) { $0.append(.warning, "399 it.example \"120 user is not affiliated\"") }
        #expect(bench.notices.last == .callFailed(call, status: 403, warning: 120))
        #expect(bench.others == [.closeMedia(call)])
        #expect(bench.client.callHandles == [])
    }

    @Test func `An answer that fits no offer ends the call`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group)))
        bench.giveMedia()
        bench.answer(bench.take(.invite)) { $0.append(.contact, Bench.focus) }
        #expect(bench.notices.last == .callFailed(call, status: 488, warning: nil))
        #expect(bench.take(.bye) != nil)
    }

    @Test func `Several calls stand beside each other, up to the limit`() throws {
        let bench = try Bench.registered { $0.limits.calls = 2 }
        bench.call()
        bench.command(.call(CallRequest(group: MCPTTGroupID("sip:fire@it.example"))))
        bench.giveMedia(2)
        bench.acceptCall(bench.take(.invite), .init())
        #expect(bench.client.callHandles == [CallHandle(1), CallHandle(2)])
        bench.command(.press(CallHandle(2)))
        bench.floor(.granted, call: 2)
        #expect(bench.client.mayTalk(CallHandle(2)))
        #expect(!bench.client.mayTalk(CallHandle(1)))
        bench.command(.call(CallRequest(group: MCPTTGroupID("sip:third@it.example"))))
        #expect(bench.notices.last == .callFailed(CallHandle(3), status: 486, warning: nil))
    }

    @Test func `Leaving sends BYE, before the answer CANCEL, before the INVITE nothing`() throws {
        let bench = try Bench.registered()
        bench.call()
        bench.others = []
        bench.command(.leave(call))
        #expect(bench.take(.bye) != nil)
        #expect(bench.others == [.closeMedia(call)])
        #expect(bench.notices.last == .callEnded(call, .left))
        bench.command(.call(CallRequest(group: Bench.group)))
        bench.giveMedia(2)
        bench.answer(bench.take(.invite), 180)
        bench.command(.leave(CallHandle(2)))
        #expect(bench.take(.cancel) != nil)
        bench.command(.call(CallRequest(group: Bench.group)))
        bench.others = []
        bench.command(.leave(CallHandle(3)))
        #expect(bench.others == [])
        bench.giveMedia(3)
        #expect(bench.others == [.closeMedia(CallHandle(3))])
        #expect(bench.take(.invite) == nil)
    }

    @Test func `A call that asks for an emergency says so in its body, priority and floor requests`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group, tier: .emergency)))
        bench.giveMedia()
        let invite = try #require(bench.take(.invite))
        #expect(invite.headers[.resourcePriority] == "mcpttp.15")
        let information = try MCPTTInfo(parsing: try #require(invite.part(MIMEType.mcpttInfo)).body)
        #expect(information.emergencyIndicator == true)
        bench.acceptCall(invite, .init())
        bench.command(.press(call))
        #expect(bench.takeFloor().first?.indicator == .emergencyCall)
    }

    @Test func `A standing call is joined again by its session identity when the connection comes back`() throws {
        let bench = try Bench.registered()
        bench.call()
        bench.tell(.flowClosed(bench.flow))
        bench.pass(milliseconds: 1_000)
        #expect(bench.client.callHandles == [call])
        bench.flow = FlowID(2)
        bench.tell(.flowOpened(bench.flow, .tcp, remote: Bench.edgeAddress))
        bench.answerRegister()
        bench.answer(bench.take(.publish))
        #expect(bench.notices.contains(.callEnded(call, .connectionLost)))
        bench.giveMedia(2)
        let invite = try #require(bench.take(.invite))
        #expect(invite.uri.description == "sip:controlling@it.example;gr=s1")
        bench.acceptCall(invite, .init())
        #expect(bench.client.callHandles == [CallHandle(2)])
    }

    @Test func `A call without registration or sockets fails`() throws {
        let bench = try Bench()
        bench.command(.call(CallRequest(group: Bench.group)))
        #expect(bench.notices.last == .callFailed(call, status: 480, warning: nil))
        let other = try Bench.registered()
        other.command(.call(CallRequest(group: Bench.group)))
        other.tell(.mediaFailed(call))
        #expect(other.notices.last == .callEnded(call, .mediaFailed))
        #expect(other.take(.invite) == nil)
    }
}

@Suite struct IncomingCallTests {
    private let call = CallHandle(1)

    @Test func `A call is answered automatically with the offered parameters, and talkers are told`() throws {
        let bench = try Bench.registered()
        bench.others = []
        bench.invite()
        #expect(
            bench.notices == [
                .called(
                    call,
                    IncomingCall(group: Bench.group, caller: MCPTTID("sip:bob@mcptt.it.example"), tier: .normal),
                    needsAnswer: false)
            ])
        #expect(bench.others == [.openMedia(call)])
        #expect(bench.takeResponse(200) == nil)
        bench.giveMedia()
        let response = try #require(bench.takeResponse(200))
        #expect(response.headers.contacts.first?.uri.description == Bench.gruu)
        #expect(response.headers[.sessionExpires] == "1800;refresher=uas")
        let description = try SessionDescription(parsing: response.body)
        let answer = try SpeechOffer(reading: description)
        #expect(answer.audio == Bench.clientAudio)
        #expect(answer.floorParameters.priority == 3)
        #expect(answer.floorParameters.queueing)
        #expect(answer.floorParameters.floorSSRC != nil)
        #expect(!answer.floorParameters.granted)
        bench.floor(.taken) { $0.grantedParty = MCPTTID("sip:bob@mcptt.it.example") }
        #expect(
            bench.notices.last
                == .floor(call, .talker(FloorTalker(mcpttID: MCPTTID("sip:bob@mcptt.it.example")))))
    }

    @Test(arguments: [("Manual", AnswerMode.automatic), (nil, .manual)] as [(String?, AnswerMode)])
    func `A call that needs the user rings until it is answered`(_ header: String?, _ mode: AnswerMode) throws {
        let bench = try Bench.registered { $0.answerMode = mode }
        bench.invite { headers in header.map { headers.append(.answerMode, $0) } }
        #expect(bench.takeResponse(180) != nil)
        bench.others = []
        bench.command(.answer(call))
        #expect(bench.others == [.openMedia(call)])
        bench.giveMedia()
        #expect(bench.takeResponse(200) != nil)
        #expect(bench.client.callHandles == [call])
    }

    @Test func `The participating function can have it answered though the user would be asked`() throws {
        let bench = try Bench.registered { $0.answerMode = .manual }
        bench.others = []
        bench.invite { $0.append(.answerMode, "Auto") }
        #expect(bench.others == [.openMedia(call)])
    }

    @Test func `A caller who gives up ends the ringing`() throws {
        let bench = try Bench.registered { $0.answerMode = .manual }
        bench.invite()
        let branch = "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKincoming-1101INVITE"
        bench.send(.cancel, callID: "incoming-1", cseq: 101) { $0.set(.via, branch) }
        #expect(bench.takeResponse(487) != nil)
        #expect(bench.notices.last == .callEnded(call, .cancelled))
        #expect(bench.client.callHandles == [])
    }

    @Test func `A declined call says so with its warning`() throws {
        let bench = try Bench.registered { $0.answerMode = .manual }
        bench.invite()
        bench.command(.decline(call))
        let response = try #require(bench.takeResponse(480))
        #expect(response.headers.warnings.first?.mcpttCode == 110)
        #expect(bench.notices.last == .callEnded(call, .declined))
    }

    @Test func `A call that does not fit is refused`() throws {
        let bench = try Bench.registered { $0.limits.calls = 1 }
        bench.invite(codec: .opus)
        #expect(bench.takeResponse(488) != nil)
        bench.invite(callID: "c2", contact: "<sip:x@it.example>;+g.3gpp.mcptt")
        #expect(bench.takeResponse(403)?.headers.warnings.first?.mcpttCode == 104)
        bench.invite(callID: "c3")
        bench.giveMedia()
        bench.invite(group: "sip:other@it.example", callID: "c4")
        #expect(bench.takeResponse(486) != nil)
    }

    @Test func `BYE ends the call and its talk`() throws {
        let bench = try Bench.registered()
        bench.invite()
        bench.giveMedia()
        let tag = bench.takeResponse(200)?.headers.to?.tag
        bench.command(.press(call))
        bench.floor(.granted)
        bench.others = []
        bench.send(.bye, callID: "incoming-1", toTag: tag)
        #expect(bench.takeResponse(200) != nil)
        #expect(bench.others == [.stopTalking(call), .closeMedia(call)])
        #expect(bench.notices.last == .callEnded(call, .releasedByServer))
    }

    @Test func `The same group calling again takes the place of a call that the server forgot`() throws {
        let bench = try Bench.registered()
        bench.invite()
        bench.giveMedia()
        bench.invite(callID: "incoming-2")
        bench.giveMedia(2)
        #expect(bench.client.callHandles == [CallHandle(2)])
        #expect(bench.notices.contains(.callEnded(call, .left)))
    }

    @Test func `While our own INVITE to the group is out, a call of the group is declined`() throws {
        let bench = try Bench.registered()
        bench.command(.call(CallRequest(group: Bench.group)))
        bench.giveMedia()
        bench.invite()
        #expect(bench.takeResponse(486) != nil)
        #expect(bench.client.callHandles == [call])
    }

    @Test func `An invitation that our own INVITE crossed is declined, a later one takes its place`() throws {
        let bench = try Bench.registered()
        bench.call()
        bench.invite()
        #expect(bench.takeResponse(486) != nil)
        #expect(bench.client.callHandles == [call])
        bench.pass(milliseconds: 5_000)
        bench.invite(callID: "incoming-2")
        bench.giveMedia(2)
        #expect(bench.client.callHandles == [CallHandle(2)])
    }

    @Test func `A re-INVITE can raise the call to an emergency, and an INFO end it`() throws {
        let bench = try Bench.registered()
        bench.invite()
        bench.giveMedia()
        let tag = bench.takeResponse(200)?.headers.to?.tag
        bench.send(.ack, callID: "incoming-1", toTag: tag, cseq: 101)
        var information = MCPTTInfo(callingGroupID: Bench.group, emergencyIndicator: true)
        let offer = SpeechOffer(
            audio: Bench.serverAudio, floor: Bench.serverFloor, floorParameters: .init(queueing: true, floorSSRC: 9))
        bench.others = []
        bench.send(.invite, callID: "incoming-1", toTag: tag, information, offer.session(id: 6, version: 2)) {
            $0.append(.contact, Bench.focus)
        }
        let response = try #require(bench.takeResponse(200))
        #expect(try SessionDescription(parsing: response.body).origin.version == 1)
        #expect(bench.notices.last == .callChanged(call, .emergency, by: nil))
        #expect(bench.others == [])
        information.emergencyIndicator = false
        bench.send(.info, callID: "incoming-1", toTag: tag, information) {
            $0.append(.infoPackage, "g.3gpp.mcptt-info")
        }
        #expect(bench.notices.last == .callChanged(call, .normal, by: nil))
    }

    @Test func `A re-INVITE that is refused changes nothing`() throws {
        let bench = try Bench.registered()
        bench.invite()
        bench.giveMedia()
        let tag = bench.takeResponse(200)?.headers.to?.tag
        bench.send(.ack, callID: "incoming-1", toTag: tag, cseq: 101)
        let information = MCPTTInfo(callingGroupID: Bench.group, emergencyIndicator: true)
        let before = bench.notices
        let strange = SpeechOffer(
            audio: Bench.serverAudio, floor: Bench.serverFloor, floorParameters: .init(), codec: .opus)
        for description in [nil, strange.session(id: 6, version: 2)] {
            bench.send(.invite, callID: "incoming-1", toTag: tag, information, description) {
                $0.append(.contact, Bench.focus)
            }
            #expect(bench.takeResponse(488) != nil)
        }
        #expect(bench.notices == before)
    }
}

/// Calls that the system itself lost, as by a restart.
@Suite struct LostCallTests {
    /// A client whose rejoin finds no call any more, after an outage.
    private func lost(
        _ kind: GroupCallKind, outageSeconds: Int64 = 2, _ change: (inout ResponderSettings) -> Void = { _ in }
    ) throws -> Bench {
        let bench = try Bench.registered(change)
        bench.call(CallRequest(group: Bench.group, kind: kind, tier: .emergency))
        try comeBack(bench, after: outageSeconds)
        return bench
    }

    private func comeBack(_ bench: Bench, after outageSeconds: Int64) throws {
        bench.tell(.flowClosed(bench.flow))
        bench.pass(milliseconds: outageSeconds * 1_000)
        bench.flow = FlowID(2)
        bench.tell(.flowOpened(bench.flow, .tcp, remote: Bench.edgeAddress))
        bench.answerRegister()
        bench.answer(bench.take(.publish))
        let handle = try #require(bench.client.callHandles.last)
        bench.giveMedia(handle.value)
        let rejoin = try #require(bench.take(.invite))
        #expect(rejoin.uri.description == "sip:controlling@it.example;gr=s1")
        bench.answer(rejoin, 404) { $0.append(.warning, "399 it.example \"137 the group call does not exist\"") }
    }

    private func nextInvite(_ bench: Bench) throws -> SIPRequest? {
        bench.pass(milliseconds: 1_200)
        guard let handle = bench.client.callHandles.last else { return nil }
        bench.giveMedia(handle.value)
        return bench.take(.invite)
    }

    @Test(arguments: [GroupCallKind.chat, .prearranged])
    func `Who had called or joined it makes the call anew, as it was`(kind: GroupCallKind) throws {
        let bench = try lost(kind)
        let invite = try #require(try nextInvite(bench))
        #expect(invite.uri.description == "sip:participating@it.example")
        let information = try MCPTTInfo(parsing: try #require(invite.part(MIMEType.mcpttInfo)).body)
        #expect(information.requestURI == Bench.group.value)
        #expect(information.emergencyIndicator == true)
        bench.acceptCall(invite, .init(queueing: true))
        bench.pass(milliseconds: 60_000)
        #expect(bench.take(.invite) == nil)
    }

    @Test func `A prearranged call that was lost too long ago is not made again`() throws {
        #expect(try nextInvite(try lost(.prearranged, outageSeconds: 61)) == nil)
        #expect(try nextInvite(try lost(.chat, outageSeconds: 61)) != nil)
    }
}

/// Chat calls that the loss of a system between ended for this client.
@Suite struct CutOffTests {
    private func cutOff(
        kind: GroupCallKind = .chat, reason: String = "SIP;cause=503;text=\"partner-lost\"",
        affiliatingAndBack: Bool = false, _ change: (inout ResponderSettings) -> Void = { _ in }
    ) throws -> Bench {
        let bench = try Bench.registered(change)
        bench.command(.call(CallRequest(group: Bench.group, kind: kind)))
        bench.giveMedia()
        let invite = try #require(bench.take(.invite))
        bench.acceptCall(invite, .init(queueing: true))
        if affiliatingAndBack { for groups in [[Bench.group], []] { bench.command(.affiliate(groups)) } }
        bench.send(
            .bye, callID: try #require(invite.headers.callID), toTag: try #require(invite.headers.from?.tag)
        ) { $0.append(.reason, reason) }
        return bench
    }

    @Test func `A member who was cut off comes back by himself, again and again at growing intervals`() throws {
        let bench = try cutOff()
        #expect(bench.notices.last == .callEnded(CallHandle(1), .connectionLost))
        #expect(bench.take(.invite) == nil)
        var handle: UInt64 = 2
        var waits: [Int64] = []
        for _ in 1...4 {
            let before = bench.milliseconds
            for _ in 0..<400 where handle > bench.client.callHandles.last?.value ?? 0 { bench.pass(milliseconds: 100) }
            waits.append(bench.milliseconds - before)
            bench.giveMedia(handle)
            let invite = try #require(bench.take(.invite))
            #expect(invite.uri.description == "sip:participating@it.example")
            let information = try MCPTTInfo(parsing: try #require(invite.part(MIMEType.mcpttInfo)).body)
            #expect(information.sessionType == .chat)
            #expect(information.requestURI == Bench.group.value)
            bench.answer(invite, 503)
            handle += 1
        }
        #expect(waits[0] <= 1_100)
        #expect(waits[3] >= 3_900)
        for _ in 0..<400 where handle > bench.client.callHandles.last?.value ?? 0 { bench.pass(milliseconds: 100) }
        bench.giveMedia(handle)
        bench.acceptCall(bench.take(.invite), .init(queueing: true))
        #expect(bench.client.callHandles == [CallHandle(handle)])
        bench.pass(milliseconds: 120_000)
        #expect(bench.take(.invite) == nil)
    }

    @Test func `A call that ended in order, a prearranged one and a refusal for good are left alone`() throws {
        for bench in [
            try cutOff(reason: "SIP;cause=200;text=\"inactivity\""), try cutOff(kind: .prearranged),
            try cutOff { $0.rejoins = false },
        ] {
            bench.pass(milliseconds: 120_000)
            #expect(bench.take(.invite) == nil)
        }
        let bench = try cutOff()
        bench.pass(milliseconds: 2_000)
        bench.giveMedia(2)
        bench.answer(bench.take(.invite), 403)
        bench.pass(milliseconds: 120_000)
        #expect(bench.take(.invite) == nil)
    }

    @Test func `Who went back himself, or logs off, is not brought back`() throws {
        let bench = try cutOff()
        bench.command(.call(CallRequest(group: Bench.group, kind: .chat)))
        bench.giveMedia(2)
        bench.acceptCall(bench.take(.invite), .init(queueing: true))
        bench.pass(milliseconds: 120_000)
        #expect(bench.client.callHandles == [CallHandle(2)])
        let other = try cutOff()
        other.command(.deregister)
        other.pass(milliseconds: 120_000)
        #expect(other.take(.invite) == nil)
    }

    @Test func `Who is affiliated no more by his own wish is not brought back`() throws {
        let bench = try cutOff()
        bench.command(.affiliate([Bench.group]))
        bench.command(.affiliate([]))
        bench.pass(milliseconds: 120_000)
        #expect(bench.take(.invite) == nil)
    }

    @Test func `Who took his affiliation back during the call is not brought back after a loss`() throws {
        let bench = try cutOff(affiliatingAndBack: true)
        bench.pass(milliseconds: 120_000)
        #expect(bench.take(.invite) == nil)
    }
}

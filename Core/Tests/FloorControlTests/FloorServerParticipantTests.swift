import FloorControl
import MCFoundation
import Testing

/// TS 24.380 6.3.5, the machine per participant.
@Suite struct FloorServerParticipantTests {
    private func takenCall(_ settings: FloorSettings = .init()) -> ServerCall {
        var call = ServerCall(settings)
        call.join(numbers: 1...3)
        call.receive(.request, from: 1)
        call.media(from: 1)
        return call
    }

    @Test func `Who joins late is told who talks`() {
        var call = takenCall()
        #expect(call.join(4) == ["taken by 1 no. 5 > 4"])
    }

    @Test func `Who asks for privacy is not named`() {
        var call = ServerCall()
        call.join(1, ServerCall.description(1, isPrivate: true))
        call.join(2)
        #expect(call.receive(.request, from: 1).last == "taken no. 3 > 2")
    }

    @Test func `An implicit request while taken queues where queueing was negotiated, else it is denied`() {
        var call = takenCall()
        #expect(
            call.join(4, ServerCall.description(4, isImplicitRequest: true))
                == ["taken by 1 no. 5 > 4", "queuePositionInfo position 1 priority 5 > 4"])
        #expect(
            call.join(5, ServerCall.description(5, isQueueing: false, isImplicitRequest: true))
                == ["taken by 1 no. 6 > 5", "deny #1 > 5"])
    }

    @Test func `In a broadcast call only the initiator talks`() {
        var call = ServerCall(FloorSettings(broadcastInitiator: ParticipantKey(1)))
        call.join(numbers: 1...3)
        #expect(call.receive(.request, from: 2) == ["deny #5 > 2"])
        #expect(
            call.receive(.request, from: 1).suffix(2) == ["taken by 1 listen no. 4 > 2", "taken by 1 listen no. 4 > 3"])
        #expect(call.sent.last?.indicator?.contains(.broadcastGroupCall) == true)
        #expect(call.receive(.request, from: 2) == ["deny #5 > 2"])
        #expect(
            call.join(4, ServerCall.description(4, isImplicitRequest: true))
                == ["taken by 1 listen no. 5 > 4", "deny #5 > 4"])
    }

    @Test func `Without queueing a request while taken is denied with cause 1`() {
        var call = takenCall(FloorSettings(isQueueing: false))
        #expect(call.receive(.request, from: 2) == ["deny #1 > 2"])
        var other = takenCall()
        other.join(4, ServerCall.description(4, isQueueing: false))
        #expect(other.receive(.request, from: 4) == ["deny #1 > 4"])
    }

    @Test func `The queue goes by tier, then priority, then arrival, and a repeated request keeps its place`() {
        var call = takenCall()
        call.join(4, ServerCall.description(4, priority: 3))
        call.join(5, ServerCall.description(5, priority: 4))
        #expect(call.receive(.request, from: 4) == ["queuePositionInfo position 1 priority 3 > 4"])
        #expect(call.receive(.request, from: 2) == ["queuePositionInfo position 1 priority 5 > 2"])
        #expect(call.receive(.request, from: 3) == ["queuePositionInfo position 2 priority 5 > 3"])
        #expect(call.receive(.request, from: 5) == ["queuePositionInfo position 3 priority 4 > 5"])
        #expect(call.receive(.request, from: 2) == ["queuePositionInfo position 1 priority 5 > 2"])
        #expect(call.server.waiting.map(\.value) == [2, 3, 5, 4])
        call.receive(.release, from: 1)
        #expect(call.server.holder == ParticipantKey(2))
    }

    @Test func `A full queue denies with cause 7, and a pre-empting request displaces the last`() {
        var call = takenCall(FloorSettings(queueDepth: 1))
        call.receive(.request, from: 2)
        #expect(call.receive(.request, from: 3) == ["deny #7 > 3"])
        call.join(4, ServerCall.description(4, priority: 9))
        #expect(
            call.receive(.request, from: 4, priority: 9)
                == ["deny #7 > 2", "queuePositionInfo position 1 priority 9 > 4", "revoke #4 > 1"])
    }

    @Test func `Queue Position Request is answered, also for one who does not wait`() {
        var call = takenCall()
        #expect(call.receive(.queuePositionRequest, from: 2) == ["queuePositionInfo position 254 priority 0 > 2"])
        call.receive(.request, from: 2)
        #expect(call.receive(.queuePositionRequest, from: 2) == ["queuePositionInfo position 1 priority 5 > 2"])
    }

    @Test func `Release of one who does not talk cancels its request and is answered by the state of the floor`() {
        var call = takenCall()
        call.receive(.request, from: 2)
        #expect(call.receive(.release, from: 2) == ["taken by 1 no. 5 > 2"])
        #expect(call.server.waiting == [])
        call.receive(.release, from: 1)
        #expect(call.receive(.release, from: 2) == ["idle no. 7 > 2"])
    }

    @Test func `Who waits and leaves is never granted`() {
        var call = takenCall()
        call.receive(.request, from: 2)
        call.tell(.left(ParticipantKey(2)))
        #expect(call.receive(.release, from: 1).first == "talker nobody")
    }

    @Test(arguments: [true, false])
    func `Media without permission is dropped, revoked with cause 3, repeated each T8 and reported at the limit`(
        _ isTaken: Bool
    ) {
        var call = takenCall()
        if !isTaken { call.receive(.release, from: 1) }
        #expect(call.media(from: 2) == ["dropped", "revoke #3 > 2"])
        #expect(call.media(from: 2) == ["dropped"])
        var lines: [String] = []
        for _ in 0..<3 {
            call.pass(milliseconds: 990).forEach { if $0.hasSuffix("> 1") == false { lines.append($0) } }
            lines += call.media(from: 2).filter { $0 != "dropped" }
            if isTaken { call.media(from: 1) }
            lines += call.pass(milliseconds: 10)
        }
        #expect(lines.filter { !$0.hasPrefix("idle") } == ["revoke #3 > 2", "revoke #3 > 2", "misbehaves 2"])
    }

    @Test func `Release or silence ends the repetition of Floor Revoke`() {
        var call = takenCall()
        call.media(from: 2)
        #expect(call.receive(.release, from: 2) == ["taken by 1 no. 5 > 2"])
        call.media(from: 3)
        #expect(call.talk(1, milliseconds: 5_000) == [])
    }

    @Test func `Packets that were on the way when the talk ended are dropped in silence, later ones are not`() {
        var call = takenCall()
        call.receive(.release, from: 1)
        #expect(call.media(from: 1) == ["dropped"])
        call.pass(milliseconds: 299)
        #expect(call.media(from: 1) == ["dropped"])
        call.pass(milliseconds: 1)
        #expect(call.media(from: 1) == ["dropped", "revoke #3 > 1"])
    }

    @Test func `A grant ends what was held against the participant`() {
        var call = takenCall()
        call.media(from: 2)
        call.receive(.request, from: 2)
        call.receive(.release, from: 1)
        call.media(from: 2)
        #expect(call.talk(2, milliseconds: 3_000) == [])
    }

    @Test func `Strangers are neither heard nor answered`() {
        var call = takenCall()
        #expect(call.media(from: 77) == ["dropped"])
        #expect(call.receive(.request, from: 77) == [])
        #expect(call.tell(.left(ParticipantKey(77))) == [])
    }

    @Test func `Who waits and declares an emergency takes the floor`() {
        var call = takenCall()
        call.receive(.request, from: 2)
        #expect(call.join(2, ServerCall.description(2, tier: .emergency)) == ["revoke #4 > 1"])
        #expect(call.join(1, ServerCall.description(1)) == [])
    }

    @Test func `Who loses the right to talk is revoked or loses its place`() {
        var call = takenCall()
        call.receive(.request, from: 2)
        #expect(call.join(2, ServerCall.description(2, isReceiveOnly: true)) == ["deny #5 > 2"])
        #expect(call.join(1, ServerCall.description(1, isReceiveOnly: true)) == ["revoke #3 > 1"])
    }

    @Test func `Replies carry back the Track Info of the request`() {
        var call = takenCall()
        var request = FloorMessage(.request, ssrc: 0)
        request.trackInfo = TrackInfo(supportsQueueing: true, participantType: "FR", references: [7])
        call.receive(request, from: 2)
        #expect(call.sent.last?.trackInfo == request.trackInfo)
    }
}

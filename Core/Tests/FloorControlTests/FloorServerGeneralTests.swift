import FloorControl
import MCFoundation
import Testing

/// TS 24.380 6.3.4, the general state machine.
@Suite struct FloorServerGeneralTests {
    /// Three participants, floor idle, nothing said for a while.
    private func idleCall(_ settings: FloorSettings = .init()) -> ServerCall {
        var call = ServerCall(settings)
        call.join(numbers: 1...3)
        return call
    }

    /// Participant 1 talks.
    private func takenCall(_ settings: FloorSettings = .init()) -> ServerCall {
        var call = idleCall(settings)
        call.receive(.request, from: 1)
        return call
    }

    @Test func `The first participant without implicit request makes the floor idle`() {
        var call = ServerCall()
        #expect(call.join(1) == ["idle no. 1 > 1"])
        #expect(call.join(2) == ["idle no. 2 > 2"])
    }

    @Test func `An implicit request takes the floor though nobody else is in yet`() {
        var call = ServerCall()
        #expect(
            call.join(1, ServerCall.description(1, isImplicitRequest: true))
                == ["talker 1 ssrc 101", "granted 30s priority 5 > 1"])
        #expect(call.join(2) == ["taken by 1 no. 2 > 2"])
        #expect(call.media(from: 1) == ["admitted"])
    }

    @Test func `A request while idle is granted, and all others learn who talks`() {
        var call = idleCall()
        #expect(
            call.receive(.request, from: 2, priority: 3) == [
                "talker 2 ssrc 102", "granted 30s priority 3 > 2", "taken by 2 no. 4 > 1", "taken by 2 no. 4 > 3",
            ])
        let granted = call.sent[3]
        #expect(granted.audioSSRC == 102)
        #expect(granted.ssrc == 902)
        #expect(granted.indicator == [.normalCall, .queueingSupported])
        #expect(call.sent.last?.audioSSRC == 102)
    }

    @Test func `A requester who is alone is denied with cause 3`() {
        var call = ServerCall()
        call.join(1)
        #expect(call.receive(.request, from: 1) == ["deny #3 > 1"])
    }

    @Test func `A listener is denied with cause 5`() {
        var call = idleCall()
        call.join(4, ServerCall.description(4, isReceiveOnly: true))
        #expect(call.receive(.request, from: 4) == ["deny #5 > 4"])
        #expect(call.receive(.request, from: 1).last == "taken by 1 listen no. 5 > 4")
        #expect(call.receive(.request, from: 4) == ["deny #5 > 4"])
    }

    @Test func `Floor Idle is repeated each T7 until C7 transmissions`() {
        var call = idleCall(FloorSettings(timers: .init(floorIdleLimit: 3)))
        let first = call.pass(milliseconds: 1_000)
        #expect(first == ["idle no. 4 > 1", "idle no. 4 > 2", "idle no. 4 > 3"])
        #expect(call.pass(milliseconds: 10_000).count == 3)
    }

    @Test func `Inactivity is reported each T4 while nobody talks`() {
        var call = ServerCall(FloorSettings(timers: .init(inactivity: .seconds(5), floorIdleLimit: 1)))
        call.join(numbers: 1...2)
        #expect(call.pass(milliseconds: 4_999) == [])
        #expect(call.pass(milliseconds: 1) == ["inactive"])
        #expect(call.pass(milliseconds: 5_000) == ["inactive"])
        call.receive(.request, from: 1)
        #expect(call.talk(1, milliseconds: 8_000) == [])
    }

    @Test func `Release by the holder makes the floor idle`() {
        var call = takenCall()
        call.media(from: 1)
        #expect(
            call.receive(.release, from: 1)
                == ["talker nobody", "idle no. 5 > 1", "idle no. 5 > 2", "idle no. 5 > 3"])
        #expect(call.server.holder == nil)
    }

    @Test func `A release that asks for it is acknowledged first`() {
        var call = takenCall()
        #expect(call.receive(.release, from: 1, ack: true).first == "ack of 4 > 1")
        #expect(call.sent.last { $0.kind == .ack }?.source == .controllingFunction)
        #expect(call.receive(.release, from: 2, ack: true) == ["ack of 4 > 2", "idle no. 6 > 2"])
    }

    @Test(arguments: [FloorMessageKind.unicastMediaFlowControl, .queuedFloorRequests])
    func `A message that is not served yet is acknowledged where it asks for it`(_ kind: FloorMessageKind) {
        var call = takenCall()
        #expect(call.receive(kind, from: 2, ack: true) == ["ack of \(kind.rawValue) > 2"])
        #expect(call.receive(kind, from: 2) == [])
        #expect(call.receive(kind, from: 9, ack: true) == [])
    }

    @Test func `T1 without media gives the floor back`() {
        var call = takenCall()
        #expect(call.pass(milliseconds: 3_999) == [])
        #expect(call.pass(milliseconds: 1).first == "talker nobody")
    }

    @Test func `Each packet restarts T1`() {
        var call = takenCall()
        #expect(call.talk(1, milliseconds: 10_000) == [])
        #expect(call.pass(milliseconds: 3_800) == [])
        #expect(call.pass(milliseconds: 100).first == "talker nobody")
    }

    @Test func `T2 runs from the first packet and revokes with cause 2`() {
        var call = takenCall()
        call.pass(milliseconds: 2_000)
        #expect(call.talk(1, milliseconds: 29_900) == [])
        #expect(call.talk(1, milliseconds: 200) == ["revoke #2 > 1"])
    }

    @Test func `A stop-talking limit below T1 still counts from the first packet`() {
        var call = takenCall(FloorSettings(timers: .init(stopTalking: .seconds(1))))
        call.pass(milliseconds: 900)
        #expect(call.talk(1, milliseconds: 900) == [])
        #expect(call.talk(1, milliseconds: 200) == ["revoke #2 > 1"])
    }

    @Test func `A lost grant is repeated to the holder who asks again, with what is left of T2`() {
        var call = takenCall()
        call.talk(1, milliseconds: 10_000)
        #expect(call.receive(.request, from: 1) == ["granted 20s priority 5 > 1"])
    }

    @Test func `A higher priority pre-empts the talker, who is granted a grace to finish`() {
        var call = takenCall()
        call.join(4, ServerCall.description(4, priority: 9))
        call.media(from: 1)
        #expect(
            call.receive(.request, from: 4, priority: 9) == [
                "queuePositionInfo position 1 priority 9 > 4", "revoke #4 > 1",
            ])
        #expect(call.media(from: 1) == ["admitted"])
        #expect(call.media(from: 4).first == "dropped")
        #expect(call.receive(.release, from: 1).prefix(2) == ["talker 4 ssrc 104", "granted 30s priority 9 > 4"])
        #expect(call.media(from: 1) == ["dropped"])
        #expect(call.media(from: 4) == ["admitted"])
    }

    @Test func `Whoever cannot queue still pre-empts, without Queue Position Info`() {
        var call = takenCall()
        call.join(4, ServerCall.description(4, priority: 9, isQueueing: false))
        #expect(call.receive(.request, from: 4, priority: 9) == ["revoke #4 > 1"])
        #expect(call.receive(.request, from: 4, priority: 9) == [])
        #expect(call.receive(.release, from: 1).contains("granted 30s priority 9 > 4"))
    }

    @Test func `Equal priority does not pre-empt, a higher tier does whatever the priority`() {
        var call = takenCall()
        #expect(call.receive(.request, from: 2) == ["queuePositionInfo position 1 priority 5 > 2"])
        call.join(4, ServerCall.description(4, priority: 1, tier: .imminentPeril))
        #expect(call.receive(.request, from: 4).last == "revoke #4 > 1")
        call.receive(.release, from: 1)
        call.join(5, ServerCall.description(5, priority: 255))
        #expect(call.receive(.request, from: 5, priority: 255) == ["queuePositionInfo position 1 priority 255 > 5"])
        call.join(6, ServerCall.description(6, priority: 0, tier: .emergency))
        #expect(call.receive(.request, from: 6).last == "revoke #4 > 4")
    }

    @Test func `A talker that declares an emergency keeps the floor from those who could take it before`() {
        var call = takenCall()
        call.join(4, ServerCall.description(4, priority: 9, tier: .imminentPeril))
        call.join(1, ServerCall.description(1, tier: .emergency))
        #expect(call.receive(.request, from: 4) == ["queuePositionInfo position 1 priority 5 > 4"])
        #expect(call.server.holder == ParticipantKey(1))
    }

    @Test func `A talker that cancels its emergency gives way to a higher tier that waits`() {
        var call = idleCall()
        call.join(1, ServerCall.description(1, tier: .emergency))
        call.receive(.request, from: 1)
        call.join(4, ServerCall.description(4, tier: .imminentPeril))
        #expect(call.receive(.request, from: 4) == ["queuePositionInfo position 1 priority 5 > 4"])
        #expect(call.join(1) == ["revoke #4 > 1"])
    }

    @Test func `A new description alone raises no priority`() {
        var call = takenCall()
        call.receive(.release, from: 1)
        call.receive(.request, from: 1, priority: 2)
        call.join(1)
        call.join(4, ServerCall.description(4, priority: 3))
        #expect(call.receive(.request, from: 4, priority: 3).last == "revoke #4 > 1")
    }

    @Test func `When the talker's stream has another SSRC the others are told, and who joins later too`() {
        var call = takenCall()
        var description = ServerCall.description(1)
        description.audioSSRC = 0xcafe
        #expect(call.join(1, description) == ["taken by 1 no. 5 > 2", "taken by 1 no. 5 > 3"])
        #expect(call.sent.suffix(2).map(\.audioSSRC) == [0xcafe, 0xcafe])
        call.join(4)
        #expect(call.sent.last?.audioSSRC == 0xcafe)
        // The same description again says nothing new.
        #expect(call.join(1, description) == [])
    }

    @Test func `Below the threshold a higher priority waits`() {
        var call = takenCall(FloorSettings(preemptionThreshold: 8))
        call.join(4, ServerCall.description(4, priority: 9))
        #expect(call.receive(.request, from: 4, priority: 7) == ["queuePositionInfo position 1 priority 7 > 4"])
        #expect(call.receive(.request, from: 4, priority: 8).last == "revoke #4 > 1")
    }

    @Test func `A request counts no more than what was negotiated and what the group has`() {
        var call = takenCall(FloorSettings(highestPriority: 6))
        call.join(4, ServerCall.description(4, priority: 4))
        #expect(call.receive(.request, from: 4, priority: 200) == ["queuePositionInfo position 1 priority 4 > 4"])
        call.join(5, ServerCall.description(5, priority: 200))
        #expect(call.receive(.request, from: 5, priority: 200).first == "queuePositionInfo position 1 priority 6 > 5")
    }

    @Test func `Audio cut-in revokes at once and grants without grace`() {
        var call = takenCall(FloorSettings(isAudioCutIn: true))
        #expect(
            call.receive(.request, from: 2, priority: 0) == [
                "revoke #4 > 1", "talker 2 ssrc 102", "granted 30s priority 0 > 2", "taken by 2 no. 5 > 1",
                "taken by 2 no. 5 > 3",
            ])
        #expect(call.media(from: 1) == ["dropped"])
    }

    @Test func `T3 ends the grace and Floor Revoke is repeated until then`() {
        var call = takenCall()
        call.join(4, ServerCall.description(4, priority: 9))
        call.media(from: 1)
        call.receive(.request, from: 4, priority: 9)
        #expect(call.talk(1, milliseconds: 2_900) == ["revoke #4 > 1", "revoke #4 > 1"])
        #expect(call.talk(1, milliseconds: 200).prefix(2) == ["talker 4 ssrc 104", "granted 30s priority 9 > 4"])
    }

    @Test func `A packet after the grace is dropped even before the timer was looked at`() {
        var call = takenCall()
        call.join(4, ServerCall.description(4, priority: 9))
        call.media(from: 1)
        call.receive(.request, from: 4, priority: 9)
        call.milliseconds += 2_999
        #expect(call.media(from: 1) == ["admitted"])
        call.milliseconds += 1
        #expect(call.media(from: 1) == ["dropped"])
    }

    @Test func `T1 ends a revocation whose talker fell silent`() {
        var call = takenCall(FloorSettings(timers: .init(stopTalkingGrace: .seconds(20))))
        call.join(4, ServerCall.description(4, priority: 9))
        call.media(from: 1)
        call.receive(.request, from: 4, priority: 9)
        #expect(call.pass(milliseconds: 4_000).contains("granted 30s priority 9 > 4"))
    }

    @Test func `Who talked too long must wait for T9 before the floor is idle for it`() {
        var call = takenCall(FloorSettings(timers: .init(stopTalking: .seconds(1), retryAfter: .seconds(5))))
        call.talk(1, milliseconds: 1_100)
        call.receive(.release, from: 1)
        #expect(call.receive(.request, from: 1) == ["deny #4 > 1"])
        call.pass(milliseconds: 4_800)
        #expect(call.receive(.request, from: 1) == ["deny #4 > 1"])
        call.pass(milliseconds: 200)
        #expect(call.receive(.request, from: 1).first == "talker 1 ssrc 101")
    }

    @Test func `The queue is served before the floor becomes idle, and its grant repeated each T20 until C20`() {
        var call = takenCall()
        call.receive(.request, from: 2)
        #expect(
            call.receive(.release, from: 1) == [
                "talker 2 ssrc 102", "granted 30s priority 5 > 2", "taken by 2 no. 5 > 1", "taken by 2 no. 5 > 3",
            ])
        #expect(call.pass(milliseconds: 3_900) == ["granted 30s priority 5 > 2", "granted 30s priority 5 > 2"])
    }

    @Test(arguments: [true, false])
    func `Media or Floor Ack stops the repetition of the grant`(_ byMedia: Bool) {
        var call = takenCall()
        call.receive(.request, from: 2)
        call.receive(.release, from: 1)
        if byMedia {
            call.media(from: 2)
        } else {
            var ack = FloorMessage(.ack, ssrc: 0)
            ack.messageType = FloorMessageKind.granted.rawValue
            call.receive(ack, from: 2)
        }
        #expect(call.pass(milliseconds: 3_000) == [])
    }

    @Test func `A grant that nobody waits for with a pressed button may ask for acknowledgement`() {
        var call = ServerCall(FloorSettings(asksForAcknowledgement: true))
        #expect(call.join(1, ServerCall.description(1, isImplicitRequest: true)).last == "granted! 30s priority 5 > 1")
        call.join(2)
        call.receive(.request, from: 2)
        #expect(call.receive(.release, from: 1)[1] == "granted! 30s priority 5 > 2")
        call.receive(.release, from: 2)
        #expect(call.receive(.request, from: 1)[1] == "granted 30s priority 5 > 1")
    }

    @Test func `When the holder leaves the next one talks, or nobody`() {
        var call = takenCall()
        call.receive(.request, from: 2)
        #expect(
            call.tell(.left(ParticipantKey(1)))
                == ["talker 2 ssrc 102", "granted 30s priority 5 > 2", "taken by 2 no. 5 > 3"])
        #expect(call.tell(.left(ParticipantKey(2))) == ["talker nobody", "idle no. 6 > 3"])
        #expect(call.tell(.left(ParticipantKey(3))) == [])
        #expect(call.server.nextDeadline == nil)
    }

    @Test func `A call that is released says nothing more and forwards nothing`() {
        var call = takenCall()
        #expect(call.tell(.released) == ["talker nobody"])
        #expect(call.media(from: 1) == ["dropped"])
        #expect(call.receive(.request, from: 2) == [])
        #expect(call.join(4) == [])
        #expect(call.server.nextDeadline == nil)
    }

    @Test func `The indicator shows the call, not what a participant claims`() {
        var call = idleCall()
        var request = FloorMessage(.request, ssrc: 0)
        request.indicator = .emergencyCall
        call.receive(request, from: 1)
        #expect(call.sent.last?.indicator == [.normalCall, .queueingSupported])
        call.tell(.reconfigured(FloorSettings(tier: .emergency, isQueueing: false, isTemporaryGroup: true)))
        call.receive(.release, from: 1)
        #expect(call.sent.last?.indicator == [.emergencyCall, .temporaryGroupCall])
    }

    @Test func `More participants than the limit are refused`() {
        var call = ServerCall(FloorSettings(limits: FloorLimits(participants: 2)))
        call.join(numbers: 1...2)
        #expect(call.join(3) == ["refused 3"])
        #expect(call.receive(.request, from: 3) == [])
        #expect(call.server.participantCount == 2)
    }
}

import FloorControl
import MCFoundation
import Testing

/// A floor participant under a virtual clock; what it does is told in short lines.
struct Talker {
    var machine: FloorParticipant
    var milliseconds: Int64 = 0
    var sent: [FloorMessage] = []

    init(_ settings: FloorParticipantSettings = .init(ssrc: 7, priority: 5)) {
        machine = FloorParticipant(settings: settings)
    }

    @discardableResult
    mutating func tell(_ event: FloorParticipantEvent) -> [String] {
        let now = Now(instant: Instant(nanoseconds: milliseconds * 1_000_000), utc: UTCTime(microseconds: 0))
        return machine.handle(event, at: now).map { note($0) }
    }

    @discardableResult
    mutating func receive(
        _ kind: FloorMessageKind, ack: Bool = false, _ fill: (inout FloorMessage) -> Void = { _ in }
    ) -> [String] {
        var message = FloorMessage(kind, ssrc: 1, acknowledgementRequested: ack)
        fill(&message)
        return tell(.received(message))
    }

    @discardableResult
    mutating func pass(milliseconds duration: Int64) -> [String] {
        let end = milliseconds + duration
        var lines: [String] = []
        while let deadline = machine.nextDeadline, deadline.nanoseconds <= end * 1_000_000 {
            milliseconds = max(milliseconds, deadline.nanoseconds / 1_000_000)
            lines += tell(.timeAdvanced)
        }
        milliseconds = end
        return lines
    }

    private mutating func note(_ action: FloorParticipantAction) -> String {
        switch action {
        case .send(let message):
            sent.append(message)
            return "\(message.kind)"
        case .startMedia(let ssrc): return "start media" + (ssrc.map { " \($0)" } ?? "")
        case .stopMedia: return "stop media"
        case .endCall: return "end call"
        case .notify(let indication):
            switch indication {
            case .granted(let duration): return "granted" + (duration.map { " \($0)s" } ?? "")
            case .grantOffered: return "offered"
            case .denied(let cause): return "denied #\(cause?.value ?? 0)"
            case .requestUnanswered: return "unanswered"
            case .queued(let info): return "queued \(info?.position ?? 0)"
            case .queuePositionUnanswered: return "position unanswered"
            case .revoked(let cause): return "revoked #\(cause?.value ?? 0)"
            case .talker(let talker):
                return "talker \(talker.mcpttID?.value ?? "?")" + (talker.isOverriding ? " over" : "")
            case .idle: return "idle"
            case .mediaEnded: return "media ended"
            }
        }
    }
}

/// TS 24.380 6.2.4.
@Suite struct FloorParticipantTests {
    private func silent(_ settings: FloorParticipantSettings = .init(ssrc: 7, priority: 5)) -> Talker {
        var talker = Talker(settings)
        talker.tell(.sessionEstablished(implicitRequest: false, granted: false))
        return talker
    }

    private func pending() -> Talker {
        var talker = silent()
        talker.tell(.pressed)
        return talker
    }

    private func talking() -> Talker {
        var talker = pending()
        talker.receive(.granted)
        return talker
    }

    private func queued(accepts: Bool = true) -> Talker {
        var talker = silent(.init(ssrc: 7, priority: 5, acceptsQueuedGrants: accepts))
        talker.tell(.pressed)
        talker.receive(.queuePositionInfo) { $0.queueInfo = QueueInfo(position: 2, priority: 5) }
        return talker
    }

    private func releasing() -> Talker {
        var talker = talking()
        talker.tell(.released)
        return talker
    }

    @Test func `Before the session stands nothing is done`() {
        var talker = Talker()
        #expect(talker.tell(.pressed) == [])
        #expect(talker.receive(.taken, ack: true) == [])
    }

    @Test func `An implicit request waits for its grant and is repeated as Floor Request`() {
        var talker = Talker()
        #expect(talker.tell(.sessionEstablished(implicitRequest: true, granted: false)) == [])
        #expect(talker.pass(milliseconds: 1_000) == ["request"])
        #expect(talker.receive(.granted) == ["start media", "granted"])
    }

    @Test func `The floor may come with the session, and its SSRC with the grant that follows`() {
        var talker = Talker()
        #expect(
            talker.tell(.sessionEstablished(implicitRequest: true, granted: true)) == ["start media", "granted"])
        #expect(talker.machine.mayTalk)
        #expect(talker.receive(.granted, ack: true) { $0.audioSSRC = 99 } == ["ack", "start media 99"])
    }

    @Test func `A pressed button asks with priority, indicator and alias`() {
        var talker = silent(
            .init(ssrc: 7, priority: 9, indicator: .emergencyCall, functionalAlias: FunctionalAlias("sip:chief@x")))
        #expect(talker.tell(.pressed) == ["request"])
        #expect(talker.sent.last?.priority == 9)
        #expect(talker.sent.last?.ssrc == 7)
        #expect(talker.sent.last?.indicator == .emergencyCall)
        #expect(talker.sent.last?.functionalAlias == FunctionalAlias("sip:chief@x"))
        #expect(talker.tell(.pressed) == [])
    }

    @Test func `A listener sees who talks, and when nobody is heard any more`() {
        var talker = silent()
        #expect(talker.receive(.taken) { $0.grantedParty = MCPTTID("sip:a@x") } == ["talker sip:a@x"])
        #expect(talker.pass(milliseconds: 3_000) == [])
        talker.tell(.mediaReceived)
        #expect(talker.pass(milliseconds: 3_999) == [])
        #expect(talker.pass(milliseconds: 1) == ["media ended"])
        #expect(talker.receive(.idle) == ["idle"])
        #expect(talker.machine.nextDeadline == nil)
    }

    @Test func `A Floor Taken that comes again tells the user nothing new, unless he had lost the talker`() {
        var talker = silent()
        func taken(_ message: inout FloorMessage) {
            message.grantedParty = MCPTTID("sip:a@x")
            message.sequenceNumber = 4
        }
        #expect(talker.receive(.taken, taken) == ["talker sip:a@x"])
        #expect(talker.receive(.taken, taken) == [])
        #expect(talker.pass(milliseconds: 4_000) == ["media ended"])
        #expect(talker.receive(.taken, taken) == ["talker sip:a@x"])
        #expect(
            talker.receive(.taken) {
                taken(&$0)
                $0.grantedParty = MCPTTID("sip:b@x")
            } == ["talker sip:b@x"])
    }

    @Test func `Every message that asks for it is acknowledged before anything else`() {
        var talker = silent()
        #expect(talker.receive(.taken, ack: true).first == "ack")
        #expect(talker.receive(.idle, ack: true).first == "ack")
        talker.tell(.pressed)
        #expect(talker.receive(.deny, ack: true).first == "ack")
        #expect(talker.sent.last?.source == .floorParticipant)
        #expect(talker.sent.last?.messageType == FloorMessageKind.deny.rawValue)
    }

    @Test func `Grant, with its SSRC and time, starts media`() {
        var talker = pending()
        let lines = talker.receive(.granted) {
            $0.audioSSRC = 42
            $0.duration = 30
        }
        #expect(lines == ["start media 42", "granted 30s"])
        #expect(talker.pass(milliseconds: 60_000) == [])
    }

    @Test func `Deny ends the request`() {
        var talker = pending()
        #expect(talker.receive(.deny) { $0.rejectCause = RejectCause(FloorDenyCause.queueFull) } == ["denied #7"])
        #expect(talker.pass(milliseconds: 10_000) == [])
    }

    @Test func `A request is repeated each T101 until C101 transmissions`() {
        var talker = pending()
        #expect(talker.pass(milliseconds: 2_999) == ["request", "request"])
        #expect(talker.pass(milliseconds: 1) == ["unanswered"])
        #expect(talker.machine.state == .hasNoPermission)
    }

    @Test func `A button that comes up before the grant releases, and the late grant is only acknowledged`() {
        var talker = pending()
        #expect(talker.tell(.released) == ["release"])
        #expect(talker.receive(.granted, ack: true) == ["ack"])
        #expect(!talker.machine.mayTalk)
        #expect(talker.receive(.revoke) == [])
    }

    @Test func `Revoke while asking is answered with Release`() {
        var talker = pending()
        #expect(talker.receive(.revoke) { $0.rejectCause = RejectCause(255) } == ["revoked #255", "release"])
    }

    @Test func `Revoke while talking stops media before it is answered, with its indicator`() {
        var talker = talking()
        let lines = talker.receive(.revoke) {
            $0.rejectCause = RejectCause(FloorRevokeCause.preempted)
            $0.indicator = .emergencyCall
        }
        #expect(lines == ["stop media", "revoked #4", "release"])
        #expect(talker.sent.last?.indicator == .emergencyCall)
    }

    @Test func `Revoke without permission is answered with Release`() {
        var talker = silent()
        #expect(talker.receive(.revoke) == ["release"])
        #expect(talker.machine.state == .hasNoPermission)
    }

    @Test func `A talker stays one whatever overtook its grant, and hears who overrides it`() {
        var talker = talking()
        #expect(talker.receive(.granted) == [])
        #expect(talker.receive(.taken) { $0.grantedParty = MCPTTID("b") } == [])
        #expect(talker.receive(.idle) == [])
        #expect(
            talker.receive(.taken) {
                $0.grantedParty = MCPTTID("b")
                $0.indicator = .dualFloor
            } == ["talker b over"])
        #expect(talker.machine.mayTalk)
    }

    @Test func `With dual floor a talker knows whether it overrides or is overridden, until the other one ends`() {
        func dual(_ message: inout FloorMessage) { message.indicator = [.normalCall, .dualFloor] }
        var overriding = pending()
        overriding.receive(.granted, dual)
        #expect(overriding.machine.mayTalk)
        #expect(overriding.machine.dualFloorRole == .overriding)
        overriding.receive(.idle)
        #expect(overriding.machine.dualFloorRole == .overriding)
        overriding.receive(.idle, dual)
        #expect(overriding.machine.mayTalk)
        #expect(overriding.machine.dualFloorRole == nil)
        var overridden = talking()
        #expect(overridden.machine.dualFloorRole == nil)
        overridden.receive(.taken, dual)
        #expect(overridden.machine.dualFloorRole == .overridden)
        overridden.tell(.released)
        #expect(overridden.machine.dualFloorRole == nil)
    }

    @Test(arguments: [FloorMessageKind.idle, .taken])
    func `Release is repeated each T100 until the floor's state confirms it`(_ confirmation: FloorMessageKind) {
        var talker = talking()
        #expect(talker.tell(.released) == ["stop media", "release"])
        #expect(talker.pass(milliseconds: 1_000) == ["release"])
        talker.receive(confirmation)
        #expect(talker.machine.state == .hasNoPermission)
        #expect(!talker.pass(milliseconds: 3_000).contains("release"))
    }

    @Test func `Release ends unconfirmed after C100 transmissions, or with media of others`() {
        var talker = releasing()
        #expect(talker.pass(milliseconds: 3_000) == ["release", "release"])
        #expect(talker.machine.state == .hasNoPermission)
        var other = releasing()
        other.tell(.mediaReceived)
        #expect(other.machine.state == .hasNoPermission)
    }

    @Test func `A button that goes down during release asks once the release is confirmed`() {
        var talker = releasing()
        #expect(talker.tell(.pressed) == [])
        #expect(talker.receive(.idle) == ["idle", "request"])
        var other = releasing()
        other.tell(.pressed)
        other.tell(.released)
        #expect(other.receive(.idle) == ["idle"])
    }

    @Test func `Out of the queue the talk starts at once`() {
        var talker = queued()
        #expect(talker.receive(.granted) { $0.audioSSRC = 3 } == ["start media 3", "granted"])
    }

    @Test func `A user who is asked has T132 to accept`() {
        var talker = queued(accepts: false)
        #expect(talker.receive(.granted, ack: true) { $0.audioSSRC = 3 } == ["ack", "offered"])
        #expect(talker.receive(.granted, ack: true) == ["ack"])
        #expect(!talker.machine.mayTalk)
        var late = talker
        #expect(talker.tell(.queuedGrantAccepted) == ["start media 3", "granted"])
        #expect(late.pass(milliseconds: 2_000) == ["release"])
        #expect(late.tell(.queuedGrantAccepted) == [])
    }

    @Test func `Who waits can cancel, is told of denial, and loses its place when the floor falls idle`() {
        var talker = queued()
        #expect(talker.tell(.released) == ["release"])
        var denied = queued()
        #expect(denied.receive(.deny) == ["denied #0"])
        var idle = queued()
        #expect(idle.receive(.idle) == ["idle"])
        #expect(idle.machine.state == .hasNoPermission)
    }

    @Test func `The queue position is asked for each T104 until C104 transmissions`() {
        var talker = queued()
        #expect(talker.tell(.queuePositionAsked) == ["queuePositionRequest"])
        var answered = talker
        #expect(
            answered.receive(.queuePositionInfo) { $0.queueInfo = QueueInfo(position: 1, priority: 5) } == ["queued 1"])
        #expect(answered.pass(milliseconds: 5_000) == [])
        #expect(
            talker.pass(milliseconds: 5_000)
                == ["queuePositionRequest", "queuePositionRequest", "position unanswered"])
        #expect(talker.receive(.granted) == ["start media", "granted"])
    }

    @Test func `A broadcast of ours ends when its talk does`() {
        var talker = silent(.init(ssrc: 7, isBroadcastInitiator: true))
        talker.tell(.pressed)
        talker.receive(.granted)
        talker.tell(.released)
        #expect(talker.receive(.idle) == ["idle", "end call"])
        #expect(talker.machine.state == .releasing)
    }

    @Test func `Call release stops media and everything else`() {
        var talker = talking()
        #expect(talker.tell(.sessionReleasing) == ["stop media"])
        #expect(talker.tell(.pressed) == [])
        #expect(talker.receive(.taken, ack: true) == [])
        #expect(talker.tell(.sessionEnded) == [])
        #expect(talker.machine.state == .startStop)
    }

    @Test func `What a later message overtook does not count, also across the end of the numbers`() {
        var talker = silent()
        talker.receive(.taken) { $0.sequenceNumber = 65_535 }
        #expect(talker.receive(.taken) { $0.sequenceNumber = 2 } == ["talker ?"])
        #expect(talker.receive(.idle) { $0.sequenceNumber = 1 } == [])
        #expect(talker.receive(.idle) { $0.sequenceNumber = 3 } == ["idle"])
    }
}

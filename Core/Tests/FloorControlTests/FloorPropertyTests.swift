import FloorControl
import MCFoundation
import Testing

/// Random events from a seed, and what must hold whatever they are.
private struct RandomCall {
    var server: FloorServer
    var random: SeededGenerator
    var nanoseconds: Int64 = 0
    /// Holder as told by `talkerChanged`, and who was revoked but still has its grace.
    var announced: ParticipantKey?
    var trace: [FloorServerAction] = []
    var members: [ParticipantKey] = []
    var grants = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        server = FloorServer(
            settings: FloorSettings(
                timers: .init(
                    stopTalking: .seconds(3), stopTalkingGrace: .milliseconds(500), retryAfter: .seconds(1)),
                isQueueing: seed % 5 != 0, queueDepth: 3, preemptionThreshold: UInt8(seed % 4),
                isAudioCutIn: seed % 7 == 0, asksForAcknowledgement: seed % 2 == 0))
    }

    mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    mutating func step() -> [String] {
        nanoseconds += Int64(pick(400)) * 1_000_000
        let now = Now(instant: Instant(nanoseconds: nanoseconds), utc: UTCTime(microseconds: 0))
        var faults: [String] = []
        if let deadline = server.nextDeadline, deadline <= now.instant {
            faults += check(server.handle(.timeAdvanced, at: now))
            if let next = server.nextDeadline, next <= now.instant { faults.append("a deadline stays in the past") }
        }
        let key = ParticipantKey(UInt64(pick(8)))
        switch pick(20) {
        case 0:
            let number = UInt32(key.value)
            if !members.contains(key) { members.append(key) }
            faults += check(
                server.handle(
                    .joined(
                        key,
                        ServerCall.description(
                            number, priority: UInt8(pick(6)), tier: pick(10) == 0 ? .emergency : .normal,
                            isQueueing: pick(3) != 0, isReceiveOnly: pick(9) == 0, isImplicitRequest: pick(4) == 0)),
                    at: now))
        case 1:
            members.removeAll { $0 == key }
            faults += check(server.handle(.left(key), at: now))
        case 2...6:
            var request = FloorMessage(.request, ssrc: 0)
            request.priority = UInt8(pick(8))
            faults += check(server.handle(.received(request, from: key), at: now))
        case 7...8:
            let release = FloorMessage(.release, ssrc: 0, acknowledgementRequested: pick(2) == 0)
            faults += check(server.handle(.received(release, from: key), at: now))
        case 9:
            faults += check(server.handle(.received(FloorMessage(.queuePositionRequest, ssrc: 0), from: key), at: now))
        default:
            let sender = pick(2) == 0 ? server.holder ?? key : key
            let isAdmitted = server.mediaReceived(from: sender, at: now.instant)
            if isAdmitted, sender != announced { faults.append("admits \(sender.value) who was not announced") }
            if isAdmitted, !members.contains(sender) { faults.append("admits \(sender.value) who is not in the call") }
            faults += check(server.takePendingActions())
        }
        if server.holder != announced { faults.append("holder and announcement differ") }
        if let holder = server.holder, server.waiting.contains(holder) { faults.append("the holder waits") }
        if server.waiting.count > 3 { faults.append("the queue is longer than its depth") }
        if server.waiting.contains(where: { !members.contains($0) }) { faults.append("one who left waits") }
        return faults
    }

    /// Follows grants and announcements: a grant goes only to the holder, Floor Taken never to it.
    mutating func check(_ actions: [FloorServerAction]) -> [String] {
        var faults: [String] = []
        for action in actions {
            switch action {
            case .talkerChanged(let key, _):
                announced = key
            case .announce(let keys):
                for key in keys {
                    if !members.contains(key) { faults.append("announces to one who left") }
                    if key == announced, server.announcement(to: key)?.kind == .taken {
                        faults.append("tells the talker that it talks")
                    }
                }
            case .send(let message, let key):
                if message.kind == .granted {
                    grants += 1
                    if key != announced { faults.append("grants \(key.value) while another one holds the floor") }
                }
                if message.kind == .taken, key == announced { faults.append("tells the talker that it talks") }
                if !members.contains(key) { faults.append("sends to one who left") }
            case .inactive, .misbehaves, .refused:
                break
            }
        }
        trace += actions
        return faults
    }
}

@Suite struct FloorPropertyTests {
    @Test(arguments: UInt64(1)...40)
    func `No order of events gives two holders or admits one who does not hold the floor`(_ seed: UInt64) {
        var call = RandomCall(seed: seed)
        for step in 0..<2_000 {
            let faults = call.step()
            #expect(faults == [], "seed \(seed), step \(step)")
            if !faults.isEmpty { return }
        }
        #expect(call.grants > 20)
    }

    @Test func `The same seed gives the same actions`() {
        func trace(_ seed: UInt64) -> [FloorServerAction] {
            var call = RandomCall(seed: seed)
            for _ in 0..<500 { _ = call.step() }
            return call.trace
        }
        #expect(trace(3) == trace(3))
        #expect(trace(3) != trace(4))
    }
}

import FloorControl
import MCFoundation
import Testing

/// A server and its participants, every message as octets, with delay, loss, duplication and reordering from a seed.
private struct FloorNetwork {
    enum Packet {
        case toServer(from: Int, [UInt8])
        case toParticipant(Int, [UInt8])
        case audio(from: Int)
        case heard(by: Int)
    }

    var server: FloorServer
    var participants: [FloorParticipant] = []
    /// Under way, with the time of arrival in milliseconds.
    var packets: [(at: Int64, packet: Packet)] = []
    var random: SeededGenerator
    var lossPercent: UInt64
    var milliseconds: Int64 = 0
    var talking: [Bool]
    var grants = 0
    var forwarded = 0
    var misbehaviour = 0

    init(seed: UInt64, count: Int, lossPercent: UInt64) {
        random = SeededGenerator(seed: seed)
        self.lossPercent = lossPercent
        talking = Array(repeating: false, count: count)
        server = FloorServer(
            settings: FloorSettings(timers: .init(inactivity: nil), asksForAcknowledgement: seed % 2 == 0))
        for index in 0..<count {
            var settings = FloorParticipantSettings(ssrc: UInt32(index), priority: UInt8(index % 3))
            settings.acceptsQueuedGrants = true
            participants.append(FloorParticipant(settings: settings))
            perform(
                server.handle(
                    .joined(ParticipantKey(UInt64(index)), ServerCall.description(UInt32(index), priority: 9)), at: now)
            )
            act(index, participants[index].handle(.sessionEstablished(implicitRequest: false, granted: false), at: now))
        }
    }

    var now: Now { Now(instant: Instant(nanoseconds: milliseconds * 1_000_000), utc: UTCTime(microseconds: 0)) }

    mutating func post(_ packet: Packet) {
        for _ in 0..<(random.next() % 100 < 3 ? 2 : 1) where random.next() % 100 >= lossPercent {
            packets.append((milliseconds + 5 + Int64(random.next() % 60), packet))
        }
    }

    mutating func perform(_ actions: [FloorServerAction]) {
        for action in actions {
            switch action {
            case .send(let message, let key):
                if message.kind == .granted { grants += 1 }
                post(.toParticipant(Int(key.value), message.encoded()))
            case .announce(let keys):
                for key in keys {
                    guard let message = server.announcement(to: key) else { continue }
                    post(.toParticipant(Int(key.value), message.encoded()))
                }
            case .misbehaves: misbehaviour += 1
            case .talkerChanged, .inactive, .refused: break
            }
        }
    }

    mutating func act(_ index: Int, _ actions: [FloorParticipantAction]) {
        for action in actions {
            switch action {
            case .send(let message): post(.toServer(from: index, message.encoded()))
            case .startMedia: talking[index] = true
            case .stopMedia: talking[index] = false
            case .notify, .endCall: break
            }
        }
    }

    mutating func tell(_ index: Int, _ event: FloorParticipantEvent) {
        act(index, participants[index].handle(event, at: now))
    }

    /// 20 ms: talkers send a packet, what arrives is handled, timers fire.
    mutating func tick() throws {
        milliseconds += 20
        for index in talking.indices where talking[index] { post(.audio(from: index)) }
        let due = packets.filter { $0.at <= milliseconds }.sorted { $0.at < $1.at }
        packets.removeAll { $0.at <= milliseconds }
        for (_, packet) in due { try deliver(packet) }
        if let deadline = server.nextDeadline, deadline <= now.instant {
            perform(server.handle(.timeAdvanced, at: now))
        }
        for index in participants.indices {
            guard let deadline = participants[index].nextDeadline, deadline <= now.instant else { continue }
            tell(index, .timeAdvanced)
        }
    }

    private mutating func deliver(_ packet: Packet) throws {
        switch packet {
        case .toServer(let index, let octets):
            for message in try FloorMessage.decode(octets) {
                perform(server.handle(.received(message, from: ParticipantKey(UInt64(index))), at: now))
            }
        case .toParticipant(let index, let octets):
            for message in try FloorMessage.decode(octets) { tell(index, .received(message)) }
        case .audio(let index):
            let isAdmitted = server.mediaReceived(from: ParticipantKey(UInt64(index)), at: now.instant)
            perform(server.takePendingActions())
            guard isAdmitted else { return }
            forwarded += 1
            for other in participants.indices where other != index { post(.heard(by: other)) }
        case .heard(let index):
            tell(index, .mediaReceived)
        }
    }

    mutating func run(milliseconds duration: Int64) throws {
        for _ in 0..<(duration / 20) { try tick() }
    }
}

@Suite struct FloorNetworkTests {
    @Test(arguments: UInt64(1)...12)
    func `Whatever is lost on the way, all agree again that nobody talks once the buttons are up`(_ seed: UInt64) throws
    {
        var network = FloorNetwork(seed: seed, count: 5, lossPercent: 15)
        var pressed = Array(repeating: false, count: 5)
        for _ in 0..<80 {
            let index = Int(network.random.next() % 5)
            pressed[index].toggle()
            network.tell(index, pressed[index] ? .pressed : .released)
            try network.run(milliseconds: Int64(network.random.next() % 1_500))
        }
        for index in 0..<5 { network.tell(index, .released) }
        try network.run(milliseconds: 20_000)
        #expect(network.server.holder == nil)
        #expect(network.server.waiting == [])
        #expect(network.talking == Array(repeating: false, count: 5))
        #expect(network.participants.map(\.state) == Array(repeating: .hasNoPermission, count: 5))
        #expect(network.grants > 10)
        #expect(network.forwarded > 100)
        #expect(network.misbehaviour == 0)
    }

    @Test(arguments: UInt64(1)...12)
    func `Whoever presses alone talks, though a third of all packets is lost`(_ seed: UInt64) throws {
        var network = FloorNetwork(seed: seed, count: 3, lossPercent: 0)
        try network.run(milliseconds: 200)
        network.lossPercent = 30
        network.tell(1, .pressed)
        try network.run(milliseconds: 3_000)
        // Three requests at 30 % loss may all fail with 2.7 %, each answer likewise: the user presses again.
        if !network.talking[1] {
            network.tell(1, .released)
            try network.run(milliseconds: 4_000)
            network.tell(1, .pressed)
            try network.run(milliseconds: 3_000)
        }
        #expect(network.talking == [false, true, false])
        #expect(network.server.holder == ParticipantKey(1))
    }

    @Test func `Without loss the floor goes round in order, and each hears only one at a time`() throws {
        var network = FloorNetwork(seed: 99, count: 4, lossPercent: 0)
        try network.run(milliseconds: 200)
        network.tell(2, .pressed)
        try network.run(milliseconds: 400)
        #expect(network.talking == [false, false, true, false])
        network.tell(1, .pressed)
        try network.run(milliseconds: 400)
        network.tell(2, .released)
        try network.run(milliseconds: 400)
        #expect(network.talking == [false, true, false, false])
        network.tell(1, .released)
        try network.run(milliseconds: 400)
        #expect(network.talking == [false, false, false, false])
        #expect(network.misbehaviour == 0)
    }
}

import CallControl
import FloorControl
import HostTime
import MCFoundation
import MediaDistribution
import MediaDriver
import Synchronization

/// A client with real sockets on the loopback interface.
final class LoopbackPhone {
    let audio: DatagramSocket
    let floor: DatagramSocket
    let floorSSRC: UInt32
    private let poller: DatagramPoller
    private(set) var heard: [[UInt8]] = []
    private(set) var messages: [FloorMessage] = []

    init(_ number: UInt32, host: IPAddress = .loopback) throws {
        audio = try DatagramSocket(bind: SocketAddress(host, port: 0))
        floor = try DatagramSocket(bind: SocketAddress(host, port: 0))
        floorSSRC = 0xf000_0000 | number
        poller = try DatagramPoller()
        try poller.add(audio, number: 0)
        try poller.add(floor, number: 1)
    }

    var remote: LegRemote {
        LegRemote(audio: audio.localAddress, floor: floor.localAddress, floorSSRC: floorSSRC, payloadType: 96)
    }

    /// Reads until the condition holds; false if it does not within five seconds.
    func wait(until isEnough: (LoopbackPhone) -> Bool) throws -> Bool {
        let deadline = SystemClock.now().instant + .seconds(5)
        while !isEnough(self) {
            guard SystemClock.now().instant < deadline else { return false }
            _ = try poller.wait(until: deadline)
            try audio.receive { heard.append(Array($0.octets)) }
            try floor.receive { messages += (try? FloorMessage.decode(Array($0.octets))) ?? [] }
        }
        return true
    }
}

/// What the cell told, for a test to wait for.
final class EventLog: Sendable {
    private let events = Mutex<[MediaEvent]>([])
    private let poller: DatagramPoller

    init() throws { poller = try DatagramPoller() }

    func append(_ new: [MediaEvent]) {
        events.withLock { $0 += new }
        poller.wake()
    }

    var all: [MediaEvent] { events.withLock { $0 } }

    func wait(for event: MediaEvent) throws -> Bool {
        let deadline = SystemClock.now().instant + .seconds(20)
        while !all.contains(event) {
            guard SystemClock.now().instant < deadline else { return false }
            _ = try poller.wait(until: deadline)
        }
        return true
    }
}

func configuration(_ host: IPAddress = .loopback, limits: MediaLimits = .init()) -> MediaDriverConfiguration {
    MediaDriverConfiguration(
        sockets: [
            .init(.audio, .access, local: SocketAddress(host, port: 0)),
            .init(.floor, .access, local: SocketAddress(host, port: 0)),
        ], limits: limits)
}

func speech(_ sequence: UInt16, ssrc: UInt32) -> [UInt8] {
    var octets: [UInt8] = [0x80, 96, UInt8(sequence >> 8), UInt8(sequence & 0xff), 0, 0, 0, 0]
    for shift in [24, 16, 8, 0] as [UInt32] { octets.append(UInt8(truncatingIfNeeded: ssrc >> shift)) }
    return octets + (0..<61).map { UInt8(truncatingIfNeeded: Int(sequence) &* 31 &+ $0) }
}

/// Commands that open a call with these members; the SSRC of member n is n + 1.
func call(_ phones: [LoopbackPhone], number: UInt64 = 1) -> [MediaCommand] {
    var commands: [MediaCommand] = [.openCall(MediaCallID(number), FloorSettings())]
    for (index, phone) in phones.enumerated() {
        let leg = LegID(number * 10_000 + UInt64(index))
        commands += [
            .openLeg(leg, face: .access, floorSSRC: UInt32(number) << 16 | UInt32(index)),
            .connectLeg(leg, phone.remote),
            .join(
                MediaCallID(number), leg,
                FloorParticipantDescription(
                    mcpttID: MCPTTID("sip:user\(index)@example.org"), maxPriority: 5, defaultPriority: 1,
                    audioSSRC: UInt32(number) << 16 | UInt32(index + 1))),
        ]
    }
    return commands
}

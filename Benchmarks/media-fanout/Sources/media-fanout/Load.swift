import CFanout
import CallControl
import FloorControl
import HostTime
import MCFoundation
import MediaDistribution
import MediaDriver

/// What one run cost its server.
struct Cost {
    var copies: UInt64
    var expected: UInt64
    var processorNanoseconds: Int64

    var perCopy: Double { Double(processorNanoseconds) / Double(max(copies, 1)) }
}

/// Packets of one talker at an even pace.
func talk(from socket: DatagramSocket, to destination: SocketAddress, ssrc: UInt32, perSecond: Int, count: Int) throws {
    var packet: [UInt8] = [0x80, 96, 0, 0, 0, 0, 0, 0] + bigEndian(ssrc) + [UInt8](repeating: 0x55, count: 61)
    let start = SystemClock.now().instant
    let pace = try DatagramPoller()
    for number in 0..<count {
        packet[2] = UInt8(truncatingIfNeeded: number >> 8)
        packet[3] = UInt8(truncatingIfNeeded: number)
        try socket.send(packet, to: destination)
        let due = start + .nanoseconds(Int64(number + 1) * 1_000_000_000 / Int64(perSecond))
        while SystemClock.now().instant < due { _ = try pace.wait(until: due) }
    }
}

func bigEndian(_ word: UInt32) -> [UInt8] {
    ([24, 16, 8, 0] as [UInt32]).map { UInt8(truncatingIfNeeded: word >> $0) }
}

/// Waits until the sink has received this many datagrams or no more come.
func settle(_ sink: OpaquePointer, at expected: UInt64) throws {
    let pace = try DatagramPoller()
    for _ in 0..<100 where fanout_sink_received(sink) < expected {
        _ = try pace.wait(until: SystemClock.now().instant + .milliseconds(50))
    }
}

/// The reference loop in C.
func runPlain(_ sink: OpaquePointer, listeners: Int, perSecond: Int, count: Int) throws -> Cost {
    fanout_place(1)
    let started = fanout_plain_start(sink, UInt32(listeners))
    fanout_place(0)
    guard let plain = started else { throw NetworkFailure(.outOfMemory) }
    let socket = try DatagramSocket(bind: SocketAddress(.loopback, port: 0))
    let before = fanout_sink_received(sink)
    try talk(
        from: socket, to: SocketAddress(.loopback, port: fanout_plain_port(plain)), ssrc: 1, perSecond: perSecond,
        count: count)
    let expected = UInt64(listeners * count)
    try settle(sink, at: before + expected)
    var copies: UInt64 = 0
    let processor = fanout_plain_stop(plain, &copies)
    return Cost(copies: copies, expected: expected, processorNanoseconds: processor)
}

/// No thumb is as fast as this benchmark.
let unlimited = MediaLimits(
    floorMessagesPerSecond: 1_000_000, floorBurst: 1_000_000, floorRequestsPerSecond: 1_000_000,
    floorRequestBurst: 1_000_000)

/// A server of ours with one call, and the sockets of its members' floor control.
final class Server {
    let driver: MediaDriver
    let talker: DatagramSocket
    /// Of all members; each has a floor SSRC of its own.
    let floor: DatagramSocket
    private let poller: DatagramPoller
    private let members: Int
    private let audio: SocketAddress
    private let floorAddress: SocketAddress
    static let talkerSSRC: UInt32 = 0x7000_0000
    static let talkerFloorSSRC: UInt32 = 0x6000_0000

    init(listeners: [UInt16]) throws {
        let local = SocketAddress(.loopback, port: 0)
        fanout_place(1)
        defer { fanout_place(0) }
        driver = try MediaDriver.start(
            MediaDriverConfiguration(
                sockets: [.init(.audio, .access, local: local), .init(.floor, .access, local: local)],
                limits: unlimited, measuresReplies: true)
        ) { _ in }
        members = listeners.count + 1
        talker = try DatagramSocket(bind: local)
        floor = try DatagramSocket(bind: local, bufferBytes: 8 << 20)
        poller = try DatagramPoller()
        try poller.add(floor, number: 0)
        audio = driver.address(.audio, .access) ?? local
        floorAddress = driver.address(.floor, .access) ?? local
        var commands: [MediaCommand] = [.openCall(MediaCallID(1), FloorSettings(isQueueing: false))]
        func member(_ number: Int, _ audio: SocketAddress, floorSSRC: UInt32, audioSSRC: UInt32) {
            let leg = LegID(UInt64(number))
            commands += [
                .openLeg(leg, face: .access, floorSSRC: UInt32(number)),
                .connectLeg(
                    leg,
                    LegRemote(audio: audio, floor: floor.localAddress, floorSSRC: floorSSRC, payloadType: 96)),
                .join(
                    MediaCallID(1), leg,
                    FloorParticipantDescription(
                        mcpttID: MCPTTID("sip:user\(number)@example.org"), maxPriority: 5, audioSSRC: audioSSRC)),
            ]
        }
        member(0, talker.localAddress, floorSSRC: Self.talkerFloorSSRC, audioSSRC: Self.talkerSSRC)
        for (index, port) in listeners.enumerated() {
            member(
                index + 1, SocketAddress(.loopback, port: port), floorSSRC: Self.talkerFloorSSRC + UInt32(index + 1),
                audioSSRC: Self.talkerSSRC + UInt32(index + 1))
        }
        driver.send(commands)
        _ = try wait(for: .idle, messages: listeners.count + 1)
    }

    /// Reads until so many messages of a kind came; nil after two seconds.
    func wait(for kind: FloorMessageKind, messages wanted: Int = 1) throws -> Instant? {
        let deadline = SystemClock.now().instant + .seconds(2)
        var found = 0
        var last: Instant?
        while found < wanted {
            guard SystemClock.now().instant < deadline else { return nil }
            _ = try poller.wait(until: deadline)
            try floor.receive { arrival in
                // The subtype stands in the low bits of the first octet; nothing else is needed here.
                guard arrival.octets.count >= 12, arrival.octets[0] & 0x0f == kind.rawValue else { return }
                found += 1
                last = arrival.at.instant
            }
        }
        return last
    }

    /// From the moment before the request is sent to the grant's arrival at the requester's socket.
    func requestFloor() throws -> Duration? {
        let start = SystemClock.now().instant
        try floor.send(FloorMessage(.request, ssrc: Self.talkerFloorSSRC).encoded(), to: floorAddress)
        return try wait(for: .granted).map { $0 - start }
    }

    /// Returns when everybody has been told, so that the next request finds a server at rest.
    func releaseFloor() throws {
        try floor.send(FloorMessage(.release, ssrc: Self.talkerFloorSSRC).encoded(), to: floorAddress)
        _ = try wait(for: .idle, messages: members)
    }

    /// What the driver's thread counted, once it has told it.
    func counters() throws -> MediaDriverCounters {
        _ = try DatagramPoller().wait(until: SystemClock.now().instant + .milliseconds(120))
        return driver.counters()
    }

    func run(_ sink: OpaquePointer, listeners: Int, perSecond: Int, count: Int) throws -> Cost {
        _ = try requestFloor()
        let before = (try counters(), fanout_sink_received(sink))
        try talk(from: talker, to: audio, ssrc: Self.talkerSSRC, perSecond: perSecond, count: count)
        let expected = UInt64(listeners * count)
        try settle(sink, at: before.1 + expected)
        let after = try counters()
        return Cost(
            copies: after.copiesSent - before.0.copiesSent, expected: expected,
            processorNanoseconds: after.processorNanoseconds - before.0.processorNanoseconds)
    }
}

/// A media cell without sockets, with one call.
struct LoneCell: ~Copyable {
    var cell: MediaCell
    var now = SystemClock.now()
    static let host = IPAddress.loopback

    init(members: UInt32) {
        cell = MediaCell(
            sockets: [
                MediaSocket(id: 0, use: .audio, face: .access, address: SocketAddress(Self.host, port: 1)),
                MediaSocket(id: 1, use: .floor, face: .access, address: SocketAddress(Self.host, port: 2)),
            ], limits: unlimited)
        cell.handle(.openCall(MediaCallID(1), FloorSettings()), at: now)
        for number in 0..<members {
            let leg = LegID(UInt64(number))
            let remote = LegRemote(
                audio: SocketAddress(Self.host, port: UInt16(100 + number)),
                floor: SocketAddress(Self.host, port: 99), floorSSRC: 10_000 + number, payloadType: 96)
            cell.handle(.openLeg(leg, face: .access, floorSSRC: number), at: now)
            cell.handle(.connectLeg(leg, remote), at: now)
            let description = FloorParticipantDescription(mcpttID: MCPTTID("sip:a@b"), audioSSRC: 5_000 + number)
            cell.handle(.join(MediaCallID(1), leg, description), at: now)
        }
        cell.drainDatagrams { _, _ in }
    }

    /// Gives the number of datagrams that the message caused.
    mutating func floor(_ kind: FloorMessageKind) -> Int {
        FloorMessage(kind, ssrc: 10_000).encoded().withUnsafeBytes {
            _ = cell.receive($0, on: 1, from: SocketAddress(Self.host, port: 99), at: now)
        }
        var count = 0
        cell.drainDatagrams { _, _ in count += 1 }
        return count
    }
}

/// What a media cell alone takes to judge a talker's packet and to name its destinations.
func nanosecondsPerDecision() -> Double {
    var lone = LoneCell(members: 11)
    _ = lone.floor(.request)
    var packet: [UInt8] = [0x80, 96, 0, 0, 0, 0, 0, 0] + bigEndian(5_000) + [UInt8](repeating: 0x55, count: 61)
    let count = 200_000
    var admitted = 0
    let start = SystemClock.now().instant
    for number in 0..<count {
        packet[2] = UInt8(truncatingIfNeeded: number >> 8)
        packet[3] = UInt8(truncatingIfNeeded: number)
        lone.now.instant.nanoseconds += 1_000
        let reference = packet.withUnsafeBytes {
            lone.cell.receive($0, on: 0, from: SocketAddress(LoneCell.host, port: 100), at: lone.now)
        }
        if reference?.count == 10 { admitted += 1 }
    }
    let spent = SystemClock.now().instant - start
    return admitted == count ? Double(spent.wholeNanoseconds) / Double(count) : .nan
}

/// What a media cell alone takes from a Floor Request to the grant and everybody's Floor Taken as octets.
func millisecondsPerGrant(members: UInt32) -> [Double] {
    var lone = LoneCell(members: members)
    var times: [Double] = []
    for _ in 0..<1_000 {
        let start = SystemClock.now().instant
        let sent = lone.floor(.request)
        let spent = SystemClock.now().instant - start
        if sent == Int(members) { times.append(spent.inMilliseconds) }
        _ = lone.floor(.release)
    }
    return times.sorted()
}

public import CallControl
public import FloorControl
import HeapModule
public import MCFoundation

/// Distributes speech and floor control of many calls over a few sockets, as a value: a driver feeds it packets,
/// commands and time and sends what comes out.
///
/// What arrives is told apart by (socket, remote address, SSRC). A packet that is admitted leaves unchanged, for the
/// destinations of a list that was made when the call last changed; admitting one allocates nothing. Where legs of
/// this cell look at each other or at the same partner gateway, the list is flattened: it names the partner's
/// address, once.
public struct MediaCell: ~Copyable {
    public internal(set) var counters = MediaCounters()
    public let limits: MediaLimits
    let sockets: [MediaSocket]
    /// By socket number; nil where there is none.
    let roles: [MediaSocket?]
    let ownAddresses: [SocketAddress: MediaSocket]

    var calls: [MediaCallID: Call] = [:]
    var legs: [LegID: Leg] = [:]
    var sources: [SourceKey: Source] = [:]
    var trunks: [TrunkKey: Trunk] = [:]
    var trunksAt: [AddressKey: [TrunkKey]] = [:]
    var legsAtAudio: [AddressKey: [LegID]] = [:]
    var legsAtFloor: [AddressKey: [LegID]] = [:]
    var floorKeys: [FloorKey: LegID] = [:]
    var claimedFloors: [FloorKey: LegID] = [:]
    var latches: [LatchKey: [LegID]] = [:]
    var splices: [SplicePair: LegID] = [:]
    var lists = ForwardLists()
    var outbox = Outbox()
    /// New talkers whose forward lists are still to be made.
    var unprepared: [(call: MediaCallID, talker: LegID)] = []
    /// Where an announcement is written.
    private var scratch: [UInt8] = []
    var events: [MediaEvent] = []
    var deadlines = Heap<DeadlineEntry>()

    public init(sockets: [MediaSocket], limits: MediaLimits = .init()) {
        self.sockets = sockets
        self.limits = limits
        var roles = [MediaSocket?](repeating: nil, count: 256)
        var own: [SocketAddress: MediaSocket] = [:]
        for socket in sockets {
            roles[Int(socket.id)] = socket
            own[socket.address] = socket
        }
        self.roles = roles
        ownAddresses = own
    }

    /// The earliest time at which `advance` has something to do; nil while there is nothing.
    public var nextDeadline: Instant? { deadlines.min?.deadline }

    /// Carries out one command. Commands of one call come in order; one for a call or leg that is closed is counted
    /// and otherwise ignored, because it crossed the closing.
    public mutating func handle(_ command: MediaCommand, at now: Now) {
        switch command {
        case .openCall(let id, let settings): openCall(id, settings, at: now)
        case .configureCall(let id, let settings): configureCall(id, settings, at: now)
        case .closeCall(let id): closeCall(id, at: now)
        case .openLeg(let id, let face, let floorSSRC): openLeg(id, face: face, floorSSRC: floorSSRC)
        case .connectLeg(let id, let remote): connect(id, to: remote, at: now)
        case .moveLeg(let id, let pair): moveLeg(id, to: pair)
        case .closeLeg(let id): closeLeg(id, at: now)
        case .join(let call, let leg, let description): join(call, leg, description, at: now)
        case .leave(let call, let leg): leave(call, leg, at: now)
        case .relay(let inside, let outside): relay(inside: inside, outside: outside, at: now)
        }
    }

    /// Takes a datagram that arrived on one of the cell's sockets. Audio that may be heard gives the destinations it
    /// has to be sent to, unchanged; everything else ends here, is answered in the outbox or counted.
    public mutating func receive(
        _ packet: UnsafeRawBufferPointer, on socket: UInt8, from: SocketAddress, at now: Now
    ) -> ForwardReference? {
        switch roles[Int(socket)]?.use {
        case .audio: return receiveAudio(packet, on: socket, from: from, at: now)
        case .floor: receiveFloor(packet, on: socket, from: from, at: now)
        case nil: counters.unknownSocket += 1
        }
        return nil
    }

    /// Lets timers act that are due.
    public mutating func advance(to now: Now) {
        while let entry = deadlines.min, entry.deadline <= now.instant {
            deadlines.removeMin()
            guard calls[entry.call]?.scheduled == entry.deadline else { continue }
            calls[entry.call]?.scheduled = nil
            if let due = calls[entry.call]?.floor.nextDeadline, due <= now.instant {
                tellFloor(of: entry.call, .timeAdvanced, at: now)
            } else {
                schedule(entry.call, after: now.instant)
            }
        }
    }

    /// What the functions have to know, in order; empty afterwards.
    public mutating func takeEvents() -> [MediaEvent] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll() }
        return events
    }

    /// Hands out every datagram that waits: replies, then what everybody is told, of each the higher tiers first. The
    /// octets are valid during the call only.
    public mutating func drainDatagrams(_ body: (OutgoingDatagram, UnsafeRawBufferPointer) -> Void) {
        drainReplies(body)
        while let tier = outbox.mostUrgentAnnouncement {
            _ = drainAnnouncements(of: tier, atMost: .max, body)
        }
        prepareTalkers()
        drainReplies(body)
    }

    /// Hands out what one participant waits for (grants, refusals, places in the queue) and what a gateway passes on.
    public mutating func drainReplies(_ body: (OutgoingDatagram, UnsafeRawBufferPointer) -> Void) {
        guard outbox.hasReplies else { return }
        outbox.drainReplies(body)
    }

    /// The highest tier of a call whose members are still to be told who talks, or that nobody does.
    public var mostUrgentAnnouncement: CallTier? { outbox.mostUrgentAnnouncement }

    /// Tells so many members of a call of this tier who talks, or that nobody does; calls take turns. The messages are
    /// made here, so that a change of the floor costs the same whatever number of members hears of it. Gives the number
    /// of members.
    public mutating func drainAnnouncements(
        of tier: CallTier, atMost limit: Int, _ body: (OutgoingDatagram, UnsafeRawBufferPointer) -> Void
    ) -> Int {
        guard let (id, keys) = outbox.takeAnnouncement(of: tier, atMost: limit), let call = calls[id] else { return 0 }
        for key in keys {
            guard var message = call.floor.announcement(to: key) else { continue }
            guard let end = end(of: LegID(key.value)).flatMap({ legs[$0] }), let floor = end.floor else {
                counters.floorWithoutDestination += 1
                continue
            }
            message.ssrc = end.floorSSRC
            scratch.removeAll(keepingCapacity: true)
            message.encode(into: &scratch, for: end.dialect)
            counters.floorMessagesSent += 1
            scratch.withUnsafeBytes { body(OutgoingDatagram(destination: floor.destination, tier: tier), $0) }
        }
        return keys.count
    }

    /// The destinations behind a reference, as long as its version is the slot's.
    public func forwardList(in slot: UInt32) -> [ForwardDestination] {
        lists.destinations(in: slot)
    }

    /// Where a leg's packets go now: as signalled, or as learned behind network address translation.
    public func remote(of leg: LegID) -> (audio: SocketAddress?, floor: SocketAddress?) {
        (legs[leg]?.audio?.address, legs[leg]?.floor?.address)
    }

    /// Number of calls and legs that are open.
    public var population: (calls: Int, legs: Int) { (calls.count, legs.count) }

    /// Enters the floor machine's deadline of a call. A later one than what stands is entered when that is reached,
    /// so that the end-of-media timer, which moves with every packet, costs nothing per packet.
    mutating func schedule(_ id: MediaCallID, after now: Instant) {
        guard var due = calls[id]?.floor.nextDeadline else { return }
        if due <= now { due = now + .nanoseconds(1) }
        if let scheduled = calls[id]?.scheduled, scheduled <= due { return }
        calls[id]?.scheduled = due
        deadlines.insert(DeadlineEntry(deadline: due, call: id))
    }
}

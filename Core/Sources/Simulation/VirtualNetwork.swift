private import HeapModule
public import MCFoundation

/// One machine of the simulated world.
public struct HostID: Hashable, Comparable, Sendable {
    public let value: Int
    public init(_ value: Int) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// A reliable, ordered connection between two hosts, carrying whole messages.
public struct ConnectionID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// What a way between two hosts does to packets.
public struct LinkConditions: Hashable, Sendable {
    public var latency: Duration
    /// Added to each packet's latency, uniformly; more than the packet interval reorders.
    public var jitter: Duration
    /// Share of datagrams lost, in 1/1000. A reliable connection only gets slower by it.
    public var lossPerMille: UInt64
    public var duplicationPerMille: UInt64

    public init(
        latency: Duration = .milliseconds(5), jitter: Duration = .milliseconds(2), lossPerMille: UInt64 = 0,
        duplicationPerMille: UInt64 = 0
    ) {
        self.latency = latency
        self.jitter = jitter
        self.lossPerMille = lossPerMille
        self.duplicationPerMille = duplicationPerMille
    }
}

/// Something reaches a host.
public enum Delivery: Hashable, Sendable {
    case datagram(HostID, [UInt8], from: SocketAddress, to: SocketAddress)
    /// The host that listens on the address has accepted.
    case accepted(HostID, ConnectionID, from: SocketAddress, to: SocketAddress)
    case connected(HostID, ConnectionID)
    case connectFailed(HostID, ConnectionID)
    case message(HostID, ConnectionID, [UInt8])
    /// The peer's transport answered a keep-alive.
    case pong(HostID, ConnectionID)
    /// The peer closed, or nothing that was sent was acknowledged for too long.
    case closed(HostID, ConnectionID)
    /// A timer of the world's own: wake the host, or go on with the script.
    case wake(HostID)
    case script(Int)
}

/// How a host goes down.
public enum Crash: Hashable, Sendable {
    /// The process ends: its kernel resets the connections, as far as there is a way to the peers.
    case process
    /// The power fails: nobody is told anything.
    case power
}

/// Bounds and habits of the simulated transport.
public struct NetworkSettings: Hashable, Sendable {
    /// After this long without acknowledgement, the end of a connection that sent something gives up.
    public var connectionTimeout = Duration.seconds(8)
    /// How long the opening of a connection waits for an answer.
    public var connectTimeout = Duration.seconds(4)
    /// What a lost segment costs a reliable connection; the wait doubles while there is no way.
    public var retransmissionDelay = Duration.milliseconds(200)
    public var retransmissionLimit = Duration.seconds(2)

    public init() {}
}

/// Datagrams and connections between hosts under virtual time. Everything random comes from the seed, so that the same
/// seed gives the same deliveries in the same order in every process.
public struct VirtualNetwork: Sendable {
    public private(set) var instant: Instant = .zero
    public private(set) var counters = NetworkCounters()
    private let settings: NetworkSettings
    private var random: FastGenerator
    private var queue = Heap<Scheduled>()
    /// What is scheduled, by the number in the queue: the heap moves numbers only.
    private var events: [NetworkEvent?] = []
    private var freeEvents: [Int] = []
    private var order: UInt64 = 0
    private var hostsByAddress: [IPAddress: HostID] = [:]
    private var hosts: [Host] = []
    private var links: [ZonePair: LinkConditions] = [:]
    /// How many faults cut the way from the first to the second zone: faults that overlap heal apart.
    private var cuts: [ZoneWay: Int] = [:]
    /// By identifier; nil once both ends are closed.
    private var connections: [Connection?] = []
    private var listeners: [SocketAddress: HostID] = [:]
    /// Datagrams that chance took since somebody last asked; kept only where somebody does.
    private var losses: [LostDatagram] = []
    /// When the last of what one host sent to another arrives. Looked up only.
    private var lastArrivals: [HostPair: Instant] = [:]
    private let keepsLosses: Bool

    /// Conditions between hosts of the same zone, unless set otherwise.
    public var local = LinkConditions()
    /// Conditions between zones, unless set otherwise.
    public var border = LinkConditions(latency: .milliseconds(20), jitter: .milliseconds(5))

    public init(random: SeededGenerator, settings: NetworkSettings = NetworkSettings(), keepsLosses: Bool = false) {
        var random = random
        self.random = FastGenerator(state: random.next())
        self.settings = settings
        self.keepsLosses = keepsLosses
    }

    // MARK: Hosts and faults

    /// A zone is a country: partitions and conditions are set between zones.
    public mutating func addHost(_ address: IPAddress, zone: Int) -> HostID {
        let host = HostID(hosts.count)
        hostsByAddress[address] = host
        hosts.append(Host(zone: zone))
        return host
    }

    /// A further address of a host.
    public mutating func addAddress(_ address: IPAddress, of host: HostID) {
        hostsByAddress[address] = host
    }

    public mutating func listen(_ host: HostID, on address: SocketAddress) {
        listeners[address] = host
    }

    public mutating func setConditions(_ conditions: LinkConditions, between left: Int, and right: Int) {
        links[ZonePair(left, right)] = conditions
    }

    /// Nothing gets from one zone to the other, in both directions.
    public mutating func partition(_ left: Int, from right: Int) {
        cut(from: left, to: right)
        cut(from: right, to: left)
    }

    public mutating func heal(_ left: Int, and right: Int) {
        restore(from: left, to: right)
        restore(from: right, to: left)
    }

    /// Nothing gets from one zone to the other; the way back is open.
    public mutating func cut(from source: Int, to target: Int) {
        cuts[ZoneWay(source, target), default: 0] += 1
    }

    public mutating func restore(from source: Int, to target: Int) {
        let way = ZoneWay(source, target)
        cuts[way] = max((cuts[way] ?? 0) - 1, 0)
    }

    /// A host out of coverage: it runs, and nothing reaches it or leaves it.
    public mutating func setCoverage(_ host: HostID, _ hasCoverage: Bool) {
        hosts[host.value].hasCoverage = hasCoverage
    }

    /// The host loses everything that is under way to it and all that it knew. What its peers learn depends on how.
    public mutating func crash(_ host: HostID, _ crash: Crash = .process) {
        hosts[host.value].isUp = false
        hosts[host.value].hasPower = crash == .process
        hosts[host.value].incarnation += 1
        for index in connections.indices {
            guard let connection = connections[index], let side = connection.side(of: host),
                connection.ends[side].isOpen
            else { continue }
            let id = ConnectionID(UInt64(index) + 1)
            let peer = connection.ends[1 - side].host
            connections[index]?.ends[side].waiting = []
            closeEnd(side, of: id)
            guard crash == .process, isOpen(from: host, to: peer) else { continue }
            // One reset, never repeated.
            schedule(.closed(peer, id), after: conditions(host, peer).latency)
        }
    }

    public mutating func restart(_ host: HostID) {
        hosts[host.value].isUp = true
        hosts[host.value].hasPower = true
    }

    public func isRunning(_ host: HostID) -> Bool { hosts[host.value].isUp }
    public func hasCoverage(_ host: HostID) -> Bool { hosts[host.value].hasCoverage }

    // MARK: Datagrams

    public mutating func send(_ bytes: [UInt8], from source: SocketAddress, to target: SocketAddress) {
        counters.datagramsSent += 1
        guard let sender = hostsByAddress[source.address], let receiver = hostsByAddress[target.address],
            hosts[sender.value].isUp
        else {
            counters.datagramsLost += 1
            return
        }
        let link = conditions(sender, receiver)
        guard isOpen(from: sender, to: receiver) else {
            counters.datagramsLost += 1
            return
        }
        guard random.next() % 1000 >= link.lossPerMille else {
            counters.datagramsLost += 1
            if keepsLosses { losses.append(LostDatagram(bytes: bytes, from: sender, to: receiver)) }
            return
        }
        let delivery = Delivery.datagram(receiver, bytes, from: source, to: target)
        let delay = latency(link)
        noteArrival(at: instant + delay, HostPair(sender: sender, receiver: receiver))
        schedule(delivery, after: delay)
        if random.next() % 1000 < link.duplicationPerMille {
            counters.datagramsDuplicated += 1
            schedule(delivery, after: latency(link))
        }
    }

    private mutating func noteArrival(at arrival: Instant, _ pair: HostPair) {
        if let last = lastArrivals[pair], arrival < last {
            counters.datagramsReordered += 1
        } else {
            lastArrivals[pair] = arrival
        }
    }

    /// What chance took, and where; empty afterwards.
    public mutating func takeLosses() -> [LostDatagram] {
        guard !losses.isEmpty else { return [] }
        defer { losses.removeAll(keepingCapacity: true) }
        return losses
    }

    // MARK: Connections

    public mutating func connect(_ host: HostID, from source: SocketAddress, to target: SocketAddress) -> ConnectionID {
        connections.append(nil)
        let id = ConnectionID(UInt64(connections.count))
        guard let listener = listeners[target], isWay(host, listener), hosts[listener.value].hasPower else {
            schedule(.connectFailed(host, id), after: settings.connectTimeout)
            return id
        }
        guard hosts[listener.value].isUp else {
            schedule(.connectFailed(host, id), after: conditions(host, listener).latency * 2)
            return id
        }
        let way = latency(conditions(host, listener))
        connections[connections.count - 1] = Connection(
            ends: [End(host: host, readyAt: instant + way * 2), End(host: listener, readyAt: instant + way * 2)])
        schedule(.accepted(listener, id, from: source, to: target), after: way)
        schedule(.connected(host, id), after: way * 2)
        return id
    }

    /// Sends a whole message. Without a way it waits and is repeated; whoever sent gives up after a while, and only
    /// then learns it. On a connection that this host closed nothing happens.
    public mutating func send(_ bytes: [UInt8], on id: ConnectionID, from host: HostID) {
        counters.messagesSent += 1
        send(.octets(bytes), on: id, from: host)
    }

    /// A keep-alive that the peer's transport answers (RFC 5626 4.4.1), as `pong`.
    public mutating func ping(_ id: ConnectionID, from host: HostID) {
        send(.ping, on: id, from: host)
    }

    /// The host is told nothing more of this connection. Its peer is, as soon as there is a way; where none opens in
    /// time, it goes on believing in the connection.
    public mutating func close(_ id: ConnectionID, by host: HostID) {
        guard let connection = connection(id), let side = connection.side(of: host), connection.ends[side].isOpen else {
            return
        }
        send(.end, on: id, from: host)
        closeEnd(side, of: id)
    }

    private mutating func send(_ content: Content, on id: ConnectionID, from host: HostID) {
        guard var connection = connection(id), let side = connection.side(of: host), connection.ends[side].isOpen else {
            return
        }
        let peer = connection.ends[1 - side].host
        let isForwardOpen = isOpen(from: host, to: peer) && hosts[peer.value].hasPower
        if connection.ends[side].waiting.isEmpty, isForwardOpen {
            transfer(content, from: side, &connection, id)
        } else {
            connection.ends[side].waiting.append(content)
        }
        let isAcknowledged = isForwardOpen && isOpen(from: peer, to: host)
        if !isAcknowledged, connection.ends[side].unacknowledgedSince == nil {
            connection.ends[side].unacknowledgedSince = instant
            connection.ends[side].retryDelay = settings.retransmissionDelay
            schedule(.retry(id, side), after: settings.retransmissionDelay)
        }
        store(connection, id)
    }

    /// Puts one content on the way that is open, behind what was sent before it.
    private mutating func transfer(
        _ content: Content, from side: Int, _ connection: inout Connection, _ id: ConnectionID
    ) {
        let (host, peer) = (connection.ends[side].host, connection.ends[1 - side].host)
        let link = conditions(host, peer)
        var delay = latency(link)
        while random.next() % 1000 < link.lossPerMille { delay += settings.retransmissionDelay }
        let arrival = max(instant + delay, connection.ends[1 - side].readyAt)
        connection.ends[1 - side].readyAt = arrival
        guard connection.ends[1 - side].isOpen else {
            // The peer does not know the connection any more and says so.
            return schedule(.closed(host, id), after: link.latency * 2)
        }
        switch content {
        case .octets(let bytes): schedule(.message(peer, id, bytes), at: arrival)
        case .ping: schedule(.pinged(peer, id), at: arrival)
        case .pong: schedule(.pong(peer, id), at: arrival)
        case .end: schedule(.closed(peer, id), at: arrival)
        }
    }

    /// What waited is sent again, or given up.
    private mutating func retry(_ id: ConnectionID, _ side: Int) {
        guard var connection = connection(id), let since = connection.ends[side].unacknowledgedSince else { return }
        let (host, peer) = (connection.ends[side].host, connection.ends[1 - side].host)
        // A host without power repeats nothing.
        guard hosts[host.value].hasPower else { return }
        if isOpen(from: host, to: peer), hosts[peer.value].hasPower {
            for content in connection.ends[side].waiting { transfer(content, from: side, &connection, id) }
            connection.ends[side].waiting = []
            if isOpen(from: peer, to: host) {
                connection.ends[side].unacknowledgedSince = nil
                return store(connection, id)
            }
        }
        guard instant - since < settings.connectionTimeout else {
            connection.ends[side].waiting = []
            connection.ends[side].unacknowledgedSince = nil
            store(connection, id)
            if connection.ends[side].isOpen { schedule(.closed(host, id), at: instant) }
            return
        }
        connection.ends[side].retryDelay = min(connection.ends[side].retryDelay * 2, settings.retransmissionLimit)
        schedule(.retry(id, side), after: connection.ends[side].retryDelay)
        store(connection, id)
    }

    private func connection(_ id: ConnectionID) -> Connection? {
        let index = Int(id.value) - 1
        return connections.indices.contains(index) ? connections[index] : nil
    }

    private mutating func store(_ connection: Connection, _ id: ConnectionID) {
        let isOver = connection.ends.allSatisfy { !$0.isOpen && $0.waiting.isEmpty }
        connections[Int(id.value) - 1] = isOver ? nil : connection
    }

    private mutating func closeEnd(_ side: Int, of id: ConnectionID) {
        guard var connection = connection(id) else { return }
        connection.ends[side].isOpen = false
        store(connection, id)
    }

    // MARK: Time

    public mutating func wake(_ host: HostID, at instant: Instant) {
        schedule(.wake(host), at: max(instant, self.instant))
    }

    public mutating func runScript(_ step: Int, at instant: Instant) {
        schedule(.script(step), at: max(instant, self.instant))
    }

    /// The next thing that happens, moving the clock to it; nil when nothing happens any more or not before `end`.
    public mutating func next(before end: Instant) -> Delivery? {
        while let first = queue.min, first.at < end {
            queue.removeMin()
            instant = first.at
            let event = events[first.event]
            events[first.event] = nil
            freeEvents.append(first.event)
            switch event {
            case nil: continue
            case .delivery(let delivery):
                if let delivery = admitted(delivery, first) { return delivery }
            case .pinged(let host, let id):
                if isOpenEnd(id, of: host), isCurrent(host, first) { send(.pong, on: id, from: host) }
            case .retry(let id, let side):
                retry(id, side)
            }
        }
        instant = max(instant, end)
        return nil
    }

    private mutating func admitted(_ delivery: Delivery, _ scheduled: Scheduled) -> Delivery? {
        switch delivery {
        case .script:
            return delivery
        case .wake(let host), .connectFailed(let host, _):
            return isCurrent(host, scheduled) ? delivery : nil
        case .datagram(let host, _, from: let source, to: _):
            guard isCurrent(host, scheduled) else { return nil }
            if let sender = hostsByAddress[source.address], !isOpen(from: sender, to: host) {
                counters.datagramsLost += 1
                return nil
            }
            return delivery
        case .accepted(let host, let id, from: _, to: _), .connected(let host, let id), .message(let host, let id, _),
            .pong(let host, let id):
            return isCurrent(host, scheduled) && isOpenEnd(id, of: host) ? delivery : nil
        case .closed(let host, let id):
            guard isCurrent(host, scheduled), isOpenEnd(id, of: host),
                let side = connection(id)?.side(of: host)
            else { return nil }
            closeEnd(side, of: id)
            return delivery
        }
    }

    private func isOpenEnd(_ id: ConnectionID, of host: HostID) -> Bool {
        guard let connection = connection(id), let side = connection.side(of: host) else { return false }
        return connection.ends[side].isOpen
    }

    private func isCurrent(_ host: HostID, _ scheduled: Scheduled) -> Bool {
        hosts[host.value].isUp && hosts[host.value].incarnation == scheduled.incarnation
    }

    private func conditions(_ left: HostID, _ right: HostID) -> LinkConditions {
        let (a, b) = (hosts[left.value].zone, hosts[right.value].zone)
        if links.isEmpty { return a == b ? local : border }
        return links[ZonePair(a, b)] ?? (a == b ? local : border)
    }

    private func isOpen(from source: HostID, to target: HostID) -> Bool {
        let (source, target) = (hosts[source.value], hosts[target.value])
        guard source.hasCoverage, target.hasCoverage else { return false }
        return source.zone == target.zone || (cuts[ZoneWay(source.zone, target.zone)] ?? 0) == 0
    }

    private func isWay(_ left: HostID, _ right: HostID) -> Bool {
        isOpen(from: left, to: right) && isOpen(from: right, to: left)
    }

    private mutating func latency(_ link: LinkConditions) -> Duration {
        let jitter = UInt64(max(link.jitter.wholeNanoseconds, 1))
        return link.latency + .nanoseconds(Int64(random.next() % jitter))
    }

    private mutating func schedule(_ delivery: Delivery, after delay: Duration) {
        schedule(.delivery(delivery), at: instant + delay)
    }

    private mutating func schedule(_ delivery: Delivery, at instant: Instant) {
        schedule(.delivery(delivery), at: instant)
    }

    private mutating func schedule(_ event: NetworkEvent, after delay: Duration) {
        schedule(event, at: instant + delay)
    }

    private mutating func schedule(_ event: NetworkEvent, at instant: Instant) {
        order += 1
        let current = event.host.map { hosts[$0.value].incarnation } ?? 0
        let number: Int
        if let free = freeEvents.popLast() {
            number = free
            events[number] = event
        } else {
            number = events.count
            events.append(event)
        }
        queue.insert(Scheduled(at: instant, order: order, incarnation: current, event: number))
    }
}

extension Delivery {
    var host: HostID? {
        switch self {
        case .datagram(let host, _, from: _, to: _), .accepted(let host, _, from: _, to: _), .connected(let host, _),
            .connectFailed(let host, _), .message(let host, _, _), .pong(let host, _), .closed(let host, _),
            .wake(let host):
            host
        case .script: nil
        }
    }
}

/// A datagram that chance took on its way between two hosts.
public struct LostDatagram: Hashable, Sendable {
    public var bytes: [UInt8]
    public var from: HostID
    public var to: HostID
}

/// What the network did, for reports.
public struct NetworkCounters: Hashable, Sendable {
    public var datagramsSent = 0
    public var datagramsLost = 0
    public var datagramsDuplicated = 0
    /// Those that arrive before one that was sent earlier by the same host to the same host.
    public var datagramsReordered = 0
    public var messagesSent = 0
}

private struct HostPair: Hashable, Sendable {
    var sender: HostID
    var receiver: HostID
}

private struct ZonePair: Hashable, Sendable {
    var low: Int
    var high: Int
    init(_ left: Int, _ right: Int) {
        low = min(left, right)
        high = max(left, right)
    }
}

private struct ZoneWay: Hashable, Sendable {
    var source: Int
    var target: Int
    init(_ source: Int, _ target: Int) {
        self.source = source
        self.target = target
    }
}

private struct Host: Sendable {
    let zone: Int
    var isUp = true
    /// False: not even its kernel answers.
    var hasPower = true
    var hasCoverage = true
    var incarnation = 0
}

/// What travels on a connection.
private enum Content: Sendable {
    case octets([UInt8])
    case ping, pong, end
}

/// One host's view of a connection.
private struct End: Sendable {
    let host: HostID
    /// Nothing arrives here earlier than what was sent before it.
    var readyAt: Instant
    var isOpen = true
    /// What was sent from here and found no way yet.
    var waiting: [Content] = []
    var unacknowledgedSince: Instant?
    var retryDelay = Duration.zero
}

private struct Connection: Sendable {
    /// Who connected, and who accepted.
    var ends: [End]

    func side(of host: HostID) -> Int? {
        ends[0].host == host ? 0 : ends[1].host == host ? 1 : nil
    }
}

/// SplitMix64: chance decides about every packet, and nothing here has to be secret.
private struct FastGenerator: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}

private enum NetworkEvent: Sendable {
    case delivery(Delivery)
    /// A keep-alive reached a host.
    case pinged(HostID, ConnectionID)
    /// The sender of something unacknowledged sends it again.
    case retry(ConnectionID, Int)

    var host: HostID? {
        switch self {
        case .delivery(let delivery): delivery.host
        case .pinged(let host, _): host
        case .retry: nil
        }
    }
}

private struct Scheduled: Comparable, Sendable {
    var at: Instant
    /// Breaks ties in the order of scheduling.
    var order: UInt64
    var incarnation: Int
    /// Number of the event.
    var event: Int

    static func < (left: Scheduled, right: Scheduled) -> Bool {
        (left.at, left.order) < (right.at, right.order)
    }
    static func == (left: Scheduled, right: Scheduled) -> Bool { left.order == right.order }
}

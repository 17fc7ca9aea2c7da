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
    case closed(HostID, ConnectionID)
    /// A timer of the world's own: wake the host, or go on with the script.
    case wake(HostID)
    case script(Int)
}

/// Bounds and habits of the simulated transport.
public struct NetworkSettings: Hashable, Sendable {
    /// After this long without a way, a connection with something to deliver breaks.
    public var connectionTimeout = Duration.seconds(8)
    /// What a lost segment costs a reliable connection.
    public var retransmissionDelay = Duration.milliseconds(200)

    public init() {}
}

/// Datagrams and connections between hosts under virtual time. Everything random comes from the seed, so that the same
/// seed gives the same deliveries in the same order in every process.
public struct VirtualNetwork: Sendable {
    public private(set) var instant: Instant = .zero
    public private(set) var counters = NetworkCounters()
    private let settings: NetworkSettings
    private var random: SeededGenerator
    private var queue = Heap<Scheduled>()
    private var order: UInt64 = 0
    private var hostsByAddress: [IPAddress: HostID] = [:]
    private var zones: [Int] = []
    private var isUp: [Bool] = []
    private var incarnation: [Int] = []
    private var links: [ZonePair: LinkConditions] = [:]
    private var partitioned: [ZonePair: Bool] = [:]
    private var connections: [ConnectionID: Connection] = [:]
    /// In order of opening: dictionaries are never iterated.
    private var openConnections: [ConnectionID] = []
    private var listeners: [SocketAddress: HostID] = [:]
    private var nextConnection: UInt64 = 1

    /// Conditions between hosts of the same zone, unless set otherwise.
    public var local = LinkConditions()
    /// Conditions between zones, unless set otherwise.
    public var border = LinkConditions(latency: .milliseconds(20), jitter: .milliseconds(5))

    public init(random: SeededGenerator, settings: NetworkSettings = NetworkSettings()) {
        self.random = random
        self.settings = settings
    }

    // MARK: Hosts and faults

    /// A zone is a country: partitions and conditions are set between zones.
    public mutating func addHost(_ address: IPAddress, zone: Int) -> HostID {
        let host = HostID(zones.count)
        hostsByAddress[address] = host
        zones.append(zone)
        isUp.append(true)
        incarnation.append(0)
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

    public mutating func partition(_ left: Int, from right: Int) {
        partitioned[ZonePair(left, right)] = true
    }

    public mutating func heal(_ left: Int, and right: Int) {
        partitioned[ZonePair(left, right)] = nil
    }

    /// The host loses everything in flight to it and every connection; its peers learn it as connections that closed.
    public mutating func crash(_ host: HostID) {
        isUp[host.value] = false
        incarnation[host.value] += 1
        for id in openConnections {
            guard let connection = connections[id], connection.ends.contains(host) else { continue }
            let other = connection.ends[0] == host ? connection.ends[1] : connection.ends[0]
            drop(id)
            schedule(.closed(other, id), after: conditions(host, other).latency)
        }
    }

    public mutating func restart(_ host: HostID) {
        isUp[host.value] = true
    }

    public func isRunning(_ host: HostID) -> Bool { isUp[host.value] }

    // MARK: Sending

    public mutating func send(_ bytes: [UInt8], from source: SocketAddress, to target: SocketAddress) {
        counters.datagramsSent += 1
        guard let sender = hostsByAddress[source.address], let receiver = hostsByAddress[target.address],
            isUp[sender.value]
        else {
            counters.datagramsLost += 1
            return
        }
        let link = conditions(sender, receiver)
        guard !isCut(sender, receiver), random.next() % 1000 >= link.lossPerMille else {
            counters.datagramsLost += 1
            return
        }
        let delivery = Delivery.datagram(receiver, bytes, from: source, to: target)
        schedule(delivery, after: latency(link))
        if random.next() % 1000 < link.duplicationPerMille {
            counters.datagramsDuplicated += 1
            schedule(delivery, after: latency(link))
        }
    }

    public mutating func connect(_ host: HostID, from source: SocketAddress, to target: SocketAddress) -> ConnectionID {
        let id = ConnectionID(nextConnection)
        nextConnection += 1
        guard let listener = listeners[target], isUp[listener.value], !isCut(host, listener) else {
            let patience = listeners[target].map { isCut(host, $0) } == true ? Duration.seconds(3) : .milliseconds(20)
            schedule(.connectFailed(host, id), after: patience)
            return id
        }
        let way = latency(conditions(host, listener))
        connections[id] = Connection(ends: [host, listener], readyAt: [instant + way * 2, instant + way * 2])
        openConnections.append(id)
        schedule(.accepted(listener, id, from: source, to: target), after: way)
        schedule(.connected(host, id), after: way * 2)
        return id
    }

    /// Sends a whole message. On a connection that is gone nothing happens: its end was or will be delivered.
    public mutating func send(_ bytes: [UInt8], on id: ConnectionID, from host: HostID) {
        guard var connection = connections[id], let side = connection.ends.firstIndex(of: host) else { return }
        let peer = connection.ends[1 - side]
        guard !isCut(host, peer) else {
            guard !connection.isBreaking else { return }
            connection.isBreaking = true
            connections[id] = connection
            schedule(.closed(host, id), after: settings.connectionTimeout)
            schedule(.closed(peer, id), after: settings.connectionTimeout)
            return
        }
        guard !connection.isBreaking else { return }
        let link = conditions(host, peer)
        var delay = latency(link)
        while random.next() % 1000 < link.lossPerMille { delay += settings.retransmissionDelay }
        let arrival = max(instant + delay, connection.readyAt[1 - side])
        connection.readyAt[1 - side] = arrival
        connections[id] = connection
        counters.messagesSent += 1
        schedule(.message(peer, id, bytes), at: arrival)
    }

    public mutating func close(_ id: ConnectionID, by host: HostID) {
        guard let connection = connections[id], let side = connection.ends.firstIndex(of: host) else { return }
        let peer = connection.ends[1 - side]
        let arrival = max(instant + conditions(host, peer).latency, connection.readyAt[1 - side])
        connections[id]?.isBreaking = true
        schedule(.closed(peer, id), at: arrival)
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
            guard let delivery = admitted(first) else { continue }
            return delivery
        }
        instant = max(instant, end)
        return nil
    }

    private mutating func admitted(_ scheduled: Scheduled) -> Delivery? {
        switch scheduled.delivery {
        case .script:
            return scheduled.delivery
        case .wake(let host), .connectFailed(let host, _):
            return isCurrent(host, scheduled) ? scheduled.delivery : nil
        case .datagram(let host, _, from: let source, to: _):
            guard isCurrent(host, scheduled) else { return nil }
            if let sender = hostsByAddress[source.address], isCut(sender, host) {
                counters.datagramsLost += 1
                return nil
            }
            return scheduled.delivery
        case .accepted(let host, let id, from: _, to: _), .connected(let host, let id), .message(let host, let id, _):
            guard isCurrent(host, scheduled), connections[id] != nil else { return nil }
            return scheduled.delivery
        case .closed(let host, let id):
            drop(id)
            return isCurrent(host, scheduled) ? scheduled.delivery : nil
        }
    }

    private func isCurrent(_ host: HostID, _ scheduled: Scheduled) -> Bool {
        isUp[host.value] && incarnation[host.value] == scheduled.incarnation
    }

    private mutating func drop(_ id: ConnectionID) {
        guard connections.removeValue(forKey: id) != nil else { return }
        openConnections.removeAll { $0 == id }
    }

    private func conditions(_ left: HostID, _ right: HostID) -> LinkConditions {
        let (a, b) = (zones[left.value], zones[right.value])
        return links[ZonePair(a, b)] ?? (a == b ? local : border)
    }

    private func isCut(_ left: HostID, _ right: HostID) -> Bool {
        partitioned[ZonePair(zones[left.value], zones[right.value])] == true
    }

    private mutating func latency(_ link: LinkConditions) -> Duration {
        let jitter = UInt64(max(link.jitter.wholeNanoseconds, 1))
        return link.latency + .nanoseconds(Int64(random.next() % jitter))
    }

    private mutating func schedule(_ delivery: Delivery, after delay: Duration) {
        schedule(delivery, at: instant + delay)
    }

    private mutating func schedule(_ delivery: Delivery, at instant: Instant) {
        order += 1
        let current = delivery.host.map { incarnation[$0.value] } ?? 0
        queue.insert(Scheduled(at: instant, order: order, incarnation: current, delivery: delivery))
    }
}

extension Delivery {
    var host: HostID? {
        switch self {
        case .datagram(let host, _, from: _, to: _), .accepted(let host, _, from: _, to: _), .connected(let host, _),
            .connectFailed(let host, _), .message(let host, _, _), .closed(let host, _), .wake(let host):
            host
        case .script: nil
        }
    }
}

/// What the network did, for reports.
public struct NetworkCounters: Hashable, Sendable {
    public var datagramsSent = 0
    public var datagramsLost = 0
    public var datagramsDuplicated = 0
    public var messagesSent = 0
}

private struct ZonePair: Hashable, Sendable {
    var low: Int
    var high: Int
    init(_ left: Int, _ right: Int) {
        low = min(left, right)
        high = max(left, right)
    }
}

private struct Connection: Sendable {
    var ends: [HostID]
    /// Nothing arrives at an end earlier than what was sent before it.
    var readyAt: [Instant]
    var isBreaking = false
}

private struct Scheduled: Comparable, Sendable {
    var at: Instant
    /// Breaks ties in the order of scheduling.
    var order: UInt64
    var incarnation: Int
    var delivery: Delivery

    static func < (left: Scheduled, right: Scheduled) -> Bool {
        (left.at, left.order) < (right.at, right.order)
    }
    static func == (left: Scheduled, right: Scheduled) -> Bool { left.order == right.order }
}

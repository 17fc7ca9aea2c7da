import CNet
public import MCFoundation

/// One UDP socket with arrival times, for a client's media.
public final class DatagramSocket {
    /// The address it is bound to, with the port that the system chose.
    public let localAddress: SocketAddress
    let descriptor: Int32
    private let pool: OpaquePointer
    private let slots: [UInt32]

    /// What arrived. The octets are valid until the next `receive`.
    public struct Arrival {
        public var octets: UnsafeRawBufferPointer
        public var from: SocketAddress
        /// When the kernel took it from the network.
        public var at: Now
    }

    /// - Parameter local: port 0 lets the system choose.
    public init(bind local: SocketAddress, bufferBytes: Int32 = 1 << 20, batch: Int = 32) throws(NetworkFailure) {
        var address = cnet_address(local)
        var bound = cnet_address()
        let descriptor = cnet_udp_open(&address, bufferBytes, bufferBytes, &bound, nil)
        guard descriptor >= 0 else { throw NetworkFailure(.cannotBind(local), systemError: -descriptor) }
        let slots = Array(0..<UInt32(max(1, min(batch, CNET_BATCH))))
        guard cnet_udp_note_arrival(descriptor) == 0, let pool = cnet_pool_create(UInt32(slots.count), 2_048) else {
            cnet_close(descriptor)
            throw NetworkFailure(.outOfMemory)
        }
        self.descriptor = descriptor
        self.pool = pool
        self.slots = slots
        localAddress = bound.socketAddress
    }

    deinit {
        cnet_close(descriptor)
        cnet_pool_destroy(pool)
    }

    /// Sends one datagram. A socket that is full for the moment throws as any other failure does.
    public func send(_ octets: UnsafeRawBufferPointer, to destination: SocketAddress) throws(NetworkFailure) {
        var address = cnet_address(destination)
        let result = cnet_send(descriptor, &address, octets.baseAddress, octets.count)
        guard result == 0 else { throw NetworkFailure(.cannotSend, systemError: -result) }
    }

    public func send(_ octets: [UInt8], to destination: SocketAddress) throws(NetworkFailure) {
        let result = octets.withUnsafeBytes { bytes in
            Result { () throws(NetworkFailure) in try send(bytes, to: destination) }
        }
        try result.get()
    }

    /// Hands out what has arrived, at most one batch, without waiting; gives the number. Datagrams longer than 2,048
    /// octets are left out.
    @discardableResult
    public func receive(_ body: (Arrival) -> Void) throws(NetworkFailure) -> Int {
        let count = cnet_receive(pool, descriptor, slots, UInt32(slots.count))
        guard count >= 0 else { throw NetworkFailure(.cannotReceive, systemError: -count) }
        guard count > 0 else { return 0 }
        let (monotonic, realtime) = (cnet_monotonic(), cnet_realtime())
        for slot in slots.prefix(Int(count)) {
            guard let packet = cnet_packet(pool, slot), !packet.pointee.is_truncated else { continue }
            let arrival = packet.pointee.arrival > 0 ? min(packet.pointee.arrival, realtime) : realtime
            body(
                Arrival(
                    octets: UnsafeRawBufferPointer(start: packet.pointee.octets, count: Int(packet.pointee.length)),
                    from: packet.pointee.from.socketAddress,
                    at: Now(
                        instant: Instant(nanoseconds: monotonic - (realtime - arrival)),
                        utc: UTCTime(microseconds: arrival / 1_000))))
        }
        return Int(count)
    }
}

/// Waits for several datagram sockets, or until another thread wakes it.
public final class DatagramPoller: Sendable {
    private let epoll: Int32
    private let event: Int32
    private static let wakeNumber = UInt32.max

    public init() throws(NetworkFailure) {
        let epoll = cnet_epoll_create()
        let event = cnet_event_create()
        guard epoll >= 0, event >= 0, cnet_epoll_add(epoll, event, Self.wakeNumber) == 0 else {
            cnet_close(epoll)
            cnet_close(event)
            throw NetworkFailure(.cannotWait, systemError: epoll < 0 ? -epoll : 0)
        }
        self.epoll = epoll
        self.event = event
    }

    deinit {
        cnet_close(epoll)
        cnet_close(event)
    }

    /// Watches a socket. `number` is what `wait` tells; a socket that ends is no longer watched.
    public func add(_ socket: DatagramSocket, number: UInt32) throws(NetworkFailure) {
        let result = cnet_epoll_add(epoll, socket.descriptor, number)
        guard result == 0 else { throw NetworkFailure(.cannotWait, systemError: -result) }
    }

    /// Waits until sockets can be read, a thread woke this one or `deadline` is reached (nil: for ever). Gives the
    /// numbers of the sockets, at most 64.
    public func wait(until deadline: Instant?) throws(NetworkFailure) -> [UInt32] {
        var ready = [UInt32](repeating: 0, count: 64)
        let timeout = deadline.map { max(0, $0.nanoseconds - cnet_monotonic()) } ?? -1
        let count = cnet_epoll_wait(epoll, timeout, &ready, UInt32(ready.count))
        guard count >= 0 else { throw NetworkFailure(.cannotWait, systemError: -count) }
        let numbers = ready.prefix(Int(count))
        if numbers.contains(Self.wakeNumber) { cnet_event_clear(event) }
        return numbers.filter { $0 != Self.wakeNumber }
    }

    /// From any thread.
    public func wake() {
        cnet_event_signal(event)
    }
}

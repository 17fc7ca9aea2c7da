import CNet
import CallControl
import FloorControl
import Glibc
import HostTime
import MCFoundation
import MediaDistribution

/// The turn of a media cell's thread: wait, take commands, receive, let time pass, send. It lives on that thread only.
final class MediaLoop {
    private let configuration: MediaDriverConfiguration
    private let mailbox: Mailbox
    private let onEvents: @Sendable ([MediaEvent]) -> Void
    let sockets: [MediaSocket]
    private var cell: MediaCell
    private var descriptors: [Int32]
    private let epoll: Int32
    private let pool: OpaquePointer
    private let outgoing: OpaquePointer
    private var freeSlots: [UInt32]
    private var batch = [UInt32](repeating: 0, count: CNET_BATCH)
    private var ready = [UInt32](repeating: 0, count: 64)
    private var isReady: [Bool]
    /// Datagrams that the last call gave, by socket.
    private var lastCounts: [Int]
    /// By socket.
    private var canSegment: [Bool]
    /// By tier.
    private var pending = [ForwardQueue](repeating: ForwardQueue(), count: CallTier.allCases.count)
    /// By slot of the cell.
    private var prepared: [PreparedList?] = []
    private var commands: [MediaCommand] = []
    private var nextCommand = 0
    private var isStopping = false
    private var counters = MediaDriverCounters()
    private var lastDropCount: Int64 = 0

    private static let mailboxNumber: UInt32 = 1_000
    /// Packet buffers that audio leaves for floor messages, so that a flood of speech cannot keep a request out.
    private static let reservedSlots = CNET_BATCH
    private static let slotOctets: UInt32 = 2_048

    init(
        _ configuration: MediaDriverConfiguration, mailbox: Mailbox,
        onEvents: @escaping @Sendable ([MediaEvent]) -> Void
    ) throws(NetworkFailure) {
        guard configuration.sockets.count <= 60 else { throw NetworkFailure(.tooManySockets) }
        let opened = try OpenedSockets(configuration)
        let epoll = cnet_epoll_create()
        let pool = cnet_pool_create(UInt32(configuration.packetBuffers), Self.slotOctets)
        let outgoing = cnet_outgoing_create(Self.slotOctets)
        guard epoll >= 0, let pool, let outgoing else {
            opened.close()
            cnet_close(epoll)
            cnet_pool_destroy(pool)
            cnet_outgoing_destroy(outgoing)
            throw epoll < 0 ? NetworkFailure(.cannotWait, systemError: -epoll) : NetworkFailure(.outOfMemory)
        }
        self.configuration = configuration
        self.mailbox = mailbox
        self.onEvents = onEvents
        self.epoll = epoll
        self.pool = pool
        self.outgoing = outgoing
        sockets = opened.sockets
        descriptors = opened.descriptors
        cell = MediaCell(sockets: opened.sockets, limits: configuration.limits)
        freeSlots = Array((0..<UInt32(configuration.packetBuffers)).reversed())
        isReady = [Bool](repeating: false, count: opened.sockets.count)
        lastCounts = [Int](repeating: 0, count: opened.sockets.count)
        canSegment = [Bool](repeating: true, count: opened.sockets.count)
        var failure = cnet_epoll_add(epoll, mailbox.event, Self.mailboxNumber)
        for (index, descriptor) in descriptors.enumerated() where failure == 0 {
            failure = cnet_epoll_add(epoll, descriptor, UInt32(index))
        }
        guard failure == 0 else { throw NetworkFailure(.cannotWait, systemError: -failure) }
    }

    deinit {
        for descriptor in descriptors { cnet_close(descriptor) }
        cnet_close(epoll)
        cnet_pool_destroy(pool)
        cnet_outgoing_destroy(outgoing)
    }

    func run() {
        while turn() {}
        // What was commanded and admitted before the end still leaves.
        while hasPending { forward(at: cnet_monotonic()) }
        publish()
        mailbox.close()
    }

    /// False once the driver is to stop and every command was carried out.
    private func turn() -> Bool {
        wait()
        let now = SystemClock.now()
        carryOutCommands(at: now)
        receiveFloor(at: now)
        receiveAudio(at: now)
        if let deadline = cell.nextDeadline, deadline <= now.instant { cell.advance(to: now) }
        sendFloor()
        forward(at: now.instant.nanoseconds)
        let events = cell.takeEvents()
        if !events.isEmpty { onEvents(events) }
        countKernelDrops(at: now.instant.nanoseconds)
        publish()
        return !isStopping || nextCommand < commands.count
    }

    private func wait() {
        var timeout: Int64 = -1
        if nextCommand < commands.count || hasPending {
            timeout = 0
        } else if let deadline = cell.nextDeadline {
            timeout = max(0, deadline.nanoseconds - cnet_monotonic())
        }
        for index in isReady.indices { isReady[index] = false }
        let count = cnet_epoll_wait(epoll, timeout, &ready, UInt32(ready.count))
        var hasMail = false
        for number in ready.prefix(Int(max(count, 0))) {
            if number == Self.mailboxNumber {
                hasMail = true
            } else {
                isReady[Int(number)] = true
            }
        }
        // New mail waits until the last was carried out: order is kept without a second queue.
        if hasMail, nextCommand >= commands.count {
            commands.removeAll(keepingCapacity: true)
            nextCommand = 0
            isStopping = mailbox.take(into: &commands)
        }
    }

    private var hasPending: Bool {
        for queue in pending where !queue.isEmpty { return true }
        return false
    }

    private func carryOutCommands(at now: Now) {
        let end = min(commands.count, nextCommand + configuration.commandsPerTurn)
        while nextCommand < end {
            cell.handle(commands[nextCommand], at: now)
            nextCommand += 1
            counters.commandsCarriedOut += 1
        }
    }

    private func publish() {
        counters.media = cell.counters
        mailbox.counters = counters
    }

    /// A system call per socket, so not with every turn.
    private func countKernelDrops(at now: Int64) {
        guard now - lastDropCount > 1_000_000_000 else { return }
        lastDropCount = now
        counters.kernelDrops = descriptors.reduce(0) { $0 + UInt64(cnet_udp_drops($1)) }
    }

    // MARK: Receiving

    private func receiveFloor(at now: Now) {
        for index in sockets.indices where isReady[index] && sockets[index].use == .floor {
            let count = receive(from: index, atMost: freeSlots.count)
            for slot in batch.prefix(count) {
                _ = hand(slot, from: index, at: now)
                freeSlots.append(slot)
            }
        }
    }

    private func receiveAudio(at now: Now) {
        for index in sockets.indices where isReady[index] && sockets[index].use == .audio {
            let count = receive(from: index, atMost: freeSlots.count - Self.reservedSlots)
            for slot in batch.prefix(count) {
                guard let reference = hand(slot, from: index, at: now), let list = prepare(reference) else {
                    freeSlots.append(slot)
                    continue
                }
                pending[Int(reference.tier.rawValue)].append(PendingForward(packet: slot, list: list))
            }
        }
    }

    /// Receives into free buffers; those that were used are taken from the free ones and stand first in `batch`.
    private func receive(from index: Int, atMost limit: Int) -> Int {
        // Headers are prepared for what is likely to come; more is told by the next wait.
        let wanted = min(batch.count, limit, max(8, 2 * lastCounts[index]))
        guard wanted > 0 else { return 0 }
        for position in 0..<wanted { batch[position] = freeSlots[freeSlots.count - 1 - position] }
        let count = max(0, Int(cnet_receive(pool, descriptors[index], batch, UInt32(wanted))))
        lastCounts[index] = count
        freeSlots.removeLast(count)
        counters.datagramsReceived += UInt64(count)
        return count
    }

    private func hand(_ slot: UInt32, from index: Int, at now: Now) -> ForwardReference? {
        guard let packet = cnet_packet(pool, slot) else { return nil }
        guard !packet.pointee.is_truncated else {
            counters.datagramsTruncated += 1
            return nil
        }
        let octets = UnsafeRawBufferPointer(start: packet.pointee.octets, count: Int(packet.pointee.length))
        return cell.receive(octets, on: sockets[index].id, from: packet.pointee.from.socketAddress, at: now)
    }

    // MARK: Sending

    private func prepare(_ reference: ForwardReference) -> PreparedList? {
        let slot = Int(reference.slot)
        if slot < prepared.count, let list = prepared[slot], list.version == reference.version { return list }
        while prepared.count <= slot { prepared.append(nil) }
        prepared[slot] = PreparedList(cell.forwardList(in: reference.slot), version: reference.version)
        return prepared[slot]
    }

    private func sendFloor() {
        var open: UInt8?
        cell.drainDatagrams { datagram, octets in
            let socket = datagram.destination.socket
            if let last = open, last != socket { flush(last) }
            open = socket
            var address = cnet_address(datagram.destination.address)
            if !cnet_outgoing_add(outgoing, &address, octets.baseAddress, octets.count) {
                flush(socket)
                guard cnet_outgoing_add(outgoing, &address, octets.baseAddress, octets.count) else {
                    counters.floorDatagramsFailed += 1
                    return
                }
            }
            counters.floorDatagramsSent += 1
        }
        if let open { flush(open) }
    }

    private func flush(_ socket: UInt8) {
        let milliseconds = Int32(clamping: Int64(configuration.patience.inMilliseconds))
        let failed = UInt64(cnet_outgoing_flush(outgoing, descriptors[Int(socket)], milliseconds))
        counters.floorDatagramsFailed += failed
        counters.floorDatagramsSent -= failed
    }

    /// Sends one chunk of what is most urgent. A big group's copies so never hold up an emergency for longer.
    private func forward(at now: Int64) {
        guard let tier = pending.indices.last(where: { !pending[$0].isEmpty }) else { return }
        var budget = UInt32(configuration.chunk)
        while budget > 0, !pending[tier].isEmpty {
            let together = packetsTogether(in: pending[tier])
            if together > 1, sendTogether(together, tier) {
                budget -= min(budget, UInt32(together))
                continue
            }
            var item = pending[tier][0]
            let segment = item.list.segments[item.segment]
            let wanted = min(budget, segment.count - item.offset)
            let done = send(item, segment, wanted)
            item.offset += done
            budget -= min(budget, max(done, 1))
            if done < wanted { stall(&item, on: segment, at: now) } else { item.stalledSince = nil }
            if item.offset >= segment.count {
                item.segment += 1
                item.offset = 0
            }
            if item.segment < item.list.segments.count {
                pending[tier][0] = item
                if item.stalledSince != nil { break }
            } else {
                freeSlots.append(item.packet)
                pending[tier].removeFirst()
            }
        }
    }

    private func send(_ item: PendingForward, _ segment: PreparedList.Segment, _ wanted: UInt32) -> UInt32 {
        guard let packet = cnet_packet(pool, item.packet) else { return wanted }
        var failed: UInt32 = 0
        let done = cnet_list_send(
            segment.list, descriptors[Int(segment.socket)], packet.pointee.octets, Int(packet.pointee.length),
            item.offset, wanted, &failed)
        counters.copiesFailed += UInt64(failed)
        counters.copiesSent += UInt64(max(done, 0)) - UInt64(failed)
        return UInt32(max(done, 0))
    }

    /// The socket is full. Waiting a little is cheaper than turning around; what waits too long is old speech.
    private func stall(_ item: inout PendingForward, on segment: PreparedList.Segment, at now: Int64) {
        let since = item.stalledSince ?? now
        item.stalledSince = since
        if now - since > configuration.patience.wholeNanoseconds {
            counters.copiesGivenUp += UInt64(segment.count - item.offset)
            item.offset = segment.count
            item.stalledSince = nil
        } else {
            _ = cnet_wait_writable(descriptors[Int(segment.socket)], 1)
        }
    }

    /// How many packets at the head of a queue have the same single destination and the same length: streams of
    /// several calls to one partner.
    private func packetsTogether(in queue: ForwardQueue) -> Int {
        guard queue.count > 1, let destination = queue[0].list.single, queue[0].stalledSince == nil,
            canSegment[Int(destination.socket)], let first = cnet_packet(pool, queue[0].packet)
        else { return 1 }
        let most = min(queue.count, CNET_SEGMENTS)
        var count = 1
        while count < most, queue[count].list.single == destination,
            cnet_packet(pool, queue[count].packet)?.pointee.length == first.pointee.length
        { count += 1 }
        return count
    }

    /// False where the socket is full or cannot segment: the packets leave one by one.
    private func sendTogether(_ count: Int, _ tier: Int) -> Bool {
        guard let destination = pending[tier][0].list.single, let first = cnet_packet(pool, pending[tier][0].packet)
        else { return false }
        let payloads = (0..<count).map { UnsafeRawPointer(cnet_packet(pool, pending[tier][$0].packet)?.pointee.octets) }
        var address = cnet_address(destination.address)
        let result = cnet_send_segments(
            descriptors[Int(destination.socket)], &address, payloads, Int(first.pointee.length), UInt32(count))
        guard result == 0 else {
            // What a network device or an old kernel answers that knows no segmentation.
            if [EIO, EINVAL, EOPNOTSUPP].contains(-result) { canSegment[Int(destination.socket)] = false }
            return false
        }
        for position in 0..<count { freeSlots.append(pending[tier][position].packet) }
        pending[tier].removeFirst(count)
        counters.copiesSent += UInt64(count)
        counters.copiesSegmented += UInt64(count)
        return true
    }
}

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
    /// Which packet is served next; `pending` holds, by packet buffer, what is still to be done with it.
    private var schedule: ForwardSchedule
    private var pending: [PendingForward?]
    /// Octets of packets that leave together.
    private var payloads = [UnsafeRawPointer?](repeating: nil, count: CNET_SEGMENTS)
    /// By slot of the cell.
    private var prepared: [PreparedList?] = []
    private var commands: [MediaCommand] = []
    private var nextCommand = 0
    private var isStopping = false
    private var counters = MediaDriverCounters()
    private var lastDropCount: Int64 = 0
    /// Of this turn, by the kernel's realtime clock, where replies are measured.
    private var floorArrivals: [Int64] = []
    private var lastPublication: Int64 = 0
    private var isPublished = true

    private static let mailboxNumber: UInt32 = 1_000
    /// Packet buffers that audio leaves for floor messages, so that a flood of speech cannot keep a request out.
    private static let reservedSlots = CNET_BATCH
    private static let slotOctets: UInt32 = 2_048
    /// Other threads see counters that are at most this old; a lock with each turn would be one per packet.
    private static let publicationInterval: Int64 = 50_000_000
    /// What waits when the driver is stopped has so long to leave, nanoseconds.
    private static let longestFarewell: Int64 = 1_000_000_000
    /// Milliseconds that a full socket may hold up what one participant waits for, and a part of what all are told.
    private static let floorPatience: Int32 = 2
    private static let announcementPatience: Int32 = 1

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
        schedule = ForwardSchedule(
            packets: configuration.packetBuffers - 2 * Self.reservedSlots, longestWait: configuration.longestWait)
        pending = [PendingForward?](repeating: nil, count: configuration.packetBuffers)
        isReady = [Bool](repeating: false, count: opened.sockets.count)
        lastCounts = [Int](repeating: 0, count: opened.sockets.count)
        canSegment = [Bool](repeating: true, count: opened.sockets.count)
        var failure = cnet_epoll_add(epoll, mailbox.event, Self.mailboxNumber)
        for (index, descriptor) in descriptors.enumerated() where failure == 0 {
            failure = cnet_epoll_add(epoll, descriptor, UInt32(index))
        }
        for (socket, descriptor) in zip(opened.sockets, opened.descriptors)
        where configuration.measuresReplies && socket.use == .floor && failure == 0 {
            failure = cnet_udp_note_arrival(descriptor)
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
        let end = cnet_monotonic() + Self.longestFarewell
        while hasPending, cnet_monotonic() < end { forward(at: Instant(nanoseconds: cnet_monotonic())) }
        publish(at: cnet_monotonic(), isLast: true)
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
        cell.prepareTalkers()
        sendFloor()
        forward(at: now.instant)
        let events = cell.takeEvents()
        if !events.isEmpty { onEvents(events) }
        countKernelDrops(at: now.instant.nanoseconds)
        publish(at: now.instant.nanoseconds)
        return !isStopping || nextCommand < commands.count
    }

    private func wait() {
        var timeout: Int64 = -1
        if nextCommand < commands.count || hasPending {
            timeout = 0
        } else if let deadline = cell.nextDeadline {
            timeout = max(0, deadline.nanoseconds - cnet_monotonic())
        }
        // What happened last is told even if nothing happens any more.
        if !isPublished {
            let left = max(0, lastPublication + Self.publicationInterval - cnet_monotonic())
            timeout = timeout < 0 ? left : min(timeout, left)
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

    private var hasPending: Bool { !schedule.isEmpty || cell.mostUrgentAnnouncement != nil }

    private func carryOutCommands(at now: Now) {
        let end = min(commands.count, nextCommand + configuration.commandsPerTurn)
        while nextCommand < end {
            cell.handle(commands[nextCommand], at: now)
            nextCommand += 1
            counters.commandsCarriedOut += 1
        }
    }

    private func publish(at now: Int64, isLast: Bool = false) {
        guard isLast || now - lastPublication >= Self.publicationInterval else {
            isPublished = false
            return
        }
        lastPublication = now
        isPublished = true
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
                if configuration.measuresReplies, let packet = cnet_packet(pool, slot), packet.pointee.arrival > 0 {
                    floorArrivals.append(packet.pointee.arrival)
                }
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
                guard schedule.append(slot, list: reference.slot, tier: reference.tier, at: now.instant) else {
                    counters.packetsOverQuota += 1
                    freeSlots.append(slot)
                    continue
                }
                pending[Int(slot)] = PendingForward(list: list)
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

    /// What one participant waits for: grants, refusals, places in the queue, and what a gateway passes on. All of it.
    private func sendFloor() {
        var open: UInt8?
        cell.drainReplies { datagram, octets in add(datagram, octets, &open, patience: Self.floorPatience) }
        if let open { flush(open, patience: Self.floorPatience) }
        guard !floorArrivals.isEmpty else { return }
        if open != nil {
            let now = cnet_realtime()
            for arrival in floorArrivals { counters.replyTimes.note(.nanoseconds(now - arrival)) }
        }
        floorArrivals.removeAll(keepingCapacity: true)
    }

    /// A part of what everybody in a call is told. Gives the number of datagrams.
    private func announce(_ tier: CallTier, atMost limit: UInt32) -> UInt32 {
        for index in sockets.indices where sockets[index].use == .floor {
            // Nothing is lost while it waits in the cell.
            guard cnet_wait_writable(descriptors[index], Self.announcementPatience) else { return limit }
        }
        var open: UInt8?
        let count = cell.drainAnnouncements(of: tier, atMost: Int(limit)) { datagram, octets in
            add(datagram, octets, &open, patience: Self.announcementPatience)
        }
        if let open { flush(open, patience: Self.announcementPatience) }
        return UInt32(count)
    }

    private func add(
        _ datagram: OutgoingDatagram, _ octets: UnsafeRawBufferPointer, _ open: inout UInt8?, patience: Int32
    ) {
        let socket = datagram.destination.socket
        if let last = open, last != socket { flush(last, patience: patience) }
        open = socket
        var address = cnet_address(datagram.destination.address)
        if !cnet_outgoing_add(outgoing, &address, octets.baseAddress, octets.count) {
            flush(socket, patience: patience)
            guard cnet_outgoing_add(outgoing, &address, octets.baseAddress, octets.count) else {
                counters.floorDatagramsFailed += 1
                return
            }
        }
        counters.floorDatagramsSent += 1
    }

    private func flush(_ socket: UInt8, patience: Int32) {
        let failed = UInt64(cnet_outgoing_flush(outgoing, descriptors[Int(socket)], patience))
        counters.floorDatagramsFailed += failed
        counters.floorDatagramsSent -= failed
    }

    /// Sends one chunk of what is most urgent, announcements and speech by turns of lists: neither a big group's copies
    /// nor what all its members are told hold up an emergency, or a small group beside it, for longer.
    private func forward(at now: Instant) {
        let announced = cell.mostUrgentAnnouncement
        let spoken = schedule.mostUrgent()
        guard let tier = mostUrgent(announced, spoken) else { return }
        var budget = UInt32(configuration.chunk)
        if announced == tier {
            let share = spoken == tier ? max(budget / 2, 1) : budget
            budget -= min(budget, announce(tier, atMost: share))
        }
        let turn = UInt32(max(configuration.chunk / 2, 1))
        while budget > 0, let waiting = schedule.head(of: tier) {
            if schedule.isTooOld(waiting, at: now) {
                counters.copiesTooOld += pending[Int(waiting.packet)]?.remaining ?? 0
                finish(waiting.packet, tier)
                continue
            }
            let together = packetsTogether(in: tier)
            if together > 1, sendTogether(together, tier) {
                budget -= min(budget, UInt32(together))
                continue
            }
            guard serve(waiting.packet, tier, min(budget, turn), at: now, &budget) else { break }
        }
    }

    private func mostUrgent(_ left: CallTier?, _ right: CallTier?) -> CallTier? {
        guard let left else { return right }
        guard let right else { return left }
        return max(left, right)
    }

    /// One list's turn. False where its socket is full.
    private func serve(
        _ packet: UInt32, _ tier: CallTier, _ most: UInt32, at now: Instant, _ budget: inout UInt32
    ) -> Bool {
        guard var item = pending[Int(packet)], item.segment < item.list.segments.count else {
            finish(packet, tier)
            return true
        }
        let segment = item.list.segments[item.segment]
        let wanted = min(most, segment.count - item.offset)
        let done = send(packet, item, segment, wanted)
        item.offset += done
        budget -= min(budget, max(done, 1))
        if done < wanted { stall(&item, on: segment, at: now) } else { item.stalledSince = nil }
        if item.offset >= segment.count {
            item.segment += 1
            item.offset = 0
        }
        guard item.segment < item.list.segments.count else {
            finish(packet, tier)
            return true
        }
        pending[Int(packet)] = item
        guard item.stalledSince == nil else { return false }
        schedule.nextTurn(in: tier)
        return true
    }

    /// The packet at the head is done with.
    private func finish(_ packet: UInt32, _ tier: CallTier) {
        pending[Int(packet)] = nil
        freeSlots.append(packet)
        schedule.finish(in: tier)
    }

    private func send(
        _ number: UInt32, _ item: PendingForward, _ segment: PreparedList.Segment, _ wanted: UInt32
    ) -> UInt32 {
        guard let packet = cnet_packet(pool, number) else { return wanted }
        var failed: UInt32 = 0
        let done = cnet_list_send(
            segment.list, descriptors[Int(segment.socket)], packet.pointee.octets, Int(packet.pointee.length),
            item.offset, wanted, &failed)
        counters.copiesFailed += UInt64(failed)
        counters.copiesSent += UInt64(max(done, 0)) - UInt64(failed)
        return UInt32(max(done, 0))
    }

    /// The socket is full. Waiting a little is cheaper than turning around; what waits too long is old speech.
    private func stall(_ item: inout PendingForward, on segment: PreparedList.Segment, at now: Instant) {
        let since = item.stalledSince ?? now
        item.stalledSince = since
        if now - since > configuration.patience {
            counters.copiesGivenUp += UInt64(segment.count - item.offset)
            item.offset = segment.count
            item.stalledSince = nil
        } else {
            _ = cnet_wait_writable(descriptors[Int(segment.socket)], 1)
        }
    }

    /// How many lists, in the order of their turns, have a packet of the same length for the same single destination:
    /// streams of several calls to one partner.
    private func packetsTogether(in tier: CallTier) -> Int {
        guard let head = schedule.head(of: tier), let item = pending[Int(head.packet)],
            let destination = item.list.single,
            item.stalledSince == nil, canSegment[Int(destination.socket)], let first = cnet_packet(pool, head.packet)
        else { return 1 }
        payloads[0] = UnsafeRawPointer(first.pointee.octets)
        var count = 1
        while count < payloads.count, let next = schedule.head(of: tier, ahead: count),
            pending[Int(next.packet)]?.list.single == destination, let packet = cnet_packet(pool, next.packet),
            packet.pointee.length == first.pointee.length
        {
            payloads[count] = UnsafeRawPointer(packet.pointee.octets)
            count += 1
        }
        return count
    }

    /// Sends what `packetsTogether` found. False where the socket is full or cannot segment: the packets leave one by
    /// one.
    private func sendTogether(_ count: Int, _ tier: CallTier) -> Bool {
        guard let head = schedule.head(of: tier), let destination = pending[Int(head.packet)]?.list.single,
            let first = cnet_packet(pool, head.packet)
        else { return false }
        var address = cnet_address(destination.address)
        let result = cnet_send_segments(
            descriptors[Int(destination.socket)], &address, payloads, Int(first.pointee.length), UInt32(count))
        guard result == 0 else {
            // What a network device or an old kernel answers that knows no segmentation.
            if result == -EIO || result == -EINVAL || result == -EOPNOTSUPP {
                canSegment[Int(destination.socket)] = false
            }
            return false
        }
        for _ in 0..<count {
            guard let sent = schedule.head(of: tier) else { break }
            finish(sent.packet, tier)
        }
        counters.copiesSent += UInt64(count)
        counters.copiesSegmented += UInt64(count)
        return true
    }
}

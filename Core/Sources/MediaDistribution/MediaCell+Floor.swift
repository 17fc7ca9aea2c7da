import CallControl
import FloorControl
import MCFoundation

/// Floor messages: to and from the floor machines of our calls, and through our gateway.
extension MediaCell {
    mutating func receiveFloor(
        _ packet: UnsafeRawBufferPointer, on socket: UInt8, from: SocketAddress, at now: Now
    ) {
        if let ssrc = FloorDatagram.reporter(in: packet) {
            // It says where its sender is and no more; RTCP ends at each hop.
            counters.controlPackets += 1
            // Of a stranger nothing is said: the first of a device may overtake what signalling says of it.
            _ = sender(of: ssrc, on: socket, from: from, at: now)
            return
        }
        guard packet.count <= limits.floorDatagramBytes, let ssrc = FloorDatagram.ssrc(of: packet) else {
            counters.floorMalformed += 1
            return
        }
        guard let id = sender(of: ssrc, on: socket, from: from, at: now), let leg = legs[id] else {
            counters.floorUnknownSource += 1
            return
        }
        guard legs[id]?.floorBudget.take(1, at: now.instant) == true else {
            counters.floorTooMany += 1
            return
        }
        let messages: [FloorMessage]
        do {
            messages = try FloorMessage.decode(packet.bytes)
        } catch {
            counters.floorMalformed += 1
            return
        }
        // What only the other side of a border may know goes on to it.
        guard !messages.isEmpty || leg.relayPeer != nil else {
            counters.floorMalformed += 1
            return
        }
        // A datagram may carry many messages; each counts.
        guard messages.count <= 1 || legs[id]?.floorBudget.take(messages.count - 1, at: now.instant) == true else {
            counters.floorTooMany += 1
            return
        }
        let requests = messages.count { $0.kind == .request }
        guard requests == 0 || legs[id]?.requestBudget.take(requests, at: now.instant) == true else {
            counters.floorTooMany += 1
            return
        }
        counters.floorMessagesReceived += UInt64(messages.count)
        if let call = leg.call {
            deliver(messages, from: id, to: call, at: now)
        } else if let peer = leg.relayPeer {
            pass(packet, messages, from: leg, to: peer, at: now)
        } else {
            counters.floorWithoutDestination += 1
        }
    }

    /// The leg whose peer sent this; a peer behind network address translation may show here where it is.
    private mutating func sender(
        of ssrc: UInt32, on socket: UInt8, from: SocketAddress, at now: Now
    ) -> LegID? {
        let known =
            floorKeys[FloorKey(socket: socket, address: from, ssrc: ssrc)]
            ?? floorKeys[FloorKey(socket: socket, address: from, ssrc: nil)]
        if let known {
            if legs[known]?.face == .access, legs[known]?.floor?.isFixed == false {
                legs[known]?.floor?.isFixed = true
                closeLatches(of: known)
            }
            return known
        }
        guard let candidates = latches[LatchKey(socket: socket, ssrc: ssrc)], candidates.count == 1,
            let leg = legs[candidates[0]], let floor = leg.floor, floor.socket == socket, !floor.isFixed,
            mayLatch(leg, to: from, signalled: floor)
        else { return nil }
        let id = candidates[0]
        let before = neighbourhood(of: id)
        legs[id]?.floor = Path(socket: socket, address: from, isFixed: true)
        settle(before, around: id, at: now)
        counters.addressesLatched += 1
        return id
    }

    // MARK: Our own calls

    private mutating func deliver(_ messages: [FloorMessage], from id: LegID, to call: MediaCallID, at now: Now) {
        guard legs[id]?.isOnFloor == true else {
            counters.floorWithoutDestination += 1
            return
        }
        for message in messages {
            tellFloor(of: call, .received(message, from: ParticipantKey(id.value)), at: now)
        }
    }

    /// Gives the floor machine of a call an event and does what it decides.
    mutating func tellFloor(of call: MediaCallID, _ event: FloorServerEvent, at now: Now) {
        guard let actions = calls[call]?.floor.handle(event, at: now) else { return }
        perform(actions, of: call, at: now)
    }

    /// Does what the floor machine decided while it judged an audio packet.
    mutating func drainFloor(of call: MediaCallID, at now: Now) {
        guard let actions = calls[call]?.floor.takePendingActions(), !actions.isEmpty else { return }
        perform(actions, of: call, at: now)
    }

    private mutating func perform(_ actions: [FloorServerAction], of call: MediaCallID, at now: Now) {
        for action in actions {
            switch action {
            case .send(let message, let key): send(message, to: LegID(key.value), in: call)
            case .announce(let keys): outbox.announce(call, to: keys, tier: calls[call]?.tier ?? .normal)
            case .talkerChanged(let key, _): talkerChanged(to: key.map { LegID($0.value) }, in: call)
            case .inactive: events.append(.callInactive(call))
            case .misbehaves(let key): events.append(.participantMisbehaves(call, LegID(key.value)))
            case .refused(let key): events.append(.legRefused(LegID(key.value), .limit))
            }
        }
        schedule(call, after: now.instant)
    }

    private mutating func talkerChanged(to talker: LegID?, in call: MediaCallID) {
        calls[call]?.talker = talker
        calls[call]?.packetsOfTalk = 0
        events.append(.talkerChanged(call, talker, talker.flatMap { legs[$0]?.participant?.mcpttID }))
        guard let talker else { return }
        if let source = legs[talker]?.registration.source { sources[source]?.replay.permitRestart() }
        unprepared.append((call, talker))
        if unprepared.count >= Self.mostUnprepared { prepareTalkers() }
    }

    private static let mostUnprepared = 64

    /// Makes the forward lists of new talkers: behind the grants, which leave first, and before their first packets.
    public mutating func prepareTalkers() {
        guard !unprepared.isEmpty else { return }
        for (call, talker) in unprepared where calls[call]?.talker == talker {
            let isMade = calls[call]?.lists.contains { $0.talker == talker && !$0.isStale } ?? true
            if !isMade { _ = makeList(of: call, for: talker) }
            // Said twice from the first: where the one datagram is lost, the first packet has no home at the partner.
            if let call = calls[call] { remindPartners(of: call, talker) }
        }
        unprepared.removeAll(keepingCapacity: true)
    }

    mutating func send(_ message: FloorMessage, to id: LegID, in call: MediaCallID) {
        guard let end = end(of: id).flatMap({ legs[$0] }), let floor = end.floor else {
            counters.floorWithoutDestination += 1
            return
        }
        var message = message
        message.ssrc = end.floorSSRC
        outbox.append(to: floor.destination, tier: calls[call]?.tier ?? .normal) {
            message.encode(into: &$0, for: end.dialect)
        }
        counters.floorMessagesSent += 1
    }

    // MARK: Through the gateway

    private mutating func pass(
        _ packet: UnsafeRawBufferPointer, _ messages: [FloorMessage], from leg: Leg, to peer: LegID, at now: Now
    ) {
        guard let other = legs[peer], other.signalled != nil else {
            counters.floorWithoutDestination += 1
            return
        }
        if other.looksAtOurselves {
            guard let member = other.splice, let call = legs[member]?.call else {
                counters.floorWithoutDestination += 1
                return
            }
            deliver(messages, from: member, to: call, at: now)
            return
        }
        if leg.isOutside {
            for message in messages { observe(message, forClient: peer, on: leg, at: now) }
        } else if messages.contains(where: { $0.kind == .release }) {
            leg.talk?.ending(at: now.instant)
        }
        guard let floor = other.floor else {
            counters.floorWithoutDestination += 1
            return
        }
        outbox.append(to: floor.destination, tier: legs[peer]?.relayTier ?? .normal) { octets in
            if leg.dialect == other.dialect {
                FloorDatagram.copy(packet, as: other.floorSSRC, into: &octets)
            } else {
                for var message in messages {
                    message.ssrc = other.floorSSRC
                    message.encode(into: &octets, for: other.dialect)
                }
            }
        }
        counters.floorDatagramsRelayed += 1
    }

    /// What the partner's floor server says to our client tells which stream is whose and may pass: Floor Granted names
    /// the SSRC that our client will use, Floor Taken the one that comes from the partner.
    private mutating func observe(_ message: FloorMessage, forClient id: LegID, on outside: Leg, at now: Now) {
        let trunk = legs[outside.id]?.registration.trunk
        let floor = trunk.flatMap { trunks[$0]?.floor }
        let talk = legs[id]?.talk
        switch message.kind {
        case .granted:
            observe(message.indicator, forClient: id, on: outside)
            if let ssrc = message.audioSSRC {
                _ = setTalkerSSRC(ssrc, ofClient: id, at: now)
                restart(ofClient: id)
                _ = floor?.taken(by: [ssrc], adds: false, sequenceNumber: nil, at: now.instant)
            }
            talk?.granted(at: now.instant)
        case .taken:
            observe(message.indicator, forClient: id, on: outside)
            observeTaken(message, forClient: id, on: trunk, at: now)
        case .idle:
            observe(message.indicator, forClient: id, on: outside)
            talk?.ended(at: now.instant)
            // The first packets of the next talker may overtake the Floor Taken that announces him.
            if let trunk, floor?.idle(sequenceNumber: message.sequenceNumber, at: now.instant) == true {
                restart(trunk)
            }
        case .releaseMultiTalker:
            if let ssrc = message.audioSSRC { floor?.ended(ssrc, at: now.instant) }
        case .revoke: talk?.ending(at: now.instant)
        case .deny, .queuePositionInfo: talk?.refused()
        case .request, .release, .revokeRequest, .queuePositionRequest, .ack, .unicastMediaFlowControl,
            .queuedFloorRequests:
            break
        }
    }

    private mutating func observeTaken(
        _ message: FloorMessage, forClient id: LegID, on trunk: TrunkKey?, at now: Now
    ) {
        let ssrcs = (message.audioSSRC.map { [$0] } ?? []) + message.ssrcs.prefix(limits.talkersPerTrunk)
        let isShared = message.indicator?.contains(.dualFloor) == true
        let own = legs[id]?.learnedSSRC
        if !isShared, own.map({ !ssrcs.contains($0) }) ?? true { legs[id]?.talk?.ended(at: now.instant) }
        guard let trunk else { return }
        for ssrc in ssrcs { learn(ssrc, on: trunk) }
        let begins = trunks[trunk]?.floor.taken(
            by: ssrcs, adds: isShared, sequenceNumber: message.sequenceNumber, at: now.instant)
        if begins == true { restart(trunk) }
    }

    /// Who talks next on a trunk may begin a new count, as he may towards the call's own cell.
    private mutating func restart(_ trunk: TrunkKey) {
        for ssrc in trunks[trunk]?.ssrcs ?? [] {
            sources[SourceKey(socket: trunk.path.socket, address: trunk.path.address, ssrc: ssrc)]?
                .replay.permitRestart()
        }
    }

    private mutating func restart(ofClient id: LegID) {
        if let source = legs[id]?.registration.source { sources[source]?.replay.permitRestart() }
    }

    private mutating func observe(_ indicator: FloorIndicator?, forClient id: LegID, on outside: Leg) {
        guard let indicator else { return }
        let tier: CallTier =
            indicator.contains(.emergencyCall)
            ? .emergency : indicator.contains(.imminentPerilCall) ? .imminentPeril : .normal
        guard let leg = legs[id], leg.relayTier != tier else { return }
        legs[id]?.relayTier = tier
        if let source = leg.registration.source { sources[source]?.tier = tier }
        guard let key = legs[outside.id]?.registration.trunk, let trunk = trunks[key], trunk.tier != tier else {
            return
        }
        trunks[key]?.tier = tier
        for ssrc in trunk.ssrcs {
            sources[SourceKey(socket: key.path.socket, address: key.path.address, ssrc: ssrc)]?.tier = tier
        }
    }
}

/// The RTCP APP packets of a floor datagram, as far as they must be understood to pass them on.
enum FloorDatagram {
    private static let name: UInt32 = 0x4d43_5054  // "MCPT"

    /// The SSRC that every floor message of the datagram carries; nil if there is none, if they differ or if the
    /// datagram is anything but RTCP APP packets. Those of another name say nothing to floor control.
    static func ssrc(of packet: UnsafeRawBufferPointer) -> UInt32? {
        var found: UInt32?
        var offset = 0
        while offset < packet.count {
            guard packet.count - offset >= 12, packet[offset] >> 5 == 0b100, packet[offset + 1] == 204 else {
                return nil
            }
            let length = length(of: packet, at: offset)
            guard length >= 12, length <= packet.count - offset else { return nil }
            if packet.bigEndian32(at: offset + 8) == name {
                let ssrc = packet.bigEndian32(at: offset + 4)
                guard found == nil || found == ssrc else { return nil }
                found = ssrc
            }
            offset += length
        }
        return found
    }

    /// The sender of a datagram that begins with an RTCP receiver report: with it a client behind network address
    /// translation keeps the way to its floor socket open (RFC 6263 4.3).
    static func reporter(in packet: UnsafeRawBufferPointer) -> UInt32? {
        guard packet.count >= 8, packet[0] >> 6 == 2, packet[1] == 201,
            length(of: packet, at: 0) <= packet.count
        else { return nil }
        return packet.bigEndian32(at: 4)
    }

    /// Appends the floor messages of a datagram that `ssrc(of:)` accepted, with another SSRC in their headers; nothing
    /// else changes. What is no floor message stays here.
    static func copy(_ packet: UnsafeRawBufferPointer, as ssrc: UInt32, into octets: inout [UInt8]) {
        var offset = 0
        while offset + 12 <= packet.count {
            let end = min(offset + length(of: packet, at: offset), packet.count)
            if packet.bigEndian32(at: offset + 8) == name {
                octets.append(contentsOf: UnsafeRawBufferPointer(rebasing: packet[offset..<offset + 4]))
                for index in 0..<4 as Range<UInt32> {
                    octets.append(UInt8(truncatingIfNeeded: ssrc >> (24 - 8 * index)))
                }
                octets.append(contentsOf: UnsafeRawBufferPointer(rebasing: packet[offset + 8..<end]))
            }
            offset = end
        }
    }

    private static func length(of packet: UnsafeRawBufferPointer, at offset: Int) -> Int {
        4 * (Int(packet.bigEndian16(at: offset + 2)) + 1)
    }
}

import CallControl
import FloorControl
import MCFoundation

/// The packet path. What is admitted here allocates nothing.
extension MediaCell {
    mutating func receiveAudio(
        _ packet: UnsafeRawBufferPointer, on socket: UInt8, from: SocketAddress, at now: Now
    ) -> ForwardReference? {
        guard packet.count >= 8, packet.count <= limits.audioPacketBytes, packet[0] >> 6 == 2 else {
            counters.audioMalformed += 1
            return nil
        }
        // RTP and RTCP share the port; RFC 5761 4 keeps these second octets for RTCP.
        if (192...223).contains(packet[1]) {
            receiveControl(packet, on: socket, from: from, at: now)
            return nil
        }
        guard packet.count >= 12 + 4 * Int(packet[0] & 0x0f) else {
            counters.audioMalformed += 1
            return nil
        }
        let key = SourceKey(socket: socket, address: from, ssrc: packet.bigEndian32(at: 8))
        guard let source = sources[key] ?? discover(key, at: now) else { return nil }
        guard source.payloadType == packet[1] & 0x7f else {
            counters.audioWrongPayloadType += 1
            return nil
        }
        if !source.replay.isStarted { confirmAudio(of: source) }
        switch source.replay.judge(packet.bigEndian16(at: 2)) {
        case .fresh: break
        case .replayed:
            counters.audioReplayed += 1
            return nil
        case .tooOld:
            counters.audioTooOld += 1
            return nil
        }
        let reference: ForwardReference
        switch source.kind {
        case .participant(let leg, let id):
            guard let call = calls[id], admits(leg, in: call, at: now) else {
                counters.audioWithoutPermission += 1
                if legs[leg]?.chosenSSRC != nil { separateTalker(at: key.addressKey, from: leg) }
                return nil
            }
            reference = list(of: call, for: leg)
            call.packetsOfTalk &+= 1
            if Self.isReminder(call.packetsOfTalk) { remindPartners(of: call, leg) }
        case .client, .trunks:
            guard crossesBorder(source, key.ssrc, at: now.instant) else {
                counters.audioWithoutPermission += 1
                if case .client(let leg) = source.kind, legs[leg]?.isSSRCItsOwn == true {
                    separateTalker(at: key.addressKey, from: leg)
                }
                return nil
            }
            reference = list(of: source, key)
        }
        guard reference.count > 0 else {
            counters.audioWithoutListeners += 1
            return nil
        }
        counters.audioPacketsForwarded += 1
        counters.audioCopiesSent += UInt64(reference.count)
        return reference
    }

    /// A partner's gateway lets our stream in, and knows whose it is, because Floor Taken announced it: a lost one must
    /// not cost the talk. It is said again to one member of each partner with the first packets, of the talk and since a
    /// partner came in, and later each two seconds.
    private static func isReminder(_ packet: Int) -> Bool {
        packet == 1 || packet == 2 || packet % 100 == 4
    }

    mutating func remindPartners(of call: Call, _ talker: LegID) {
        guard let list = call.lists.first(where: { $0.talker == talker }) else { return }
        for leg in list.heralds {
            guard let message = call.floor.repeatedTaken(to: ParticipantKey(leg.value)) else { continue }
            send(message, to: leg, in: call.id)
        }
    }

    /// Whether a participant may be heard now; the floor machine counts the packet (T1, T2).
    private mutating func admits(_ leg: LegID, in call: Call, at now: Now) -> Bool {
        let admitted = call.floor.mediaReceived(from: ParticipantKey(leg.value), at: now.instant)
        if !admitted { drainFloor(of: call.id, at: now) }
        return admitted
    }

    /// Whether the floor control of the partner's call stands for a packet that would cross our border.
    private func crossesBorder(_ source: Source, _ ssrc: UInt32, at now: Instant) -> Bool {
        if let talk = source.talk { return talk.admits(at: now) }
        for floor in source.floors where floor.holds(ssrc, at: now) { return true }
        for floor in source.floors where floor.mayOvertake(ssrc, at: now) {
            floor.noteOvertaking(ssrc, at: now)
            return true
        }
        return false
    }

    // MARK: Lists

    private mutating func list(of call: Call, for talker: LegID) -> ForwardReference {
        for list in call.lists where list.talker == talker && !list.isStale {
            return lists.reference(list.slot, tier: call.tier)
        }
        let slot = makeList(of: call.id, for: talker)
        return lists.reference(slot, tier: call.tier)
    }

    /// Everybody in the call but the talker and who holds the call, at the ends of splices and relays, and each partner
    /// once.
    mutating func makeList(of callID: MediaCallID, for talker: LegID) -> UInt32 {
        var destinations: [ForwardDestination] = []
        var partners: Set<AddressKey> = []
        var heralds: [LegID] = []
        for member in calls[callID]?.members ?? [] where member != talker && legs[member]?.signalled?.hears == true {
            guard let end = end(of: member).flatMap({ legs[$0] }), let audio = end.audio else { continue }
            if end.signalled?.trunk != nil {
                guard partners.insert(audio.key).inserted else { continue }
                if end.floor != nil { heralds.append(member) }
            }
            destinations.append(audio.destination)
        }
        let slot = slotForList(of: callID, talker, heralds)
        lists.replace(slot, with: destinations)
        return slot
    }

    private mutating func slotForList(of callID: MediaCallID, _ talker: LegID, _ heralds: [LegID]) -> UInt32 {
        guard let call = calls[callID] else { return lists.reserve() }
        if let index = call.lists.firstIndex(where: { $0.talker == talker }) {
            // A partner that comes in amid a talk is told with the next packets, as the others were with the first.
            if heralds.contains(where: { !call.lists[index].heralds.contains($0) }) { call.packetsOfTalk = 0 }
            calls[callID]?.lists[index].isStale = false
            calls[callID]?.lists[index].heralds = heralds
            return call.lists[index].slot
        }
        var slot: UInt32
        if call.lists.count >= limits.listsPerCall {
            slot = call.lists[0].slot
            calls[callID]?.lists.removeFirst()
        } else {
            slot = lists.reserve()
        }
        calls[callID]?.lists.append(Call.TalkerList(talker: talker, slot: slot, isStale: false, heralds: heralds))
        return slot
    }

    /// The prepared list of a stream that crosses our border.
    private mutating func list(of source: Source, _ key: SourceKey) -> ForwardReference {
        if !source.isStale, let slot = source.slot { return lists.reference(slot, tier: source.tier) }
        let destinations: [ForwardDestination]
        switch source.kind {
        case .trunks(let keys): destinations = listeners(on: keys, to: key.ssrc)
        case .client(let inside):
            let outside = legs[inside]?.relayPeer.flatMap { legs[$0] }
            let hears = outside?.signalled?.hears == true && passesSpeech(inside)
            destinations = hears ? outside?.audio.map { [$0.destination] } ?? [] : []
        case .participant: destinations = []
        }
        let slot = source.slot ?? lists.reserve()
        lists.replace(slot, with: destinations)
        source.slot = slot
        source.isStale = false
        return lists.reference(slot, tier: source.tier)
    }

    /// Whether both sides of a relay protect their speech in the same way.
    func passesSpeech(_ inside: LegID) -> Bool {
        guard let leg = legs[inside], let peer = leg.relayPeer.flatMap({ legs[$0] }) else { return false }
        return leg.signalled?.protection == peer.signalled?.protection
    }

    // MARK: Unknown streams

    /// Tries to find out whose a stream is that no table knows.
    private mutating func discover(_ key: SourceKey, at now: Now) -> Source? {
        if let candidates = trunksAt[key.addressKey] {
            guard candidates.count == 1 else {
                counters.audioAmbiguousSource += 1
                return nil
            }
            guard let floor = trunks[candidates[0]]?.floor,
                floor.holds(key.ssrc, at: now.instant) || floor.mayOvertake(key.ssrc, at: now.instant)
            else {
                // Not remembered either, so that no stranger's stream drives a talker's out.
                counters.audioWithoutPermission += 1
                return nil
            }
            learn(key.ssrc, on: candidates[0])
            return sources[key]
        }
        if let candidates = legsAtAudio[key.addressKey] {
            guard let id = speaker(among: candidates, on: key.socket), let leg = legs[id] else { return nil }
            return learn(key, of: leg, at: now) ? sources[key] : nil
        }
        return latchAudio(key, isControl: false, at: now) ? sources[key] : nil
    }

    /// Whose a stream may be that a peer sends under an SSRC of its own choice: of the legs at its address the one that
    /// may speak and was not heard yet. Where several may, the later ones have to get ports of their own.
    private mutating func speaker(among candidates: [LegID], on socket: UInt8) -> LegID? {
        guard candidates.count > 1 else { return candidates.first }
        // A device is in few calls; behind a partner's gateway are many members, and none of them speaks there.
        guard candidates.count <= Self.mostCallsOfAPeer, roles[Int(socket)]?.face == .access else {
            counters.audioAmbiguousSource += 1
            return nil
        }
        var found: LegID?
        for id in candidates where awaitsSpeech(of: id) {
            guard found != nil else {
                found = id
                continue
            }
            separate(id)
            counters.audioAmbiguousSource += 1
            return nil
        }
        if found == nil { counters.audioForeignSSRC += 1 }
        return found
    }

    private static let mostCallsOfAPeer = 16

    /// A peer uses one SSRC of its own choice in several calls: it is known by it in the call where it was learned, and
    /// not heard in the other one where it has the floor now.
    private mutating func separateTalker(at address: AddressKey, from known: LegID) {
        for id in legsAtAudio[address] ?? [] where id != known && awaitsSpeech(of: id) { separate(id) }
    }

    /// It may speak, and nothing came yet under the SSRC that is its own.
    private func awaitsSpeech(of id: LegID) -> Bool {
        guard let leg = legs[id] else { return false }
        if leg.relayPeer != nil, leg.call == nil {
            guard !leg.isOutside, leg.learnedSSRC == nil else { return false }
            // Where other calls of the peer could be meant, only the partner's Floor Granted tells that it is this one.
            let isAlone = leg.registration.audioAddress.flatMap { legsAtAudio[$0]?.count } ?? 1 <= 1
            return isAlone || leg.talk?.isGranted == true
        }
        return leg.call.flatMap { calls[$0]?.talker } == id
            && leg.registration.source.flatMap { sources[$0]?.replay.isStarted } != true
    }

    /// A peer chose an SSRC of its own.
    private mutating func learn(_ key: SourceKey, of leg: Leg, at now: Now) -> Bool {
        if leg.relayPeer != nil, leg.call == nil, awaitsSpeech(of: leg.id) {
            guard setTalkerSSRC(key.ssrc, ofClient: leg.id, at: now) else { return false }
            legs[leg.id]?.isSSRCItsOwn = true
            return true
        }
        guard let callID = leg.call, let call = calls[callID], call.ssrcs[key.ssrc] == nil, awaitsSpeech(of: leg.id)
        else {
            counters.audioForeignSSRC += 1
            return false
        }
        // From now on the chosen SSRC stands for the assigned one, also in what the floor machine announces.
        let assigned = leg.participant?.audioSSRC ?? 0
        calls[callID]?.ssrcs[assigned] = nil
        calls[callID]?.ssrcs[key.ssrc] = leg.id
        let before = neighbourhood(of: leg.id)
        legs[leg.id]?.participant?.audioSSRC = key.ssrc
        legs[leg.id]?.chosenSSRC = (assigned, key.ssrc)
        legs[leg.id]?.isOnFloor = false
        settle(before, around: leg.id, at: now)
        return sources[key] != nil
    }

    /// The SSRC of a client behind our gateway: what it sends under it goes to the partner, and what comes back from
    /// there under it is its own voice.
    mutating func setTalkerSSRC(_ ssrc: UInt32, ofClient id: LegID, at now: Now) -> Bool {
        guard let leg = legs[id], leg.learnedSSRC != ssrc else { return true }
        if let audio = leg.audio {
            let key = SourceKey(socket: audio.socket, address: audio.address, ssrc: ssrc)
            guard sources[key] == nil else {
                counters.audioForeignSSRC += 1
                return false
            }
        }
        let before = neighbourhood(of: id)
        legs[id]?.learnedSSRC = ssrc
        legs[id]?.isSSRCItsOwn = false
        settle(before, around: id, at: now)
        return true
    }

    /// A peer behind network address translation shows where it is: once, and only with an SSRC that signalling gave
    /// it. In RTP that is the assigned one; in RTCP, with which those who only listen keep their port open, also the
    /// one of its floor messages.
    private mutating func latchAudio(_ key: SourceKey, isControl: Bool, at now: Now) -> Bool {
        guard let candidates = latches[LatchKey(socket: key.socket, ssrc: key.ssrc)], candidates.count == 1,
            let leg = legs[candidates[0]], let audio = leg.audio, audio.socket == key.socket, !audio.isFixed,
            isControl || (leg.participant?.audioSSRC ?? leg.learnedSSRC) == key.ssrc,
            mayLatch(leg, to: key.address, signalled: audio)
        else {
            if !isControl { counters.audioUnknownSource += 1 }
            return false
        }
        let before = neighbourhood(of: leg.id)
        legs[leg.id]?.audio = Path(socket: key.socket, address: key.address, isFixed: true)
        settle(before, around: leg.id, at: now)
        counters.addressesLatched += 1
        return isControl || sources[key] != nil
    }

    /// Whether a leg that was not heard from yet may be at `address` instead of where signalling said. A peer whose
    /// other stream was heard has that one's host; one that named a public address has no translation of its host
    /// before it; and an address that belongs to somebody else is nobody's translation. Who is there on another pair of
    /// ports and was signalled in the same words is no one else.
    mutating func mayLatch(_ leg: Leg, to address: SocketAddress, signalled path: Path) -> Bool {
        let confirmed = [leg.audio, leg.floor].compactMap { $0 }.first { $0.isFixed }
        let isPlausible =
            if let confirmed {
                confirmed.address.address == address.address
            } else {
                path.address.address == address.address || path.address.address.isPrivate
            }
        let isFree = sockets.allSatisfy { socket in
            let key = AddressKey(socket: socket.id, address: address)
            return (legsAtAudio[key] ?? []).allSatisfy { isSameDevice(legs[$0], leg) }
                && (legsAtFloor[key] ?? []).allSatisfy { isSameDevice(legs[$0], leg) }
        }
        guard isPlausible, isFree else {
            counters.addressesNotLatched += 1
            return false
        }
        return true
    }

    private func isSameDevice(_ other: Leg?, _ leg: Leg) -> Bool {
        guard let other, other.id != leg.id else { return true }
        guard other.connectedPair != leg.connectedPair, let theirs = other.signalled, let ours = leg.signalled else {
            return false
        }
        return theirs.audio == ours.audio && theirs.floor == ours.floor && theirs.floorSSRC == ours.floorSSRC
    }

    /// RTCP ends at each hop. It confirms or shows the address of a listener.
    private mutating func receiveControl(
        _ packet: UnsafeRawBufferPointer, on socket: UInt8, from: SocketAddress, at now: Now
    ) {
        counters.controlPackets += 1
        let key = SourceKey(socket: socket, address: from, ssrc: packet.bigEndian32(at: 4))
        if let candidates = legsAtAudio[key.addressKey] {
            if candidates.count == 1 { fixAudio(of: candidates[0]) }
            return
        }
        _ = latchAudio(key, isControl: true, at: now)
    }

    /// The peer is heard from where signalling said it is: from now on it cannot be anywhere else.
    private mutating func confirmAudio(of source: Source) {
        switch source.kind {
        case .participant(let leg, _), .client(let leg): fixAudio(of: leg)
        case .trunks: break
        }
    }

    private mutating func fixAudio(of id: LegID) {
        guard let leg = legs[id], leg.face == .access, leg.audio?.isFixed == false else { return }
        legs[id]?.audio?.isFixed = true
        closeLatches(of: id)
    }
}

extension UnsafeRawBufferPointer {
    func bigEndian16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(bigEndian16(at: offset)) << 16 | UInt32(bigEndian16(at: offset + 2))
    }
}

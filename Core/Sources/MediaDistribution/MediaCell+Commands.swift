import CallControl
import FloorControl
import MCFoundation

extension MediaCell {
    mutating func openCall(_ id: MediaCallID, _ settings: FloorSettings, at now: Now) {
        guard calls[id] == nil, calls.count < limits.calls else {
            counters.commandsRefused += 1
            events.append(.callRefused(id, calls[id] == nil ? .limit : .taken))
            return
        }
        calls[id] = Call(id: id, settings: settings)
        schedule(id, after: now.instant)
    }

    mutating func configureCall(_ id: MediaCallID, _ settings: FloorSettings, at now: Now) {
        guard calls[id] != nil else {
            counters.commandsForUnknown += 1
            return
        }
        calls[id]?.tier = settings.tier
        calls[id]?.markListsStale()
        tellFloor(of: id, .reconfigured(settings), at: now)
    }

    mutating func closeCall(_ id: MediaCallID, at now: Now) {
        guard let call = calls[id] else {
            counters.commandsForUnknown += 1
            return
        }
        tellFloor(of: id, .released, at: now)
        outbox.withdrawAnnouncement(of: id)
        for member in call.members {
            let before = neighbourhood(of: member)
            legs[member]?.call = nil
            legs[member]?.participant = nil
            legs[member]?.isOnFloor = false
            legs[member]?.learnedSSRC = nil
            legs[member]?.chosenSSRC = nil
            settle(before, around: member, at: now)
        }
        for list in calls[id]?.lists ?? [] {
            lists.giveBack(list.slot)
        }
        calls[id] = nil
    }

    mutating func openLeg(_ id: LegID, face: MediaFace, floorSSRC: UInt32) {
        guard legs[id] == nil, legs.count < limits.legs else {
            counters.commandsRefused += 1
            events.append(.legRefused(id, legs[id] == nil ? .limit : .taken))
            return
        }
        legs[id] = Leg(id: id, face: face, floorSSRC: floorSSRC, limits: limits)
    }

    mutating func connect(_ id: LegID, to remote: LegRemote, at now: Now) {
        guard let leg = legs[id] else {
            counters.commandsForUnknown += 1
            return
        }
        // A session refresh repeats the SDP. It must not undo an address that was learned since.
        if let signalled = leg.signalled, signalled == remote, leg.connectedPair == leg.pair { return }
        let mirrored = ownAddresses[remote.audio]
        guard
            let audio = path(to: remote.audio, .audio, leg, formerly: leg.signalled?.audio, at: leg.audio),
            let floor = optionalPath(to: remote.floor, leg)
        else {
            counters.commandsRefused += 1
            events.append(.legRefused(id, .noSocket))
            return
        }
        let before = neighbourhood(of: id)
        unsplice(id)
        legs[id]?.signalled = remote
        legs[id]?.audio = audio
        legs[id]?.floor = floor
        legs[id]?.connectedPair = leg.pair
        legs[id]?.isAmbiguous = false
        legs[id]?.looksAtOurselves = mirrored?.use == .audio
        // Whether the peer may ask for the floor follows from whether it has floor control, and speaks.
        if (leg.signalled?.floor == nil) != (remote.floor == nil) || leg.signalled?.speaks != remote.speaks {
            legs[id]?.isOnFloor = false
        }
        guard splice(id) else {
            refuse(id, .taken)
            settle(before, around: id, at: now)
            return
        }
        settle(before, around: id, at: now)
    }

    /// What stands stays until signalling has told the peer, and connects the leg again.
    mutating func moveLeg(_ id: LegID, to pair: UInt8) {
        guard legs[id] != nil else {
            counters.commandsForUnknown += 1
            return
        }
        legs[id]?.pair = pair
    }

    mutating func closeLeg(_ id: LegID, at now: Now) {
        guard let leg = legs[id] else {
            counters.commandsForUnknown += 1
            return
        }
        if let call = leg.call { leave(call, id, at: now) }
        let before = neighbourhood(of: id)
        unsplice(id)
        if let peer = leg.relayPeer {
            legs[peer]?.relayPeer = nil
            legs[peer]?.isOutside = false
            legs[peer]?.talk = nil
        }
        legs[id]?.relayPeer = nil
        legs[id]?.signalled = nil
        legs[id]?.audio = nil
        legs[id]?.floor = nil
        settle(before, around: id, at: now)
        legs[id] = nil
    }

    mutating func join(
        _ callID: MediaCallID, _ legID: LegID, _ description: FloorParticipantDescription, at now: Now
    ) {
        guard let call = calls[callID], let leg = legs[legID], leg.call == nil || leg.call == callID else {
            counters.commandsForUnknown += 1
            return
        }
        guard leg.call != nil || call.members.count < limits.membersPerCall else {
            counters.commandsRefused += 1
            events.append(.legRefused(legID, .limit))
            return
        }
        var description = description
        // Who is described anew goes on under the SSRC that it chose.
        if let own = leg.chosenSSRC, own.assigned == description.audioSSRC { description.audioSSRC = own.chosen }
        guard call.ssrcs[description.audioSSRC, default: legID] == legID else {
            counters.commandsRefused += 1
            events.append(.legRefused(legID, .taken))
            return
        }
        description.floorSSRC = leg.floorSSRC
        let before = neighbourhood(of: legID)
        if leg.call == nil { calls[callID]?.members.append(legID) }
        if let former = leg.participant?.audioSSRC, former != description.audioSSRC {
            calls[callID]?.ssrcs[former] = nil
        }
        calls[callID]?.ssrcs[description.audioSSRC] = legID
        legs[legID]?.call = callID
        legs[legID]?.participant = description
        legs[legID]?.isOnFloor = false
        settle(before, around: legID, at: now)
    }

    mutating func leave(_ callID: MediaCallID, _ legID: LegID, at now: Now) {
        guard calls[callID] != nil, let leg = legs[legID], leg.call == callID else {
            counters.commandsForUnknown += 1
            return
        }
        let before = neighbourhood(of: legID)
        calls[callID]?.members.removeAll { $0 == legID }
        if calls[callID]?.members.isEmpty == true { calls[callID]?.protection = nil }
        if let ssrc = leg.participant?.audioSSRC { calls[callID]?.ssrcs[ssrc] = nil }
        if let ssrc = leg.learnedSSRC { calls[callID]?.ssrcs[ssrc] = nil }
        calls[callID]?.markListsStale()
        legs[legID]?.call = nil
        legs[legID]?.participant = nil
        legs[legID]?.learnedSSRC = nil
        legs[legID]?.chosenSSRC = nil
        legs[legID]?.isOnFloor = false
        settle(before, around: legID, at: now)
        if leg.isOnFloor { tellFloor(of: callID, .left(ParticipantKey(legID.value)), at: now) }
    }

    mutating func relay(inside: LegID, outside: LegID, at now: Now) {
        guard let near = legs[inside], let far = legs[outside], inside != outside else {
            counters.commandsForUnknown += 1
            return
        }
        if near.relayPeer == outside, far.relayPeer == inside, far.isOutside { return }
        guard near.relayPeer == nil, far.relayPeer == nil, near.call == nil, far.call == nil else {
            counters.commandsRefused += 1
            events.append(.legRefused(outside, .taken))
            return
        }
        let before = neighbourhood(of: inside) + neighbourhood(of: outside)
        legs[inside]?.talk = BorderTalk(limits: limits)
        legs[inside]?.relayPeer = outside
        legs[outside]?.relayPeer = inside
        legs[outside]?.isOutside = true
        settle(before, around: inside, at: now)
    }

    // MARK: Paths

    /// Our socket for a peer's address and that address; where signalling did not change it, what was learned stays.
    private func path(
        to address: SocketAddress, _ use: MediaSocket.Use, _ leg: Leg, formerly: SocketAddress?, at current: Path?
    ) -> Path? {
        if let current, formerly == address, leg.connectedPair == leg.pair { return current }
        let socket = sockets.first {
            $0.use == use && $0.face == leg.face && $0.pair == leg.pair
                && $0.address.address.isIPv6 == address.address.isIPv6
        }
        guard let socket else { return nil }
        return Path(socket: socket.id, address: address)
    }

    /// `.some(nil)` where the peer has no floor control; nil where we have no socket for it.
    private func optionalPath(to address: SocketAddress?, _ leg: Leg) -> Path?? {
        guard let address else { return .some(nil) }
        guard let path = path(to: address, .floor, leg, formerly: leg.signalled?.floor, at: leg.floor) else {
            return nil
        }
        return .some(path)
    }
}

import CallControl
import FloorControl
import MCFoundation

/// What leads where: splices, relays and the tables by which packets are told apart.
extension MediaCell {
    /// A participant's leg, the gateway's leg it is spliced with, and that one's partner on the other side: all legs
    /// whose entries may change when one of them does. Never more than a handful.
    func neighbourhood(of id: LegID) -> [LegID] {
        var found = [id]
        var next = 0
        while next < found.count, found.count < 8 {
            if let leg = legs[found[next]] {
                for neighbour in [leg.splice, leg.relayPeer] {
                    if let neighbour, !found.contains(neighbour) { found.append(neighbour) }
                }
            }
            next += 1
        }
        return found
    }

    /// The leg that looks at the real peer: the leg itself, or the gateway's outside leg behind a splice. Nil while
    /// the way there is not complete.
    func end(of id: LegID) -> LegID? {
        guard let leg = legs[id], leg.signalled != nil else { return nil }
        guard leg.looksAtOurselves else { return id }
        guard let inside = leg.splice, let outside = legs[inside]?.relayPeer, let far = legs[outside] else {
            return nil
        }
        return far.signalled != nil && !far.looksAtOurselves ? outside : nil
    }

    /// Finds the leg that looks back. False: another leg has the same pair of SSRCs, so it cannot be told which.
    mutating func splice(_ id: LegID) -> Bool {
        guard let leg = legs[id], let pair = leg.splicePair else { return true }
        if let holder = splices[pair], holder != id { return false }
        splices[pair] = id
        guard let other = splices[pair.reversed], other != id, let opposite = legs[other],
            let seen = leg.signalled.flatMap({ ownAddresses[$0.audio] }), seen.face == opposite.face,
            let seenBack = opposite.signalled.flatMap({ ownAddresses[$0.audio] }), seenBack.face == leg.face
        else { return true }
        legs[id]?.splice = other
        legs[other]?.splice = id
        return true
    }

    mutating func unsplice(_ id: LegID) {
        guard let leg = legs[id] else { return }
        if let pair = leg.splicePair, splices[pair] == id { splices[pair] = nil }
        if let other = leg.splice { legs[other]?.splice = nil }
        legs[id]?.splice = nil
    }

    /// Its owner is told, once, that speech of the leg cannot be told from another leg's.
    mutating func separate(_ id: LegID) {
        guard legs[id]?.isAmbiguous == false else { return }
        legs[id]?.isAmbiguous = true
        events.append(.legAmbiguous(id))
    }

    /// The leg is disconnected and its owner told.
    mutating func refuse(_ id: LegID, _ refusal: MediaRefusal) {
        counters.commandsRefused += 1
        events.append(.legRefused(id, refusal))
        unsplice(id)
        legs[id]?.signalled = nil
        legs[id]?.audio = nil
        legs[id]?.floor = nil
        legs[id]?.looksAtOurselves = false
    }

    /// Brings the tables in line after `around` changed; `before` is what it was connected with until then.
    mutating func settle(_ before: [LegID], around id: LegID, at now: Now) {
        var affected = before
        for leg in neighbourhood(of: id) where !affected.contains(leg) { affected.append(leg) }
        invalidate(affected)
        for leg in affected { withdrawObsolete(leg) }
        var refused: [(LegID, MediaRefusal)] = []
        for leg in affected {
            if let refusal = enter(leg) { refused.append((leg, refusal)) }
        }
        for (leg, refusal) in refused {
            refuse(leg, refusal)
            withdrawObsolete(leg)
        }
        invalidate(affected)
        for leg in affected { joinFloorIfReachable(leg, at: now) }
    }

    private mutating func joinFloorIfReachable(_ id: LegID, at now: Now) {
        guard let leg = legs[id], !leg.isOnFloor, let call = leg.call, var description = leg.participant,
            let end = end(of: id)
        else { return }
        // A peer without floor control hears the call and cannot ask; one that does not send has nothing to ask for.
        if legs[end]?.floor == nil || leg.signalled?.speaks == false { description.isReceiveOnly = true }
        legs[id]?.isOnFloor = true
        tellFloor(of: call, .joined(ParticipantKey(id.value), description), at: now)
    }

    /// Forward lists that name one of these legs are made anew before they are used again.
    mutating func invalidate(_ ids: [LegID]) {
        for id in ids {
            guard let leg = legs[id] else { continue }
            if let call = leg.call { calls[call]?.markListsStale() }
            if let source = leg.registration.source { sources[source]?.isStale = true }
            if let trunk = leg.registration.trunk { invalidate(trunk) }
        }
    }

    mutating func invalidate(_ key: TrunkKey) {
        guard let trunk = trunks[key] else { return }
        noteFloorControl(on: key)
        for ssrc in trunk.ssrcs {
            sources[SourceKey(socket: key.path.socket, address: key.path.address, ssrc: ssrc)]?.isStale = true
        }
    }

    // MARK: Registration

    /// What the tables should hold of a leg.
    private func registration(for leg: Leg) -> Registration {
        var wanted = Registration()
        if let remote = leg.signalled, !leg.looksAtOurselves {
            wanted.audioAddress = leg.audio?.key
            if let floor = leg.floor {
                wanted.floorKey = FloorKey(socket: floor.socket, address: floor.address, ssrc: remote.floorSSRC)
            }
            if leg.face == .access {
                wanted.latches = latchKeys(for: leg, remote)
                if let floor = leg.floor, let address = remote.floor {
                    wanted.claimedFloor = FloorKey(socket: floor.socket, address: address, ssrc: remote.floorSSRC)
                }
            }
            if let audio = leg.audio, let peer = leg.relayPeer {
                if leg.isOutside {
                    if let inside = legs[peer], inside.signalled != nil, !inside.looksAtOurselves {
                        let name = remote.trunk.map(TrunkKey.Name.shared) ?? .single(leg.id)
                        wanted.trunk = TrunkKey(path: audio.key, name: name)
                    }
                } else if let ssrc = leg.learnedSSRC {
                    wanted.source = SourceKey(socket: audio.socket, address: audio.address, ssrc: ssrc)
                }
            }
        }
        if let participant = leg.participant, let end = end(of: leg.id), let audio = legs[end]?.audio {
            wanted.source = SourceKey(socket: audio.socket, address: audio.address, ssrc: participant.audioSSRC)
        }
        return wanted
    }

    /// Which SSRCs may show where a peer behind network address translation is: its floor SSRC, in floor messages
    /// and in RTCP, and the SSRC that its audio was assigned.
    private func latchKeys(for leg: Leg, _ remote: LegRemote) -> [LatchKey] {
        var keys: [LatchKey] = []
        if let floor = leg.floor, !floor.isFixed, let ssrc = remote.floorSSRC {
            keys.append(LatchKey(socket: floor.socket, ssrc: ssrc))
        }
        if let audio = leg.audio, !audio.isFixed {
            if let ssrc = remote.floorSSRC { keys.append(LatchKey(socket: audio.socket, ssrc: ssrc)) }
            if let ssrc = leg.participant?.audioSSRC ?? leg.learnedSSRC {
                let key = LatchKey(socket: audio.socket, ssrc: ssrc)
                if !keys.contains(key) { keys.append(key) }
            }
        }
        return keys
    }

    private mutating func withdrawObsolete(_ id: LegID) {
        guard let leg = legs[id] else { return }
        let wanted = registration(for: leg)
        let standing = leg.registration
        if let key = standing.audioAddress, key != wanted.audioAddress {
            legsAtAudio[key]?.removeAll { $0 == id }
            if legsAtAudio[key]?.isEmpty == true { legsAtAudio[key] = nil }
            legs[id]?.registration.audioAddress = nil
        }
        if let key = standing.floorKey, key != wanted.floorKey {
            floorKeys[key] = nil
            legsAtFloor[key.addressKey]?.removeAll { $0 == id }
            if legsAtFloor[key.addressKey]?.isEmpty == true { legsAtFloor[key.addressKey] = nil }
            legs[id]?.registration.floorKey = nil
        }
        if let key = standing.claimedFloor, key != wanted.claimedFloor {
            claimedFloors[key] = nil
            legs[id]?.registration.claimedFloor = nil
        }
        if let key = standing.source, key != wanted.source {
            if let window = sources[key]?.replay { legs[id]?.carriedReplay = (key.ssrc, window) }
            removeSource(key)
            legs[id]?.registration.source = nil
        }
        if standing.latches != wanted.latches {
            for key in standing.latches {
                latches[key]?.removeAll { $0 == id }
                if latches[key]?.isEmpty == true { latches[key] = nil }
            }
            legs[id]?.registration.latches = []
        }
        if let key = standing.trunk, key != wanted.trunk {
            removeFromTrunk(id, key)
            legs[id]?.registration.trunk = nil
        }
    }

    /// nil where the leg is in the tables now. Else a floor key or a stream of it already belongs to another, or its
    /// speech is protected otherwise.
    private mutating func enter(_ id: LegID) -> MediaRefusal? {
        guard let leg = legs[id] else { return nil }
        let wanted = registration(for: leg)
        if let key = wanted.floorKey, let holder = floorKeys[key], holder != id { return .ambiguous }
        if let key = wanted.claimedFloor, let holder = claimedFloors[key], holder != id { return .ambiguous }
        if let key = wanted.source, leg.registration.source != key, sources[key] != nil { return .ambiguous }
        guard agreesOnProtection(leg) else { return .protection }
        if let key = wanted.audioAddress, leg.registration.audioAddress != key {
            legsAtAudio[key, default: []].append(id)
        }
        if let key = wanted.floorKey, leg.registration.floorKey != key {
            floorKeys[key] = id
            legsAtFloor[key.addressKey, default: []].append(id)
        }
        if let key = wanted.claimedFloor { claimedFloors[key] = id }
        if let key = wanted.source, leg.registration.source != key {
            let payloadType = end(of: id).flatMap { legs[$0]?.signalled?.payloadType } ?? 0
            let kind = leg.call.map { Source.Kind.participant(id, $0) } ?? .client(id)
            let source = Source(kind: kind, payloadType: payloadType, tier: leg.relayTier)
            if leg.call == nil { source.talk = leg.talk }
            if let carried = leg.carriedReplay, carried.ssrc == key.ssrc { source.replay = carried.window }
            sources[key] = source
        } else if let key = wanted.source, let end = end(of: id), let remote = legs[end]?.signalled {
            sources[key]?.payloadType = remote.payloadType
        }
        if leg.registration.latches != wanted.latches {
            for key in wanted.latches { latches[key, default: []].append(id) }
        }
        if let key = wanted.trunk, leg.registration.trunk != key {
            addToTrunk(id, key, payloadType: leg.signalled?.payloadType ?? 0)
        }
        legs[id]?.registration = wanted
        return nil
    }

    /// Speech that is protected end to end and speech in clear cannot be heard by the same members. The two sides of a
    /// relay may change over one after the other: nothing passes until both have (`passesSpeech`).
    private mutating func agreesOnProtection(_ leg: Leg) -> Bool {
        guard let call = leg.call, let own = end(of: leg.id).flatMap({ legs[$0]?.signalled?.protection }) else {
            return true
        }
        if let standing = calls[call]?.protection { return standing == own }
        calls[call]?.protection = own
        return true
    }

    /// The peer was heard: what is fixed now cannot be learned again. No list depends on it.
    mutating func closeLatches(of id: LegID) {
        withdrawObsolete(id)
        _ = enter(id)
    }

    mutating func removeSource(_ key: SourceKey) {
        if let slot = sources[key]?.slot { lists.giveBack(slot) }
        sources[key] = nil
    }
}

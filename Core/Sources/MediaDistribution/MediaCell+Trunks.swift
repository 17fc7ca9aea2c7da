import CallControl
import FloorControl
import MCFoundation

/// Streams from a partner that our gateway fans out to our own clients.
extension MediaCell {
    mutating func addToTrunk(_ leg: LegID, _ key: TrunkKey, payloadType: UInt8) {
        if trunks[key] == nil {
            trunks[key] = Trunk(payloadType: payloadType, floor: BorderFloor(limits: limits))
            trunksAt[key.path, default: []].append(key)
        }
        trunks[key]?.legs.append(leg)
        invalidate(key)
    }

    mutating func removeFromTrunk(_ leg: LegID, _ key: TrunkKey) {
        invalidate(key)
        trunks[key]?.legs.removeAll { $0 == leg }
        noteFloorControl(on: key)
        guard trunks[key]?.legs.isEmpty == true else { return }
        for ssrc in trunks[key]?.ssrcs ?? [] { forget(ssrc, on: key) }
        trunks[key] = nil
        trunksAt[key.path]?.removeAll { $0 == key }
        if trunksAt[key.path]?.isEmpty == true { trunksAt[key.path] = nil }
    }

    /// Where no leg of a trunk has floor control (legacy endpoints that only listen), nothing can tell who talks.
    func noteFloorControl(on key: TrunkKey) {
        guard let trunk = trunks[key] else { return }
        trunk.floor.isTold = trunk.legs.contains { legs[$0]?.floor != nil }
    }

    /// A floor message named this SSRC as a talker of the partner's call, or the only trunk there sent it.
    mutating func learn(_ ssrc: UInt32, on key: TrunkKey) {
        guard let trunk = trunks[key], !trunk.ssrcs.contains(ssrc) else { return }
        let stream = SourceKey(socket: key.path.socket, address: key.path.address, ssrc: ssrc)
        switch sources[stream]?.kind {
        case nil:
            let source = Source(kind: .trunks([key]), payloadType: trunk.payloadType, tier: trunk.tier)
            source.floors = [trunk.floor]
            sources[stream] = source
        case .trunks(let others):
            // Two trunks of one call, because both sides called: the partner sends one stream for both.
            sources[stream]?.kind = .trunks(others + [key])
            sources[stream]?.floors.append(trunk.floor)
            sources[stream]?.isStale = true
        case .participant, .client:
            counters.audioForeignSSRC += 1
            return
        }
        if trunk.ssrcs.count >= limits.talkersPerTrunk, let oldest = trunk.ssrcs.first { forget(oldest, on: key) }
        trunks[key]?.ssrcs.append(ssrc)
    }

    private mutating func forget(_ ssrc: UInt32, on key: TrunkKey) {
        trunks[key]?.ssrcs.removeAll { $0 == ssrc }
        let stream = SourceKey(socket: key.path.socket, address: key.path.address, ssrc: ssrc)
        guard case .trunks(let keys) = sources[stream]?.kind else { return }
        let rest = keys.filter { $0 != key }
        if rest.isEmpty {
            removeSource(stream)
        } else {
            sources[stream]?.kind = .trunks(rest)
            sources[stream]?.floors = rest.compactMap { trunks[$0]?.floor }
            sources[stream]?.isStale = true
        }
    }

    /// Our clients on these trunks, but not the one whose own voice it is, nor who holds the call.
    func listeners(on keys: [TrunkKey], to ssrc: UInt32) -> [ForwardDestination] {
        var destinations: [ForwardDestination] = []
        for key in keys {
            for outside in trunks[key]?.legs ?? [] {
                guard let inside = legs[outside]?.relayPeer.flatMap({ legs[$0] }), inside.learnedSSRC != ssrc,
                    inside.signalled?.hears == true, passesSpeech(inside.id), let audio = inside.audio
                else { continue }
                destinations.append(audio.destination)
            }
        }
        return destinations
    }
}

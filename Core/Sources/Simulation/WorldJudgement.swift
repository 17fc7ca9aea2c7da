import MCFoundation
import OrderedCollections
import Policy
import RTP

/// A talk that ended, with those who had to hear it.
struct JudgedTalk {
    var talk: FinishedTalk
    var due: Instant
    var listeners: [Burst.Listener]
}

// What the world knows of everybody, told to the checkers.
extension World {
    /// How long before a burst a device must have been affiliated and undisturbed to be expected to hear it.
    private static let calm = Duration.seconds(30)
    /// A member that is not in the call yet is in it after this time from the first word.
    private static let setUp = Duration.seconds(4)
    /// From the beginning of a call on a device to the first packet that it must hear.
    private static let joining = Duration.milliseconds(500)
    /// What is said in the last moment may be overtaken by the end of the talk.
    private static let tail = Duration.milliseconds(500)
    /// After this time everything is there that was under way.
    private static let underWay = Duration.seconds(2)
    /// Two talks that overlap by more are the floor rule's affair, and nobody's ears are asked.
    private static let overlap = Duration.seconds(1)

    func note(_ loss: LostDatagram) {
        guard let header = try? RTPHeader(reading: loss.bytes), loss.bytes.count >= 2,
            !(192...223).contains(loss.bytes[1])
        else { return }
        services.observe(
            .lost(ssrc: header.ssrc, sequence: header.sequenceNumber, Hop(from: loss.from, to: loss.to)))
    }

    /// Says who has to hear a talk as soon as it is over: what the devices know then. It is judged once everything has
    /// arrived.
    func takeFinishedTalks() {
        guard !services.finishedTalks.isEmpty else { return }
        let talks = services.finishedTalks
        services.finishedTalks = []
        for talk in talks {
            services.statistics.bursts += 1
            guard let index = groupsByID[talk.group] else { continue }
            let listeners = groups[index].members.compactMap { listener($0, of: talk, groups[index]) }
            let due = now + World.underWay
            talksToJudge.append(JudgedTalk(talk: talk, due: due, listeners: listeners))
            scheduleJudging(at: due)
        }
    }

    private func listener(
        _ device: DeviceID, of talk: FinishedTalk, _ group: WorldBuilder.GroupPlan
    ) -> Burst.Listener? {
        let host = devices[device.value]
        guard device != talk.device, let since = host.affiliatedSince[talk.group], talk.from - since >= World.calm,
            talk.from - host.disturbedAt >= World.calm
        else { return nil }
        let joined = host.inCall(of: talk.group)
        let begin: Instant
        switch (group.kind, joined) {
        case (.chat, nil): return nil
        case (.chat, let joined?): begin = max(talk.from, joined + World.joining)
        case (.prearranged, let joined?): begin = min(max(talk.from, joined + World.joining), talk.from + World.setUp)
        case (.prearranged, nil): begin = talk.from + World.setUp
        }
        let path = [
            devices[talk.device.value].id, systems[builder.country(of: talk.device)].id, systems[group.owner].id,
            systems[builder.country(of: device)].id, host.id,
        ]
        let hops = zip(path, path.dropFirst()).map { Hop(from: $0, to: $1) }.filter { $0.from != $0.to }
        return Burst.Listener(device, from: begin, hops: hops)
    }

    func judgeDueTalks() {
        let due = talksToJudge.filter { $0.due <= now }
        talksToJudge.removeAll { $0.due <= now }
        for judged in due {
            let talk = judged.talk
            guard let index = groupsByID[talk.group] else { continue }
            let owner = groups[index].owner
            let isJudged = isClear(talk.device, owner, since: talk.from)
            var burst = Burst(
                group: talk.group, ssrc: talk.ssrc, from: talk.from, until: talk.to + World.tail * -1,
                listeners: judged.listeners.filter {
                    isJudged && isClear($0.device, owner, since: talk.from)
                        && devices[$0.device.value].disturbedAt < talk.from
                })
            if isJudged {
                services.observe(.talked(talk.device, talk.group, from: talk.from, to: talk.to))
                if isOverlapped(talk) { burst.listeners = [] }
            }
            if !burst.listeners.isEmpty {
                services.statistics.judgedBursts += 1
                services.statistics.judgedHearings += burst.listeners.count
                if trouble.isAnywhere(at: talk.from) { services.statistics.judgedInTrouble += 1 }
            }
            services.observe(.burstEnded(burst))
            services.lastTalks[talk.group] = Array(((services.lastTalks[talk.group] ?? []) + [talk]).suffix(4))
        }
    }

    /// True where neither the device nor the way between it and the owner was touched by a fault.
    private func isClear(_ device: DeviceID, _ owner: Int, since instant: Instant) -> Bool {
        trouble.isClear(device, since: instant)
            && trouble.isClear(builder.country(of: device), owner, since: instant)
    }

    private func isOverlapped(_ talk: FinishedTalk) -> Bool {
        let before = services.lastTalks[talk.group] ?? []
        let after = talksToJudge.map(\.talk).filter { $0.group == talk.group }
        return (before + after).contains { other in
            other.device != talk.device && min(other.to, talk.to) - max(other.from, talk.from) > World.overlap
        }
    }

    /// What everybody believes and holds when all is over.
    func judgeTheEnd() {
        for group in groups {
            for device in group.members {
                let host = devices[device.value]
                let client = builder.clientID(device)
                services.observe(
                    .affiliation(
                        device, group.id, isWanted: host.wanted.contains(group.id),
                        isServed: systems[host.country].serves(host.mcpttID, client, in: group.id),
                        isKnownToOwner: systems[group.owner].owns(host.mcpttID, client, in: group.id)))
            }
        }
        for system in systems {
            for (what, count) in system.remains where count > 0 {
                services.observe(.remains("\(what) of \(system.system.value)", count: count))
            }
        }
        for device in devices {
            for (what, count) in device.remains where count > 0 {
                services.observe(.remains("\(what) of device \(device.device.value)", count: count))
            }
        }
    }
}

import CallControl
public import MCFoundation
private import OrderedCollections

/// How much the checkers allow for the way and for what is under way.
public struct CheckerSettings: Hashable, Sendable {
    /// How long after the floor was taken away packets of the old talker may still be let through (T3 and the way).
    public var revokeGrace = Duration.milliseconds(3_500)
    /// How long after a talker lost the floor a listener may still receive what was under way.
    public var underWay = Duration.seconds(5)
    /// How long two devices of a group may both believe that they may talk: the floor was taken from one that was not
    /// told at once.
    public var overlap = Duration.seconds(4)

    public init() {}
}

/// Watches facts and tells what must never be. Each rule is a small checker of its own; that it fails when it must is
/// shown by a history that breaks the rule and by a simulated world with a machine broken on purpose (`Sabotage`).
public struct Checkers: Sendable {
    public private(set) var violations: [Violation] = []
    private var floor: FloorChecker
    private var calls = CallChecker()
    private var hearing: HearingChecker
    private var convergence = ConvergenceChecker()

    public init(settings: CheckerSettings = CheckerSettings()) {
        floor = FloorChecker(settings: settings)
        hearing = HearingChecker(settings: settings)
    }

    public mutating func observe(_ fact: WorldFact, at now: Instant) {
        violations += floor.observe(fact, at: now)
        violations += calls.observe(fact, at: now)
        violations += hearing.observe(fact, at: now)
        violations += convergence.observe(fact, at: now)
    }
}

/// Never two holders of the floor; no media without a grant. Judged by the packets that were let through and by who
/// really talked, not by what a machine says of itself.
struct FloorChecker: Sendable {
    private struct Key: Hashable, Sendable {
        var system: MCSystemID
        var call: MediaCallID
    }
    private struct Seat: Hashable, Sendable {
        var system: MCSystemID
        var leg: LegID
    }
    private struct Grant: Sendable {
        var leg: LegID
        /// Set once the floor was taken away.
        var until: Instant?
        /// Once the next talker has been let through, nobody before may be any more.
        var hasSpoken = false
    }
    private struct Talk: Sendable {
        var device: DeviceID
        var from: Instant
        var to: Instant
    }

    let settings: CheckerSettings
    /// In the order of granting; those whose grace is over are dropped.
    private var grants: [Key: [Grant]] = [:]
    private var ssrcs: [Seat: UInt32] = [:]
    /// SSRCs under which somebody ever held a floor.
    private var granted: [UInt32: Bool] = [:]
    /// The last talks of each group.
    private var talks: [MCPTTGroupID: [Talk]] = [:]

    init(settings: CheckerSettings) {
        self.settings = settings
    }

    mutating func observe(_ fact: WorldFact, at now: Instant) -> [Violation] {
        switch fact {
        case .joined(let system, _, let leg, let ssrc):
            ssrcs[Seat(system: system, leg: leg)] = ssrc
            return []
        case .talkerChanged(let system, let call, let leg):
            changed(Key(system: system, call: call), to: leg, at: now)
            return []
        case .forwarded(let system, let call, let leg):
            return forwarded(Key(system: system, call: call), leg, at: now)
        case .relayed(let system, let ssrc):
            guard granted[ssrc] == nil else { return [] }
            return [
                Violation(
                    rule: .noMediaWithoutGrant, at: now,
                    text: "\(system.value) passed on a packet with SSRC \(ssrc), under which nobody ever had the floor")
            ]
        case .callClosed(let system, let call):
            grants[Key(system: system, call: call)] = nil
            return []
        case .talked(let device, let group, let from, let to):
            return talked(Talk(device: device, from: from, to: to), in: group, at: now)
        default:
            return []
        }
    }

    private mutating func changed(_ key: Key, to leg: LegID?, at now: Instant) {
        var list = grants[key] ?? []
        for index in list.indices where list[index].until == nil { list[index].until = now }
        list.removeAll { $0.until.map { now - $0 > settings.revokeGrace } ?? false }
        if let leg {
            list.append(Grant(leg: leg, until: nil))
            if let ssrc = ssrcs[Seat(system: key.system, leg: leg)] { granted[ssrc] = true }
        }
        grants[key] = list
    }

    private mutating func forwarded(_ key: Key, _ leg: LegID, at now: Instant) -> [Violation] {
        let list = grants[key] ?? []
        let name = "\(key.system.value) call \(key.call.value): a packet of leg \(leg.value)"
        guard
            let index = list.lastIndex(where: { grant in
                grant.leg == leg && (grant.until.map { now - $0 <= settings.revokeGrace } ?? true)
            })
        else {
            return [
                Violation(rule: .noMediaWithoutGrant, at: now, text: name + " was let through without the floor")
            ]
        }
        grants[key]?[index].hasSpoken = true
        guard let next = list[(index + 1)...].first(where: \.hasSpoken) else { return [] }
        return [
            Violation(rule: .oneHolder, at: now, text: name + " was let through while leg \(next.leg.value) talks")
        ]
    }

    private mutating func talked(_ talk: Talk, in group: MCPTTGroupID, at now: Instant) -> [Violation] {
        let others = talks[group] ?? []
        talks[group] = others.suffix(16) + [talk]
        return others.filter { other in
            other.device != talk.device && min(other.to, talk.to) - max(other.from, talk.from) > settings.overlap
        }.map { other in
            Violation(
                rule: .oneHolder, at: now,
                text: "devices \(other.device.value) and \(talk.device.value) both talked in \(group.value)")
        }
    }
}

/// Exactly one controlling function per call; every call ends, and nobody holds anything of it afterwards.
struct CallChecker: Sendable {
    private struct Open: Sendable {
        var system: MCSystemID
        var call: MediaCallID
    }

    private var open: OrderedDictionary<MCPTTGroupID, [Open]> = [:]

    mutating func observe(_ fact: WorldFact, at now: Instant) -> [Violation] {
        switch fact {
        case .callOpened(let system, let group, let call):
            open[group, default: []].append(Open(system: system, call: call))
            guard let all = open[group], all.count > 1 else { return [] }
            return [
                Violation(
                    rule: .oneControllingFunction, at: now,
                    text: "\(group.value) has \(all.count) calls at once, in "
                        + all.map(\.system.value).joined(separator: ", "))
            ]
        case .callClosed(let system, let call):
            for group in open.keys {
                open[group]?.removeAll { $0.system == system && $0.call == call }
            }
            return []
        case .remains(let what, let count):
            return [Violation(rule: .everyCallEnds, at: now, text: "\(count) left: \(what)")]
        case .stopped:
            return open.filter { !$0.value.isEmpty }.map { group, calls in
                Violation(rule: .everyCallEnds, at: now, text: "\(calls.count) call of \(group.value) never ended")
            }
        default:
            return []
        }
    }
}

/// Everybody affiliated and reachable hears, each burst whole; nobody hears what was not granted.
struct HearingChecker: Sendable {
    private struct Grant: Sendable {
        var device: DeviceID
        var stoppedAt: Instant?
    }
    /// A device may talk in several groups at a time.
    private struct Mouth: Hashable, Sendable {
        var device: DeviceID
        var group: MCPTTGroupID
    }
    private struct Packet: Sendable {
        var sequence: UInt16
        var at: Instant
    }
    /// What is known of the packets of one SSRC that were not judged yet.
    private struct Speech: Sendable {
        var sent: [Packet] = []
        /// Asked for membership only.
        var heard: [DeviceID: Set<UInt16>] = [:]
        var losses: [UInt16: [Hop]] = [:]
    }

    let settings: CheckerSettings
    private var speeches: [UInt32: Speech] = [:]
    private var grants: [UInt32: Grant] = [:]
    private var talking: [Mouth: [UInt32]] = [:]

    init(settings: CheckerSettings) {
        self.settings = settings
    }

    mutating func observe(_ fact: WorldFact, at now: Instant) -> [Violation] {
        switch fact {
        case .deviceMayTalk(let device, let group, let ssrc):
            grants[ssrc] = Grant(device: device, stoppedAt: nil)
            talking[Mouth(device: device, group: group), default: []].append(ssrc)
            return []
        case .deviceMustStop(let device, let group):
            for ssrc in talking.removeValue(forKey: Mouth(device: device, group: group)) ?? [] {
                grants[ssrc]?.stoppedAt = now
            }
            return []
        case .spoke(_, _, let ssrc, let sequence):
            speeches[ssrc, default: Speech()].sent.append(Packet(sequence: sequence, at: now))
            return []
        case .lost(let ssrc, let sequence, let hop):
            speeches[ssrc]?.losses[sequence, default: []].append(hop)
            return []
        case .heard(let device, let ssrc, let sequence):
            speeches[ssrc]?.heard[device, default: []].insert(sequence)
            return heard(device, ssrc, at: now)
        case .burstEnded(let burst):
            return judge(burst, at: now)
        default:
            return []
        }
    }

    private func heard(_ device: DeviceID, _ ssrc: UInt32, at now: Instant) -> [Violation] {
        let name = "device \(device.value) hears"
        guard let grant = grants[ssrc] else {
            return [violation(.noMediaWithoutGrant, now, "\(name) SSRC \(ssrc), never granted")]
        }
        if grant.device == device { return [violation(.noMediaWithoutGrant, now, "\(name) itself")] }
        if let stoppedAt = grant.stoppedAt, now - stoppedAt > settings.underWay {
            return [violation(.noMediaWithoutGrant, now, "\(name) SSRC \(ssrc) after its end")]
        }
        return []
    }

    /// What arrived must equal what was sent, but for losses that were counted.
    private mutating func judge(_ burst: Burst, at now: Instant) -> [Violation] {
        guard let speech = speeches[burst.ssrc] else { return [] }
        let sent = speech.sent.filter { $0.at >= burst.from && $0.at <= burst.until }
        var violations: [Violation] = []
        for listener in burst.listeners {
            let due = sent.filter { $0.at >= listener.from }
            let missed = due.filter { packet in
                guard speech.heard[listener.device]?.contains(packet.sequence) != true else { return false }
                return speech.losses[packet.sequence]?.contains { listener.hops.contains($0) } != true
            }
            guard let first = missed.first else { continue }
            let isClipped = first.sequence == due.first?.sequence
            violations.append(
                violation(
                    .everybodyHears, now,
                    "device \(listener.device.value) did not hear \(missed.count) of \(due.count) packets of SSRC "
                        + "\(burst.ssrc) in \(burst.group.value)" + (isClipped ? ", nor its beginning" : "")))
        }
        forget(burst)
        return violations
    }

    private mutating func forget(_ burst: Burst) {
        speeches[burst.ssrc]?.sent.removeAll { $0.at <= burst.until }
        if speeches[burst.ssrc]?.sent.isEmpty == true { speeches[burst.ssrc] = nil }
    }

    private func violation(_ rule: Violation.Rule, _ now: Instant, _ text: String) -> Violation {
        Violation(rule: rule, at: now, text: text)
    }
}

/// At the end the device, the system that serves it and the owner of the group agree.
struct ConvergenceChecker: Sendable {
    func observe(_ fact: WorldFact, at now: Instant) -> [Violation] {
        if case .tier(let device, let group, let believed, let declared) = fact, believed != declared {
            return [
                Violation(
                    rule: .convergence, at: now,
                    text:
                        "device \(device.value) believes \(believed) of the call of \(group.value), which is in \(declared)"
                )
            ]
        }
        guard case .affiliation(let device, let group, let isWanted, let isServed, let isKnown) = fact,
            isServed != isWanted || isKnown != isWanted
        else { return [] }
        let who = isServed == isWanted ? "the owner" : isKnown == isWanted ? "its system" : "its system and the owner"
        return [
            Violation(
                rule: .convergence, at: now,
                text: "device \(device.value) \(isWanted ? "wants" : "does not want") \(group.value); "
                    + "\(who) holds otherwise")
        ]
    }
}

import CallControl
public import MCFoundation
private import OrderedCollections

/// How much the checkers allow for the way and for what is under way.
public struct CheckerSettings: Hashable, Sendable {
    /// How long after the floor was taken away packets of the old talker may still be let through (T3 and the way).
    public var revokeGrace = Duration.milliseconds(3_500)
    /// How long after a talker lost the floor a listener may still receive what was under way.
    public var underWay = Duration.seconds(5)

    public init() {}
}

/// Watches facts and tells what must never be. Each rule is a small checker of its own, proven by a test that breaks
/// a machine on purpose.
public struct Checkers: Sendable {
    public private(set) var violations: [Violation] = []
    private var floor: FloorChecker
    private var calls = CallChecker()
    private var hearing: HearingChecker

    public init(settings: CheckerSettings = CheckerSettings()) {
        floor = FloorChecker(settings: settings)
        hearing = HearingChecker(settings: settings)
    }

    public mutating func observe(_ fact: WorldFact, at now: Instant) {
        violations += floor.observe(fact, at: now)
        violations += calls.observe(fact, at: now)
        violations += hearing.observe(fact, at: now)
    }
}

/// Never two holders of the floor; no media without a grant. Judged by the packets that were let through, not by what
/// a machine says of itself.
struct FloorChecker: Sendable {
    private struct Key: Hashable, Sendable {
        var system: MCSystemID
        var call: MediaCallID
    }
    private struct Grant: Sendable {
        var leg: LegID
        /// Set once the floor was taken away.
        var until: Instant?
        /// Once the next talker has been let through, nobody before may be any more.
        var hasSpoken = false
    }

    let settings: CheckerSettings
    /// In the order of granting; those whose grace is over are dropped.
    private var grants: [Key: [Grant]] = [:]

    init(settings: CheckerSettings) {
        self.settings = settings
    }

    mutating func observe(_ fact: WorldFact, at now: Instant) -> [Violation] {
        switch fact {
        case .talkerChanged(let system, let call, let leg):
            var list = grants[Key(system: system, call: call)] ?? []
            for index in list.indices where list[index].until == nil { list[index].until = now }
            list.removeAll { $0.until.map { now - $0 > settings.revokeGrace } ?? false }
            if let leg { list.append(Grant(leg: leg, until: nil)) }
            grants[Key(system: system, call: call)] = list
            return []
        case .forwarded(let system, let call, let leg):
            let key = Key(system: system, call: call)
            let list = grants[key] ?? []
            let name = "\(system) call \(call.value): a packet of leg \(leg.value)"
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
        case .callClosed(let system, let call):
            grants[Key(system: system, call: call)] = nil
            return []
        default:
            return []
        }
    }
}

/// Exactly one controlling function per call; every call ends.
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
                    text:
                        "\(group) has \(all.count) calls at once, in \(all.map(\.system.value).joined(separator: ", "))"
                )
            ]
        case .callClosed(let system, let call):
            for group in open.keys {
                open[group]?.removeAll { $0.system == system && $0.call == call }
            }
            return []
        case .stopped:
            return open.filter { !$0.value.isEmpty }.map { group, calls in
                Violation(rule: .everyCallEnds, at: now, text: "\(calls.count) call of \(group) never ended")
            }
        default:
            return []
        }
    }
}

/// Everybody affiliated and reachable hears; nobody hears what was not granted; all converge after healing.
struct HearingChecker: Sendable {
    private struct Ear: Hashable, Sendable {
        var device: DeviceID
        var ssrc: UInt32
    }
    private struct Grant: Sendable {
        var device: DeviceID
        var stoppedAt: Instant?
    }

    let settings: CheckerSettings
    private var lastHeard: [Ear: Instant] = [:]
    private var grants: [UInt32: Grant] = [:]
    private var talking: [DeviceID: [UInt32]] = [:]

    init(settings: CheckerSettings) {
        self.settings = settings
    }

    mutating func observe(_ fact: WorldFact, at now: Instant) -> [Violation] {
        switch fact {
        case .deviceMayTalk(let device, _, let ssrc):
            grants[ssrc] = Grant(device: device, stoppedAt: nil)
            talking[device, default: []].append(ssrc)
            return []
        case .deviceMustStop(let device, _):
            for ssrc in talking.removeValue(forKey: device) ?? [] { grants[ssrc]?.stoppedAt = now }
            return []
        case .heard(let device, let ssrc):
            lastHeard[Ear(device: device, ssrc: ssrc)] = now
            guard let grant = grants[ssrc] else {
                return [
                    violation(.noMediaWithoutGrant, now, "device \(device.value) hears SSRC \(ssrc), never granted")
                ]
            }
            if grant.device == device {
                return [violation(.noMediaWithoutGrant, now, "device \(device.value) hears itself")]
            }
            if let stoppedAt = grant.stoppedAt, now - stoppedAt > settings.underWay {
                return [violation(.noMediaWithoutGrant, now, "device \(device.value) hears SSRC \(ssrc) after its end")]
            }
            return []
        case .burstEnded(let ssrc, let from, let expected):
            return expected.filter { device in
                lastHeard[Ear(device: device, ssrc: ssrc)].map { $0 < from } ?? true
            }.map { violation(.everybodyHears, now, "device \($0.value) did not hear SSRC \(ssrc)") }
        case .affiliation(let device, let group, let isWanted, let isKnown):
            guard isWanted != isKnown else { return [] }
            return [
                violation(
                    .convergence, now,
                    "device \(device.value) \(isWanted ? "wants" : "does not want") \(group), its owner thinks otherwise"
                )
            ]
        default:
            return []
        }
    }

    private func violation(_ rule: Violation.Rule, _ now: Instant, _ text: String) -> Violation {
        Violation(rule: rule, at: now, text: text)
    }
}

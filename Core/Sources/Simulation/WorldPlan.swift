import MCFoundation

/// One run of the simulated world. Everything that happens in it follows from these values.
public struct WorldPlan: Hashable, Sendable {
    public var seed: UInt64
    public var countries = 5
    public var respondersPerCountry = 40
    /// Groups that each country homes for its own responders, and with members from every country.
    public var nationalGroupsPerCountry = 2
    public var sharedGroupsPerCountry = 1
    /// Groups with members from every country, who join by themselves.
    public var chatGroupsPerCountry = 1
    /// How long responders talk; set-up, healing and winding up come on top.
    public var duration = Duration.seconds(3_600)
    /// 20 ms is the real thing. A longer interval shows a burst as an interval: signalling and floor are complete, and
    /// of the media a packet now and then.
    public var packetInterval = Duration.seconds(1)
    /// Mean time between two presses of a button anywhere.
    public var pressInterval = Duration.seconds(6)
    /// Mean time between faults; nil for none.
    public var faultInterval: Duration? = .seconds(200)
    public var lossPerMille: UInt64 = 5
    public var duplicationPerMille: UInt64 = 2
    /// Longer than the packet interval of 20 ms, so that packets overtake each other.
    public var jitter = Duration.milliseconds(30)
    /// Every SIP message between functions is turned to octets and back.
    public var serializesInternally = false
    /// Keep the trace as lines and not only as a number.
    public var keepsTrace = false
    /// A machine that is broken on purpose, to prove the checkers.
    public var sabotage: Sabotage?

    public init(seed: UInt64) {
        self.seed = seed
    }

    /// A minute with every packet.
    public static func packetLevel(seed: UInt64) -> WorldPlan {
        var plan = WorldPlan(seed: seed)
        plan.countries = 3
        plan.respondersPerCountry = 8
        plan.duration = .seconds(60)
        plan.packetInterval = .milliseconds(20)
        plan.faultInterval = nil
        return plan
    }
}

extension WorldPlan {
    /// The small world in which a machine is broken on purpose: nothing but what every run ends with, in which each
    /// group is spoken in by two of its members, one after the other.
    public static func sabotaged(_ sabotage: Sabotage?, seed: UInt64) -> WorldPlan {
        var plan = WorldPlan(seed: seed)
        plan.countries = 2
        plan.respondersPerCountry = 4
        plan.nationalGroupsPerCountry = 1
        plan.chatGroupsPerCountry = 0
        plan.duration = .zero
        plan.packetInterval = .milliseconds(100)
        plan.faultInterval = nil
        plan.sabotage = sabotage
        return plan
    }

    /// The options of `euccs simulate` that play this plan again.
    public var commandLine: String {
        var words = ["--seeds 1 --first-seed \(seed)"]
        if let sabotage {
            words.append("--sabotage \(sabotage.rawValue)")
        } else if packetInterval == .milliseconds(20) {
            words.append("--packets")
        } else {
            words.append("--minutes \(duration.components.seconds / 60)")
        }
        if serializesInternally { words.append("--serialized") }
        return words.joined(separator: " ")
    }
}

/// What a run showed.
public struct WorldOutcome: Sendable {
    public var plan: WorldPlan
    public var violations: [Violation]
    public var statistics: WorldStatistics
    public var trace: Trace
    public var network: NetworkCounters
}

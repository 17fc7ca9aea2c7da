import CallControl
import MCFoundation
public import OrderedCollections
import SIPUserAgent

/// What hosts of the world share: the network, the clock, the checkers and the trace.
struct WorldServices {
    var network: VirtualNetwork
    var checkers = Checkers()
    var trace: Trace
    var statistics = WorldStatistics()
    /// Talks that ended since the world last looked.
    var finishedTalks: [FinishedTalk] = []
    /// The last talks of each group that were judged.
    var lastTalks: [MCPTTGroupID: [FinishedTalk]] = [:]
    /// Which system's certificate a host at that address shows.
    var systemsByAddress: [IPAddress: MCSystemID] = [:]
    /// The SSRC under which each user would be heard, as the system that owns the call assigned it last: what a device
    /// that breaks the rules sends with.
    var ssrcs: [MCPTTID: UInt32] = [:]
    let sabotage: Sabotage?
    /// Every target anybody connected to, in order.
    private(set) var targets: [Target] = []

    init(network: VirtualNetwork, trace: Trace, sabotage: Sabotage?) {
        self.network = network
        self.trace = trace
        self.sabotage = sabotage
    }

    /// Virtual UTC begins at 2026-01-01T00:00:00Z.
    var time: Now {
        Now(
            instant: network.instant,
            utc: UTCTime(microseconds: 1_767_225_600_000_000 + network.instant.nanoseconds / 1_000))
    }

    mutating func observe(_ fact: WorldFact) {
        checkers.observe(fact, at: network.instant)
        trace.append(fact, at: network.instant)
    }

    mutating func note(_ system: MCSystemID, _ observation: Observation) {
        trace.append(system, observation, at: network.instant)
    }

    func certificateNames(of address: IPAddress) -> [String] {
        systemsByAddress[address].map { [$0.value] } ?? []
    }

    mutating func remember(_ target: Target) {
        if !targets.contains(target) { targets.append(target) }
    }
}

/// What happened, as one number that two processes can compare, and as lines where somebody wants to read them.
public struct Trace: Sendable {
    public private(set) var count = 0
    public private(set) var lines: [String] = []
    private let keepsLines: Bool

    init(keepsLines: Bool) {
        self.keepsLines = keepsLines
    }

    /// Equal for two runs exactly if (up to chance) every fact was the same, at the same time, in the same order. It is
    /// the stable hash of all lines.
    public private(set) var fingerprint = StableHash().value

    mutating func append(_ fact: WorldFact, at instant: Instant) {
        append("\(instant.nanoseconds) \(fact.description)")
    }

    mutating func append(_ system: MCSystemID, _ observation: Observation, at instant: Instant) {
        let fields = observation.fields.map { " \($0.name)=\($0.value)" }.joined()
        append("\(instant.nanoseconds) \(system.value) \(observation.name)\(fields)")
    }

    private mutating func append(_ line: String) {
        // As `StableHash` does it, in place: hundreds of thousands of lines go this way.
        var line = line
        var hash = fingerprint
        line.withUTF8 { for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
        fingerprint = hash
        count += 1
        if keepsLines { lines.append(line) }
    }
}

/// One talk of a device, from the grant to its end.
struct FinishedTalk {
    var device: DeviceID
    var group: MCPTTGroupID
    var ssrc: UInt32
    var from: Instant
    var to: Instant
    var packets: Int
}

/// How much happened in a run; a run in which little happened proves little.
public struct WorldStatistics: Hashable, Sendable {
    public var presses = 0
    public var bursts = 0
    /// Bursts that were long and undisturbed enough to ask who heard them, and how many ears were asked.
    public var judgedBursts = 0
    public var judgedHearings = 0
    public var callsJoined = 0
    /// Devices that were told, each time one was, that a call is in something else than before.
    public var tierChanges = 0
    public var faults = 0
    /// Judged bursts while a fault was on or healing elsewhere.
    public var judgedInTrouble = 0
    /// By status and warning code.
    public var refusals: OrderedDictionary<String, Int> = [:]

    public init() {}
}

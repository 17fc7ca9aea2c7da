public import CallControl
public import FloorControl
public import MCFoundation

/// One thing that happened in the simulated world and that a checker wants to know. What a machine believes and what
/// really passed the wire are told apart.
public enum WorldFact: Hashable, Sendable {
    /// A controlling function opened or closed a call of a group in its media cell.
    case callOpened(MCSystemID, MCPTTGroupID, MediaCallID)
    case callClosed(MCSystemID, MediaCallID)
    /// A controlling function let a leg take part in a call; what its peer says goes under that SSRC.
    case joined(MCSystemID, MediaCallID, LegID, ssrc: UInt32)
    /// The floor machine of the call says who talks; nil: nobody.
    case talkerChanged(MCSystemID, MediaCallID, LegID?)
    /// The media cell let a packet of that leg through and sent it on.
    case forwarded(MCSystemID, MediaCallID, LegID)
    /// The media cell sent on a packet under an SSRC that belongs to none of its own calls: it stands between a partner
    /// and a client.
    case relayed(MCSystemID, ssrc: UInt32)
    /// A responder's device was told by its floor machine that it may talk, or no longer.
    case deviceMayTalk(DeviceID, MCPTTGroupID, ssrc: UInt32)
    case deviceMustStop(DeviceID, MCPTTGroupID)
    /// A packet left a device, or reached one.
    case spoke(DeviceID, MCPTTGroupID, ssrc: UInt32, sequence: UInt16)
    case heard(DeviceID, ssrc: UInt32, sequence: UInt16)
    /// Chance took a copy of a packet on its way between two hosts.
    case lost(ssrc: UInt32, sequence: UInt16, Hop)
    /// A device talked from its grant to its end, and nothing disturbed its way to the owner of the group meanwhile.
    case talked(DeviceID, MCPTTGroupID, from: Instant, to: Instant)
    /// A talk ended, and what was under way has arrived; who had to hear it, and from when on.
    case burstEnded(Burst)
    /// At the end of the run: what the user of a device wants, what the system that serves it says, and what the owner
    /// of the group has in its register.
    case affiliation(DeviceID, MCPTTGroupID, isWanted: Bool, isServed: Bool, isKnownToOwner: Bool)
    /// What a device in a call believes that the call is in, a while after somebody declared it or called it off.
    case tier(DeviceID, MCPTTGroupID, believed: CallTier, declared: CallTier)
    /// At the end of the run: what somebody still holds of calls that are over.
    case remains(String, count: Int)
    /// The world stopped; no call may be left.
    case stopped
}

/// The way from one host to the next.
public struct Hop: Hashable, Sendable {
    public var from: HostID
    public var to: HostID
    public init(from: HostID, to: HostID) {
        self.from = from
        self.to = to
    }
}

/// One talk, with those who had to hear it: devices that were affiliated (and, in a chat group, in the call), and that
/// no fault had touched, nor the systems between them and the talker.
public struct Burst: Hashable, Sendable {
    public struct Listener: Hashable, Sendable {
        public var device: DeviceID
        /// What was said from then on had to be heard: all of it, where the device was in the call before.
        public var from: Instant
        /// The way of what it hears.
        public var hops: [Hop]

        public init(_ device: DeviceID, from: Instant, hops: [Hop] = []) {
            self.device = device
            self.from = from
            self.hops = hops
        }
    }

    public var group: MCPTTGroupID
    public var ssrc: UInt32
    /// What was said within this time had to be heard; the last moment is not asked for, because the end of the talk may
    /// overtake it.
    public var from: Instant
    public var until: Instant
    public var listeners: [Listener]

    public init(group: MCPTTGroupID, ssrc: UInt32, from: Instant, until: Instant, listeners: [Listener]) {
        self.group = group
        self.ssrc = ssrc
        self.from = from
        self.until = until
        self.listeners = listeners
    }
}

/// A responder's device in the simulated world.
public struct DeviceID: Hashable, Comparable, Sendable {
    public let value: Int
    public init(_ value: Int) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// Something that must never be.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// Which checker found it.
    public var rule: Rule
    public var at: Instant
    public var text: String

    public enum Rule: String, Hashable, Sendable, CaseIterable {
        case oneHolder, noMediaWithoutGrant, oneControllingFunction, everyCallEnds, everybodyHears, convergence
    }

    public var description: String {
        "\(rule.rawValue) at \(at.nanoseconds / 1_000_000) ms: \(text)"
    }
}

extension WorldFact: CustomStringConvertible {
    /// One line of the trace, made without reflection: there are hundreds of thousands.
    public var description: String {
        switch self {
        case .callOpened(let system, let group, let call): "\(system.value) opened \(call.value) of \(group.value)"
        case .callClosed(let system, let call): "\(system.value) closed \(call.value)"
        case .joined(let system, let call, let leg, let ssrc):
            "\(system.value) joined \(leg.value) to \(call.value) as \(ssrc)"
        case .talkerChanged(let system, let call, let leg):
            "\(system.value) talker \(leg?.value ?? 0) in \(call.value)"
        case .forwarded(let system, let call, let leg): "\(system.value) forwarded \(leg.value) in \(call.value)"
        case .relayed(let system, let ssrc): "\(system.value) relayed \(ssrc)"
        case .deviceMayTalk(let device, let group, let ssrc): "\(device.value) may talk in \(group.value) as \(ssrc)"
        case .deviceMustStop(let device, let group): "\(device.value) must stop in \(group.value)"
        case .spoke(let device, let group, let ssrc, let sequence):
            "\(device.value) spoke in \(group.value): \(ssrc) \(sequence)"
        case .heard(let device, let ssrc, let sequence): "\(device.value) heard \(ssrc) \(sequence)"
        case .lost(let ssrc, let sequence, let hop):
            "lost \(ssrc) \(sequence) from \(hop.from.value) to \(hop.to.value)"
        case .talked(let device, let group, let from, let to):
            "\(device.value) talked in \(group.value) \(from.nanoseconds) to \(to.nanoseconds)"
        case .burstEnded(let burst):
            "burst \(burst.ssrc) for "
                + burst.listeners.map { "\($0.device.value) from \($0.from.nanoseconds)" }.joined(separator: ", ")
        case .affiliation(let device, let group, let isWanted, let isServed, let isKnown):
            "\(device.value) in \(group.value) \(isWanted) \(isServed) \(isKnown)"
        case .tier(let device, let group, let believed, let declared):
            "\(device.value) in \(group.value) believes \(believed) of \(declared)"
        case .remains(let what, let count): "\(count) left: \(what)"
        case .stopped: "stopped"
        }
    }
}

public import CallControl
public import MCFoundation

/// One thing that happened in the simulated world and that a checker wants to know. What a machine believes and what
/// really passed the wire are told apart.
public enum WorldFact: Hashable, Sendable {
    /// A controlling function opened or closed a call of a group in its media cell.
    case callOpened(MCSystemID, MCPTTGroupID, MediaCallID)
    case callClosed(MCSystemID, MediaCallID)
    /// The floor machine of the call says who talks; nil: nobody.
    case talkerChanged(MCSystemID, MediaCallID, LegID?)
    /// The media cell let a packet of that leg through and sent it on.
    case forwarded(MCSystemID, MediaCallID, LegID)
    /// A responder's device was told by its floor machine that it may talk, or no longer.
    case deviceMayTalk(DeviceID, MCPTTGroupID, ssrc: UInt32)
    case deviceMustStop(DeviceID, MCPTTGroupID)
    /// A packet left a device, or reached one.
    case spoke(DeviceID, MCPTTGroupID, ssrc: UInt32)
    case heard(DeviceID, ssrc: UInt32)
    /// A burst that was long enough ended; all these devices were affiliated, in the call and undisturbed for all of it.
    case burstEnded(ssrc: UInt32, from: Instant, expected: [DeviceID])
    /// What the owner of a group believes about a device, at the end of the run, beside what the device wants.
    case affiliation(DeviceID, MCPTTGroupID, isWanted: Bool, isKnownToOwner: Bool)
    /// The world stopped; no call may be left.
    case stopped
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

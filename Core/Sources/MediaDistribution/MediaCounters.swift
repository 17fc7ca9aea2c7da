/// What the media cell counted since it began. Every packet that is not forwarded stands under exactly one reason.
public struct MediaCounters: Hashable, Sendable {
    // MARK: Audio
    /// RTP packets that left for the destinations of a list.
    public var audioPacketsForwarded: UInt64 = 0
    /// Copies of them, one per destination.
    public var audioCopiesSent: UInt64 = 0
    /// RTCP packets, which end here; on a floor socket those that only keep a way open.
    public var controlPackets: UInt64 = 0
    /// Admitted packets of a call in which nobody else listens.
    public var audioWithoutListeners: UInt64 = 0
    /// Not RTP, too short or too long.
    public var audioMalformed: UInt64 = 0
    /// From nobody that signalling spoke of.
    public var audioUnknownSource: UInt64 = 0
    /// From the address of several, with an SSRC that tells none of them.
    public var audioAmbiguousSource: UInt64 = 0
    /// With an SSRC that belongs to somebody else in the call, or that is not the one assigned to the sender.
    public var audioForeignSSRC: UInt64 = 0
    /// With a payload type that was not negotiated.
    public var audioWrongPayloadType: UInt64 = 0
    /// Sequence number seen before.
    public var audioReplayed: UInt64 = 0
    /// Sequence number too far behind the newest.
    public var audioTooOld: UInt64 = 0
    /// From a participant that does not hold the floor.
    public var audioWithoutPermission: UInt64 = 0

    // MARK: Floor
    public var floorMessagesReceived: UInt64 = 0
    public var floorMessagesSent: UInt64 = 0
    /// Datagrams that a gateway passed on.
    public var floorDatagramsRelayed: UInt64 = 0
    /// Not floor control, unreadable, or with no message of a kind that is known (those are ignored).
    public var floorMalformed: UInt64 = 0
    public var floorUnknownSource: UInt64 = 0
    /// Datagrams with more floor messages, or more Floor Requests, than the limits grant one leg.
    public var floorTooMany: UInt64 = 0
    /// For a leg that has no floor address or leads nowhere (yet).
    public var floorWithoutDestination: UInt64 = 0

    // MARK: Legs and commands
    /// Remote addresses taken from a packet instead of the SDP (peers behind network address translation).
    public var addressesLatched: UInt64 = 0
    /// Packets with the right SSRC from an address that the peer cannot have, or that is somebody else's.
    public var addressesNotLatched: UInt64 = 0
    /// Commands for a call or leg that is closed or was never opened.
    public var commandsForUnknown: UInt64 = 0
    /// Commands that a limit or an ambiguity refused.
    public var commandsRefused: UInt64 = 0
    /// Packets on a socket number that the cell does not have.
    public var unknownSocket: UInt64 = 0

    public init() {}
}

public import MCFoundation

/// One message of floor control (TS 24.380 8.2), the RTCP APP packet with the name "MCPT".
///
/// Fields that are absent are nil or empty. Which fields a kind carries is the sender's affair: what stands here is
/// written, in the order of the document's tables.
public struct FloorMessage: Hashable, Sendable {
    public var kind: FloorMessageKind
    /// The receiver must answer with Floor Ack. Only kinds that have this variant may set it.
    public var acknowledgementRequested: Bool
    /// SSRC of the message's sender in floor control; a talker's RTP has another one, see `audioSSRC`.
    public var ssrc: UInt32

    /// Field 0.
    public var priority: UInt8?
    /// Field 1, seconds.
    public var duration: UInt16?
    /// Field 2.
    public var rejectCause: RejectCause?
    /// Field 3.
    public var queueInfo: QueueInfo?
    /// Field 4.
    public var grantedParty: MCPTTID?
    /// Field 5.
    public var permissionToRequest: Bool?
    /// Field 6.
    public var userID: MCPTTID?
    /// Field 7.
    public var queueSize: UInt16?
    /// Field 8.
    public var sequenceNumber: UInt16?
    /// Field 9.
    public var queuedUserID: MCPTTID?
    /// Field 10.
    public var source: FloorMessageSource?
    /// Field 11.
    public var trackInfo: TrackInfo?
    /// Field 12: subtype of the message that is acknowledged, without the acknowledgement bit.
    public var messageType: UInt8?
    /// Field 13.
    public var indicator: FloorIndicator?
    /// Field 14: SSRC of the granted participant's RTP.
    public var audioSSRC: UInt32?
    /// Field 15.
    public var grantedUsers: [MCPTTID] = []
    /// Field 16.
    public var ssrcs: [UInt32] = []
    /// Field 17.
    public var functionalAlias: FunctionalAlias?
    /// Field 18.
    public var functionalAliases: [FunctionalAlias] = []
    /// Field 19.
    public var location: FloorLocation?
    /// Field 20.
    public var locations: [FloorLocation] = []
    /// Field 21.
    public var queuedRequestsPurpose: QueuedFloorRequestsPurpose?
    /// Field 22.
    public var queuedUsers: [MCPTTID] = []
    /// Field 23: 0 cancelled, 1 not authorised, 2 queue empty, 3 no queued request, 5 partially cancelled, 255 other.
    public var queuedRequestsResult: UInt16?
    /// Field 24.
    public var mediaFlowControl: MediaFlowControlIndicator?
    /// Field 25.
    public var revokeRequestUserID: MCPTTID?
    /// Off-network Floor Granted: the queue that the new arbitrator takes over.
    public var handedOverQueue: [QueuedUser] = []

    public init(_ kind: FloorMessageKind, ssrc: UInt32, acknowledgementRequested: Bool = false) {
        self.kind = kind
        self.ssrc = ssrc
        self.acknowledgementRequested = acknowledgementRequested && kind.canRequestAcknowledgement
    }
}

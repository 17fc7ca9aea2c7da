public import MCFoundation

/// What a floor control server must know of one participant: from the group document, the user's rights and the SDP
/// that was negotiated with it.
public struct FloorParticipantDescription: Hashable, Sendable {
    public var mcpttID: MCPTTID
    /// The role under which the user talks; goes out in Floor Taken.
    public var functionalAlias: FunctionalAlias?
    /// Greatest priority that counts for this participant: the negotiated `mc_priority`, else the user's priority in
    /// the group document.
    public var maxPriority: UInt8
    /// Priority of a Floor Request without Floor Priority: `<user-priority>` of the group document.
    public var defaultPriority: UInt8
    /// Tier of the participant's own state: an emergency that it declared, not what its floor messages say.
    public var tier: CallTier
    /// `mc_queueing` was negotiated.
    public var isQueueing: Bool
    /// The user may only listen.
    public var isReceiveOnly: Bool
    /// The session was set up with `mc_implicit_request`: joining is a floor request (TS 24.380 6.3.5.2.2).
    public var isImplicitRequest: Bool
    /// Others are not told who talks.
    public var isPrivate: Bool
    /// SSRC of the participant's RTP, assigned by the server and unique in the call (TS 24.380 6.3.4.4.2).
    public var audioSSRC: UInt32
    /// The server's SSRC in the header of floor messages to this participant: that of the leg.
    public var floorSSRC: UInt32
    /// `<participant-type>` of the group document.
    public var participantType: String?

    public init(
        mcpttID: MCPTTID, functionalAlias: FunctionalAlias? = nil, maxPriority: UInt8 = 0, defaultPriority: UInt8 = 0,
        tier: CallTier = .normal, isQueueing: Bool = false, isReceiveOnly: Bool = false,
        isImplicitRequest: Bool = false, isPrivate: Bool = false, audioSSRC: UInt32,
        floorSSRC: UInt32 = 0, participantType: String? = nil
    ) {
        self.mcpttID = mcpttID
        self.functionalAlias = functionalAlias
        self.maxPriority = maxPriority
        self.defaultPriority = defaultPriority
        self.tier = tier
        self.isQueueing = isQueueing
        self.isReceiveOnly = isReceiveOnly
        self.isImplicitRequest = isImplicitRequest
        self.isPrivate = isPrivate
        self.audioSSRC = audioSSRC
        self.floorSSRC = floorSSRC
        self.participantType = participantType
    }
}

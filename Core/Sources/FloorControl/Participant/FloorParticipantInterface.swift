public import MCFoundation

/// What a floor participant is told, in past tense.
public enum FloorParticipantEvent: Hashable, Sendable {
    /// The session stands. `implicitRequest`: we originated it with `mc_implicit_request` and the answer took it up.
    /// `granted`: the answer carried `mc_granted`.
    case sessionEstablished(implicitRequest: Bool, granted: Bool)
    /// The push-to-talk button went down.
    case pressed
    /// The push-to-talk button came up.
    case released
    /// The user accepted a grant that was offered, see `FloorIndication.grantOffered`.
    case queuedGrantAccepted
    /// The user wants to know the position in the queue.
    case queuePositionAsked
    case received(FloorMessage)
    /// An RTP packet arrived.
    case mediaReceived
    /// Call release step 1: nothing more is sent.
    case sessionReleasing
    /// Call release step 2.
    case sessionEnded
    case timeAdvanced
}

/// What a floor participant wants done.
public enum FloorParticipantAction: Hashable, Sendable {
    case send(FloorMessage)
    /// RTP may be sent, under the SSRC that the server assigned where it did.
    case startMedia(audioSSRC: UInt32?)
    /// No RTP may be sent any more.
    case stopMedia
    case notify(FloorIndication)
    /// A broadcast call of ours is over: it is to be released.
    case endCall
}

/// What the user may want to see.
public enum FloorIndication: Hashable, Sendable {
    /// We may talk, for at most `duration` seconds where the server says.
    case granted(duration: UInt16?)
    /// The floor is ours if the user accepts within T132.
    case grantOffered
    case denied(RejectCause?)
    /// Nobody answered the request.
    case requestUnanswered
    case queued(QueueInfo?)
    /// The position in the queue is not to be had.
    case queuePositionUnanswered
    case revoked(RejectCause?)
    case talker(FloorTalker)
    case idle
    /// No packet for the time of T103: whoever talked is not heard any more.
    case mediaEnded
}

/// Who talks, from Floor Taken.
public struct FloorTalker: Hashable, Sendable {
    /// nil where the talker asked for privacy.
    public var mcpttID: MCPTTID?
    public var functionalAlias: FunctionalAlias?
    public var audioSSRC: UInt32?
    public var mayRequest: Bool
    /// The talker overrides us or another one, who both go on talking.
    public var isOverriding: Bool

    public init(
        mcpttID: MCPTTID?, functionalAlias: FunctionalAlias? = nil, audioSSRC: UInt32? = nil, mayRequest: Bool = true,
        isOverriding: Bool = false
    ) {
        self.mcpttID = mcpttID
        self.functionalAlias = functionalAlias
        self.audioSSRC = audioSSRC
        self.mayRequest = mayRequest
        self.isOverriding = isOverriding
    }
}

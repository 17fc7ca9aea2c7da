public import MCFoundation

/// What a floor control server must know of its call. The controlling function makes it from the group document and
/// the state of the call, and gives a new one whenever that state changes.
public struct FloorSettings: Hashable, Sendable {
    public var timers: FloorServerTimers
    /// Group the call belongs to; nil in a private call.
    public var groupID: MCPTTGroupID?
    /// Tier of the call, shown in Floor Indicator. Requests are compared by the tiers of their participants.
    public var tier: CallTier
    /// True where requests may wait in a queue (`mc_queueing` is then negotiated per participant).
    public var isQueueing: Bool
    /// Greatest number of waiting requests; one more is answered with Floor Deny #7.
    public var queueDepth: Int
    /// A request of the same tier takes the floor from the talker only from this effective priority on, and only if
    /// it is higher than the talker's. 0: any higher priority does. A higher tier always does.
    public var preemptionThreshold: UInt8
    /// Highest priority level of the group, `<on-network-...num-levels-priority-hierarchy>`; 255 where unlimited.
    public var highestPriority: UInt8
    /// Every new request revokes the talker at once and nobody queues (TS 24.380 6.3.4.4.12).
    public var isAudioCutIn: Bool
    /// Set in a broadcast group call: only this participant may talk.
    public var broadcastInitiator: ParticipantKey?
    /// Shown in Floor Indicator.
    public var isTemporaryGroup: Bool
    /// Shown in Floor Indicator.
    public var isSystemCall: Bool
    /// Grants that the participant does not wait for with a pressed button (implicit request, out of the queue) are
    /// sent in the variant that asks for Floor Ack.
    public var asksForAcknowledgement: Bool
    public var limits: FloorLimits

    public init(
        timers: FloorServerTimers = .init(), groupID: MCPTTGroupID? = nil, tier: CallTier = .normal,
        isQueueing: Bool = true, queueDepth: Int = 10, preemptionThreshold: UInt8 = 0, highestPriority: UInt8 = 255,
        isAudioCutIn: Bool = false, broadcastInitiator: ParticipantKey? = nil, isTemporaryGroup: Bool = false,
        isSystemCall: Bool = false, asksForAcknowledgement: Bool = false, limits: FloorLimits = .init()
    ) {
        self.timers = timers
        self.groupID = groupID
        self.tier = tier
        self.isQueueing = isQueueing
        self.queueDepth = queueDepth
        self.preemptionThreshold = preemptionThreshold
        self.highestPriority = highestPriority
        self.isAudioCutIn = isAudioCutIn
        self.broadcastInitiator = broadcastInitiator
        self.isTemporaryGroup = isTemporaryGroup
        self.isSystemCall = isSystemCall
        self.asksForAcknowledgement = asksForAcknowledgement
        self.limits = limits
    }
}

/// Timers and counters of the floor control server (TS 24.380 11.1.3 and 11.2.3). Counters count from the first
/// transmission.
public struct FloorServerTimers: Hashable, Sendable {
    /// T1, end of RTP media; at most 6 s.
    public var endOfMedia: Duration
    /// T2, stop talking.
    public var stopTalking: Duration
    /// T3, stop-talking grace; 0 s is used with audio cut-in, whatever stands here.
    public var stopTalkingGrace: Duration
    /// T4, inactivity (hang time); nil: the call is never reported as inactive.
    public var inactivity: Duration?
    /// T7, repetition of Floor Idle.
    public var floorIdle: Duration
    /// T8, repetition of Floor Revoke.
    public var floorRevoke: Duration
    /// T9, retry-after of a participant that talked too long; nil: it may ask again at once.
    public var retryAfter: Duration?
    /// T20, repetition of Floor Granted to a participant that waited in the queue.
    public var floorGranted: Duration
    /// How long packets of a talker who gave the floor back may still be on the way: they are dropped in silence.
    public var lateMedia: Duration
    /// C7, limit of Floor Idle transmissions.
    public var floorIdleLimit: Int
    /// C8, limit of Floor Revoke transmissions, after which the participant counts as misbehaving.
    public var floorRevokeLimit: Int
    /// C20, limit of Floor Granted transmissions.
    public var floorGrantedLimit: Int

    public init(
        endOfMedia: Duration = .seconds(4), stopTalking: Duration = .seconds(30),
        stopTalkingGrace: Duration = .seconds(3), inactivity: Duration? = .seconds(30),
        floorIdle: Duration = .seconds(1), floorRevoke: Duration = .seconds(1), retryAfter: Duration? = nil,
        floorGranted: Duration = .seconds(1), lateMedia: Duration = .milliseconds(300), floorIdleLimit: Int = 10,
        floorRevokeLimit: Int = 3,
        floorGrantedLimit: Int = 3
    ) {
        self.endOfMedia = endOfMedia
        self.stopTalking = stopTalking
        self.stopTalkingGrace = stopTalkingGrace
        self.inactivity = inactivity
        self.floorIdle = floorIdle
        self.floorRevoke = floorRevoke
        self.retryAfter = retryAfter
        self.floorGranted = floorGranted
        self.lateMedia = lateMedia
        self.floorIdleLimit = floorIdleLimit
        self.floorRevokeLimit = floorRevokeLimit
        self.floorGrantedLimit = floorGrantedLimit
    }
}

/// Bounds on what peers can make a floor machine or the codec hold.
public struct FloorLimits: Hashable, Sendable {
    /// Participants of one call.
    public var participants: Int
    /// Messages that one datagram may concatenate.
    public var messagesPerDatagram: Int
    /// Fields that one message may carry.
    public var fieldsPerMessage: Int

    public init(participants: Int = 10_000, messagesPerDatagram: Int = 16, fieldsPerMessage: Int = 64) {
        self.participants = participants
        self.messagesPerDatagram = messagesPerDatagram
        self.fieldsPerMessage = fieldsPerMessage
    }
}

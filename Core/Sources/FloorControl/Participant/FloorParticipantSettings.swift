public import MCFoundation

/// What a floor participant must know of its session.
public struct FloorParticipantSettings: Hashable, Sendable {
    /// Our SSRC in the header of floor messages (`mc_floor_ssrc` of our SDP).
    public var ssrc: UInt32
    /// Priority that requests ask for; nil: the field is left out and the server takes the user's default.
    public var priority: UInt8?
    /// Bits that requests and releases carry.
    public var indicator: FloorIndicator
    /// The role under which the user talks.
    public var functionalAlias: FunctionalAlias?
    /// A grant that comes out of the queue starts the talk at once; otherwise the user is asked (T132).
    public var acceptsQueuedGrants: Bool
    /// The call is a broadcast of ours: it ends when we release the floor (TS 24.379 10.1.2.4).
    public var isBroadcastInitiator: Bool
    public var timers: FloorParticipantTimers

    public init(
        ssrc: UInt32, priority: UInt8? = nil, indicator: FloorIndicator = .normalCall,
        functionalAlias: FunctionalAlias? = nil, acceptsQueuedGrants: Bool = true, isBroadcastInitiator: Bool = false,
        timers: FloorParticipantTimers = .init()
    ) {
        self.ssrc = ssrc
        self.priority = priority
        self.indicator = indicator
        self.functionalAlias = functionalAlias
        self.acceptsQueuedGrants = acceptsQueuedGrants
        self.isBroadcastInitiator = isBroadcastInitiator
        self.timers = timers
    }
}

/// Timers and counters of the floor participant (TS 24.380 11.1.1 and 11.2.1). Counters count from the first
/// transmission.
public struct FloorParticipantTimers: Hashable, Sendable {
    /// T100, repetition of Floor Release.
    public var floorRelease: Duration
    /// T101, repetition of Floor Request.
    public var floorRequest: Duration
    /// T103, end of RTP media.
    public var endOfMedia: Duration
    /// T104, repetition of Floor Queue Position Request.
    public var queuePositionRequest: Duration
    /// T132, time the user has to accept a queued grant.
    public var queuedGrant: Duration
    /// C100.
    public var floorReleaseLimit: Int
    /// C101.
    public var floorRequestLimit: Int
    /// C104.
    public var queuePositionRequestLimit: Int

    public init(
        floorRelease: Duration = .seconds(1), floorRequest: Duration = .seconds(1),
        endOfMedia: Duration = .seconds(4), queuePositionRequest: Duration = .seconds(1),
        queuedGrant: Duration = .seconds(2), floorReleaseLimit: Int = 3, floorRequestLimit: Int = 3,
        queuePositionRequestLimit: Int = 3
    ) {
        self.floorRelease = floorRelease
        self.floorRequest = floorRequest
        self.endOfMedia = endOfMedia
        self.queuePositionRequest = queuePositionRequest
        self.queuedGrant = queuedGrant
        self.floorReleaseLimit = floorReleaseLimit
        self.floorRequestLimit = floorRequestLimit
        self.queuePositionRequestLimit = queuePositionRequestLimit
    }
}

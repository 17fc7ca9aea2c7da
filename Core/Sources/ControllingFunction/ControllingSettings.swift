public import FloorControl

/// What a controlling function is told once. Groups and members come with the directory.
public struct ControllingSettings: Hashable, Sendable {
    /// How long the initiator's 200 waits for invited members that have not answered, so that the first words are
    /// heard by all who answer automatically. Local policy; TS 22.179 allows 1,000 ms for the whole way.
    public var startWait: Duration = .milliseconds(500)
    /// How long an invited client may ring (manual answer).
    public var ringLimit: Duration = .seconds(60)
    /// Changes of the participants are told to observers in bundles this far apart.
    public var conferenceInterval: Duration = .seconds(1)
    /// RTP payload type of offers, where no participant's offer set one for the call.
    public var payloadType: UInt8 = 97
    public var floor = FloorRules()
    public var limits = ControllingLimits()

    public init() {}
}

/// Bounds on what peers can make a controlling function keep.
public struct ControllingLimits: Hashable, Sendable {
    /// Group calls at a time; beyond it an INVITE is answered 503.
    public var calls = 2_000
    /// Participants and invited clients of one call, whatever the group document allows.
    public var participantsPerCall = 10_000
    /// Participants and invited clients of all calls together: sessions of the user agent. What is beyond is answered
    /// or counts as refused with 503, so that it, and not calls times participants, bounds the memory.
    public var sessions = 100_000
    /// (user, client) pairs with affiliations.
    public var affiliatedClients = 200_000
    /// Of those, clients of one user; as many as a participating function of ours serves.
    public var affiliatedClientsPerUser = 8
    /// Of those, clients of users that one partner serves.
    public var affiliatedClientsPerPartner = 50_000
    /// Groups in one affiliation request.
    public var groupsPerRequest = 256
    /// Subscriptions of every kind.
    public var subscriptions = 100_000
    /// Systems that are told what becomes of one user's affiliations: the one that serves him, in more than one process
    /// while one takes over from another.
    public var affiliationObserversPerUser = 4
    /// Those of one partner.
    public var affiliationObserversPerPartner = 20_000
    /// Octets of a notification's document. Beyond them it names only what was taken from the user, so that the system
    /// that serves him publishes his sets again.
    public var affiliationNoticeOctets = 16_384
    /// Subscribers to the participants of one call.
    public var observersPerCall = 64

    public init() {}
}

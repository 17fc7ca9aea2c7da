public import CallControl

/// What a participating function is told once. Users and their rights come with the directory.
public struct ParticipatingSettings: Hashable, Sendable {
    /// How long affiliations and settings of a client outlive its registration: a device that changes its network or
    /// restarts is not de-affiliated.
    public var deaffiliationGrace: Duration = .seconds(30)
    /// After an owner of groups did not answer, the publication is tried again this much later.
    public var publicationRetry: Duration = .seconds(5)
    /// After a subscription at an owner of groups ended, it is made anew this much later, or up to half as much more.
    public var watchRetry: Duration = .seconds(60)
    /// The same where the owner, or a gateway, has no room for it.
    public var watchRetryWithoutRoom: Duration = .seconds(600)
    /// The same where the owner refuses it: a partner of another make may know no such thing.
    public var watchRetryAfterRefusal: Duration = .seconds(3_600)
    /// How long the other side of a call may ring; the owner of the group gives up earlier where it does its duty
    /// (Timer C, RFC 3261 16.6).
    public var answerLimit: Duration = .seconds(180)
    public var authorisation = ServiceAuthorisation()
    public var limits = ParticipatingLimits()

    public init() {}
}

/// Bounds on what clients and peers can make a participating function keep.
public struct ParticipatingLimits: Hashable, Sendable {
    /// Sessions passed through, each with two dialogs or more; beyond it an INVITE is answered 503.
    public var calls = 20_000
    /// Clients of one user with service settings.
    public var clientsPerUser = 8
    /// Devices of one user that are remembered; the registrar's own bound is the same or lower.
    public var devicesPerUser = 16
    /// Requests without answer: every client of ours is published again when a large partner comes back.
    public var outstandingRequests = 200_000
    /// All subscriptions, of clients here and of ours at owners of groups.
    public var subscriptions = 300_000
    /// Subscriptions to the affiliations of one user.
    public var observersPerUser = 16
    /// Subscriptions to participants of calls that are passed through.
    public var relayedSubscriptions = 10_000
    /// What lost partners have to be told of clients, once they are back. The oldest is let go.
    public var owedPublications = 50_000
    /// Octets of an access token.
    public var tokenOctets = 8_192
    /// Requests that wait for the verdict on a token; beyond it clients are told to come again.
    public var waitingAuthorisations = 5_000
    /// Revoked tokens that are remembered while verdicts are on their way.
    public var revokedTokensRemembered = 10_000
    /// Groups in one affiliation request, before N2 is looked at.
    public var groupsPerRequest = 256

    public init() {}
}

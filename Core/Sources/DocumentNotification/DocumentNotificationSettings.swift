public import CallControl

/// What a document notification function is told once.
public struct DocumentNotificationSettings: Hashable, Sendable {
    /// XCAP root URI that selectors are relative to; nil: `https://<domain>/xcap`.
    public var root: String?
    /// The longest time that a subscription is granted, in seconds.
    public var longestExpires: UInt32 = 86_400
    /// Whether a token is asked for; the scopes are those of group and configuration management (TS 33.180 B.4.2).
    public var authorisation = ServiceAuthorisation()
    /// How long the shell may take to say what documents there are.
    public var lookUpLimit: Duration = .seconds(8)
    public var limits = DocumentNotificationLimits()

    public init() {
        authorisation.acceptedScopes = [
            "3gpp:mc:ptt_group_management_service", "3gpp:mc:ptt_config_management_service",
            "3gpp:mcptt:group_management_server", "3gpp:mcptt:config_management_server",
        ]
    }
}

/// Bounds on what clients can make the function keep.
public struct DocumentNotificationLimits: Hashable, Sendable {
    /// Subscriptions of all users.
    public var subscriptions = 100_000
    public var subscriptionsPerUser = 8
    /// Documents and collections of one subscription.
    public var targets = 64
    /// Requests that wait for a verdict or for the documents.
    public var waiting = 5_000
    public var waitingPerUser = 4
    /// Octets of an access token.
    public var tokenOctets = 8_192

    public init() {}
}

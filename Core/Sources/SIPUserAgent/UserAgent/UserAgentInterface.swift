public import SIP

/// One INVITE session, from the INVITE on. The upper eight bits carry the number of the function.
public struct SessionID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// One subscription (RFC 6665), as subscriber or as notifier.
public struct SubscriptionID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// Why a session ended without its owner having asked for it.
public enum SessionEnd: Hashable, Sendable {
    /// BYE; already answered.
    case byPeer(SIPRequest)
    /// CANCEL; the INVITE is already answered 487.
    case cancelled
    /// No refresh came within the session interval (RFC 4028 10); BYE is out.
    case sessionExpired
    /// No ACK came for our 2xx within 64*T1 (RFC 3261 13.3.1.4), or no PRACK for a reliable provisional response.
    case notAcknowledged
    /// The peer knows the dialog no more or is silent: 481 or 408 to a request inside the dialog.
    case peerGone(Int)
}

/// What a notifier says about a subscription (RFC 6665 4.1.3).
public enum NotifiedState: Hashable, Sendable {
    /// With the seconds that remain; nil lets the user agent count them.
    case active(expires: UInt32?)
    case pending(expires: UInt32?)
    /// A reason of RFC 6665 4.1.3: `deactivated`, `rejected`, `timeout`, `giveup`, `noresource`, `invariant`.
    case terminated(reason: String)
}

/// What the user agent tells the function that owns it.
public enum UserAgentEvent: Hashable, Sendable {
    /// An INVITE outside of a dialog: to be answered by `ring`, `accept`, `reject`.
    case invited(SessionID, SIPRequest, RequestOrigin)
    /// 101 to 199 to our INVITE; a reliable one is already acknowledged.
    case progressed(SessionID, SIPResponse)
    /// 2xx to our INVITE; ACK is out.
    case established(SessionID, SIPResponse)
    /// ACK to our 2xx. For a re-INVITE only where it carries the answer to our offer.
    case acknowledged(SessionID, SIPRequest)
    /// Final failure of our INVITE. Time-out and transport failure come as 408 and 503. The session is gone.
    case rejected(SessionID, SIPResponse)
    /// re-INVITE or UPDATE that changes something: to be answered by `answer`. A re-INVITE without body asks for an
    /// offer of ours; the peer's answer then comes with `.acknowledged`.
    case modified(SessionID, SIPRequest, ServerTransactionID)
    /// Final answer to our `reinvite`.
    case modificationAnswered(SessionID, SIPResponse)
    /// The session is gone. It never comes after the owner's own `end` or `reject`.
    case ended(SessionID, SessionEnd)
    /// A request outside of every dialog: to be answered by `answer` or `acceptSubscription`.
    case requestReceived(SIPRequest, ServerTransactionID, RequestOrigin)
    /// INFO, MESSAGE, REFER, ... inside a session: to be answered by `answer`.
    case requestInSession(SessionID, SIPRequest, ServerTransactionID)
    /// Final answer to `send` or `request`; time-out and transport failure come as 408 and 503.
    case answered(ClientTransactionID, SIPResponse)
    /// A subscriber refreshed (or with Expires 0 ended) a subscription that we accepted; 200 is out, a NOTIFY is due.
    case subscribed(SubscriptionID, SIPRequest)
    /// NOTIFY for our subscription; 200 is out.
    case notified(SubscriptionID, SIPRequest)
    /// The subscription is gone: with the status that ended it, or nil where it ended in order.
    case subscriptionEnded(SubscriptionID, status: Int?)
}

/// Bounds on what peers can make a user agent keep.
public struct UserAgentLimits: Hashable, Sendable {
    /// INVITE sessions; beyond it an INVITE is answered 503.
    public var sessions = 10_000
    public var subscriptions = 20_000
    /// Requests of ours without final answer, and accepted INVITEs whose late 2xx we still acknowledge.
    public var outstandingRequests = 20_000
    /// Requests of peers that the function has not answered yet.
    public var pendingRequests = 20_000
    /// Branches of one forked INVITE that are followed.
    public var forks = 16
    /// Reliable provisional responses that wait for the PRACK of the one before.
    public var queuedProvisionals = 8
    /// Notifications that wait for the answer to the one before; a subscriber that lets more pile up is dropped.
    public var queuedNotifications = 64
    /// How often an INVITE is repeated for 422 and a SUBSCRIBE for 423.
    public var intervalRetries = 3
    /// How often a modification is repeated for 491.
    public var glareRetries = 8
    /// What a refused peer is told to wait.
    public var retryAfterSeconds = 5
    /// The smallest session interval we take part in (RFC 4028 5).
    public var minimumSessionIntervalSeconds: UInt32 = 90
    /// The base values of the retransmission of 2xx and reliable provisional responses.
    public var timers = TransactionTimers()

    public init() {}
}

public import MCFoundation
public import SIP

/// The core of a user agent (RFC 3261 8, 12 to 15) above transactions, for as many sessions and subscriptions as its
/// limits allow. Input comes by `handle`, commands are methods; both fill two queues that the owner empties: outputs
/// for the layer below, events for itself. A command that names a session or request that is gone does nothing: the
/// event that says so is on its way.
public struct UserAgent: Sendable {
    let number: UInt8
    var random: SeededGenerator
    let limits: UserAgentLimits
    /// Option tags that a request may `Require` of us.
    let extensions: [String]
    /// What `Allow` says.
    let methods: [Method]
    var sessions: [SessionID: Session] = [:]
    var subscriptions: [SubscriptionID: Subscription] = [:]
    var owners: [DialogKey: DialogOwner] = [:]
    /// Ours without final answer.
    var outstanding: [ClientTransactionID: OutstandingRequest] = [:]
    /// INVITEs of ours with 2xx: late ones are still acknowledged.
    var accepted: [ClientTransactionID: AcceptedInvite] = [:]
    /// The peers', handed up and not answered.
    var pending: [ServerTransactionID: PendingRequest] = [:]
    /// INVITEs that opened a session and have no final answer yet.
    var ringing: [ServerTransactionID: SessionID] = [:]
    var deadlines = DeadlineQueue<UserAgentTimer>()
    private var lastID: UInt64 = 0
    private var outputs: [SIPOutput] = []
    private var events: [UserAgentEvent] = []
    private var eventsTaken = 0

    /// The option tags a function of a mission critical system understands or may ignore safely.
    public static let commonExtensions = [
        "timer", "100rel", "tdialog", "norefersub", "explicitsub", "nosub", "path", "outbound", "gruu", "pref",
        "resource-priority", "histinfo", "privacy", "answermode",
    ]
    public static let commonMethods: [Method] = [
        .invite, .ack, .cancel, .bye, .prack, .update, .info, .message, .options, .refer, .subscribe, .notify,
        .publish,
    ]

    /// `number` becomes the upper eight bits of every identifier minted here, so that answers find their function.
    public init(
        number: UInt8, random: SeededGenerator, limits: UserAgentLimits = .init(),
        extensions: [String] = UserAgent.commonExtensions, methods: [Method] = UserAgent.commonMethods
    ) {
        self.number = number
        self.random = random
        self.limits = limits
        self.extensions = extensions
        self.methods = methods
    }

    /// When `advance` is due; nil where nothing waits for time.
    public var nextDeadline: Instant? { deadlines.first }

    /// For gauges and admission.
    public var sessionCount: Int { sessions.count }
    public var subscriptionCount: Int { subscriptions.count }

    /// The name of a session's dialog; the remote tag is empty before the peer answered.
    public func dialog(of session: SessionID) -> DialogIdentity? { sessions[session]?.dialog.identity }

    /// The session that a Target-Dialog header of a peer speaks of (RFC 4538): its local tag is our remote tag.
    public func session(_ dialog: DialogIdentity) -> SessionID? {
        let key = DialogKey(callID: dialog.callID, localTag: dialog.localTag)
        guard case .session(let id)? = owners[key], sessions[id]?.isOwned == true,
            sessions[id]?.dialog.remoteTag == dialog.remoteTag
        else { return nil }
        return id
    }

    /// The session that Target-Dialog of a request names (RFC 4538 5); nil where it names none of ours. Whoever knows both
    /// tags was told them, so it says that sender and peer are the same or know each other.
    public func session(targetOf request: SIPRequest) -> SessionID? {
        request.headers[.targetDialog].flatMap { DialogIdentity(targetDialog: $0) }.flatMap { session($0) }
    }

    /// What is to be passed down, in order.
    public mutating func takeOutputs() -> [SIPOutput] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    /// What is to be told to the owner, in order; nil where there is no more.
    public mutating func nextEvent() -> UserAgentEvent? {
        guard eventsTaken < events.count else {
            events.removeAll(keepingCapacity: true)
            eventsTaken = 0
            return nil
        }
        defer { eventsTaken += 1 }
        return events[eventsTaken]
    }

    mutating func put(_ output: SIPOutput) { outputs.append(output) }
    mutating func tell(_ event: UserAgentEvent) { events.append(event) }

    /// Tells something about a session, unless its owner has ended it.
    mutating func tell(_ session: SessionID, _ event: UserAgentEvent) {
        if sessions[session]?.isOwned == true { events.append(event) }
    }

    mutating func mint() -> UInt64 {
        lastID += 1
        return UInt64(number) << 56 | lastID
    }
}

/// Whom a dialog belongs to.
enum DialogOwner: Hashable, Sendable {
    case session(SessionID)
    case subscription(SubscriptionID)
}

struct OutstandingRequest: Sendable {
    enum Purpose: Hashable, Sendable {
        case invite(SessionID)
        /// re-INVITE or UPDATE, see `Session.modification`.
        case modification(SessionID)
        case inSession(SessionID)
        case provisionalAcknowledgement
        case farewell
        case outside
        case subscribe(SubscriptionID)
        case notify(SubscriptionID)
    }

    var request: SIPRequest
    var purpose: Purpose
}

struct AcceptedInvite: Sendable {
    var request: SIPRequest
    /// By remote tag, one for each branch that answered 2xx.
    var acknowledgements: [(tag: String, request: SIPRequest)]
}

struct PendingRequest: Sendable {
    enum Purpose: Hashable, Sendable {
        case outside
        case inSession(SessionID)
        case modification(SessionID)
    }

    var request: SIPRequest
    var purpose: Purpose
    var toTag: String
}

enum UserAgentTimer: Hashable, Sendable {
    /// The layer below owes an answer; or the time of late 2xx is over.
    case outstanding(ClientTransactionID)
    case accepted(ClientTransactionID)
    case pending(ServerTransactionID)
    case success(SessionID)
    case successEnd(SessionID)
    case provisional(SessionID)
    case provisionalEnd(SessionID)
    case refresh(SessionID)
    case expiry(SessionID)
    /// A modification is tried again.
    case again(SessionID)
    case subscriptionRefresh(SubscriptionID)
    case subscriptionEnd(SubscriptionID)

    static func all(of session: SessionID) -> [UserAgentTimer] {
        [
            .success(session), .successEnd(session), .provisional(session), .provisionalEnd(session),
            .refresh(session), .expiry(session), .again(session),
        ]
    }
}

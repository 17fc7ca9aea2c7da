public import CallControl
public import FloorControl
public import MCFoundation
public import SDP
public import SIPUserAgent

/// What a client is told once: who its user is and where its MC system is reached.
public struct ResponderSettings: Sendable {
    /// SIP identity that is registered, a SIP URI.
    public var publicIdentity: PublicUserIdentity
    /// User name of digest authentication.
    public var privateIdentity: PrivateUserIdentity
    public var password: Secret
    public var mcpttID: MCPTTID
    public var clientID: MCPTTClientID
    /// RFC 5626 `+sip.instance`, a URN such as `urn:uuid:...`.
    public var instance: InstanceID
    /// Domain of the registrar.
    public var domain: String
    /// The edge of the MC system: everything goes there.
    public var edge: Target
    /// Participating function of the MC system, a SIP URI.
    public var participatingService: PublicServiceIdentity
    /// Where subscriptions to documents go, a SIP URI; by default that of a system of ours.
    public var documentService: PublicServiceIdentity
    /// Host and port that stand in Via and Contact; the flow to the edge is what counts (RFC 5626).
    public var sentBy: SentBy
    /// Token of the identity management server, where the system asks for one.
    public var accessToken: AccessToken?
    public var answerMode: AnswerMode = .automatic
    /// Which of the user's profiles the client works by (`user-profile-index`).
    public var userProfile: UInt8 = 0
    public var codec: SpeechCodec = .amrWB(octetAlign: true)
    public var payloadType: UInt8 = 97
    /// `mc_priority`, and the priority of Floor Request, where the group gives the user none of his own.
    public var floorPriority: UInt8? = 5
    /// Groups whose documents are known.
    public var groups: [ResponderGroup] = []
    public var isQueueing = true
    /// A grant out of the queue starts the talk without asking.
    public var acceptsQueuedGrants = true
    public var floorTimers = FloorParticipantTimers()
    /// Calls that stood when the connection was lost are joined again once it is back.
    public var rejoins = true
    /// A prearranged call that we had made is made again where the system lost it, if it was lost no longer ago.
    public var restoresCallsWithin: Duration = .seconds(60)
    /// Seconds.
    public var registrationExpires: UInt32 = 3_600
    /// Session-Expires, seconds.
    public var sessionInterval: UInt32 = 1_800
    /// First wait before a lost connection or failed registration is tried again; it doubles with each failure.
    public var retryBase: Duration = .seconds(1)
    public var retryLimit: Duration = .seconds(60)
    public var limits = ResponderLimits()
    public var transactionTimers = TransactionTimers()

    public init(
        publicIdentity: PublicUserIdentity, privateIdentity: PrivateUserIdentity, password: Secret, mcpttID: MCPTTID,
        clientID: MCPTTClientID, instance: InstanceID, domain: String, edge: Target,
        participatingService: PublicServiceIdentity, sentBy: SentBy
    ) {
        self.publicIdentity = publicIdentity
        self.privateIdentity = privateIdentity
        self.password = password
        self.mcpttID = mcpttID
        self.clientID = clientID
        self.instance = instance
        self.domain = domain
        self.edge = edge
        self.participatingService = participatingService
        self.sentBy = sentBy
        documentService = PublicServiceIdentity("sip:mcptt-documents@\(domain)")
    }
}

/// How calls are answered (TS 24.379 7.2.2).
public enum AnswerMode: Hashable, Sendable {
    case automatic, manual
}

/// A password: it never prints.
public struct Secret: Sendable, CustomStringConvertible, CustomReflectable {
    /// For the one that proves it, and for nobody's log.
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public var description: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Bounds on what a server can make a client keep.
public struct ResponderLimits: Hashable, Sendable {
    /// Calls at a time, ringing ones included.
    public var calls = 16
    /// Groups whose affiliation is followed.
    public var groups = 512
    /// Entries of the list that is subscribed to, and documents whose tags are remembered.
    public var watchedDocuments = 64
    public var documents = 1_024
    /// How often a chat call that we were cut off from is tried again, at growing intervals.
    public var rejoinAttempts = 100
    /// Challenges answered for one REGISTER.
    public var challenges = 2

    public init() {}
}

/// Settings that no client can work with.
public struct ResponderSettingsError: Error, Hashable, Sendable {
    /// What is no SIP URI.
    public var setting: String

    public init(setting: String) {
        self.setting = setting
    }
}

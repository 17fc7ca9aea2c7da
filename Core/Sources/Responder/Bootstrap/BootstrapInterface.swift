public import ConfigurationDocuments
public import MCDocuments
public import MCFoundation

/// What the machine is told, in past tense.
public enum BootstrapEvent: Hashable, Sendable {
    case started
    /// HTTP answered.
    case answered(DocumentRequest, DocumentAnswer)
    /// Nobody answered. `why` holds no secret.
    case unanswered(DocumentRequest, why: String)
    /// The body is longer than the request allows.
    case tooLarge(DocumentRequest)
    case loggedIn(LoginFacts)
    case loginFailed(why: String)
    /// As a NOTIFY of `xcap-diff` told it: `etag` without quotes, nil where the document is gone.
    case documentChanged(uri: String, etag: String?)
    case timeAdvanced
}

/// What the machine wants done.
public enum BootstrapAction: Hashable, Sendable {
    /// GET; to be answered with `answered`, `unanswered` or `tooLarge`. One at a time.
    case fetch(DocumentRequest)
    /// To be answered with `loggedIn` or `loginFailed`. The tokens stay with the shell.
    case logIn(LoginEndpoints)
    /// The log-in is that of this user: what it gave is shown from now on.
    case adoptTokens
    /// Everything is known: register, and subscribe to what is watched.
    case register(UserConfiguration)
    /// The documents say something else now.
    case obey(UserConfiguration)
    case notify(BootstrapNotice)
    /// There will be no registration.
    case fail(BootstrapError)
}

public struct DocumentRequest: Hashable, Sendable {
    public var document: ManagedDocument
    /// https
    public var url: String
    /// A bearer token goes with it (RFC 6750).
    public var needsToken: Bool
    /// With quotes; nil: the document is not known yet.
    public var ifNoneMatch: String?
    /// Octets of an answer's body.
    public var limit: Int

    public init(
        _ document: ManagedDocument, url: String, needsToken: Bool, ifNoneMatch: String? = nil,
        limit: Int = DocumentLimits.configuration.octets
    ) {
        self.document = document
        self.url = url
        self.needsToken = needsToken
        self.ifNoneMatch = ifNoneMatch
        self.limit = limit
    }
}

public struct DocumentAnswer: Hashable, Sendable {
    /// HTTP
    public var status: Int
    /// With quotes, as it came.
    public var etag: String?
    public var body: [UInt8]

    public init(status: Int, etag: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.etag = etag
        self.body = body
    }
}

/// Where to log in, as the UE initial configuration says.
public struct LoginEndpoints: Hashable, Sendable {
    public var authorization: String
    public var token: String

    public init(authorization: String, token: String) {
        self.authorization = authorization
        self.token = token
    }
}

/// What of a log-in matters here. The ID token says it (TS 33.180 B.2).
public struct LoginFacts: Hashable, Sendable {
    public var issuer: String
    /// nil: the token names none.
    public var mcpttID: MCPTTID?

    public init(issuer: String, mcpttID: MCPTTID?) {
        self.issuer = issuer
        self.mcpttID = mcpttID
    }
}

/// What the user may want to see.
public enum BootstrapNotice: Hashable, Sendable {
    /// A document was read for the first time.
    case read(ManagedDocument, url: String)
    /// A changed document was read, and is obeyed.
    case changed(ManagedDocument, url: String)
    /// It is as it was, though a change was told (304).
    case unchanged(ManagedDocument, url: String)
    /// The document is gone, or this user may not see it any more.
    case gone(ManagedDocument, url: String)
    /// One that the client can do without could not be had; where there was one, that one holds.
    case unavailable(BootstrapError)
}

/// Why a document is not there, or the log-in not done.
public struct BootstrapError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// HTTP status.
        case refused(status: Int)
        case unanswered(String)
        case tooLarge(limit: Int)
        case unreadable(DocumentError)
        /// An address in it is not https, or no address. Which one.
        case insecure(String)
        /// It is the document of another user or group.
        case notOurs
        /// It asks for protection, and this client has no keys. What is to be protected.
        case needsKeys(String)
        case loginFailed(String)
        /// Another identity management answered than the UE initial configuration names.
        case wrongIssuer(String)
        /// The token names no MCPTT ID, or another one than before.
        case wrongUser
        /// More groups than this client follows.
        case tooMany(limit: Int)
    }

    public var document: ManagedDocument
    public var url: String
    public var reason: Reason

    public init(_ document: ManagedDocument, url: String, _ reason: Reason) {
        self.document = document
        self.url = url
        self.reason = reason
    }

    public var description: String {
        let why =
            switch reason {
            case .refused(let status): "status \(status)"
            case .unanswered(let why): "no answer: \(why)"
            case .tooLarge(let limit): "more than \(limit) octets"
            case .unreadable(let error): "unreadable: \(error)"
            case .insecure(let what): "\(what) is no https address"
            case .notOurs: "it is of somebody else"
            case .needsKeys(let what): "it asks for protection of \(what), for which there are no keys"
            case .loginFailed(let why): "the log-in that it names failed: \(why)"
            case .wrongIssuer(let issuer): "identity management says that it is \(issuer), which it does not name"
            case .wrongUser: "the log-in gave no MCPTT ID, or another one than before"
            case .tooMany(let limit): "more than \(limit) groups"
            }
        return "\(document) \(url): \(why)"
    }
}

/// Bounds on what management servers can make a client do.
public struct BootstrapLimits: Sendable {
    public var documents = DocumentLimits.configuration
    /// Groups of a profile.
    public var groups = 512
    /// Documents told as changed that wait to be fetched.
    public var waiting = 1_024
    /// How often a changed document is asked for in vain before that is told; it is asked for on.
    public var attempts = 6
    /// First wait between two of these; it doubles with each, until it is told.
    public var retryBase: Duration = .seconds(2)

    public init() {}
}

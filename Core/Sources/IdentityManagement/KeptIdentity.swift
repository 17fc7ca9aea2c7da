public import MCFoundation

/// One log-in as it is kept beyond the process: hashes only, of which no token can be made. It does not print.
public struct KeptLogin: Codable, Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// An access token that the log-in gave, for its revocation.
    public struct AccessToken: Codable, Hashable, Sendable {
        public var id: String
        /// Seconds since 1970.
        public var expires: Int64
    }

    /// SHA-256 of the first part of its refresh tokens, in base64url.
    public let id: String
    public var user: String
    public var clientID: String
    public var scope: String
    /// `acr` of its ID tokens.
    public var context: String?
    /// SHA-256 of the verifier that the password was checked against, in base64url.
    public var proof: String?
    /// `amr` of its ID tokens.
    public var methods: [String]
    /// Microseconds since 1970: then the user logs in again.
    public var end: Int64
    /// Microseconds since 1970: when its refresh token was given.
    public var used: Int64
    /// Microseconds since 1970: then nothing of it is valid any more, unless it is used before.
    public var until: Int64
    /// SHA-256 of the second part of the refresh token that is valid, in base64url.
    public var current: String
    public var accessTokens: [AccessToken]

    public var description: String { "a log-in" }
    public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

/// A user who waits because of failed log-ins.
public struct KeptLockOut: Hashable, Sendable {
    public var user: MCPTTID
    public var failures: Int
    public var until: UTCTime

    public init(user: MCPTTID, failures: Int, until: UTCTime) {
        self.user = user
        self.failures = failures
        self.until = until
    }
}

/// What is to be kept, or is over. Each replaces what was kept of the same login, token or user before.
public enum IdentityChange: Hashable, Sendable {
    case login(KeptLogin)
    /// By `KeptLogin.id`.
    case loginEnded(String)
    case revocation(TokenRevocation)
    case lockOut(KeptLockOut)
    case lockOutEnded(MCPTTID)

    /// Takes a right away, or holds an attacker off: without it a restart would give back what is over. It is tried
    /// again until it is kept.
    var isEnding: Bool {
        switch self {
        case .loginEnded, .revocation, .lockOut: true
        case .login, .lockOutEnded: false
        }
    }
}

/// What an identity management server has from the process before.
public struct KeptIdentity: Sendable {
    /// Each with the time when it was made.
    public var keys: [(key: SigningKey, made: UTCTime)] = []
    /// By key ID, when a key was taken into use; of the others that follows from those before them.
    public var keysUsed: [String: UTCTime] = [:]
    public var logins: [KeptLogin] = []
    public var revocations: [TokenRevocation] = []
    public var lockOuts: [KeptLockOut] = []

    public init() {}

    public init(keys: [(key: SigningKey, made: UTCTime)]) { self.keys = keys }
}

extension Now {
    /// The monotonic reading of a time, if UTC goes on as it does now.
    func instant(of utc: UTCTime) -> Instant {
        let (wait, overflow) = utc.microseconds.subtractingReportingOverflow(self.utc.microseconds)
        guard !overflow else { return utc < self.utc ? Instant(nanoseconds: .min) : .distantFuture }
        return instant + .microseconds(wait)
    }

    /// The time of a monotonic reading, if UTC goes on as it does now.
    func utc(of instant: Instant) -> UTCTime { utc + (instant - self.instant) }
}

/// Bounds of an identity management server.
public struct IdentityLimits: Hashable, Sendable {
    public var parameters = 40
    /// Names and values together.
    public var parameterOctets = 8_192
    public var loginNameOctets = 256
    public var passwordOctets = 1_024
    /// Log-in pages that are open.
    public var loginTransactions = 20_000
    /// Of one source address (of one /64 in IPv6): a vehicle or a station behind one address.
    public var loginTransactionsPerSource = 500
    /// Passwords being verified and codes being exchanged.
    public var authenticationsInFlight = 256
    public var tokenRequestsInFlight = 1_024
    public var codes = 20_000
    /// Log-ins whose refresh token lives.
    public var tokenFamilies = 200_000
    public var tokenFamiliesPerUser = 16
    /// Valid access tokens of one log-in; the oldest is revoked for a further one.
    public var accessTokensPerFamily = 16
    /// Names and addresses whose failures are remembered, each.
    public var failureRecords = 100_000
    public var revokedTokens = 200_000
    /// What is being kept, and what is over but could not be kept yet, each.
    public var recordings = 4_096

    public init() {}
}

/// How log-in resists guessing.
public struct LoginPolicy: Hashable, Sendable {
    /// Failures without consequence.
    public var freeFailures = 3
    /// After the first failure that has one; doubled with each further one.
    public var firstDelay: Duration = .seconds(2)
    public var longestDelay: Duration = .seconds(300)
    public var failuresUntilLockOut = 10
    public var lockOut: Duration = .seconds(900)
    /// Many users may come from one address.
    public var freeFailuresPerSource = 50
    public var failuresUntilLockOutPerSource = 200
    /// How long failures count from the last one.
    public var memory: Duration = .seconds(3_600)
    public var attemptsPerPage = 5
    public var pageLifetime: Duration = .seconds(600)
    /// What is compared for a name that nobody has, so that it takes the same time. Of the same cost as the others.
    public var dummyVerifier = IdentitySecret("")

    public init() {}
}

/// A provider outside that authenticates the users (OpenID Connect).
public struct ExternalProvider: Hashable, Sendable {
    public var issuer: String
    public var authorizationEndpoint: String
    /// This server as the provider's client.
    public var clientID: String
    /// Where the provider sends the browser back: ours, `IdentityEvent.externalReturned`.
    public var redirectURI: String
    public var scope: String

    public init(
        issuer: String, authorizationEndpoint: String, clientID: String, redirectURI: String, scope: String = "openid"
    ) {
        self.issuer = issuer
        self.authorizationEndpoint = authorizationEndpoint
        self.clientID = clientID
        self.redirectURI = redirectURI
        self.scope = scope
    }
}

/// Who authenticates the users.
public enum UserAuthentication: Hashable, Sendable {
    case ownPasswords
    case external(ExternalProvider)
}

/// Where the endpoints are, below the issuer.
public struct IdentityEndpoints: Hashable, Sendable {
    public var authorization = "/authorize"
    public var login = "/login"
    public var token = "/token"
    public var revocation = "/revoke"
    public var keys = "/jwks.json"

    public init() {}
}

/// Settings of an identity management server.
public struct IdentitySettings: Sendable {
    /// An https URL without query, fragment and final slash (RFC 8414 2).
    public var issuer: String
    public var clients: [IdentityClient]
    /// What access tokens are for: the audience that this system's servers check.
    public var audience: [String]
    public var authentication: UserAuthentication = .ownPasswords
    public var endpoints = IdentityEndpoints()
    /// RFC 6749 4.1.2 wants ten minutes at most.
    public var codeLifetime: Duration = .seconds(60)
    /// How long a used code is remembered, so that its replay revokes what it gave.
    public var usedCodeMemory: Duration = .seconds(3_600)
    public var accessTokenLifetime: Duration = .seconds(3_600)
    public var idTokenLifetime: Duration = .seconds(3_600)
    /// Since it was used last.
    public var refreshTokenLifetime: Duration = .seconds(7 * 86_400)
    /// Since log-in: then the user logs in again.
    public var longestLogin: Duration = .seconds(30 * 86_400)
    /// How long the shell may take for a password or a signature.
    public var jobTimeout: Duration = .seconds(20)
    /// How long a refresh waits for the store; then it is answered without a new refresh token. Shorter than the patience
    /// of clients.
    public var rotationTimeout: Duration = .seconds(5)
    public var login = LoginPolicy()
    public var keys = SigningKeyPolicy()
    public var texts = LoginPageTexts()
    public var limits = IdentityLimits()

    public init(issuer: String, clients: [IdentityClient], audience: [String]) {
        self.issuer = issuer
        self.clients = clients
        self.audience = audience
    }

    /// What the nation's policy prescribes.
    public mutating func adopt(_ policy: IdentityPolicy) {
        codeLifetime = .milliseconds(policy.tokens.authorizationCode)
        accessTokenLifetime = .milliseconds(policy.tokens.accessToken)
        idTokenLifetime = .milliseconds(policy.tokens.idToken)
        refreshTokenLifetime = .milliseconds(policy.tokens.refreshToken)
        login.freeFailures = policy.throttle.freeFailures
        login.firstDelay = .milliseconds(policy.throttle.firstDelay)
        login.failuresUntilLockOut = policy.throttle.lockOutFailures
        login.lockOut = .milliseconds(policy.throttle.lockOutTime)
    }
}

public import Credentials
public import Cryptography
public import IdentityManagement

/// A nation's own OpenID provider, and this system as its client.
public struct ProviderSettings: Sendable {
    public var issuer: String
    public var tokenEndpoint: String
    /// Where its keys are published (`jwks_uri`).
    public var keysEndpoint: String
    public var clientID: String
    /// nil: a public client, whose codes only PKCE binds.
    public var clientSecret: IdentitySecret?
    /// The claim of its ID tokens that says with which name the user logs in here.
    public var claim: String
    public var algorithms: [TokenAlgorithm]
    /// PEM text of who certifies its servers; nil: whom the machine trusts.
    public var authorityPEM: String?

    public init(
        issuer: String, tokenEndpoint: String, keysEndpoint: String, clientID: String,
        clientSecret: IdentitySecret? = nil, claim: String = "sub",
        algorithms: [TokenAlgorithm] = TokenAlgorithm.allCases, authorityPEM: String? = nil
    ) {
        self.issuer = issuer
        self.tokenEndpoint = tokenEndpoint
        self.keysEndpoint = keysEndpoint
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.claim = claim
        self.algorithms = algorithms
        self.authorityPEM = authorityPEM
    }
}

/// Why a provider authenticated nobody. It holds no secret.
public struct ProviderFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        case unreachable
        /// It answered the code with an error.
        case refused
        /// Its answer has no ID token.
        case noToken = "no-token"
        /// The ID token is not the provider's, or not of a kind that is accepted.
        case unbelieved
        /// It is the provider's, and not for this log-in.
        case misused
    }

    public var code: Code
    public var description: String
}

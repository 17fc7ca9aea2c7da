public import MCFoundation

/// An access token as the client sent it (TS 33.180, TS 24.482): whoever has it is the user, so it does not print.
public struct AccessToken: Hashable, Sendable {
    /// For the one that verifies it and the one that sends it, and for nobody's log.
    public let text: String

    public init(_ text: String) { self.text = text }
}

extension AccessToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(access token)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The identifier of an access token (`jti`, RFC 7519 4.1.7): names it for revocation and audit and proves nothing.
public struct AccessTokenID: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// One verification that was asked for. Never used twice in the life of a cell, so that a late verdict finds nothing.
public struct TokenJobID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// What a token is presented for.
public enum TokenUse: Hashable, Sendable {
    /// PUBLISH of service settings (TS 24.379 7.3.3).
    case serviceSettings
    /// SUBSCRIBE to group and configuration documents (TS 24.481 6.3.13).
    case documents
}

/// A token that is to be verified: signature, issuer and claims are the affair of the pool that does it. It answers
/// with `TokenVerdict` under the same identifier.
public struct TokenJob: Hashable, Sendable {
    public var id: TokenJobID
    public var token: AccessToken
    /// One of these scopes has to be among those of the token.
    public var acceptedScopes: [String]
    /// Has to be among the audiences of the token; nil where the identity management of the nation issues tokens
    /// without a particular audience.
    public var audience: String?
    public var use: TokenUse

    public init(id: TokenJobID, token: AccessToken, acceptedScopes: [String], audience: String?, use: TokenUse) {
        self.id = id
        self.token = token
        self.acceptedScopes = acceptedScopes
        self.audience = audience
        self.use = use
    }
}

/// What came of a verification.
public enum TokenVerdict: Hashable, Sendable {
    case granted(TokenGrant)
    case refused(TokenRefusal)
}

/// What a valid token says.
public struct TokenGrant: Hashable, Sendable {
    /// `mcptt_id`.
    public var mcpttID: MCPTTID
    /// The MCPTT client that the token was issued to, where the issuer binds tokens to one; nil: any client of the user.
    /// This is not the `client_id` of OAuth, which names an application.
    public var clientID: MCPTTClientID?
    public var scopes: [String]
    /// `exp`: nothing is granted from then on.
    public var expires: UTCTime
    public var tokenID: AccessTokenID

    public init(
        mcpttID: MCPTTID, clientID: MCPTTClientID? = nil, scopes: [String], expires: UTCTime, tokenID: AccessTokenID
    ) {
        self.mcpttID = mcpttID
        self.clientID = clientID
        self.scopes = scopes
        self.expires = expires
        self.tokenID = tokenID
    }
}

/// Why a token proves nothing. For the record; the client is told the same in each case.
public enum TokenRefusal: String, Hashable, Sendable {
    /// It is none, or its signature or issuer is not to be trusted.
    case malformed, signature, issuer
    case expired, notYetValid, wrongAudience, wrongScope, revoked, unknownUser
    /// It could not be verified now; it may be as good as any.
    case unavailable
}

/// Tokens that hold no more, though their time is not over.
public enum RevokedTokens: Hashable, Sendable {
    case these([AccessTokenID])
    /// Every one that the user has had until now.
    case all(of: MCPTTID)
}

/// Which tokens a system asks of its clients before it serves them (TS 24.379 7.2, 7.3).
public struct ServiceAuthorisation: Hashable, Sendable {
    /// False: the proof of the password at registration is enough, as before there is identity management. Telephones
    /// that are configured by name are excepted in any case.
    public var requiresToken = false
    /// The scopes for the MCPTT server, of release 14 and later and of release 13 (TS 33.180 B, TS 24.482).
    public var acceptedScopes = ["3gpp:mc:ptt_service", "3gpp:mcptt:ptt_server"]
    /// nil: the audience is not looked at.
    public var audience: String?
    /// After that the client is told to come again (503): well below Timer F of RFC 3261 17.1.2.2, when it gives up.
    public var verificationLimit: Duration = .seconds(8)
    /// Seconds in Retry-After of that 503.
    public var retryAfterSeconds: UInt32 = 5

    public init() {}
}

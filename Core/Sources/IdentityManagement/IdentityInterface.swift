public import Audit
public import MCFoundation

/// An HTTP request that waits for its answer; the shell numbers them.
public struct IdentityRequestID: Hashable, Sendable {
    public var value: UInt64
    public init(_ value: UInt64) { self.value = value }
}

/// Work that was given out; the server numbers it.
public struct IdentityJobID: Hashable, Sendable {
    public let value: UInt64
}

/// What a form of the log-in page brought.
public struct LoginForm: Hashable, Sendable {
    /// The hidden field `login`.
    public var transaction: IdentitySecret
    public var userName: String
    public var password: IdentitySecret

    public init(transaction: IdentitySecret, userName: String, password: IdentitySecret) {
        self.transaction = transaction
        self.userName = userName
        self.password = password
    }

    /// Reads the fields of `LoginPage.form`; nil where one is missing.
    public init?(_ parameters: RequestParameters) {
        guard !parameters.exceedsLimits, let transaction = parameters["login"], let user = parameters["user"],
            let password = parameters["password"]
        else { return nil }
        self.init(
            transaction: IdentitySecret(transaction), userName: user, password: IdentitySecret(password))
    }
}

/// Whom an external provider authenticated, from its ID token, whose signature, issuer, audience and time the shell
/// has checked (OpenID Connect Core 3.1.3.7).
public struct ExternalIdentity: Hashable, Sendable {
    public var subject: String
    public var nonce: String?

    public init(subject: String, nonce: String?) {
        self.subject = subject
        self.nonce = nonce
    }
}

/// Where a request of a browser comes from.
public struct BrowserOrigin: Hashable, Sendable {
    public var address: IPAddress
    /// What an answer told it to keep (`IdentityAnswer`), as it shows it; nil where it shows nothing.
    public var mark: IdentitySecret?

    public init(address: IPAddress, mark: IdentitySecret? = nil) {
        self.address = address
        self.mark = mark
    }
}

/// What the shell tells the server.
public enum IdentityEvent: Sendable {
    /// GET or POST to the authorization endpoint.
    case authorizationRequested(IdentityRequestID, RequestParameters, from: BrowserOrigin)
    /// POST to the log-in endpoint.
    case loginSubmitted(IdentityRequestID, LoginForm, from: BrowserOrigin)
    case passwordVerified(IdentityJobID, matches: Bool)
    /// The pool could not verify: not the user's fault.
    case passwordNotVerified(IdentityJobID)
    /// The browser came back from the external provider.
    case externalReturned(IdentityRequestID, RequestParameters, from: BrowserOrigin)
    /// Nil where the provider refused or its token is not valid.
    case externalCodeExchanged(IdentityJobID, ExternalIdentity?)
    /// POST to the token endpoint.
    case tokenRequested(IdentityRequestID, RequestParameters)
    /// The JWS in compact form; nil where no signature could be made.
    case signed(IdentityJobID, IdentitySecret?)
    /// POST to the revocation endpoint.
    case revocationRequested(IdentityRequestID, RequestParameters)
    /// From the service or an administrator: all tokens of the user end.
    case userLoggedOff(MCPTTID)
    case userSuspended(MCPTTID)
    /// What he logged in with is worth nothing any more, and so is what it gave: whoever knew the old one has tokens too.
    case userPasswordChanged(MCPTTID)
    /// An administrator lets a locked-out user try again.
    case userForgiven(MCPTTID)
    case signingKeyCreated(SigningKey)
    /// None could be made now: it is asked for again.
    case signingKeyNotCreated
    /// The private half may be in other hands.
    case signingKeyCompromised(keyID: String)
    /// The nation prescribes something else from now on.
    case policyChanged(IdentityPolicy)
    /// Whether the changes of a `record` are durable.
    case recorded(IdentityJobID, isKept: Bool)
    /// The first event of a server that has something of the process before.
    case started
    case timeAdvanced
}

/// What the server wants done.
public enum IdentityAction: Hashable, Sendable {
    case answer(IdentityRequestID, IdentityAnswer)
    case verifyPassword(IdentityJobID, PasswordJob)
    case exchangeExternalCode(IdentityJobID, ExternalCodeJob)
    case sign(IdentityJobID, SigningJob)
    /// Make a key and say so with `signingKeyCreated`, or `signingKeyNotCreated`.
    case createSigningKey
    /// The key set to publish, as JSON.
    case publishKeys([UInt8])
    /// Keep the changes, in the order of these actions, and say so with `recorded`. Who was acknowledged something waits
    /// for that.
    case record(IdentityJobID, [IdentityChange])
    /// For every server that accepts our tokens.
    case announce(TokenRevocation)
    case audit(AuditEntry)
}

public struct PasswordJob: Hashable, Sendable {
    /// Nil where nobody has that name.
    public var user: MCPTTID?
    public var password: IdentitySecret
    public var verifier: IdentitySecret
    /// The verifier is a dummy: the work is done for its time and its result counts for nothing.
    public var isDummy: Bool
}

public struct ExternalCodeJob: Hashable, Sendable {
    public var provider: ExternalProvider
    public var code: IdentitySecret
    public var codeVerifier: IdentitySecret

    public init(provider: ExternalProvider, code: IdentitySecret, codeVerifier: IdentitySecret) {
        self.provider = provider
        self.code = code
        self.codeVerifier = codeVerifier
    }
}

public struct SigningJob: Hashable, Sendable {
    public var claims: TokenClaims
    public var keyID: String
    /// JWS `alg`.
    public var algorithm: String
}

/// An answer to an HTTP request. The shell adds `Cache-Control: no-store` to all of them (RFC 6749 5.1).
public enum IdentityAnswer: Hashable, Sendable {
    /// The log-in page: 200; with `hasFailed` 401 would make browsers ask, so 200 too.
    /// `mark`: what the browser keeps and shows again, where it showed none that could be gone on with.
    case loginPage([UInt8], mark: IdentitySecret?)
    /// 400; 503 where the error is `busy`.
    case errorPage(AuthorizationPageError, [UInt8])
    /// 303 See Other, so that a form's password is not sent on.
    case redirect(IdentitySecret)
    /// 303 to the external provider, with a mark as for the log-in page.
    case redirectToProvider(IdentitySecret, mark: IdentitySecret?)
    /// 200 with JSON.
    case tokens(TokenResponse)
    /// 400 with JSON; 503 where the code is `temporarilyUnavailable`.
    case refused(TokenError)
    /// 200 without body (RFC 7009 2.2).
    case revoked
}

/// RFC 6749 5.1, OpenID Connect Core 3.1.3.3.
public struct TokenResponse: Hashable, Sendable {
    public var accessToken: IdentitySecret
    public var idToken: IdentitySecret?
    public var refreshToken: IdentitySecret
    /// Of the access token.
    public var expiresInSeconds: Int64
    public var scopes: ScopeSet

    public func json() -> [UInt8] {
        var members: [(String, OrderedJSON)] = [
            ("access_token", .string(accessToken.revealed)), ("token_type", .string("Bearer")),
            ("expires_in", .integer(expiresInSeconds)), ("refresh_token", .string(refreshToken.revealed)),
            ("scope", .string(scopes.description)),
        ]
        if let idToken { members.append(("id_token", .string(idToken.revealed))) }
        return OrderedJSON.object(members).octets
    }
}

/// Codes of RFC 6749 5.2 and RFC 7009 2.2.1.
public enum TokenErrorCode: String, Hashable, Sendable {
    case invalidRequest = "invalid_request"
    case invalidClient = "invalid_client"
    case invalidGrant = "invalid_grant"
    case unsupportedGrantType = "unsupported_grant_type"
    case invalidScope = "invalid_scope"
    case temporarilyUnavailable = "temporarily_unavailable"
}

public struct TokenError: Error, Hashable, Sendable {
    public var code: TokenErrorCode
    /// Constant ASCII; the same for all that is wrong with a grant.
    public var explanation: String

    public init(code: TokenErrorCode, explanation: String) {
        self.code = code
        self.explanation = explanation
    }

    public func json() -> [UInt8] {
        OrderedJSON.object([
            ("error", .string(code.rawValue)), ("error_description", .string(explanation)),
        ]).octets
    }
}

import MCFoundation

/// How a user is authenticated (TS 33.180 Annex B, `acr_values`).
public enum AuthenticationContext: String, Hashable, Sendable {
    case password = "3gpp:acr:password"
}

/// A valid authorization request (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1, RFC 7636 4.3, TS 33.180 B.4.2.2).
public struct AuthorizationRequest: Hashable, Sendable {
    public let clientID: String
    public let redirectURI: String
    public let scopes: ScopeSet
    public let state: String
    public let nonce: String?
    /// SHA-256 of the code verifier, 32 octets.
    public let codeChallenge: [UInt8]
    public let context: AuthenticationContext
}

/// What came of reading an authorization request.
public enum AuthorizationDecision: Hashable, Sendable {
    case valid(AuthorizationRequest)
    /// Shown to the user and never redirected: nobody knows whose address that would be (RFC 6749 4.1.2.1, RFC 6819
    /// 4.1.5).
    case refusedOnPage(AuthorizationPageError)
    case refusedByRedirect(AuthorizationRefusal)
}

/// Why a request is answered with a page.
public enum AuthorizationPageError: String, Hashable, Sendable {
    case tooLong = "too-long"
    case unknownClient = "unknown-client"
    case unknownRedirectURI = "unknown-redirect-uri"
    /// The log-in page was left too long, was used, or is not ours.
    case unknownLogin = "unknown-login"
    case busy = "busy"
}

/// Codes of RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6.
public enum AuthorizationErrorCode: String, Hashable, Sendable {
    case invalidRequest = "invalid_request"
    case accessDenied = "access_denied"
    case unsupportedResponseType = "unsupported_response_type"
    case invalidScope = "invalid_scope"
    case serverError = "server_error"
    case temporarilyUnavailable = "temporarily_unavailable"
    case loginRequired = "login_required"
    case requestNotSupported = "request_not_supported"
    case requestURINotSupported = "request_uri_not_supported"
}

/// A refusal that goes back to the client.
public struct AuthorizationRefusal: Hashable, Sendable {
    public var clientID: String
    public var redirectURI: String
    public var code: AuthorizationErrorCode
    /// For the developer of the client: constant ASCII.
    public var explanation: String
    public var state: String?

    /// RFC 6749 4.1.2.1; `iss` by RFC 9207 2.
    public func location(issuer: String) -> String {
        var parameters = [(name: "error", value: code.rawValue), (name: "error_description", value: explanation)]
        if let state { parameters.append((name: "state", value: state)) }
        parameters.append((name: "iss", value: issuer))
        return RedirectLocation.adding(parameters, to: redirectURI)
    }
}

extension AuthorizationRequest {
    /// Reads and checks in the order that keeps an unproven redirect URI from being used.
    public static func decide(_ parameters: RequestParameters, clients: [IdentityClient]) -> AuthorizationDecision {
        guard !parameters.exceedsLimits else { return .refusedOnPage(.tooLong) }
        guard let client = parameters["client_id"].flatMap({ clients.client($0) }) else {
            return .refusedOnPage(.unknownClient)
        }
        let clientID = client.clientID
        guard let redirectURI = parameters["redirect_uri"].flatMap({ client.redirectURI($0) }) else {
            return .refusedOnPage(.unknownRedirectURI)
        }
        func refused(_ code: AuthorizationErrorCode, _ explanation: String) -> AuthorizationDecision {
            .refusedByRedirect(
                AuthorizationRefusal(
                    clientID: clientID, redirectURI: redirectURI, code: code, explanation: explanation,
                    state: parameters["state"]))
        }
        guard !parameters.hasRepetition else { return refused(.invalidRequest, "repeated parameter") }
        guard let responseType = parameters["response_type"] else {
            return refused(.invalidRequest, "response_type missing")
        }
        guard responseType == "code" else { return refused(.unsupportedResponseType, "only code") }
        guard parameters["request"] == nil else { return refused(.requestNotSupported, "no request objects") }
        guard parameters["request_uri"] == nil else { return refused(.requestURINotSupported, "no request objects") }
        guard parameters["response_mode"] ?? "query" == "query" else {
            return refused(.invalidRequest, "only response_mode query")
        }
        guard let scopes = parameters["scope"].flatMap(ScopeSet.init(parsing:)), scopes.contains(.openID) else {
            return refused(.invalidScope, "scope with openid needed")
        }
        // TS 33.180 B.4.2.2 makes state required where RFC 6749 only recommends it.
        guard let state = parameters["state"] else { return refused(.invalidRequest, "state missing") }
        guard let challengeText = parameters["code_challenge"] else {
            return refused(.invalidRequest, "code_challenge missing")
        }
        // A missing method means plain (RFC 7636 4.3), which protects nothing from who sees the request.
        guard parameters["code_challenge_method"] == "S256" else {
            return refused(.invalidRequest, "code_challenge_method S256 needed")
        }
        guard let challenge = Base64URL.decode(challengeText), challenge.count == 32 else {
            return refused(.invalidRequest, "code_challenge is no SHA-256")
        }
        // TS 33.180 B.4.2.2 requires acr_values; clients in the field leave it out, and then the password it is.
        if let asked = parameters["acr_values"] {
            let contexts = asked.split(separator: " ").compactMap { AuthenticationContext(rawValue: String($0)) }
            guard !contexts.isEmpty else { return refused(.invalidRequest, "no known acr_values") }
        }
        // There is no log-in that lasts beyond one request, so that a device left alone opens nothing.
        if let prompt = parameters["prompt"] {
            let prompts = prompt.split(separator: " ")
            guard !prompts.contains("none") else {
                return prompts.count == 1
                    ? refused(.loginRequired, "user has to log in")
                    : refused(.invalidRequest, "prompt none with others")
            }
        }
        return .valid(
            AuthorizationRequest(
                clientID: clientID, redirectURI: redirectURI, scopes: scopes, state: state, nonce: parameters["nonce"],
                codeChallenge: challenge, context: .password))
    }
}

public import MCFoundation

/// The two signed tokens.
public enum TokenKind: Hashable, Sendable {
    /// For the client: who logged in (OpenID Connect Core 2).
    case identity
    /// For the servers: what the client may do for the user (TS 33.180 B.2).
    case access
}

/// The claims of a token before it is signed (TS 33.180 B.2, OpenID Connect Core 2, RFC 7519 4.1).
public struct TokenClaims: Hashable, Sendable {
    public var kind: TokenKind
    public var issuer: String
    public var subject: String
    public var audience: [String]
    /// Seconds since 1970.
    public var expires: Int64
    /// Seconds since 1970.
    public var issuedAt: Int64
    public var nonce: String?
    public var context: AuthenticationContext?
    /// RFC 8176: `pwd`.
    public var methods: [String]
    public var tokenID: String
    public var clientID: String
    /// Of an access token.
    public var scopes: ScopeSet?
    public var mcpttID: MCPTTID?
    public var mcvideoID: String?
    public var mcdataID: String?

    /// The payload of the JWS. Equal claims give equal octets.
    public func json() -> [UInt8] {
        var members: [(String, OrderedJSON)] = [
            ("iss", .string(issuer)), ("sub", .string(subject)),
            ("aud", audience.count == 1 ? .string(audience[0]) : .strings(audience)),
            ("exp", .integer(expires)), ("iat", .integer(issuedAt)), ("jti", .string(tokenID)),
        ]
        if let nonce { members.append(("nonce", .string(nonce))) }
        if let context { members.append(("acr", .string(context.rawValue))) }
        if !methods.isEmpty { members.append(("amr", .strings(methods))) }
        if kind == .access { members.append(("client_id", .string(clientID))) }
        if let scopes { members.append(("scope", .string(scopes.description))) }
        if let mcpttID { members.append(("mcptt_id", .string(mcpttID.value))) }
        if let mcvideoID { members.append(("mcvideo_id", .string(mcvideoID))) }
        if let mcdataID { members.append(("mcdata_id", .string(mcdataID))) }
        return OrderedJSON.object(members).octets
    }
}

/// What a server reads from a token whose signature it has checked; nothing in it is sure to be there.
public struct PresentedToken: Hashable, Sendable {
    public var issuer: String?
    public var subject: String?
    public var audience: [String] = []
    /// Seconds since 1970, as all times here.
    public var expires: Int64?
    public var notBefore: Int64?
    public var issuedAt: Int64?
    public var tokenID: String?
    public var clientID: String?
    public var scope: String?
    public var mcpttID: String?
    public var mcvideoID: String?
    public var mcdataID: String?

    public init() {}

    /// What a server reads from a token with these claims.
    public init(_ claims: TokenClaims) {
        issuer = claims.issuer
        subject = claims.subject
        audience = claims.audience
        expires = claims.expires
        issuedAt = claims.issuedAt
        tokenID = claims.tokenID
        clientID = claims.kind == .access ? claims.clientID : nil
        scope = claims.scopes?.description
        mcpttID = claims.mcpttID?.value
        mcvideoID = claims.mcvideoID
        mcdataID = claims.mcdataID
    }
}

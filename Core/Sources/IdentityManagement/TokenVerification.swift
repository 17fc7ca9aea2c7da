public import MCFoundation

/// Whom a valid access token speaks for.
public struct VerifiedToken: Hashable, Sendable {
    public var mcpttID: MCPTTID
    public var mcvideoID: String?
    public var mcdataID: String?
    public var clientID: String
    public var scopes: ScopeSet
    public var expires: UTCTime
    public var tokenID: String

    public init(
        mcpttID: MCPTTID, mcvideoID: String? = nil, mcdataID: String? = nil, clientID: String, scopes: ScopeSet,
        expires: UTCTime, tokenID: String
    ) {
        self.mcpttID = mcpttID
        self.mcvideoID = mcvideoID
        self.mcdataID = mcdataID
        self.clientID = clientID
        self.scopes = scopes
        self.expires = expires
        self.tokenID = tokenID
    }
}

/// Why a token opens nothing. The wire says the same for all (403 with warning 101 in SIP); the audit log is precise.
public enum TokenRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// A claim that every access token of ours has is missing or is not what it should be.
    case incomplete
    case wrongIssuer = "wrong-issuer"
    case wrongAudience = "wrong-audience"
    case expired
    case notYetValid = "not-yet-valid"
    case wrongScope = "wrong-scope"
    case revoked
    case unknownUser = "unknown-user"
    case suspended
}

public enum TokenDecision: Hashable, Sendable {
    case granted(VerifiedToken)
    case refused(TokenRefusal)
}

/// The rules by which a server accepts an access token whose signature has been checked (TS 33.180 Annex B,
/// RFC 9068 4).
public struct TokenVerification: Sendable {
    public var issuer: String
    /// The server's own name among the audiences.
    public var audience: String
    /// How far clocks may differ.
    public var leeway: Duration

    public init(issuer: String, audience: String, leeway: Duration = .seconds(30)) {
        self.issuer = issuer
        self.audience = audience
        self.leeway = leeway
    }

    /// Decides on a token. An ID token is refused: it is for the client and has neither our audience nor a scope.
    public func decide(
        _ token: PresentedToken, needs purpose: ScopePurpose, of service: MCServiceKind, at now: UTCTime,
        revocations: TokenRevocations, directory: some IdentityDirectory
    ) -> TokenDecision {
        guard token.issuer == issuer else { return .refused(.wrongIssuer) }
        guard token.audience.contains(audience) else { return .refused(.wrongAudience) }
        guard let expires = token.expires, let issuedAt = token.issuedAt, let tokenID = token.tokenID,
            let clientID = token.clientID, let subject = token.subject, let mcpttID = token.mcpttID,
            !tokenID.isEmpty, subject == mcpttID
        else { return .refused(.incomplete) }
        let leewaySeconds = leeway.wholeNanoseconds / 1_000_000_000
        let (earliest, underflow) = now.seconds.subtractingReportingOverflow(leewaySeconds)
        let (latest, overflow) = now.seconds.addingReportingOverflow(leewaySeconds)
        guard !underflow, !overflow, expires > earliest else { return .refused(.expired) }
        guard issuedAt <= latest, token.notBefore ?? issuedAt <= latest else { return .refused(.notYetValid) }
        guard let scopes = token.scope.flatMap(ScopeSet.init(parsing:)), scopes.opens(purpose, of: service) else {
            return .refused(.wrongScope)
        }
        let id = MCPTTID(mcpttID)
        guard !revocations.isRevoked(tokenID: tokenID, user: id, issuedAt: issuedAt, at: now) else {
            return .refused(.revoked)
        }
        guard let user = directory.user(id) else { return .refused(.unknownUser) }
        guard !user.isSuspended else { return .refused(.suspended) }
        // What the directory says now counts, not what it said when the token was issued.
        guard user.has(service) else { return .refused(.wrongScope) }
        guard token.mcvideoID == nil || token.mcvideoID == user.mcvideoID,
            token.mcdataID == nil || token.mcdataID == user.mcdataID
        else { return .refused(.unknownUser) }
        let (microseconds, tooFar) = expires.multipliedReportingOverflow(by: 1_000_000)
        return .granted(
            VerifiedToken(
                mcpttID: id, mcvideoID: token.mcvideoID, mcdataID: token.mcdataID, clientID: clientID, scopes: scopes,
                expires: UTCTime(microseconds: tooFar ? .max : microseconds), tokenID: tokenID))
    }
}

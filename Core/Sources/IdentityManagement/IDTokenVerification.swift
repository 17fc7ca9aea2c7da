public import MCFoundation

/// What an ID token of an external provider says, once its signature has been checked; nothing in it is sure to be there.
public struct IDTokenClaims: Hashable, Sendable {
    public var issuer: String?
    public var audience: [String] = []
    /// `azp`.
    public var authorizedParty: String?
    /// Seconds since 1970, as all times here.
    public var expires: Int64?
    public var issuedAt: Int64?
    public var notBefore: Int64?
    public var nonce: String?
    /// The claim by which the nation knows the user.
    public var user: String?

    public init() {}
}

/// Why an ID token authenticates nobody. For the operator's log; the wire says `access_denied` for all.
public enum IDTokenRefusal: String, Error, Hashable, Sendable, CaseIterable {
    case wrongIssuer = "wrong-issuer"
    /// Not for us, or for others too without naming us as the one who asked.
    case wrongAudience = "wrong-audience"
    /// A claim that we need is missing or empty.
    case incomplete
    case expired
    case notYetValid = "not-yet-valid"
    /// Issued longer ago than a log-in takes.
    case stale
}

/// The rules by which an ID token is accepted that came from the provider's token endpoint (OpenID Connect Core 3.1.3.7).
/// The nonce is compared where the log-in is known (`IdentityServer`).
public struct IDTokenVerification: Sendable {
    public var issuer: String
    /// This system as the provider's client.
    public var clientID: String
    /// How far clocks may differ.
    public var leeway: Duration
    /// How long ago it may have been issued.
    public var longestAge: Duration
    /// Of the claim by which the user is known.
    public static let longestUser = 256

    public init(
        issuer: String, clientID: String, leeway: Duration = .seconds(30), longestAge: Duration = .seconds(600)
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.leeway = leeway
        self.longestAge = longestAge
    }

    public func decide(_ claims: IDTokenClaims, at now: UTCTime) throws(IDTokenRefusal) -> ExternalIdentity {
        guard claims.issuer == issuer else { throw .wrongIssuer }
        guard claims.audience.contains(clientID), claims.authorizedParty ?? clientID == clientID,
            claims.audience.count == 1 || claims.authorizedParty != nil
        else { throw .wrongAudience }
        guard let expires = claims.expires, let issuedAt = claims.issuedAt, let nonce = claims.nonce, !nonce.isEmpty,
            let user = claims.user, !user.isEmpty, user.utf8.count <= Self.longestUser
        else { throw .incomplete }
        guard expires > (now - leeway).seconds else { throw .expired }
        let latest = (now + leeway).seconds
        guard issuedAt <= latest, claims.notBefore ?? issuedAt <= latest else { throw .notYetValid }
        guard issuedAt >= (now - (longestAge + leeway)).seconds else { throw .stale }
        return ExternalIdentity(subject: user, nonce: nonce)
    }
}

extension UTCTime {
    fileprivate static func - (time: UTCTime, duration: Duration) -> UTCTime { time + (.zero - duration) }
}

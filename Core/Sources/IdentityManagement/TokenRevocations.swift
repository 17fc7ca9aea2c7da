public import MCFoundation

/// That tokens are no longer valid, for every server that accepts them.
public enum TokenRevocation: Hashable, Sendable {
    /// The token with this ID, which would expire then.
    case token(id: String, user: MCPTTID, expires: Int64)
    /// All that were issued to the user up to that second; the last of them expires then.
    case user(MCPTTID, issuedUntil: Int64, expires: Int64)

    /// When the last token that it concerns expires, in seconds since 1970.
    public var expires: Int64 {
        switch self {
        case .token(_, _, let expires), .user(_, _, let expires): expires
        }
    }
}

/// The tokens that are not valid though their time is not over. Bounded: where single tokens are too many, all of that
/// user's go.
public struct TokenRevocations: Sendable {
    private var tokens: ExpiringTable<String, Void>
    private struct UserRevocation: Sendable {
        var issuedUntil: Int64
        var expires: Int64
    }

    private var users: ExpiringTable<MCPTTID, UserRevocation>
    private let leewaySeconds: Int64

    /// - Parameter leeway: of `TokenVerification`, for as long as which an expired token is still accepted.
    public init(limits: IdentityLimits = .init(), leeway: Duration = .seconds(30)) {
        tokens = ExpiringTable(capacity: limits.revokedTokens)
        users = ExpiringTable(capacity: limits.revokedTokens)
        leewaySeconds = max(0, leeway.wholeNanoseconds / 1_000_000_000) + 1
    }

    public var count: Int { tokens.count + users.count }

    /// Adds a revocation to what is revoked already: it shortens nothing.
    ///
    /// - Returns: What holds now, for whoever keeps it or is told.
    @discardableResult
    public mutating func add(_ revocation: TokenRevocation, at utc: UTCTime) -> TokenRevocation {
        forgetExpired(at: utc)
        switch revocation {
        case .token(let id, let user, let expires):
            guard !tokens.set(id, (), until: end(expires)) else { return revocation }
            return add(.user(user, issuedUntil: utc.seconds, expires: expires), at: utc)
        case .user(let user, let issuedUntil, let expires):
            let before = users.value(user, at: TokenRevocations.instant(utc.seconds))
            let both = UserRevocation(
                issuedUntil: max(before?.issuedUntil ?? .min, issuedUntil),
                expires: max(before?.expires ?? .min, expires))
            // There are fewer users than places; a system with more has to raise the bound. Who does not fit takes
            // the place of the one whose tokens expire first.
            if !users.set(user, both, until: end(both.expires)) {
                _ = users.popExpired(at: .distantFuture)
                users.set(user, both, until: end(both.expires))
            }
            return .user(user, issuedUntil: both.issuedUntil, expires: both.expires)
        }
    }

    public func isRevoked(tokenID: String, user: MCPTTID, issuedAt: Int64, at utc: UTCTime) -> Bool {
        let instant = TokenRevocations.instant(utc.seconds)
        if tokens.value(tokenID, at: instant) != nil { return true }
        return users.value(user, at: instant).map { issuedAt <= $0.issuedUntil } ?? false
    }

    /// The second up to which everything issued to the user is revoked.
    func issuedUntil(_ user: MCPTTID, at utc: UTCTime) -> Int64? {
        users.value(user, at: TokenRevocations.instant(utc.seconds))?.issuedUntil
    }

    mutating func forgetExpired(at utc: UTCTime) {
        let instant = TokenRevocations.instant(utc.seconds)
        while tokens.popExpired(at: instant) != nil {}
        while users.popExpired(at: instant) != nil {}
    }

    private func end(_ expires: Int64) -> Instant {
        let (end, overflow) = expires.addingReportingOverflow(leewaySeconds)
        return TokenRevocations.instant(overflow ? .max : end)
    }

    /// Expiry of tokens is in UTC; the table only compares, so that UTC stands in for the monotonic reading.
    private static func instant(_ seconds: Int64) -> Instant {
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard overflow else { return Instant(nanoseconds: nanoseconds) }
        return Instant(nanoseconds: seconds > 0 ? .max : .min)
    }
}

/// What a nation prescribes for log-ins. It may change while they are served.
public struct IdentityPolicy: Hashable, Sendable {
    public var tokens: TokenLifetimes
    public var throttle: LoginThrottle

    public init(tokens: TokenLifetimes = TokenLifetimes(), throttle: LoginThrottle = LoginThrottle()) {
        self.tokens = tokens
        self.throttle = throttle
    }
}

/// In milliseconds.
public struct TokenLifetimes: Codable, Hashable, Sendable {
    public var authorizationCode: Int
    public var accessToken: Int
    public var idToken: Int
    public var refreshToken: Int

    public init(
        authorizationCode: Int = 60_000, accessToken: Int = 3_600_000, idToken: Int = 3_600_000,
        refreshToken: Int = 43_200_000
    ) {
        self.authorizationCode = authorizationCode
        self.accessToken = accessToken
        self.idToken = idToken
        self.refreshToken = refreshToken
    }
}

/// What slows guessing down. Times in milliseconds.
public struct LoginThrottle: Codable, Hashable, Sendable {
    /// Failures after which every further one doubles the wait.
    public var freeFailures: Int
    public var firstDelay: Int
    /// Failures after which nobody gets in for `lockOutTime`.
    public var lockOutFailures: Int
    public var lockOutTime: Int

    public init(
        freeFailures: Int = 3, firstDelay: Int = 1_000, lockOutFailures: Int = 10, lockOutTime: Int = 900_000
    ) {
        self.freeFailures = freeFailures
        self.firstDelay = firstDelay
        self.lockOutFailures = lockOutFailures
        self.lockOutTime = lockOutTime
    }
}

/// What the nation prescribes for its own management: one record.
public struct PolicyRecord: FleetValue {
    public static let kind = FleetKind.policy
    /// The key of the one policy.
    public static let key = "national"

    /// Days for which audit entries are kept.
    public var auditRetentionDays: Int
    public var password: PasswordRule
    public var tokens: TokenLifetimes
    public var throttle: LoginThrottle

    public init(
        auditRetentionDays: Int = 3_650, password: PasswordRule = PasswordRule(),
        tokens: TokenLifetimes = TokenLifetimes(), throttle: LoginThrottle = LoginThrottle()
    ) {
        self.auditRetentionDays = auditRetentionDays
        self.password = password
        self.tokens = tokens
        self.throttle = throttle
    }

    public var key: String { Self.key }
    public var record: FleetRecord { .policy(self) }

    public func changedFields(since old: PolicyRecord) -> [String] {
        var fields = FieldComparison(self, old)
        fields.compare("auditRetentionDays", \.auditRetentionDays)
        fields.compare("password", \.password)
        fields.compare("tokens", \.tokens)
        fields.compare("throttle", \.throttle)
        return fields.changed
    }
}

/// What a password has to be like. Length counts more than signs do, so nothing but length is asked by default.
public struct PasswordRule: Codable, Hashable, Sendable {
    /// In characters.
    public var minimumLength: Int
    public var maximumLength: Int
    /// It may not contain the log-in name, in any case of letters.
    public var forbidsName: Bool

    public init(minimumLength: Int = 12, maximumLength: Int = 128, forbidsName: Bool = true) {
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
        self.forbidsName = forbidsName
    }

    /// Why a password is not good enough, nil where it is. The text never holds the password.
    public func objection(to password: String, of name: String) -> String? {
        if password.count < minimumLength { return "a password has at least \(minimumLength) characters" }
        if password.count > maximumLength { return "a password has at most \(maximumLength) characters" }
        if forbidsName, !name.isEmpty, password.lowercased().contains(name.lowercased()) {
            return "a password does not contain the log-in name"
        }
        return nil
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

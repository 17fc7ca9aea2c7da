public import IdentityManagement

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
    /// What of it identity management follows.
    public var identity: IdentityPolicy { IdentityPolicy(tokens: tokens, throttle: throttle) }
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

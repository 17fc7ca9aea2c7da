import MCFoundation

/// One log-in of one client and all tokens that came from it.
struct TokenFamilyID: Hashable, Sendable {
    /// Of the first part of its refresh tokens.
    let hash: SecretHash
}

struct TokenFamily: Sendable {
    struct AccessToken: Hashable, Sendable {
        var id: String
        /// Second since 1970.
        var expires: Int64
    }

    var user: MCPTTID
    var clientID: String
    var scopes: ScopeSet
    var context: AuthenticationContext?
    /// As in `AuthorizationGrant`; nil also where a version before did not keep it.
    var proof: SecretHash?
    var methods: [String]
    /// Then the user logs in again, however often the refresh token was used.
    var end: Instant
    /// When its refresh token was given.
    var used = Instant(nanoseconds: .min)
    /// The second part of the refresh token that is valid now.
    var current: SecretHash
    /// Of the one that `current` is about to replace: the client was not told yet.
    var replacing: SecretHash?
    /// Issued and not expired, oldest first.
    var accessTokens: [AccessToken] = []
}

enum RefreshDecision: Sendable {
    case valid(TokenFamilyID, TokenFamily)
    case unknown
    /// The token is being used by another request: it is the newest that anybody was given, so that it comes twice is no
    /// sign of a theft. Of two holders one shows as soon as the other was told the next.
    case inUse(TokenFamilyID, TokenFamily)
    /// A token that was replaced by a newer one came again: one of two holders has stolen it (RFC 9700 4.14.2).
    case reused(TokenFamilyID, TokenFamily)
    case wrongClient(TokenFamily)
}

/// Refresh tokens by family. A token is `family.secret`, 128 and 256 random bits, of which hashes are kept; so every
/// token that a family ever had is recognised without remembering them all.
struct TokenFamilies: Sendable {
    private var families: ExpiringTable<TokenFamilyID, TokenFamily>
    /// Oldest first.
    private var byUser: [MCPTTID: [TokenFamilyID]] = [:]
    private let limitPerUser: Int
    /// How long a refresh token is valid that nobody uses.
    var idle: Duration

    init(limits: IdentityLimits, idle: Duration) {
        families = ExpiringTable(capacity: limits.tokenFamilies)
        limitPerUser = limits.tokenFamiliesPerUser
        self.idle = idle
    }

    var nextDeadline: Instant? { families.nextExpiry }
    var count: Int { families.count }
    var isFull: Bool { families.isFull }

    func family(_ id: TokenFamilyID, at instant: Instant) -> TokenFamily? { families.value(id, at: instant) }

    /// Until when a family is valid if nobody uses it.
    func until(_ family: TokenFamily) -> Instant { min(family.used + idle, family.end) }

    /// A family of the process before. False where the table is full.
    mutating func restore(_ id: TokenFamilyID, _ family: TokenFamily) -> Bool {
        guard families.set(id, family, until: until(family)) else { return false }
        byUser[family.user, default: []].append(id)
        return true
    }

    /// The oldest log-in of a user who would have too many with one more.
    func surplus(of user: MCPTTID) -> TokenFamilyID? {
        guard let own = byUser[user], own.count >= limitPerUser else { return nil }
        return own.first
    }

    func ids(of user: MCPTTID) -> [TokenFamilyID] { byUser[user] ?? [] }

    /// Begins a family; `current` of the given one is replaced. Nil where the table is full.
    mutating func begin(
        _ family: TokenFamily, at instant: Instant, random: inout SeededGenerator
    ) -> (id: TokenFamilyID, refreshToken: IdentitySecret)? {
        let name = random.secretText(words: 2)
        let secret = random.secretText(words: 4)
        let id = TokenFamilyID(hash: SecretHash(of: name))
        var family = family
        family.current = SecretHash(of: secret)
        family.used = instant
        guard families.set(id, family, until: until(family)) else { return nil }
        byUser[family.user, default: []].append(id)
        return (id, IdentitySecret(name + "." + secret))
    }

    func decide(_ refreshToken: String, clientID: String, at instant: Instant) -> RefreshDecision {
        guard let parts = TokenFamilies.parts(refreshToken),
            // The lifetime may have been shortened since the token was given.
            let family = families.value(parts.id, at: instant), until(family) > instant
        else { return .unknown }
        guard family.clientID == clientID else { return .wrongClient(family) }
        if let replacing = family.replacing, parts.secret.equals(replacing.octets) { return .inUse(parts.id, family) }
        guard parts.secret.equals(family.current.octets) else { return .reused(parts.id, family) }
        return .valid(parts.id, family)
    }

    /// Replaces the refresh token of a family, as soon as `told` says so.
    mutating func rotate(
        _ id: TokenFamilyID, refreshToken: String, at instant: Instant, random: inout SeededGenerator
    ) -> IdentitySecret? {
        guard var family = families.value(id, at: instant),
            let name = refreshToken.split(separator: ".", omittingEmptySubsequences: false).first
        else { return nil }
        let secret = random.secretText(words: 4)
        family.replacing = family.current
        family.current = SecretHash(of: secret)
        family.used = instant
        families.set(id, family, until: until(family))
        return IdentitySecret(String(name) + "." + secret)
    }

    /// The client was never told the new token: the one before is valid again.
    mutating func restore(_ id: TokenFamilyID, current: SecretHash) {
        families.update(id) { family in
            family.current = current
            family.replacing = nil
        }
    }

    /// The client holds the newest token from now on; the one before is over.
    mutating func told(_ id: TokenFamilyID) { families.update(id) { $0.replacing = nil } }

    /// Notes an access token; what it pushes out, because a family has too many, is to be revoked.
    mutating func note(
        _ token: TokenFamily.AccessToken, of id: TokenFamilyID, limit: Int, at second: Int64
    ) -> [TokenFamily.AccessToken] {
        var surplus: [TokenFamily.AccessToken] = []
        families.update(id) { family in
            family.accessTokens.removeAll { $0.expires < second }
            family.accessTokens.append(token)
            while family.accessTokens.count > max(1, limit) { surplus.append(family.accessTokens.removeFirst()) }
        }
        return surplus
    }

    @discardableResult
    mutating func end(_ id: TokenFamilyID) -> TokenFamily? {
        guard let family = families.remove(id) else { return nil }
        forget(id, of: family.user)
        return family
    }

    mutating func forgetExpired(at instant: Instant) {
        while let expired = families.popExpired(at: instant) { forget(expired.key, of: expired.value.user) }
    }

    private mutating func forget(_ id: TokenFamilyID, of user: MCPTTID) {
        var own = byUser[user] ?? []
        own.removeAll { $0 == id }
        byUser[user] = own.isEmpty ? nil : own
    }

    private static func parts(_ token: String) -> (id: TokenFamilyID, secret: SecretHash)? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 22, parts[1].utf8.count == 43 else { return nil }
        return (TokenFamilyID(hash: SecretHash(of: String(parts[0]))), SecretHash(of: String(parts[1])))
    }
}

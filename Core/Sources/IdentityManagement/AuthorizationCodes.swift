import MCFoundation

/// What the user granted by logging in, and to whom.
struct AuthorizationGrant: Hashable, Sendable {
    var user: MCPTTID
    var clientID: String
    var redirectURI: String
    var codeChallenge: [UInt8]
    var nonce: String?
    var scopes: ScopeSet
    /// Nil where an external provider authenticated the user in a way of its own.
    var context: AuthenticationContext?
    /// Of the verifier that the password was checked against; nil where an external provider authenticated the user.
    var proof: SecretHash?
    var methods: [String]
    /// Second since 1970 of the log-in.
    var authenticatedAt: Int64
}

/// Why a code gives nothing; each is `invalid_grant` on the wire (RFC 6749 5.2).
enum CodeRefusal: String, Hashable, Sendable {
    case unknown = "unknown-code"
    case wrongClient = "wrong-client"
    case wrongRedirectURI = "wrong-redirect-uri"
    case wrongVerifier = "wrong-verifier"
}

enum CodeRedemption: Hashable, Sendable {
    case granted(AuthorizationGrant)
    case refused(CodeRefusal, user: MCPTTID?)
    /// Used before: what it gave then is to be revoked (RFC 6749 4.1.2).
    case replayed(TokenFamilyID?, user: MCPTTID)
}

/// Authorization codes: 256 random bits, kept as their hash, for a minute and one use.
struct AuthorizationCodes: Sendable {
    private struct Use: Sendable {
        var user: MCPTTID
        /// What the code gave; nil where it gave nothing.
        var family: TokenFamilyID?
    }

    private var fresh: ExpiringTable<SecretHash, AuthorizationGrant>
    private var used: ExpiringTable<SecretHash, Use>
    /// Of codes that are issued from now on.
    var lifetime: Duration
    private let memory: Duration

    init(capacity: Int, lifetime: Duration, memory: Duration) {
        fresh = ExpiringTable(capacity: capacity)
        used = ExpiringTable(capacity: capacity * 4)
        self.lifetime = lifetime
        self.memory = memory
    }

    var nextDeadline: Instant? { [fresh.nextExpiry, used.nextExpiry].compactMap { $0 }.min() }

    /// Nil where too many wait to be redeemed.
    mutating func issue(
        _ grant: AuthorizationGrant, at instant: Instant, random: inout SeededGenerator
    ) -> IdentitySecret? {
        guard !fresh.isFull else { return nil }
        let code = random.secretText(words: 4)
        fresh.set(SecretHash(of: code), grant, until: instant + lifetime)
        return IdentitySecret(code)
    }

    /// Whose code it is; nil where it is none, or none any more.
    func user(of code: String, at instant: Instant) -> MCPTTID? {
        fresh.value(SecretHash(of: code), at: instant)?.user
    }

    /// Any attempt uses the code up (RFC 6749 4.1.3, RFC 7636 4.6): who has the code but not its verifier gets one try.
    mutating func redeem(
        _ code: String, clientID: String, redirectURI: String?, verifier: String?, at instant: Instant
    ) -> CodeRedemption {
        let hash = SecretHash(of: code)
        if let use = used.value(hash, at: instant) { return .replayed(use.family, user: use.user) }
        guard let grant = fresh.value(hash, at: instant) else { return .refused(.unknown, user: nil) }
        fresh.remove(hash)
        if used.isFull { _ = used.popExpired(at: .distantFuture) }
        used.set(hash, Use(user: grant.user), until: instant + memory)
        guard grant.clientID == clientID else { return .refused(.wrongClient, user: grant.user) }
        guard let redirectURI, grant.redirectURI.utf8.elementsEqual(redirectURI.utf8) else {
            return .refused(.wrongRedirectURI, user: grant.user)
        }
        guard let verifier, CodeChallenge.isVerifier(verifier),
            SecretHash(of: verifier).equals(grant.codeChallenge)
        else { return .refused(.wrongVerifier, user: grant.user) }
        return .granted(grant)
    }

    /// Remembers which tokens a code gave.
    mutating func note(_ family: TokenFamilyID, for code: String) {
        used.update(SecretHash(of: code)) { $0.family = family }
    }

    mutating func forgetExpired(at instant: Instant) {
        while fresh.popExpired(at: instant) != nil {}
        while used.popExpired(at: instant) != nil {}
    }
}

/// Proof key for code exchange (RFC 7636).
public enum CodeChallenge {
    /// 43 to 128 unreserved characters (RFC 7636 4.1).
    public static func isVerifier(_ text: String) -> Bool {
        guard (43...128).contains(text.utf8.count) else { return false }
        return text.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                true
            default: false
            }
        }
    }

    /// The S256 challenge of a verifier (RFC 7636 4.2).
    public static func s256(of verifier: IdentitySecret) -> String {
        Base64URL.encode(SecretHash(of: verifier.revealed).octets)
    }
}

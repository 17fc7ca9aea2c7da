public import MCFoundation
public import SIP

/// Bounds of a digest server.
public struct DigestServerLimits: Hashable, Sendable {
    /// How long a nonce serves.
    public var nonceLifetime: Duration = .seconds(300)
    /// Nonces in use whose counts are kept. Only who proved a password takes a place.
    public var noncesInUse = 20_000

    public init() {}
}

/// Challenges and checks digest credentials (RFC 3261 22.4, RFC 7616, RFC 8760).
///
/// A nonce carries its time and a keyed check, so that challenges cost no memory; a nonce that was used with the right
/// password is remembered with its count until it expires, so that nothing is accepted twice.
public struct DigestServer: Sendable {
    public enum Verdict: Hashable, Sendable {
        case accepted
        /// The password is right but the nonce is too old, not ours, or its count was used: challenge with `stale`.
        case stale
        /// Wrong password, user, realm or URI.
        case refused
    }

    private struct Use: Sendable {
        var issued: Int64
        var count: UInt32
    }

    public let realm: String
    /// In the order of the challenges: the preferred one first (RFC 8760 2.4).
    public let algorithms: [DigestAlgorithm]
    private let limits: DigestServerLimits
    private var random: SeededGenerator
    private let secret: String
    private var uses: [String: Use] = [:]
    private var expiries = DeadlineQueue<String>()
    /// What was issued up to here may have been forgotten and so is not accepted.
    private var forgotten = Int64.min

    public init(
        realm: String, algorithms: [DigestAlgorithm] = [.sha256, .md5], random: SeededGenerator,
        limits: DigestServerLimits = .init()
    ) {
        self.realm = realm
        self.algorithms = algorithms
        self.limits = limits
        var random = random
        secret = random.token(52)
        self.random = random
    }

    /// One challenge for each algorithm, for WWW-Authenticate or Proxy-Authenticate.
    ///
    /// - Parameter usable: which of the algorithms the account can be proven by. Clients that know MD5 only and do not
    ///   look beyond the first challenge get on where the account has no other hash.
    public mutating func challenges(
        isStale: Bool = false, at now: Now, usable: (DigestAlgorithm) -> Bool = { _ in true }
    ) -> [DigestChallenge] {
        let nonce = mintNonce(at: now)
        let offered = algorithms.filter(usable)
        return (offered.isEmpty ? algorithms : offered).map {
            DigestChallenge(realm: realm, nonce: nonce, algorithm: $0, offersAuth: true, isStale: isStale)
        }
    }

    /// Checks credentials. `ha1` gives `H(user:realm:password)` of a user; nil where there is none.
    public mutating func verify(
        _ credentials: DigestCredentials, method: Method, requestURI: SIPURI, at now: Now,
        ha1: (_ user: String, _ algorithm: DigestAlgorithm) -> String?
    ) -> Verdict {
        forgetExpired(at: now)
        let known = ha1(credentials.user, credentials.algorithm)
        // The same work for a user that does not exist, so that time does not tell.
        let proves = credentials.proves(ha1: known ?? secret, method: method)
        guard known != nil, proves, credentials.realm == realm, algorithms.contains(credentials.algorithm),
            SIPURI(credentials.uri)?.isEquivalent(to: requestURI) == true
        else { return .refused }
        guard let issued = issueTime(of: credentials.nonce), issued > forgotten, issued <= now.instant.nanoseconds,
            Instant(nanoseconds: issued) + limits.nonceLifetime > now.instant
        else { return .stale }
        // Without qop there is no count: such a nonce serves once.
        let count = credentials.nonceCount ?? 1
        guard count > uses[credentials.nonce]?.count ?? 0 else { return .stale }
        remember(credentials.nonce, issued: issued, count: count)
        return .accepted
    }

    private mutating func mintNonce(at now: Now) -> String {
        let time = String(UInt64(bitPattern: now.instant.nanoseconds), radix: 16)
        let body = String(repeating: "0", count: 16 - time.count) + time + random.token(16)
        return body + check(body)
    }

    /// 32 hexadecimal digits; the secret stands on both sides, so that nothing can be appended.
    private func check(_ body: String) -> String {
        String((Digest.ha1(user: secret, realm: body, password: secret, algorithm: .sha256) ?? "").prefix(32))
    }

    private func issueTime(of nonce: String) -> Int64? {
        guard nonce.utf8.count == 64 else { return nil }
        let body = String(nonce.prefix(32))
        let expected = check(body)
        guard expected.utf8.count == 32, Digest.equalInConstantTime(expected, String(nonce.dropFirst(32))) else {
            return nil
        }
        return UInt64(body.prefix(16), radix: 16).map { Int64(bitPattern: $0) }
    }

    private mutating func remember(_ nonce: String, issued: Int64, count: UInt32) {
        if uses[nonce] == nil, uses.count >= limits.noncesInUse, let oldest = expiries.popDue(at: .distantFuture) {
            forgotten = max(forgotten, uses.removeValue(forKey: oldest)?.issued ?? forgotten)
        }
        uses[nonce] = Use(issued: issued, count: count)
        expiries.set(nonce, at: Instant(nanoseconds: issued) + limits.nonceLifetime)
    }

    private mutating func forgetExpired(at now: Now) {
        while let nonce = expiries.popDue(at: now.instant) { uses[nonce] = nil }
    }
}

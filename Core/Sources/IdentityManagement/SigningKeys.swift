public import MCFoundation

/// The public half of a key that signs tokens (RFC 7517, RFC 7518 6). The private half stays where signatures are made.
public struct SigningKey: Hashable, Sendable {
    /// Parameters as base64url of big-endian octets.
    public enum Parameters: Hashable, Sendable {
        case p256(x: String, y: String)
        case rsa(n: String, e: String)
    }

    public let keyID: String
    public let parameters: Parameters

    public init(keyID: String, parameters: Parameters) {
        self.keyID = keyID
        self.parameters = parameters
    }

    /// The JWS algorithm (RFC 7518 3.1).
    public var algorithm: String {
        switch parameters {
        case .p256: "ES256"
        case .rsa: "RS256"
        }
    }

    var json: OrderedJSON {
        let common: [(String, OrderedJSON)] = [
            ("use", .string("sig")), ("alg", .string(algorithm)), ("kid", .string(keyID)),
        ]
        switch parameters {
        case .p256(let x, let y):
            return .object(
                [("kty", .string("EC")), ("crv", .string("P-256")), ("x", .string(x)), ("y", .string(y))] + common)
        case .rsa(let n, let e):
            return .object([("kty", .string("RSA")), ("n", .string(n)), ("e", .string(e))] + common)
        }
    }
}

/// When keys change.
public struct SigningKeyPolicy: Hashable, Sendable {
    /// How long a key signs.
    public var signsFor: Duration = .seconds(90 * 86_400)
    /// How long a key is published before it signs: longer than anybody caches the key set.
    public var publishedAhead: Duration = .seconds(86_400)

    public init() {}
}

/// The keys of an issuer: one that signs, one published ahead, and those whose tokens may still be valid.
public struct SigningKeys: Sendable {
    private struct Published: Sendable {
        var key: SigningKey
        /// Published, taken into use, or retired, by the place it stands in.
        var since: UTCTime
    }

    private let policy: SigningKeyPolicy
    /// How long a retired key stays: the longest life of a token and the leeway of who checks it.
    public var keptAfter: Duration
    private var signing: Published?
    private var ahead: Published?
    /// Newest first.
    private var retired: [Published] = []

    public init(policy: SigningKeyPolicy = .init(), keptAfter: Duration) {
        self.policy = policy
        self.keptAfter = keptAfter
    }

    /// The keys of a process that starts again, each with the time when it was made: each stands where it would if the
    /// process had never ended.
    ///
    /// - Parameter used: by key ID, when it was taken into use; of the others that follows from those before them, which
    ///   must be there then.
    public init(
        policy: SigningKeyPolicy = .init(), keptAfter: Duration, restoring kept: [(key: SigningKey, made: UTCTime)],
        used: [String: UTCTime] = [:], at utc: UTCTime
    ) {
        self.init(policy: policy, keptAfter: keptAfter)
        for (key, made) in kept.sorted(by: { ($0.made, $0.key.keyID) < ($1.made, $1.key.keyID) }) {
            guard let before = signing else {
                signing = Published(key: key, since: used[key.keyID] ?? made)
                continue
            }
            let due = used[key.keyID] ?? max(before.since + policy.signsFor, made + policy.publishedAhead)
            if due > utc {
                if ahead == nil { ahead = Published(key: key, since: made) }
                continue
            }
            retire(at: due)
            signing = Published(key: key, since: due)
        }
        retired.removeAll { $0.since + keptAfter <= utc }
    }

    /// The key that signs.
    public var current: SigningKey? { signing?.key }
    /// When it was taken into use.
    public var currentSince: UTCTime? { signing?.since }
    public var next: SigningKey? { ahead?.key }
    /// Newest first.
    public var previous: [SigningKey] { retired.map(\.key) }

    /// A key was made. The first signs at once, the following is published ahead; a third, or one with a key ID that
    /// is known, is refused with false.
    public mutating func add(_ key: SigningKey, at utc: UTCTime) -> Bool {
        guard !published.contains(where: { $0.keyID == key.keyID }) else { return false }
        if signing == nil {
            signing = Published(key: key, since: utc)
        } else if ahead == nil {
            ahead = Published(key: key, since: utc)
        } else {
            return false
        }
        return true
    }

    /// Whether a key has to be made now.
    public var needsKey: Bool { signing == nil || ahead == nil }

    /// Does what is due: takes the next key into use, drops what no valid token was signed with. True where the set or
    /// the signer changed.
    public mutating func advance(at utc: UTCTime) -> Bool {
        let count = retired.count
        retired.removeAll { $0.since + keptAfter <= utc }
        var isChanged = retired.count != count
        if let due = promotion, due <= utc, let next = ahead {
            retire(at: utc)
            signing = Published(key: next.key, since: utc)
            ahead = nil
            isChanged = true
        }
        return isChanged
    }

    /// A key that others may hold goes at once, with all that it signed. The next one signs without delay.
    public mutating func withdraw(keyID: String, at utc: UTCTime) -> Bool {
        let before = published.count
        retired.removeAll { $0.key.keyID == keyID }
        if ahead?.key.keyID == keyID { ahead = nil }
        if signing?.key.keyID == keyID {
            signing = ahead.map { Published(key: $0.key, since: utc) }
            ahead = nil
        }
        return published.count != before
    }

    /// When `advance` has something to do.
    public var nextChange: UTCTime? {
        var times = retired.map { $0.since + keptAfter }
        if let promotion { times.append(promotion) }
        return times.min()
    }

    /// In the order of the key set: the one that signs, the next, the previous ones newest first.
    public var published: [SigningKey] {
        [signing, ahead].compactMap { $0?.key } + retired.map(\.key)
    }

    /// The JWK Set (RFC 7517 5).
    public func keySet() -> [UInt8] {
        OrderedJSON.object([("keys", .array(published.map(\.json)))]).octets
    }

    private var promotion: UTCTime? {
        guard let signing, let ahead else { return nil }
        return max(signing.since + policy.signsFor, ahead.since + policy.publishedAhead)
    }

    private mutating func retire(at utc: UTCTime) {
        guard let signing else { return }
        retired.insert(Published(key: signing.key, since: utc), at: 0)
    }
}

extension UTCTime {
    /// Saturates.
    static func + (time: UTCTime, duration: Duration) -> UTCTime {
        let (sum, overflow) = time.microseconds.addingReportingOverflow(duration.wholeNanoseconds / 1_000)
        guard overflow else { return UTCTime(microseconds: sum) }
        return UTCTime(microseconds: duration > .zero ? .max : .min)
    }

    /// Whole seconds since 1970 (RFC 7519 NumericDate), rounded down.
    var seconds: Int64 {
        let quotient = microseconds / 1_000_000
        return microseconds % 1_000_000 < 0 ? quotient - 1 : quotient
    }
}

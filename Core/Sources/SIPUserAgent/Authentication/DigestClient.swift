public import MCFoundation
public import SIP

/// Answers digest challenges (RFC 3261 22, RFC 8760) for one user, and keeps what it learned for later requests.
public struct DigestClient: Sendable {
    /// A user name and its password; the password is never printed.
    public struct Account: Sendable, CustomStringConvertible, CustomReflectable {
        public var user: String
        let password: String
        /// nil: for whatever realm asks.
        public var realm: String?

        public init(user: String, password: String, realm: String? = nil) {
            self.user = user
            self.password = password
            self.realm = realm
        }

        public var description: String { "account of \(Redacted(user))" }
        public var customMirror: Mirror { Mirror(self, children: []) }
    }

    private struct Known: Sendable {
        var challenge: DigestChallenge
        var header: HeaderName
        var count: UInt32
    }

    /// Realms whose challenge is kept.
    public static let realmLimit = 8

    private let account: Account
    private var random: SeededGenerator
    private var known: [Known] = []

    public init(account: Account, random: SeededGenerator) {
        self.account = account
        self.random = random
    }

    /// Adds credentials for every challenge seen before, so that the request need not be sent twice.
    public mutating func authorize(_ request: inout SIPRequest) {
        for index in known.indices { append(index, to: &request) }
    }

    /// The request again with the next CSeq and with credentials for a 401 or 407; nil where the challenge is not ours
    /// to answer: another realm, an unknown algorithm, or the password was already refused (RFC 3261 22.1).
    public mutating func answer(_ response: SIPResponse, to request: SIPRequest) -> SIPRequest? {
        let names: (HeaderName, HeaderName)
        switch response.status {
        case 401: names = (.wwwAuthenticate, .authorization)
        case 407: names = (.proxyAuthenticate, .proxyAuthorization)
        default: return nil
        }
        let given = request.headers.values(names.1).compactMap { DigestCredentials($0) }
        let chosen = select(response.headers.values(names.0).compactMap { DigestChallenge($0) })
        guard !chosen.isEmpty else { return nil }
        for challenge in chosen where !challenge.isStale && given.contains(where: { $0.realm == challenge.realm }) {
            forget(challenge.realm, names.1)
            return nil
        }
        var retry = request
        retry.headers.remove(names.1)
        for challenge in chosen { learn(challenge, names.1) }
        for index in known.indices where known[index].header == names.1 { append(index, to: &retry) }
        if let cseq = request.headers.cseq {
            retry.headers.set(.cseq, CSeq(cseq.number + 1, cseq.method).description)
        }
        return retry
    }

    /// One challenge a realm, SHA-256 before MD5.
    private func select(_ challenges: [DigestChallenge]) -> [DigestChallenge] {
        var chosen: [DigestChallenge] = []
        for challenge in challenges where account.realm == nil || account.realm == challenge.realm {
            if let index = chosen.firstIndex(where: { $0.realm == challenge.realm }) {
                if chosen[index].algorithm == .md5, challenge.algorithm == .sha256 { chosen[index] = challenge }
            } else if chosen.count < DigestClient.realmLimit {
                chosen.append(challenge)
            }
        }
        return chosen
    }

    private mutating func forget(_ realm: String, _ header: HeaderName) {
        known.removeAll { $0.challenge.realm == realm && $0.header == header }
    }

    private mutating func learn(_ challenge: DigestChallenge, _ header: HeaderName) {
        forget(challenge.realm, header)
        known.append(Known(challenge: challenge, header: header, count: 0))
        if known.count > DigestClient.realmLimit { known.removeFirst() }
    }

    private mutating func append(_ index: Int, to request: inout SIPRequest) {
        known[index].count += 1
        let credentials = known[index].challenge.credentials(
            user: account.user, password: account.password, method: request.method, uri: request.uri.description,
            nonceCount: known[index].count, clientNonce: random.token(20))
        if let credentials { request.headers.append(known[index].header, credentials.description) }
    }
}

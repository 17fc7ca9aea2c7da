import MCFoundation

/// One authorization request whose user has not been authenticated yet.
struct LoginTransaction: Sendable {
    var request: AuthorizationRequest
    var source: LoginSource
    /// Of the mark of the browser that began it: nobody else goes on with it, who may have lured its user there.
    var browser: SecretHash
    var attempts = 0
    /// An attempt is being judged: another one has to wait for it.
    var isBusy = false
    /// With an external provider: what we sent there.
    var external: ExternalAttempt?

    func isOf(_ browser: BrowserOrigin) -> Bool {
        browser.mark.map { SecretHash(of: $0.revealed).equals(self.browser.octets) } ?? false
    }
}

/// What binds the provider's answer to our request.
struct ExternalAttempt: Sendable {
    var nonce: String
    var codeVerifier: IdentitySecret
}

/// Open log-in pages, by an opaque identifier of 256 random bits that is kept as its hash.
struct LoginTransactions: Sendable {
    private var table: ExpiringTable<SecretHash, LoginTransaction>
    private var perSource: [LoginSource: Int] = [:]
    private let limitPerSource: Int

    init(limits: IdentityLimits) {
        table = ExpiringTable(capacity: limits.loginTransactions)
        limitPerSource = limits.loginTransactionsPerSource
    }

    var nextDeadline: Instant? { table.nextExpiry }
    var count: Int { table.count }

    /// Nil where there are too many, altogether or from that source.
    mutating func open(
        _ transaction: LoginTransaction, until: Instant, random: inout SeededGenerator
    ) -> IdentitySecret? {
        let open = perSource[transaction.source] ?? 0
        guard open < limitPerSource, !table.isFull else { return nil }
        let id = random.secretText(words: 4)
        table.set(SecretHash(of: id), transaction, until: until)
        perSource[transaction.source] = open + 1
        return IdentitySecret(id)
    }

    func transaction(_ id: IdentitySecret, at instant: Instant) -> LoginTransaction? {
        table.value(SecretHash(of: id.revealed), at: instant)
    }

    mutating func update(_ id: IdentitySecret, _ change: (inout LoginTransaction) -> Void) {
        table.update(SecretHash(of: id.revealed), change)
    }

    @discardableResult
    mutating func close(_ id: IdentitySecret) -> LoginTransaction? {
        guard let transaction = table.remove(SecretHash(of: id.revealed)) else { return nil }
        forget(transaction.source)
        return transaction
    }

    mutating func forgetExpired(at instant: Instant) {
        while let expired = table.popExpired(at: instant) { forget(expired.value.source) }
    }

    private mutating func forget(_ source: LoginSource) {
        let open = (perSource[source] ?? 1) - 1
        perSource[source] = open > 0 ? open : nil
    }
}

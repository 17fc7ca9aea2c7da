import Audit
public import MCFoundation

/// The identity management server (TS 24.482, TS 33.180 Annex B): an OpenID provider whose decisions are all here and
/// whose passwords, signatures and connections are all elsewhere.
///
/// Log-ins, revocations and lock-outs are given out to be kept (`IdentityAction.record`): a process that starts again goes
/// on where the one before ended. Nobody is told of a log-in or a revocation before it is durable. Whom a failure locks
/// out is answered at once: he is told what every failure is told, and nothing waits for a disk where nobody has the name,
/// so that the time would tell them apart. Codes and failures that locked nobody out end with the process.
public struct IdentityServer: Sendable {
    /// Work that was given out and for whom.
    enum Job: Sendable {
        case password(PasswordAttempt)
        case external(IdentityRequestID, transaction: IdentitySecret, nonce: String)
        case signature(pending: UInt64, TokenKind)
    }

    struct PasswordAttempt: Sendable {
        var request: IdentityRequestID
        var transaction: IdentitySecret
        var userName: String
        var subject: LoginSubject
        /// What the password is checked against; empty where that is a dummy.
        var verifier: IdentitySecret
        var source: LoginSource
        var address: IPAddress
    }

    var settings: IdentitySettings
    var random: SeededGenerator
    var throttle: LoginFailures
    var transactions: LoginTransactions
    var codes: AuthorizationCodes
    var families: TokenFamilies
    var revocations: TokenRevocations
    var keys: SigningKeys
    var authentications: ExpiringTable<IdentityJobID, Job>
    var signatures: ExpiringTable<IdentityJobID, Job>
    var pending: ExpiringTable<UInt64, PendingTokens>
    var actions: [IdentityAction] = []
    /// What the present event changed.
    var noted = Recording()
    var recordings: ExpiringTable<IdentityJobID, Recording>
    /// What is over and could not be kept yet, oldest first.
    var owed: [IdentityChange] = []
    var owedDue: Instant?
    /// Users whose log-ins are of the process before and were not looked at yet.
    var restored: [MCPTTID] = []
    /// Of the access token that expires last; seconds since 1970.
    var lastExpiry: Int64 = 0
    private var lastNumber: UInt64 = 0
    private var keysDue: Instant?
    private var isKeyAskedFor = false
    /// A key that could not be made is asked for again then.
    private var keyRetryDue: Instant?
    private static let keyRetry = Duration.seconds(5)

    /// A server without keys: it asks for them.
    public init(settings: IdentitySettings, random: SeededGenerator) {
        self.init(
            settings: settings, random: random, restoring: KeptIdentity(),
            at: Now(instant: .zero, utc: UTCTime(microseconds: 0)))
    }

    /// A server that goes on where the process before ended; its first event is `started`.
    public init(settings: IdentitySettings, random: SeededGenerator, restoring kept: KeptIdentity, at now: Now) {
        self.settings = settings
        self.random = random
        let limits = settings.limits
        throttle = LoginFailures(policy: settings.login, records: limits.failureRecords)
        transactions = LoginTransactions(limits: limits)
        codes = AuthorizationCodes(
            capacity: limits.codes, lifetime: settings.codeLifetime, memory: settings.usedCodeMemory)
        families = TokenFamilies(limits: limits, idle: settings.refreshTokenLifetime)
        revocations = TokenRevocations(limits: limits)
        keys = SigningKeys(
            policy: settings.keys, keptAfter: settings.keyMemory, restoring: kept.keys,
            used: kept.keysUsed, at: now.utc)
        authentications = ExpiringTable(capacity: limits.authenticationsInFlight)
        signatures = ExpiringTable(capacity: limits.tokenRequestsInFlight * 2)
        pending = ExpiringTable(capacity: limits.tokenRequestsInFlight)
        recordings = ExpiringTable(capacity: limits.recordings)
        restore(kept, at: now)
    }

    /// The keys in use and those published.
    public var signingKeys: SigningKeys { keys }

    /// What this server revoked, for verifying tokens beside it.
    public var tokenRevocations: TokenRevocations { revocations }

    /// When `timeAdvanced` has something to do; nil where nothing waits.
    public var nextDeadline: Instant? {
        [
            throttle.nextDeadline, transactions.nextDeadline, codes.nextDeadline, families.nextDeadline,
            authentications.nextExpiry, signatures.nextExpiry, pending.nextExpiry, recordings.nextExpiry,
            keysDue, keyRetryDue, owedDue,
        ].compactMap { $0 }.min()
    }

    /// Decides on an event. The directory is the newest there is.
    public mutating func handle(
        _ event: IdentityEvent, at now: Now, directory: some IdentityDirectory
    ) -> [IdentityAction] {
        actions = []
        expire(at: now)
        switch event {
        case .authorizationRequested(let request, let parameters, let browser):
            authorize(request, parameters, from: browser, at: now)
        case .loginSubmitted(let request, let form, let browser):
            logIn(request, form, from: browser, at: now, directory: directory)
        case .passwordVerified(let job, let matches):
            judge(job, matches: matches, at: now, directory: directory)
        case .passwordNotVerified(let job):
            if case .password(let attempt) = authentications.remove(job) { abandon(attempt, at: now) }
        case .externalReturned(let request, let parameters, let browser):
            externalReturned(request, parameters, from: browser, at: now)
        case .externalCodeExchanged(let job, let identity):
            externalExchanged(job, identity, at: now, directory: directory)
        case .tokenRequested(let request, let parameters):
            tokenRequested(request, parameters, at: now, directory: directory)
        case .signed(let job, let token):
            signed(job, token, at: now, directory: directory)
        case .revocationRequested(let request, let parameters):
            revocationRequested(request, parameters, at: now)
        case .userLoggedOff(let user):
            revokeAll(of: user, reason: "log-off", at: now)
        case .userSuspended(let user):
            revokeAll(of: user, reason: "suspended", at: now)
        case .userPasswordChanged(let user):
            revokeAll(of: user, reason: "password-changed", at: now)
        case .userForgiven(let user):
            throttle.forgive(user)
            note(.lockOutEnded(user))
            audit(.administration, "login.forgiven", user: user)
        case .signingKeyCreated(let key):
            keyCreated(key, at: now)
        case .signingKeyNotCreated:
            isKeyAskedFor = false
            keyRetryDue = now.instant + Self.keyRetry
            audit(.administration, "key.not-created", user: nil, outcome: .refused("no-key"))
        case .signingKeyCompromised(let keyID):
            if keys.withdraw(keyID: keyID, at: now.utc) {
                audit(.administration, "key.withdrawn", user: nil, details: [AuditDetail("kid", keyID)])
                actions.append(.publishKeys(keys.keySet()))
            }
            keepKeys(at: now)
        case .policyChanged(let policy):
            adopt(policy)
        case .recorded(let job, let isKept):
            recorded(job, isKept: isKept, at: now)
        case .started:
            started(at: now, directory: directory)
        case .timeAdvanced:
            break
        }
        recordNoted(at: now)
        defer { actions = [] }
        return actions
    }

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    mutating func answer(_ request: IdentityRequestID, _ answer: IdentityAnswer) {
        actions.append(.answer(request, answer))
    }

    mutating func answerPage(_ request: IdentityRequestID, _ error: AuthorizationPageError) {
        answer(request, .errorPage(error, LoginPage.error(error, texts: settings.texts)))
    }

    mutating func audit(
        _ kind: AuditClass, _ action: String, user: MCPTTID?, details: [AuditDetail] = [],
        outcome: AuditOutcome = .done
    ) {
        let actor = AuditParty(identity: user?.value ?? "", role: user == nil ? "unknown" : "responder")
        actions.append(.audit(AuditEntry(kind, action, actor: actor, details: details, outcome: outcome)))
    }

    private mutating func expire(at now: Now) {
        while let late = authentications.popExpired(at: now.instant) { jobExpired(late.value, at: now) }
        while signatures.popExpired(at: now.instant) != nil {}
        while let late = pending.popExpired(at: now.instant) { giveUp(late.value, at: now) }
        while let late = recordings.popExpired(at: now.instant) { recordingFailed(late.value, at: now) }
        throttle.forgetExpired(at: now.instant)
        transactions.forgetExpired(at: now.instant)
        codes.forgetExpired(at: now.instant)
        families.forgetExpired(at: now.instant)
        revocations.forgetExpired(at: now.utc)
        keepKeys(at: now)
    }

    private mutating func keyCreated(_ key: SigningKey, at now: Now) {
        isKeyAskedFor = false
        if keys.add(key, at: now.utc) {
            audit(.administration, "key.published", user: nil, details: [AuditDetail("kid", key.keyID)])
            actions.append(.publishKeys(keys.keySet()))
        }
        keepKeys(at: now)
    }

    private mutating func keepKeys(at now: Now) {
        if keys.advance(at: now.utc) {
            let signer = keys.current?.keyID ?? ""
            audit(.administration, "key.rotated", user: nil, details: [AuditDetail("kid", signer)])
            actions.append(.publishKeys(keys.keySet()))
        }
        if let due = keyRetryDue, due <= now.instant { keyRetryDue = nil }
        if keys.needsKey, !isKeyAskedFor, keyRetryDue == nil {
            isKeyAskedFor = true
            actions.append(.createSigningKey)
        }
        // UTC may be set while we wait; then the wake-up comes at the wrong time and is asked for again.
        keysDue = keys.nextChange.map { due in
            let (wait, overflow) = due.microseconds.subtractingReportingOverflow(now.utc.microseconds)
            return now.instant + .microseconds(overflow ? Int64.max / 1_000_000 : max(0, wait))
        }
    }
}

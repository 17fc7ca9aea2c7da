import Audit
import MCFoundation

/// Changes on their way to where they are kept, and what waits for that.
struct Recording: Sendable {
    /// What a request is told once the changes are durable, and what if they are not.
    struct HeldAnswer: Sendable {
        var request: IdentityRequestID
        var answer: IdentityAnswer
        var otherwise: IdentityAnswer
    }

    var changes: [IdentityChange] = []
    var answers: [HeldAnswer] = []
    /// Tokens that are given once it is kept.
    var tokens: UInt64?
}

extension IdentityServer {
    /// What is over and could not be kept is tried again after so long.
    private static let retry = Duration.seconds(5)

    /// A change that this event made.
    mutating func note(_ change: IdentityChange) { noted.changes.append(change) }

    /// The log-in as it is now, or that it is over.
    mutating func noteLogin(_ id: TokenFamilyID, at now: Now) {
        guard let family = families.family(id, at: now.instant) else { return note(.loginEnded(id.hash.text)) }
        note(
            .login(
                KeptLogin(
                    id: id.hash.text, user: family.user.value, clientID: family.clientID,
                    scope: family.scopes.description, context: family.context?.rawValue,
                    proof: family.proof?.text, methods: family.methods, end: now.utc(of: family.end).microseconds,
                    used: now.utc(of: family.used).microseconds,
                    until: now.utc(of: families.until(family)).microseconds, current: family.current.text,
                    accessTokens: family.accessTokens.map { KeptLogin.AccessToken(id: $0.id, expires: $0.expires) })))
    }

    /// Answers when the changes of this event are durable; at once where it made none.
    mutating func answerOnceKept(
        _ request: IdentityRequestID, _ answer: IdentityAnswer, otherwise: IdentityAnswer
    ) {
        guard !noted.changes.isEmpty else { return self.answer(request, answer) }
        noted.answers.append(Recording.HeldAnswer(request: request, answer: answer, otherwise: otherwise))
    }

    /// Gives out what this event noted.
    mutating func recordNoted(at now: Now) {
        if let due = owedDue, due <= now.instant {
            owedDue = nil
            let changes = owed
            owed = []
            record(Recording(changes: changes), at: now)
        }
        guard !noted.changes.isEmpty else { return }
        let recording = noted
        noted = Recording()
        record(recording, at: now)
    }

    private mutating func record(_ recording: Recording, at now: Now) {
        let job = IdentityJobID(value: nextNumber())
        // A log-in is waited for, a refresh has something to go on with.
        let isRefresh = recording.tokens.flatMap { pending.value($0, at: now.instant) }?.previous != nil
        let patience = isRefresh ? min(settings.rotationTimeout, settings.jobTimeout) : settings.jobTimeout
        guard recordings.set(job, recording, until: now.instant + patience) else {
            return recordingFailed(recording, at: now)
        }
        actions.append(.record(job, recording.changes))
    }

    mutating func recorded(_ job: IdentityJobID, isKept: Bool, at now: Now) {
        guard let recording = recordings.remove(job) else { return }
        guard isKept else { return recordingFailed(recording, at: now) }
        for held in recording.answers { answer(held.request, held.answer) }
        guard let number = recording.tokens, var tokens = pending.value(number, at: now.instant) else { return }
        tokens.isRecorded = true
        finish(number, tokens, at: now)
    }

    mutating func recordingFailed(_ recording: Recording, at now: Now) {
        owed += recording.changes.filter(\.isEnding)
        if owed.count > settings.limits.recordings {
            let lost = owed.count - settings.limits.recordings
            owed.removeFirst(lost)
            audit(
                .administration, "revocation.not-kept", user: nil, details: [AuditDetail("count", "\(lost)")])
        }
        if !owed.isEmpty, owedDue == nil { owedDue = now.instant + Self.retry }
        for held in recording.answers { answer(held.request, held.otherwise) }
        guard let number = recording.tokens, let tokens = pending.value(number, at: now.instant) else { return }
        goOnUnrotated(number, tokens, at: now)
    }

    // MARK: The process before

    /// Log-ins that were kept go on, what was revoked stays so.
    mutating func restore(_ kept: KeptIdentity, at now: Now) {
        for revocation in kept.revocations { revocations.add(revocation, at: now.utc) }
        for lockOut in kept.lockOuts {
            throttle.restore(
                lockOut.user, count: lockOut.failures, until: now.instant(of: lockOut.until), at: now.instant)
        }
        // Oldest first.
        for login in kept.logins.sorted(by: { ($0.end, $0.id) < ($1.end, $1.id) }) {
            guard let id = SecretHash(text: login.id), let current = SecretHash(text: login.current) else { continue }
            // The clock may have been set back since.
            let end = min(
                now.instant(of: UTCTime(microseconds: login.end)), now.instant + settings.longestLogin)
            let used = min(now.instant(of: UTCTime(microseconds: login.used)), now.instant)
            let family = TokenFamily(
                user: MCPTTID(login.user), clientID: login.clientID,
                scopes: ScopeSet(parsing: login.scope) ?? ScopeSet([]),
                context: login.context.flatMap(AuthenticationContext.init),
                proof: login.proof.flatMap { SecretHash(text: $0) }, methods: login.methods, end: end, used: used,
                current: current,
                accessTokens: login.accessTokens.map { TokenFamily.AccessToken(id: $0.id, expires: $0.expires) })
            lastExpiry = max(lastExpiry, login.accessTokens.map(\.expires).max() ?? 0)
            guard families.until(family) > now.instant, families.restore(TokenFamilyID(hash: id), family) else {
                continue
            }
            if !restored.contains(family.user) { restored.append(family.user) }
        }
    }

    /// Who lost his rights while nobody ran has no log-in any more, whatever becomes of him; who has another password has
    /// none that the old one gave.
    mutating func started(at now: Now, directory: some IdentityDirectory) {
        for id in restored {
            guard let user = directory.user(id), !user.isSuspended else {
                revokeAll(of: id, reason: "suspended", at: now)
                continue
            }
            for login in families.ids(of: id) {
                guard let proof = families.family(login, at: now.instant)?.proof, proof != user.proof else { continue }
                endFamily(login, reason: "password-changed", at: now)
            }
        }
        restored = []
    }

    // MARK: Policy

    mutating func adopt(_ policy: IdentityPolicy) {
        settings.adopt(policy)
        throttle.policy = settings.login
        codes.lifetime = settings.codeLifetime
        families.idle = settings.refreshTokenLifetime
        // What was signed for longer is believed to its end.
        keys.keptAfter = max(keys.keptAfter, settings.keyMemory)
        audit(.administration, "policy.adopted", user: nil)
    }
}

extension IdentitySettings {
    /// How long a key that signs no more is published: a minute more than the longest token, for clocks that differ.
    var keyMemory: Duration { max(accessTokenLifetime, idTokenLifetime) + .seconds(60) }
}

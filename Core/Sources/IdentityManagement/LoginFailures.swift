package import MCFoundation

/// Whose password somebody tries.
package enum LoginSubject: Hashable, Sendable {
    case known(MCPTTID)
    /// A name that nobody has, as it was typed: the directory knows names in one spelling, so that others must look like
    /// strangers and be counted like users.
    case unknown(String)
}

/// Where somebody tries from: an IPv4 address or the first half of an IPv6 address, for a household has 2^64 of these.
package struct LoginSource: Hashable, Sendable {
    package let network: UInt64
    package let isIPv6: Bool

    package init(_ address: IPAddress) {
        network = address.isIPv6 ? address.high : address.low
        isIPv6 = address.isIPv6
    }
}

/// Counts failed log-ins by user and by source and says who has to wait.
///
/// An attempt counts as failed from its beginning until it succeeds, so that many at once are not all free. Names that
/// nobody has are counted alike, in a table of their own: who floods it with invented names makes no user's count
/// forgotten.
package struct LoginFailures: Sendable {
    private struct Failures: Sendable {
        var count = 0
        var blockedUntil = Instant(nanoseconds: .min)
    }

    /// It may change between attempts.
    package var policy: LoginPolicy
    private var users: ExpiringTable<MCPTTID, Failures>
    private var strangers: ExpiringTable<String, Failures>
    private var sources: ExpiringTable<LoginSource, Failures>

    package init(policy: LoginPolicy, records: Int) {
        self.policy = policy
        users = ExpiringTable(capacity: records)
        strangers = ExpiringTable(capacity: records)
        sources = ExpiringTable(capacity: records)
    }

    package var nextDeadline: Instant? {
        [users.nextExpiry, strangers.nextExpiry, sources.nextExpiry].compactMap { $0 }.min()
    }

    package mutating func forgetExpired(at instant: Instant) {
        while users.popExpired(at: instant) != nil {}
        while strangers.popExpired(at: instant) != nil {}
        while sources.popExpired(at: instant) != nil {}
    }

    /// Whether the attempt may be made. If so, it is counted.
    package mutating func admit(_ subject: LoginSubject, from source: LoginSource, at instant: Instant) -> Bool {
        let ofSubject = failures(of: subject, at: instant)
        let ofSource = sources.value(source, at: instant) ?? Failures()
        guard ofSubject.blockedUntil <= instant, ofSource.blockedUntil <= instant else { return false }
        let subjectCount = ofSubject.count + 1
        let subjectDelay = delay(
            after: subjectCount, free: policy.freeFailures, lockOut: policy.failuresUntilLockOut)
        set(subject, Failures(count: subjectCount, blockedUntil: instant + subjectDelay), at: instant)
        let sourceCount = ofSource.count + 1
        let sourceDelay = delay(
            after: sourceCount, free: policy.freeFailuresPerSource, lockOut: policy.failuresUntilLockOutPerSource)
        let counted = Failures(count: sourceCount, blockedUntil: instant + sourceDelay)
        if sources.value(source, at: instant) == nil, sources.isFull { _ = sources.popExpired(at: .distantFuture) }
        sources.set(source, counted, until: max(counted.blockedUntil, instant + policy.memory))
        return true
    }

    /// An admitted attempt succeeded: the user starts anew, the source is given back this one.
    package mutating func succeeded(_ user: MCPTTID, from source: LoginSource) {
        users.remove(user)
        sources.update(source) { failures in
            failures.count = max(0, failures.count - 1)
            if failures.count <= policy.freeFailuresPerSource { failures.blockedUntil = Instant(nanoseconds: .min) }
        }
    }

    /// An admitted attempt could not be judged: it counts for nothing. When it was admitted nothing blocked it, so what
    /// blocks now is its own doing.
    package mutating func abandoned(_ subject: LoginSubject, from source: LoginSource) {
        func forgive(_ failures: inout Failures) {
            failures.count = max(0, failures.count - 1)
            failures.blockedUntil = Instant(nanoseconds: .min)
        }
        switch subject {
        case .known(let user): users.update(user, forgive)
        case .unknown(let name): strangers.update(name, forgive)
        }
        sources.update(source, forgive)
    }

    /// A lock-out of the process before.
    mutating func restore(_ user: MCPTTID, count: Int, until: Instant, at instant: Instant) {
        let blocked = min(until, instant + policy.lockOut)
        guard blocked > instant, count > 0 else { return }
        set(.known(user), Failures(count: count, blockedUntil: blocked), at: instant)
    }

    /// How often the user failed and until when he waits; nil where he is not locked out.
    func lockOut(of user: MCPTTID, at instant: Instant) -> (failures: Int, until: Instant)? {
        guard isLockedOut(user, at: instant), let failures = users.value(user, at: instant) else { return nil }
        return (failures.count, failures.blockedUntil)
    }

    /// An administrator lets the user try again.
    package mutating func forgive(_ user: MCPTTID) { users.remove(user) }

    package func isLockedOut(_ user: MCPTTID, at instant: Instant) -> Bool {
        guard let failures = users.value(user, at: instant) else { return false }
        return failures.count >= policy.failuresUntilLockOut && failures.blockedUntil > instant
    }

    /// Until when an attempt would be refused, for the subject's sake and for the source's.
    package func waits(
        _ subject: LoginSubject, from source: LoginSource, at instant: Instant
    ) -> (subject: Instant?, source: Instant?) {
        let ofSubject = failures(of: subject, at: instant).blockedUntil
        let ofSource = sources.value(source, at: instant)?.blockedUntil
        return (ofSubject > instant ? ofSubject : nil, ofSource.flatMap { $0 > instant ? $0 : nil })
    }

    private func delay(after count: Int, free: Int, lockOut: Int) -> Duration {
        guard count < lockOut else { return policy.lockOut }
        guard count > free else { return .zero }
        var delay = policy.firstDelay
        for _ in 1..<max(1, count - free) {
            guard delay < policy.longestDelay else { break }
            delay = delay * 2
        }
        return min(delay, policy.longestDelay)
    }

    private func failures(of subject: LoginSubject, at instant: Instant) -> Failures {
        switch subject {
        case .known(let user): users.value(user, at: instant) ?? Failures()
        case .unknown(let name): strangers.value(name, at: instant) ?? Failures()
        }
    }

    private mutating func set(_ subject: LoginSubject, _ failures: Failures, at instant: Instant) {
        let until = max(failures.blockedUntil, instant + policy.memory)
        switch subject {
        case .known(let user):
            if users.value(user, at: instant) == nil, users.isFull { _ = users.popExpired(at: .distantFuture) }
            users.set(user, failures, until: until)
        case .unknown(let name):
            if strangers.value(name, at: instant) == nil, strangers.isFull {
                _ = strangers.popExpired(at: .distantFuture)
            }
            strangers.set(name, failures, until: until)
        }
    }
}

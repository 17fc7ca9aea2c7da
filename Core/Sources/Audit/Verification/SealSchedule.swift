public import MCFoundation

/// How much of the log may stand without a seal.
public struct SealPolicy: Hashable, Sendable {
    /// Records after which a seal is due; at least 1.
    public var everyRecords: UInt64
    /// The age of the oldest record without seal at which one is due.
    public var every: Duration
    /// The pause after a seal that failed.
    public var retryAfter: Duration

    public init(everyRecords: UInt64 = 1_000, every: Duration = .seconds(300), retryAfter: Duration = .seconds(10)) {
        self.everyRecords = max(1, everyRecords)
        self.every = every
        self.retryAfter = retryAfter
    }
}

/// Says when the head is to be sealed. One seal is being made at a time; an idle log needs none.
public struct SealSchedule: Hashable, Sendable {
    public enum Event: Hashable, Sendable {
        case recordAppended(AuditHead)
        case deadlineReached
        /// The seal of this head is stored.
        case sealWritten(AuditHead)
        case sealFailed(AuditHead)
    }

    public enum Action: Hashable, Sendable {
        /// Sign this head, store the seal, and tell.
        case seal(AuditHead)
    }

    private enum State: Hashable {
        /// Nothing to seal. Turns into `open`.
        case sealed
        /// Records since this instant have no seal; none is tried before the other. Turns into `sealing`.
        case open(since: Instant, notBefore: Instant?)
        /// The seal of this head is being made. Turns into `sealed` or `open`.
        case sealing(AuditHead, since: Instant, newerSince: Instant?)
    }

    public let policy: SealPolicy
    private var state: State
    private var head: AuditHead
    private var sealedThrough: UInt64

    /// - Parameters:
    ///   - sealedThrough: the sequence of the last seal that is stored, 0 without one.
    ///   - head: the end of the stored log.
    public init(policy: SealPolicy, sealedThrough: UInt64, head: AuditHead, at now: Instant) {
        self.policy = policy
        self.sealedThrough = sealedThrough
        self.head = head
        state = head.sequence > sealedThrough ? .open(since: now, notBefore: nil) : .sealed
    }

    /// When to send `deadlineReached`; nil while nothing waits for time.
    public var nextDeadline: Instant? {
        switch state {
        case .sealed, .sealing: nil
        case .open(let since, let notBefore):
            if isFull { notBefore ?? since } else { max(since + policy.every, notBefore ?? since) }
        }
    }

    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .recordAppended(let newHead):
            head = newHead
            switch state {
            case .sealed: state = .open(since: now, notBefore: nil)
            case .sealing(let sealing, let since, nil):
                state = .sealing(sealing, since: since, newerSince: now)
            case .open, .sealing: break
            }
        case .deadlineReached: break
        case .sealWritten(let written):
            guard case .sealing(written, _, let newerSince) = state else { return [] }
            sealedThrough = written.sequence
            state = newerSince.map { .open(since: $0, notBefore: nil) } ?? .sealed
        case .sealFailed(let failed):
            guard case .sealing(failed, let since, _) = state else { return [] }
            state = .open(since: since, notBefore: now + policy.retryAfter)
        }
        guard case .open(let since, _) = state, let deadline = nextDeadline, deadline <= now else { return [] }
        state = .sealing(head, since: since, newerSince: nil)
        return [.seal(head)]
    }

    private var isFull: Bool { head.sequence >= sealedThrough && head.sequence - sealedThrough >= policy.everyRecords }
}

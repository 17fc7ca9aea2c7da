public import MCFoundation

/// An entry and when what it tells of happened: the store may be slow or full, the fact is not.
public struct TimedAuditEntry: Hashable, Sendable {
    public var entry: AuditEntry
    public var at: UTCTime

    public init(_ entry: AuditEntry, at: UTCTime) {
        self.entry = entry
        self.at = at
    }
}

/// How many entries wait for the store, and how long.
public struct AuditBacklogLimits: Hashable, Sendable {
    /// Entries that are held, those included that are being written. What comes beyond is counted.
    public var entries = 10_000
    /// Entries of one transaction; at least 1.
    public var batch = 500
    /// How long the first entry waits for others to share its transaction.
    public var gathering = Duration.milliseconds(100)
    /// After a write that failed; doubled with each further one.
    public var firstPause = Duration.seconds(1)
    public var longestPause = Duration.seconds(30)
    /// How long the store may take for a batch until it counts as one that does not answer. A batch is written in
    /// milliseconds; the store waits up to 5 s for others that write.
    public var patience = Duration.seconds(15)

    public init() {}
}

/// Entries on their way from the threads that serve to a store that may be slow, or fail: nobody waits for it, nothing
/// is forgotten silently. One batch is being written at a time, in the order in which things happened.
///
/// Where it is full, what comes is counted, and as soon as there is room the log itself tells how many entries it lost
/// and since when.
public struct AuditBacklog: Sendable {
    public enum Event: Hashable, Sendable {
        case recorded(TimedAuditEntry)
        case deadlineReached
        /// The batch of the last `write` is durable.
        case written
        /// It is not; the diagnosis names nobody.
        case failed(String)
        /// Nothing more is to be expected: what waits is written now.
        case stopRequested
    }

    public enum Action: Hashable, Sendable {
        /// Keep these, all or none, in this order, and tell.
        case write([TimedAuditEntry])
        /// The log cannot be kept now. Said once until `allClear`.
        case alarm(String)
        /// It can again.
        case allClear
        /// The end of `stopRequested`, with how many entries are not kept.
        case stopped(unwritten: Int)
    }

    private enum State: Hashable {
        /// Nothing waits. Turns into `gathering`, `writing` or `stopped`.
        case idle
        /// Turns into `writing`.
        case gathering(until: Instant)
        /// So many of the first entries are with the store, which should have answered until then; nil: it was said that
        /// it does not. Turns into `idle`, `gathering`, `writing`, `pausing` or `stopped`.
        case writing(Int, until: Instant?)
        /// The store failed so many times without a success. Turns into `writing`.
        case pausing(until: Instant)
        case stopped
    }

    private let actor: AuditParty
    private let limits: AuditBacklogLimits
    private var state = State.idle
    private var held: [TimedAuditEntry] = []
    private var failures = 0
    private var isStopping = false
    private var loss: (count: UInt64, since: UTCTime)?
    /// Why the log cannot be kept now; nil where it can.
    public private(set) var trouble: String?

    /// `actor`: the system, in whose name a loss is told.
    public init(actor: AuditParty, limits: AuditBacklogLimits = .init()) {
        self.actor = actor
        self.limits = limits
    }

    /// Entries that are not durable yet.
    public var waiting: Int { held.count }
    /// Entries that were not kept and of which the log does not tell yet.
    public var lost: UInt64 { loss?.count ?? 0 }

    /// When to send `deadlineReached`; nil while nothing waits for time.
    public var nextDeadline: Instant? {
        switch state {
        case .gathering(let until), .pausing(let until): until
        case .writing(_, let until): until
        case .idle, .stopped: nil
        }
    }

    public mutating func handle(_ event: Event, at now: Now) -> [Action] {
        switch event {
        case .recorded(let entry): return record(entry, at: now)
        case .deadlineReached:
            guard let deadline = nextDeadline, deadline <= now.instant else { return [] }
            if case .writing(let count, _) = state { return unanswered(count) }
            return write(at: now)
        case .written: return written(at: now)
        case .failed(let diagnosis): return failed(diagnosis, at: now)
        case .stopRequested: return stop(at: now)
        }
    }

    /// The batch may still become durable: it is not given to the store again, and what comes waits, as far as there is
    /// room.
    private mutating func unanswered(_ count: Int) -> [Action] {
        let alarm: [Action] = trouble == nil ? [.alarm(Self.silence)] : []
        trouble = trouble ?? Self.silence
        guard isStopping else {
            state = .writing(count, until: nil)
            return alarm
        }
        state = .stopped
        return alarm + [.stopped(unwritten: held.count + Int(clamping: lost))]
    }

    /// The diagnosis of a store that neither keeps a batch nor fails.
    public static let silence = "the store does not answer"

    private mutating func record(_ entry: TimedAuditEntry, at now: Now) -> [Action] {
        guard state != .stopped, held.count < limits.entries else {
            loss = (count: (loss?.count ?? 0) + 1, since: loss?.since ?? entry.at)
            return []
        }
        held.append(entry)
        switch state {
        case .idle:
            state = .gathering(until: now.instant + limits.gathering)
            return held.count >= limits.batch ? write(at: now) : []
        case .gathering: return held.count >= limits.batch ? write(at: now) : []
        case .writing, .pausing, .stopped: return []
        }
    }

    private mutating func write(at now: Now) -> [Action] {
        let batch = Array(held.prefix(max(1, limits.batch)))
        state = .writing(batch.count, until: now.instant + limits.patience)
        return [.write(batch)]
    }

    private mutating func written(at now: Now) -> [Action] {
        guard case .writing(let count, _) = state else { return [] }
        held.removeFirst(count)
        // There is room again. What was lost came after everything that is held.
        if let loss { held.append(TimedAuditEntry(Self.entry(of: loss, by: actor), at: now.utc)) }
        loss = nil
        failures = 0
        let relief: [Action] = trouble == nil ? [] : [.allClear]
        trouble = nil
        if held.isEmpty {
            state = isStopping ? .stopped : .idle
            return relief + (isStopping ? [.stopped(unwritten: 0)] : [])
        }
        if isStopping || held.count >= limits.batch { return relief + write(at: now) }
        state = .gathering(until: now.instant + limits.gathering)
        return relief
    }

    private mutating func failed(_ diagnosis: String, at now: Now) -> [Action] {
        guard case .writing = state else { return [] }
        let alarm: [Action] = trouble == nil ? [.alarm(diagnosis)] : []
        trouble = diagnosis
        if isStopping {
            state = .stopped
            return alarm + [.stopped(unwritten: held.count + Int(clamping: lost))]
        }
        // Doubled thirty times it exceeds every longest pause.
        let pause = min(limits.longestPause, limits.firstPause * (1 << min(failures, 30)))
        failures += 1
        state = .pausing(until: now.instant + pause)
        return alarm
    }

    private mutating func stop(at now: Now) -> [Action] {
        guard !isStopping else { return [] }
        isStopping = true
        switch state {
        case .idle:
            state = .stopped
            return [.stopped(unwritten: 0)]
        case .gathering, .pausing: return write(at: now)
        // It was waited for long enough before.
        case .writing(let count, until: nil): return unanswered(count)
        case .writing, .stopped: return []
        }
    }

    /// The name of the entry that tells of a loss.
    public static let lossAction = "audit.entriesLost"

    private static func entry(of loss: (count: UInt64, since: UTCTime), by actor: AuditParty) -> AuditEntry {
        AuditEntry(
            .system, lossAction, actor: actor,
            details: [AuditDetail("entries", String(loss.count)), AuditDetail("since", utcText(loss.since))])
    }
}

public import Audit
import Dispatch
public import MCFoundation
public import Storage
import Synchronization

/// Takes entries from the threads that serve and keeps them in the store, in batches, on a queue of its own. Nobody waits
/// for the store, nor does the alarm that it does not answer: what is decided stands in `AuditBacklog`.
///
/// A process that is killed loses at most what was not written yet: nobody was told that it is kept.
public final class AuditRecorder: Sendable {
    private struct State {
        var backlog: AuditBacklog
        /// The earliest deadline for which the queue will wake.
        var armed: Instant?
        var unwritten: Int?
        var stopping: [CheckedContinuation<Int, Never>] = []
    }

    private let state: Mutex<State>
    /// Where the store is written, and may hang.
    private let writing = DispatchQueue(label: "audit.writing")
    /// Where what the backlog decided is carried out, in that order, and deadlines are met.
    private let turns = DispatchQueue(label: "audit.turns")
    private let store: any NationalStore
    private let auditing: Auditing
    private let clock: @Sendable () -> Now
    private let alarm: @Sendable (String) -> Void
    private let allClear: @Sendable () -> Void

    /// - Parameters:
    ///   - nation: whose log it is.
    ///   - alarm: the log cannot be kept, and why; on a queue of the recorder, as `allClear`.
    ///   - allClear: it can again.
    public init(
        store: any NationalStore, nation: NationRecord, limits: AuditBacklogLimits = .init(),
        clock: @escaping @Sendable () -> Now, alarm: @escaping @Sendable (String) -> Void,
        allClear: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        self.clock = clock
        self.alarm = alarm
        self.allClear = allClear
        auditing = Auditing(nation)
        state = Mutex(State(backlog: AuditBacklog(actor: Auditing.party(of: nation), limits: limits)))
    }

    /// Takes one entry as of now. From any thread; never waits for the store.
    public func record(_ entry: AuditEntry) {
        let now = clock()
        tell(.recorded(TimedAuditEntry(entry, at: now.utc)), at: now)
    }

    /// Why the log cannot be kept now; nil where it can.
    public var trouble: String? { state.withLock { $0.backlog.trouble } }

    /// Entries that are not durable yet, and those that there was no room for and of which the log does not tell yet.
    public var backlog: (waiting: Int, lost: UInt64) { state.withLock { ($0.backlog.waiting, $0.backlog.lost) } }

    /// Keeps what waits, and ends.
    ///
    /// - Returns: how many entries could not be kept.
    public func stop() async -> Int {
        await withCheckedContinuation { continuation in
            let unwritten = state.withLock { state -> Int? in
                if state.unwritten == nil { state.stopping.append(continuation) }
                return state.unwritten
            }
            if let unwritten { return continuation.resume(returning: unwritten) }
            tell(.stopRequested, at: clock())
        }
    }

    private func tell(_ event: AuditBacklog.Event, at now: Now) {
        let wake = state.withLock { state -> Instant? in
            // Within the lock, so that the order is that of the decisions, whichever thread told of an event.
            for action in state.backlog.handle(event, at: now) { turns.async { [self] in carryOut(action) } }
            guard let next = state.backlog.nextDeadline, state.armed.map({ next < $0 }) ?? true else { return nil }
            state.armed = next
            return next
        }
        guard let wake else { return }
        let pause = max(0, (wake - now.instant).wholeNanoseconds)
        turns.asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: pause))) { [self] in wakeUp(for: wake) }
    }

    private func wakeUp(for deadline: Instant) {
        state.withLock { if $0.armed == deadline { $0.armed = nil } }
        // The clock of the queue and ours may differ by a little: it is never woken too early for the deadline it was set.
        let now = clock()
        tell(.deadlineReached, at: Now(instant: max(now.instant, deadline), utc: now.utc))
    }

    private func carryOut(_ action: AuditBacklog.Action) {
        switch action {
        case .write(let batch): writing.async { [self] in write(batch) }
        case .alarm(let diagnosis): alarm(diagnosis)
        case .allClear: allClear()
        case .stopped(let unwritten):
            let waiting = state.withLock { state in
                state.unwritten = unwritten
                defer { state.stopping = [] }
                return state.stopping
            }
            for continuation in waiting { continuation.resume(returning: unwritten) }
        }
    }

    private func write(_ batch: [TimedAuditEntry]) {
        do {
            _ = try store.write(after: try store.sequence(), at: clock().utc) { _ in
                StoreDecision(audit: auditing.append(batch), result: ())
            }
            tell(.written, at: clock())
        } catch {
            tell(.failed("\(error)"), at: clock())
        }
    }
}

public import Audit
import Dispatch
public import MCFoundation
public import Storage
import Synchronization

/// Takes entries from the threads that serve and keeps them in the store, in batches, on a queue of its own. Nobody waits
/// for the store: what it decides stands in `AuditBacklog`.
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
    private let queue = DispatchQueue(label: "audit")
    private let store: any NationalStore
    private let auditing: Auditing
    private let clock: @Sendable () -> Now
    private let alarm: @Sendable (String) -> Void
    private let allClear: @Sendable () -> Void

    /// - Parameters:
    ///   - nation: whose log it is.
    ///   - alarm: the log cannot be kept, and why; on the queue of the recorder.
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
        let (actions, wake) = state.withLock { state -> ([AuditBacklog.Action], Instant?) in
            let actions = state.backlog.handle(event, at: now)
            guard let next = state.backlog.nextDeadline, state.armed.map({ next < $0 }) ?? true else {
                return (actions, nil)
            }
            state.armed = next
            return (actions, next)
        }
        for action in actions { carryOut(action) }
        guard let wake else { return }
        let pause = max(0, (wake - now.instant).wholeNanoseconds)
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: pause))) { [self] in wakeUp(for: wake) }
    }

    private func wakeUp(for deadline: Instant) {
        state.withLock { if $0.armed == deadline { $0.armed = nil } }
        // The clock of the queue and ours may differ by a little: it is never woken too early for the deadline it was set.
        let now = clock()
        tell(.deadlineReached, at: Now(instant: max(now.instant, deadline), utc: now.utc))
    }

    private func carryOut(_ action: AuditBacklog.Action) {
        switch action {
        case .write(let batch): queue.async { [self] in write(batch) }
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

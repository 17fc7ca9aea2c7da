import Administration
import Dispatch
public import IdentityManagement
public import MCFoundation
public import Storage
import Synchronization

/// Keeps what identity management must not forget, in order, on a queue of its own and over a handle of its own: what
/// comes while the disk works is kept together the next time, so that many log-ins cost one look at the disk.
public final class IdentityKeeper: Sendable {
    private struct Waiting: Sendable {
        var changes: [IdentityChange]
        var done: @Sendable (Bool) -> Void
    }

    /// How many changes are kept at a time.
    private static let batch = 4_096

    private let store: any NationalStore
    private let records = IdentityRecords()
    private let clock: @Sendable () -> UTCTime
    private let failing: @Sendable (String) -> Void
    private let queue = DispatchQueue(label: "identity")
    private let waiting = Mutex<[Waiting]>([])
    private let isFailing = Mutex(false)

    /// - Parameter failing: told once why nothing can be kept, until it can again.
    public init(
        store: any NationalStore, clock: @escaping @Sendable () -> UTCTime,
        failing: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.clock = clock
        self.failing = failing
    }

    /// What is kept, without signing keys.
    public func kept() throws -> KeptIdentity {
        try records.kept(try store.expiring(at: clock()))
    }

    /// Takes changes, to be kept in the order of these calls, and says whether they are durable, on the queue.
    public func keep(_ changes: [IdentityChange], _ done: @escaping @Sendable (Bool) -> Void) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(Waiting(changes: changes, done: done))
            return waiting.count == 1
        }
        if isFirst { queue.async { [self] in write() } }
    }

    private func write() {
        while case let batch = take(), !batch.isEmpty {
            let isKept: Bool
            do {
                try store.keep(try batch.flatMap(\.changes).map(records.change), at: clock())
                isKept = true
                isFailing.withLock { $0 = false }
            } catch {
                isKept = false
                let isNew = isFailing.withLock { failing in
                    defer { failing = true }
                    return !failing
                }
                if isNew { failing("log-ins cannot be kept: nobody logs in anew, and who is known goes on: \(error)") }
            }
            for one in batch { one.done(isKept) }
        }
    }

    /// The next ones in order.
    private func take() -> [Waiting] {
        waiting.withLock { waiting in
            var count = 0
            var changes = 0
            while count < waiting.count, count == 0 || changes + waiting[count].changes.count <= Self.batch {
                changes += waiting[count].changes.count
                count += 1
            }
            let batch = Array(waiting.prefix(count))
            waiting.removeFirst(count)
            return batch
        }
    }
}

import Foundation
import Synchronization
import WebServices

/// A few threads for what is slow on purpose, so that nobody else waits for it, and never more of it than a bound.
final class PasswordWorkers: Sendable {
    private let queue: OperationQueue
    private let count = Mutex(0)
    private let limit: Int

    init(atOnce: Int, waiting: Int) {
        queue = OperationQueue()
        queue.name = "passwords"
        queue.maxConcurrentOperationCount = max(1, atOnce)
        limit = max(1, atOnce) + max(0, waiting)
    }

    /// - Throws: `Problem` where too many wait already.
    func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async throws(Problem) -> Result {
        let isAdmitted = count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard isAdmitted else {
            throw Problem(.unavailable, "too many passwords are being looked at", headers: [.init("retry-after", "1")])
        }
        let result = await withCheckedContinuation { continuation in
            queue.addOperation { continuation.resume(returning: work()) }
        }
        count.withLock { $0 -= 1 }
        return result
    }
}

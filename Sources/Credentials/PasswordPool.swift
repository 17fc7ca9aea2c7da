import Foundation
import Synchronization

/// Where passwords are proved and made into what is kept of them: slow on purpose, so on threads of its own, and never
/// more of it than a bound. Nothing else waits for them.
public final class PasswordPool: Sendable {
    /// Too many wait already.
    public struct Busy: Error, Hashable, Sendable {}

    private let queue: OperationQueue
    private let admitted = Mutex(0)
    private let limit: Int

    /// - Parameters:
    ///   - threads: nil: one for each processor.
    ///   - waiting: how much may wait for a thread; what exceeds it is turned away.
    public init(threads: Int? = nil, waiting: Int = 1_024) {
        let threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
        queue = OperationQueue()
        queue.name = "passwords"
        queue.maxConcurrentOperationCount = threads
        limit = threads + max(0, waiting)
    }

    /// Whether the verifier, as text, is of this password; nil where the text is no verifier, or too many wait.
    public func proves(_ password: String, verifier: String) async -> Bool? {
        try? await run { PasswordVerifier(verifier)?.proves(password) } ?? nil
    }

    /// What a new password is kept as.
    public func verifier(of password: String) async throws -> PasswordVerifier {
        try await run { Result { try PasswordVerifier(password: password) } }.get()
    }

    /// Does slow work on one of the threads.
    public func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(Busy) -> Value {
        let isAdmitted = admitted.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { throw Busy() }
        let value = await withCheckedContinuation { continuation in
            queue.addOperation { continuation.resume(returning: work()) }
        }
        admitted.withLock { $0 -= 1 }
        return value
    }
}

import Foundation

/// Where passwords are proved: slow on purpose, so on threads of its own, as many as there are processors. Nothing else
/// waits for them.
public final class PasswordPool: Sendable {
    private let queue: OperationQueue

    /// - Parameter threads: nil: one for each processor.
    public init(threads: Int? = nil) {
        queue = OperationQueue()
        queue.name = "passwords"
        queue.maxConcurrentOperationCount = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// Whether the verifier, as text, is of this password; nil where the text is no verifier.
    public func proves(_ password: String, verifier: String) async -> Bool? {
        await run { PasswordVerifier(verifier)?.proves(password) }
    }

    /// What a new password is kept as.
    public func verifier(of password: String) async throws -> PasswordVerifier {
        try await run { Result { try PasswordVerifier(password: password) } }.get()
    }

    private func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            queue.addOperation { continuation.resume(returning: work()) }
        }
    }
}

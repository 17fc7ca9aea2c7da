import Dispatch
import Foundation

/// Ctrl-C or a polite request to end (SIGINT, SIGTERM), noticed from the moment this is made.
final class EndSignal: Sendable {
    // Kept alive, never otherwise touched.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]
    private let asked: AsyncStream<Void>
    private let ask: AsyncStream<Void>.Continuation

    init() {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.asked = asked
        self.ask = ask
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { ask.yield() }
            source.resume()
            return source
        }
    }

    /// Returns once somebody asked, also if that was before; or when the waiting task is cancelled. One task waits.
    func wait() async {
        for await _ in asked { return }
    }

    /// Also the end of standard input asks: whoever started this process and holds the other end is gone.
    func includeEndOfInput() {
        let ask = ask
        Thread.detachNewThread {
            while FileHandle.standardInput.availableData.count > 0 {}
            ask.yield()
        }
    }

    /// What the work gives; it is cancelled when somebody asks. nil where it then gave up.
    func cancelling<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value? {
        let working = Task { try await work() }
        let watching = Task {
            await wait()
            working.cancel()
        }
        defer { watching.cancel() }
        do { return try await working.value } catch is CancellationError { return nil }
    }
}

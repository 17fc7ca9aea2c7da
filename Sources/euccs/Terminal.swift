import Foundation
import Logging
import Synchronization

/// Lines for people, whole and in order even where several threads write.
enum Terminal {
    private static let lock = Mutex(())

    static func show(_ line: String) {
        lock.withLock { _ in
            FileHandle.standardOutput.write(Data((line + "\n").utf8))
        }
    }

    static func complain(_ line: String) {
        lock.withLock { _ in
            FileHandle.standardError.write(Data((line + "\n").utf8))
        }
    }

    /// Logs go to standard error; `level` is a name of swift-log.
    static func logger(_ label: String, level: Logger.Level) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}

/// Waits for Ctrl-C or a polite request to end (SIGINT, SIGTERM).
enum EndSignal {
    static func wait() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let state = SignalState(continuation)
            for number in [SIGINT, SIGTERM] {
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler { state.fire() }
                source.resume()
                state.keep(source)
            }
        }
    }
}

/// Fires once, whichever signal comes first.
private final class SignalState: Sendable {
    private struct Content {
        var continuation: CheckedContinuation<Void, Never>?
        var sources: [any DispatchSourceSignal] = []
    }
    // Sources are kept and cancelled, never otherwise used, under the lock.
    private nonisolated(unsafe) var content: Content
    private let lock = NSLock()

    init(_ continuation: CheckedContinuation<Void, Never>) {
        content = Content(continuation: continuation)
    }

    func keep(_ source: any DispatchSourceSignal) {
        lock.withLock { content.sources.append(source) }
    }

    func fire() {
        let continuation = lock.withLock { () -> CheckedContinuation<Void, Never>? in
            for source in content.sources { source.cancel() }
            content.sources = []
            defer { content.continuation = nil }
            return content.continuation
        }
        continuation?.resume()
    }
}

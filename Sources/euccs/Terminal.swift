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

import Logging
import Synchronization

/// One level for all loggers of a process, which may change while they are used.
final class SharedLevel: Sendable {
    private let level: Mutex<Logger.Level>

    init(_ level: Logger.Level) { self.level = Mutex(level) }

    var value: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }

    /// A logger whose lines go to standard error.
    func logger(_ label: String) -> Logger {
        Logger(label: label) { LevelledHandler(level: self, base: StreamLogHandler.standardError(label: $0)) }
    }
}

/// Writes as another handler does, at a level that is shared.
private struct LevelledHandler: LogHandler {
    let level: SharedLevel
    var base: StreamLogHandler

    var logLevel: Logger.Level {
        get { level.value }
        set { level.value = newValue }
    }
    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) { base.log(event: event) }
}

import MCFoundation
import MediaDistribution

/// Says of each kind of media packet that was refused, once a minute, how many there were. The media cell only counts:
/// a flood must not reach the log packet by packet.
struct MediaRefusalLog {
    private struct Said {
        var count: UInt64 = 0
        var at: Instant?
    }

    private static let pause = Duration.seconds(60)
    private var said: [String: Said] = [:]

    /// What is to be said now: kinds of which there were more since they were said last, with how many more.
    mutating func due(_ counters: MediaCounters, at now: Instant) -> [(kind: String, count: UInt64)] {
        var due: [(kind: String, count: UInt64)] = []
        for (kind, count) in Self.refusals(counters) {
            let before = said[kind] ?? Said()
            guard count > before.count else { continue }
            if let at = before.at, now - at < Self.pause { continue }
            said[kind] = Said(count: count, at: now)
            due.append((kind, count - before.count))
        }
        return due
    }

    private static func refusals(_ counters: MediaCounters) -> [(String, UInt64)] {
        [
            ("audio malformed", counters.audioMalformed), ("audio of unknown source", counters.audioUnknownSource),
            ("audio of ambiguous source", counters.audioAmbiguousSource),
            ("audio with a foreign SSRC", counters.audioForeignSSRC),
            ("audio of a wrong payload type", counters.audioWrongPayloadType),
            ("audio replayed", counters.audioReplayed), ("audio too old", counters.audioTooOld),
            ("audio without permission", counters.audioWithoutPermission),
            ("floor control malformed", counters.floorMalformed),
            ("floor control of unknown source", counters.floorUnknownSource),
            ("floor control too often", counters.floorTooMany),
        ]
    }
}

public import MCFoundation
import MediaDistribution
public import MediaDriver

/// Says of each kind of media packet that was refused or lost, once a minute, how many there were. The media cell and
/// its driver only count: a flood must not reach the log packet by packet.
public struct MediaRefusalLog: Sendable {
    public struct Line: Hashable, Sendable {
        public var kind: String
        public var count: UInt64
    }

    private struct Said {
        var count: UInt64 = 0
        var at: Instant?
    }

    private static let pause = Duration.seconds(60)
    private var said: [String: Said] = [:]

    public init() {}

    /// What is to be said now: kinds of which there were more since they were said last, with how many more.
    public mutating func due(_ counters: MediaDriverCounters, at now: Instant) -> [Line] {
        var due: [Line] = []
        for (kind, count) in Self.refusals(counters.media) + Self.losses(counters) {
            let before = said[kind] ?? Said()
            guard count > before.count else { continue }
            if let at = before.at, now - at < Self.pause { continue }
            said[kind] = Said(count: count, at: now)
            due.append(Line(kind: kind, count: count - before.count))
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

    /// The machine or its network is too small, or a destination cannot be reached.
    private static func losses(_ counters: MediaDriverCounters) -> [(String, UInt64)] {
        [
            ("datagrams dropped by the kernel", counters.kernelDrops),
            ("datagrams too long", counters.datagramsTruncated),
            ("copies of audio that could not be sent", counters.copiesFailed),
            ("copies of audio given up", counters.copiesGivenUp),
            ("copies of audio too old", counters.copiesTooOld),
            ("audio beyond the share of its tier", counters.packetsOverQuota),
            ("floor control that could not be sent", counters.floorDatagramsFailed),
        ]
    }
}

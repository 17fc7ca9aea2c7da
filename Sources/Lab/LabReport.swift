public import Foundation
import MCFoundation

/// Somebody declared an emergency in a call that was up, or called it off.
public struct TierChange: Sendable, Codable {
    public var by: String
    public var country: String
    public var group: String
    public var tier: String
    /// By name, when each device in the call had been told, from when it was asked for.
    public var knownAfterMilliseconds: [String: Double]
}

/// Everything one demonstration measured, as it goes into the JSON file.
public struct LabReport: Sendable, Codable {
    public struct Burst: Sendable, Codable {
        public var number: Int
        public var group: String
        public var groupCountry: String
        public var talker: String
        public var country: String
        public var access: TalkBurst.Access
        public var end: TalkBurst.End
        public var accessMilliseconds: Double
        public var seconds: Double
        public var packets: Int
        public var ssrc: UInt32
        /// Seconds since the demonstration began.
        public var grantedAtSeconds: Double
        public var endedAtSeconds: Double
    }

    public var title: String
    public var bursts: [Burst]
    public var tierChanges: [TierChange]
    public var hearings: [Hearing]
    /// Who received speech without being meant to: must be empty.
    public var overheard: [String]
    public var kpis: KPIReport
    public var lateEntries: [LateEntry]
    /// What did not come true, in words; empty where the demonstration succeeded.
    public var failures: [String]

    /// True where nothing failed.
    public var everybodyHeard: Bool

    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(self)
    }
}

extension LabReport {
    /// Draws the conclusion from what talkers sent and listeners received.
    ///
    /// - Parameter received: per player all packets that reached its audio socket.
    public init(
        title: String, beganAt: Int64, bursts: [TalkBurst], tierChanges: [TierChange] = [],
        received: [String: [HeardPacket]],
        failures alreadyKnown: [String]
    ) {
        var failures = alreadyKnown
        var hearings: [Hearing] = []
        var entries: [LateEntry] = []
        for burst in bursts {
            if burst.packets.isEmpty {
                failures.append("burst \(burst.number): \(burst.talker) had the floor and sent nothing")
            }
            for listener in burst.listeners {
                let heard = received[listener.name] ?? []
                let hearing = burst.hearing(by: listener, of: heard, until: burst.next(in: bursts))
                hearings.append(hearing)
                if !hearing.isWhole {
                    failures.append(
                        "burst \(burst.number) of \(burst.talker) did not reach \(listener.name) whole: "
                            + "\(hearing.packetsHeard) heard, \(hearing.packetsLost) lost, \(hearing.packetsForeign) foreign"
                            + (hearing.isBeginningClipped ? ", beginning clipped" : ""))
                }
                if let joinedAt = listener.joinedAt,
                    let first = heard.first(where: { $0.ssrc == burst.ssrc && $0.receivedAt >= burst.grantedAt })
                {
                    let ear = Double(first.receivedAt - joinedAt) / 1e6 + SpeechDelay.playOut.inMilliseconds
                    entries.append(
                        LateEntry(
                            listener: listener.name, crossesBorder: hearing.crossesBorder, milliseconds: ear))
                }
            }
        }
        let overheard = LabReport.overheard(bursts: bursts, received: received)
        failures += overheard.map { "\($0), which it must not" }
        self.title = title
        self.tierChanges = tierChanges
        self.bursts = bursts.map { burst in
            Burst(
                number: burst.number, group: burst.group, groupCountry: burst.groupCountry, talker: burst.talker,
                country: burst.country,
                access: burst.access, end: burst.end, accessMilliseconds: burst.accessMilliseconds,
                seconds: Double(burst.endedAt - burst.grantedAt) / 1e9, packets: burst.packets.count, ssrc: burst.ssrc,
                grantedAtSeconds: Double(burst.grantedAt - beganAt) / 1e9,
                endedAtSeconds: Double(burst.endedAt - beganAt) / 1e9)
        }
        self.hearings = hearings
        self.overheard = overheard
        kpis = KPIReport(bursts: bursts, hearings: hearings, lateEntries: entries)
        lateEntries = entries
        self.failures = failures
        everybodyHeard = failures.isEmpty
    }

    /// Players that received speech which was not meant for them, or which no burst of the demonstration explains.
    private static func overheard(bursts: [TalkBurst], received: [String: [HeardPacket]]) -> [String] {
        var findings: [String] = []
        for name in received.keys.sorted() {
            var unexplained = received[name] ?? []
            for burst in bursts where !unexplained.isEmpty {
                let isMeant = burst.listeners.contains { $0.name == name }
                let last = min(burst.next(in: bursts) ?? .max, burst.endedAt + TalkBurst.tail)
                let count = unexplained.count
                unexplained.removeAll {
                    $0.ssrc == burst.ssrc && $0.receivedAt >= burst.grantedAt && $0.receivedAt < last
                }
                if !isMeant, unexplained.count < count {
                    findings.append("\(name) received \(count - unexplained.count) packets of burst \(burst.number)")
                }
            }
            if !unexplained.isEmpty {
                findings.append("\(name) received \(unexplained.count) packets that belong to no burst")
            }
        }
        return findings
    }
}

extension TalkBurst {
    /// When the same stream begins to carry another burst.
    func next(in bursts: [TalkBurst]) -> Int64? {
        bursts.filter { $0.ssrc == ssrc && $0.grantedAt > grantedAt }.map(\.grantedAt).min()
    }
}

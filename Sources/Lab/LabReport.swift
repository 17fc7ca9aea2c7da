public import Foundation
import MCFoundation

/// Everything one demonstration measured, as it goes into the JSON file.
public struct LabReport: Sendable, Codable {
    public struct Burst: Sendable, Codable {
        public var number: Int
        public var group: String
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

    /// One stream of speech over one border, counted where it arrives: it must cross once.
    public struct Crossing: Sendable, Codable {
        public var from: String
        public var to: String
        public var packets: Int
    }

    public var title: String
    public var bursts: [Burst]
    public var hearings: [Hearing]
    /// Who received speech without being meant to: must be empty.
    public var overheard: [String]
    public var kpis: KPIReport
    public var lateEntries: [LateEntry]
    /// What did not come true, in words; empty where the demonstration succeeded.
    public var failures: [String]

    public var everybodyHeard: Bool { failures.isEmpty }

    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(self)
    }
}

extension LabReport {
    /// Draws the conclusion from what talkers sent and listeners received.
    ///
    /// - Parameters:
    ///   - received: per listener all packets that reached its audio socket.
    ///   - outsiders: listeners that were meant to hear nothing at all.
    public init(
        title: String, beganAt: Int64, bursts: [TalkBurst], received: [String: [HeardPacket]], outsiders: [String],
        groupCountry: [String: String], failures alreadyKnown: [String]
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
                let next = bursts.filter { $0.ssrc == burst.ssrc && $0.grantedAt > burst.grantedAt }.map(\.grantedAt)
                    .min()
                let hearing = burst.hearing(by: listener, of: heard, until: next)
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
                            listener: listener.name, crossesBorder: listener.country != groupCountry[burst.group],
                            milliseconds: ear))
                }
            }
        }
        let overheard = LabReport.overheard(bursts: bursts, received: received, outsiders: outsiders)
        failures += overheard.map { "\($0), which it must not" }
        self.title = title
        self.bursts = bursts.map { burst in
            Burst(
                number: burst.number, group: burst.group, talker: burst.talker, country: burst.country,
                access: burst.access, end: burst.end, accessMilliseconds: burst.accessMilliseconds,
                seconds: Double(burst.endedAt - burst.grantedAt) / 1e9, packets: burst.packets.count, ssrc: burst.ssrc,
                grantedAtSeconds: Double(burst.grantedAt - beganAt) / 1e9,
                endedAtSeconds: Double(burst.endedAt - beganAt) / 1e9)
        }
        self.hearings = hearings
        self.overheard = overheard
        kpis = KPIReport(bursts: bursts, hearings: hearings, groupCountry: groupCountry, lateEntries: entries)
        lateEntries = entries
        self.failures = failures
    }

    /// Outsiders that received anything, and listeners or talkers that received a burst not meant for them.
    private static func overheard(
        bursts: [TalkBurst], received: [String: [HeardPacket]], outsiders: [String]
    ) -> [String] {
        var findings: [String] = []
        for name in received.keys.sorted() {
            let packets = received[name] ?? []
            if outsiders.contains(name), !packets.isEmpty {
                findings.append("\(name) received \(packets.count) packets of speech")
                continue
            }
            for burst in bursts where !burst.listeners.contains(where: { $0.name == name }) {
                let sent = Set(burst.packets.map(\.payload))
                let count = packets.filter {
                    $0.ssrc == burst.ssrc && $0.receivedAt >= burst.grantedAt && $0.receivedAt <= burst.endedAt
                        && sent.contains($0.payload)
                }.count
                if count > 0 { findings.append("\(name) received \(count) packets of burst \(burst.number)") }
            }
        }
        return findings
    }
}

import MCFoundation

/// One RTP packet of a burst as its talker sent it. Times are nanoseconds of the one monotonic clock of the machine.
public struct SentPacket: Sendable {
    public var sequence: UInt16
    public var sentAt: Int64
    /// Stable hash of the payload: what arrives must be equal to the octet.
    public var payload: UInt64

    public init(sequence: UInt16, sentAt: Int64, payload: UInt64) {
        self.sequence = sequence
        self.sentAt = sentAt
        self.payload = payload
    }
}

/// One RTP packet as a listener received it.
public struct HeardPacket: Sendable {
    public var ssrc: UInt32
    public var sequence: UInt16
    public var receivedAt: Int64
    public var payload: UInt64

    public init(ssrc: UInt32, sequence: UInt16, receivedAt: Int64, payload: UInt64) {
        self.ssrc = ssrc
        self.sequence = sequence
        self.receivedAt = receivedAt
        self.payload = payload
    }
}

/// One talk burst from press to release, as seen by its talker.
public struct TalkBurst: Sendable {
    public enum Access: String, Sendable, Codable {
        /// The floor came at once.
        case immediate
        /// The request waited in the queue; its access time is no measure of the system.
        case queued
        /// The press set the call up as well (KPI 2).
        case withCallSetUp
    }

    public enum End: String, Sendable, Codable {
        case released, preempted
    }

    public var number: Int
    public var group: String
    /// Country whose system owns the group and controls its calls.
    public var groupCountry: String
    public var talker: String
    public var country: String
    public var ssrc: UInt32
    public var pressedAt: Int64
    public var grantedAt: Int64
    public var endedAt: Int64
    /// When the talker was told that the floor is taken away; nil where it was not.
    public var cutAt: Int64?
    public var access: Access
    public var packets: [SentPacket]
    /// Who was in the call and could hear when the burst began, and who came in during it.
    public var listeners: [Listener]

    public struct Listener: Sendable {
        public var name: String
        public var country: String
        /// Set for a late entry: when this listener became able to hear. What was said before is not its loss.
        public var joinedAt: Int64?

        public init(name: String, country: String, joinedAt: Int64? = nil) {
            self.name = name
            self.country = country
            self.joinedAt = joinedAt
        }
    }

    public init(
        number: Int, group: String, groupCountry: String, talker: String, country: String, ssrc: UInt32,
        pressedAt: Int64, grantedAt: Int64, endedAt: Int64, cutAt: Int64? = nil, access: Access,
        packets: [SentPacket], listeners: [Listener]
    ) {
        self.number = number
        self.group = group
        self.groupCountry = groupCountry
        self.talker = talker
        self.country = country
        self.ssrc = ssrc
        self.pressedAt = pressedAt
        self.grantedAt = grantedAt
        self.endedAt = endedAt
        self.cutAt = cutAt
        self.access = access
        self.packets = packets
        self.listeners = listeners
    }

    public var accessMilliseconds: Double { Double(grantedAt - pressedAt) / 1e6 }
    public var end: End { cutAt == nil ? .released : .preempted }
    /// What was said after this moment is not waited for: the floor was taken away.
    var owedUntil: Int64 { cutAt ?? .max }
    /// The press went over a border: the talker's system does not own the group.
    public var pressCrossesBorder: Bool { country != groupCountry }
}

/// How one burst reached one listener.
public struct Hearing: Sendable, Codable {
    public var burst: Int
    public var listener: String
    public var country: String
    /// The speech went over a border: talker, owner of the group and listener are not all of one country.
    public var crossesBorder: Bool
    public var isLateEntry: Bool
    /// What this listener was owed: for a late entry from the first packet on, for a burst that was cut until the cut.
    public var packetsSent: Int
    public var packetsHeard: Int
    public var packetsLost: Int
    /// Packets whose payload differs from what was sent, or that nobody sent: must be zero.
    public var packetsForeign: Int
    /// True where the first packet that this listener could have heard did not arrive.
    public var isBeginningClipped: Bool
    /// Nothing foreign, nothing clipped, losses counted and at most one in fifty.
    public var isWhole: Bool
    /// Mouth to ear of each packet: packetisation and look-ahead of the encoder, way, and play-out buffer.
    public var mouthToEarMilliseconds: [Double]
}

/// What a listener's ear adds to the way of a packet.
public struct SpeechDelay: Sendable {
    /// The frame must be full before it can be sent, and the AMR-WB encoder looks 5 ms ahead.
    public static let sender = Duration.milliseconds(25)
    /// Depth of the play-out buffer of the listeners of the lab.
    public static let playOut = Duration.milliseconds(40)
    /// From affiliating to the first packet: whoever comes in later than this has missed speech.
    public static let comingIn = Duration.seconds(1)
}

extension TalkBurst {
    /// What still arrives so long after the end belongs to the burst.
    static let tail: Int64 = 2_000_000_000

    /// Compares what was sent with what one listener received.
    ///
    /// - Parameter until: what comes later belongs to the same talker's next burst, under the same SSRC.
    public func hearing(by listener: Listener, of heard: [HeardPacket], until: Int64? = nil) -> Hearing {
        let last = min(until ?? .max, endedAt + Self.tail)
        let mine = heard.filter { $0.ssrc == ssrc && $0.receivedAt >= grantedAt && $0.receivedAt < last }
        let sentBySequence = Dictionary(packets.map { ($0.sequence, $0) }, uniquingKeysWith: { first, _ in first })
        var arrived: Set<UInt16> = []
        var foreign = 0
        var delays: [Double] = []
        let constant = SpeechDelay.sender.inMilliseconds + SpeechDelay.playOut.inMilliseconds
        for packet in mine {
            guard let sent = sentBySequence[packet.sequence], sent.payload == packet.payload else {
                foreign += 1
                continue
            }
            guard arrived.insert(packet.sequence).inserted else { continue }
            delays.append(Double(packet.receivedAt - sent.sentAt) / 1e6 + constant)
        }
        var owed = packets.filter { $0.sentAt < owedUntil }
        if let joinedAt = listener.joinedAt {
            // What was said before it was in is not its loss, but it must have come in soon.
            let first = owed.firstIndex { arrived.contains($0.sequence) } ?? owed.endIndex
            let limit = joinedAt + SpeechDelay.comingIn.wholeNanoseconds
            owed.removeFirst(min(first, owed.firstIndex { $0.sentAt >= limit } ?? owed.endIndex))
        }
        let missing = owed.filter { !arrived.contains($0.sequence) }.count
        let isClipped = owed.first.map { !arrived.contains($0.sequence) } ?? true
        return Hearing(
            burst: number, listener: listener.name, country: listener.country,
            crossesBorder: Set([country, groupCountry, listener.country]).count > 1,
            isLateEntry: listener.joinedAt != nil, packetsSent: owed.count, packetsHeard: arrived.count,
            packetsLost: missing, packetsForeign: foreign, isBeginningClipped: isClipped,
            isWhole: foreign == 0 && !isClipped && !arrived.isEmpty && missing * 50 <= owed.count,
            mouthToEarMilliseconds: delays)
    }
}

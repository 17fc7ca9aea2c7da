public import MCFoundation

/// One packet of a compound RTCP datagram (RFC 3550 6).
public enum RTCPPacket: Hashable, Sendable {
    case senderReport(SenderReport)
    case receiverReport(ReceiverReport)
    case sourceDescription([SourceDescriptionChunk])
    case goodbye(Goodbye)
    case application(ApplicationPacket)
    /// A type that nothing here understands, with the five bits of its first octet and its octets after the first word.
    case other(type: UInt8, count: UInt8, body: [UInt8])
}

/// What one receiver says about one source (RFC 3550 6.4.1).
public struct ReportBlock: Hashable, Sendable {
    public var ssrc: UInt32
    /// Lost since the previous report, in 256ths of what was expected.
    public var fractionLost: UInt8
    /// Lost since the beginning; negative where duplicates outweigh losses. 24 bits on the wire.
    public var cumulativeLost: Int32
    /// Sequence number with the count of its wraps above it.
    public var extendedHighestSequence: UInt32
    /// Timestamp units.
    public var jitter: UInt32
    /// Middle 32 bits of the NTP time in the last sender report; 0 where none came.
    public var lastSenderReport: UInt32
    /// 65536ths of a second since that report.
    public var delaySinceLastSenderReport: UInt32

    public init(
        ssrc: UInt32, fractionLost: UInt8, cumulativeLost: Int32, extendedHighestSequence: UInt32, jitter: UInt32,
        lastSenderReport: UInt32, delaySinceLastSenderReport: UInt32
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.extendedHighestSequence = extendedHighestSequence
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }
}

/// SR, packet type 200.
public struct SenderReport: Hashable, Sendable {
    public var ssrc: UInt32
    public var ntpTime: NTPTime
    public var rtpTimestamp: UInt32
    public var packetCount: UInt32
    public var octetCount: UInt32
    /// At most 31 are written.
    public var reports: [ReportBlock]

    public init(
        ssrc: UInt32, ntpTime: NTPTime, rtpTimestamp: UInt32, packetCount: UInt32, octetCount: UInt32,
        reports: [ReportBlock] = []
    ) {
        self.ssrc = ssrc
        self.ntpTime = ntpTime
        self.rtpTimestamp = rtpTimestamp
        self.packetCount = packetCount
        self.octetCount = octetCount
        self.reports = reports
    }
}

/// RR, packet type 201.
public struct ReceiverReport: Hashable, Sendable {
    public var ssrc: UInt32
    /// At most 31 are written.
    public var reports: [ReportBlock]

    public init(ssrc: UInt32, reports: [ReportBlock] = []) {
        self.ssrc = ssrc
        self.reports = reports
    }
}

/// One source's items in an SDES packet, type 202.
public struct SourceDescriptionChunk: Hashable, Sendable {
    public var ssrc: UInt32
    public var items: [Item]

    public struct Item: Hashable, Sendable {
        /// 1 is CNAME, 2 NAME ... 8 PRIV.
        public var type: UInt8
        /// At most 255 octets are written.
        public var text: [UInt8]

        public init(type: UInt8, text: [UInt8]) {
            self.type = type
            self.text = text
        }
    }

    public init(ssrc: UInt32, items: [Item]) {
        self.ssrc = ssrc
        self.items = items
    }

    /// A chunk with the canonical name alone, as every compound packet must have (RFC 3550 6.5.1).
    public init(ssrc: UInt32, canonicalName: String) {
        self.init(ssrc: ssrc, items: [Item(type: 1, text: Array(canonicalName.utf8))])
    }
}

/// BYE, packet type 203.
public struct Goodbye: Hashable, Sendable {
    /// At most 31 are written.
    public var sources: [UInt32]
    /// At most 255 octets are written.
    public var reason: [UInt8]?

    public init(sources: [UInt32], reason: [UInt8]? = nil) {
        self.sources = sources
        self.reason = reason
    }
}

/// APP, packet type 204: floor control among others.
public struct ApplicationPacket: Hashable, Sendable {
    /// Five bits.
    public var subtype: UInt8
    public var ssrc: UInt32
    /// Four octets of ASCII, as a number in network order.
    public var name: UInt32
    public var data: [UInt8]

    public init(subtype: UInt8, ssrc: UInt32, name: UInt32, data: [UInt8]) {
        self.subtype = subtype
        self.ssrc = ssrc
        self.name = name
        self.data = data
    }
}

/// Seconds since 1900 and their fraction in 2^32nds (RFC 3550 4).
public struct NTPTime: Hashable, Sendable {
    public var value: UInt64

    public init(_ value: UInt64) { self.value = value }

    public init(_ time: UTCTime) {
        let (seconds, rest) = (
            time.microseconds.flooredQuotient(1_000_000), time.microseconds.flooredRemainder(1_000_000)
        )
        let since1900 = UInt64(truncatingIfNeeded: seconds &+ 2_208_988_800) & 0xffff_ffff
        value = since1900 << 32 | (UInt64(rest) << 32) / 1_000_000
    }

    /// The middle 32 bits, which report blocks carry.
    public var middle: UInt32 { UInt32(truncatingIfNeeded: value >> 16) }
}

extension Int64 {
    fileprivate func flooredRemainder(_ divisor: Int64) -> Int64 {
        let rest = self % divisor
        return rest < 0 ? rest + divisor : rest
    }

    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

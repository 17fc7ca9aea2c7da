/// Why octets are no RTP or RTCP packet.
public enum RTPError: Error, Hashable, Sendable {
    case tooShort
    /// Not version 2.
    case version
    /// The contributing sources or the extension do not fit into the packet.
    case header
    /// The padding count is 0 or larger than what is there.
    case padding
    /// RTCP: a packet's length goes beyond the datagram, or is too small for what its counts say.
    case length
    /// RTCP: the datagram does not begin with a report (RFC 3550 6.1), or has padding before its last packet.
    case compound
    /// RTCP: more packets or items than the limits allow.
    case tooMany
}

/// The fixed header of an RTP packet (RFC 3550 5.1), and where its parts lie. Reading allocates nothing.
public struct RTPHeader: Hashable, Sendable {
    public var marker: Bool
    /// 0 to 127.
    public var payloadType: UInt8
    public var sequenceNumber: UInt16
    public var timestamp: UInt32
    public var ssrc: UInt32
    /// Contributing sources, 0 to 15; they stand from octet 12 on, four octets each.
    public private(set) var contributingSourceCount: Int
    public private(set) var hasExtension: Bool
    /// Octets before the payload: fixed header, contributing sources and extension.
    public private(set) var headerLength: Int
    /// Octets of padding after the payload, with the count octet.
    public private(set) var paddingLength: Int
    /// Octets of payload.
    public private(set) var payloadLength: Int

    public static let fixedLength = 12

    /// The header of a packet without contributing sources, extension and padding.
    public init(
        payloadType: UInt8, sequenceNumber: UInt16, timestamp: UInt32, ssrc: UInt32, marker: Bool = false,
        payloadLength: Int = 0
    ) {
        self.marker = marker
        self.payloadType = payloadType & 0x7f
        self.sequenceNumber = sequenceNumber
        self.timestamp = timestamp
        self.ssrc = ssrc
        contributingSourceCount = 0
        hasExtension = false
        headerLength = Self.fixedLength
        paddingLength = 0
        self.payloadLength = payloadLength
    }

    /// Reads and checks the header of a whole packet.
    @inlinable
    public init(reading packet: [UInt8]) throws(RTPError) {
        try self.init(reading: packet.span.bytes)
    }

    /// Reads and checks the header of a whole packet.
    @inlinable
    public init(reading packet: UnsafeRawBufferPointer) throws(RTPError) {
        try self.init(reading: packet.bytes)
    }

    /// Reads and checks the header of a whole packet.
    public init(reading packet: borrowing RawSpan) throws(RTPError) {
        let count = packet.byteCount
        guard count >= Self.fixedLength else { throw .tooShort }
        let first = packet.octet(0)
        guard first >> 6 == 2 else { throw .version }
        let second = packet.octet(1)
        let sources = Int(first & 0x0f)
        var header = Self.fixedLength + 4 * sources
        let extended = first & 0x10 != 0
        if extended {
            guard count >= header + 4 else { throw .header }
            header += 4 + 4 * Int(packet.word16(header + 2))
        }
        guard count >= header else { throw .header }
        var padding = 0
        if first & 0x20 != 0 {
            guard count > header else { throw .padding }
            padding = Int(packet.octet(count - 1))
            guard padding > 0, padding <= count - header else { throw .padding }
        }
        marker = second & 0x80 != 0
        payloadType = second & 0x7f
        sequenceNumber = packet.word16(2)
        timestamp = packet.word32(4)
        ssrc = packet.word32(8)
        contributingSourceCount = sources
        hasExtension = extended
        headerLength = header
        paddingLength = padding
        payloadLength = count - header - padding
    }

    /// Where in the packet the payload lies.
    public var payloadRange: Range<Int> { headerLength..<(headerLength + payloadLength) }

    /// Appends the twelve octets of a fixed header without contributing sources, extension and padding.
    public func append(to packet: inout [UInt8]) {
        packet.append(0x80)
        packet.append((marker ? 0x80 : 0) | payloadType & 0x7f)
        packet.append16(sequenceNumber)
        packet.append32(timestamp)
        packet.append32(ssrc)
    }
}

/// What arrived on a port that RTP and RTCP share (RFC 5761 4).
public enum MultiplexedPacket: Hashable, Sendable {
    case rtp
    case rtcp
    /// Neither: not version 2, or too short.
    case other

    /// Told apart by the second octet: RTCP packet types lie in 192 to 223, where no RTP payload type with marker may.
    public static func classify(_ packet: borrowing RawSpan) -> MultiplexedPacket {
        guard packet.byteCount >= 8, packet.octet(0) >> 6 == 2 else { return .other }
        guard !(192...223).contains(packet.octet(1)) else { return .rtcp }
        return packet.byteCount >= RTPHeader.fixedLength ? .rtp : .other
    }

    @inlinable
    public static func classify(_ packet: [UInt8]) -> MultiplexedPacket { classify(packet.span.bytes) }

    @inlinable
    public static func classify(_ packet: UnsafeRawBufferPointer) -> MultiplexedPacket { classify(packet.bytes) }
}

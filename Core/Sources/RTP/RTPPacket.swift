/// A whole RTP packet with its parts copied out, for ends that make or consume media. What only forwards reads
/// `RTPHeader` and leaves the octets where they are.
public struct RTPPacket: Hashable, Sendable {
    public var marker: Bool
    /// 0 to 127.
    public var payloadType: UInt8
    public var sequenceNumber: UInt16
    public var timestamp: UInt32
    public var ssrc: UInt32
    /// At most 15; more are not written.
    public var contributingSources: [UInt32]
    public var headerExtension: RTPHeaderExtension?
    public var payload: [UInt8]
    /// Octets of padding to write, 0 to 255, with the count octet.
    public var paddingLength: UInt8

    public init(
        payloadType: UInt8, sequenceNumber: UInt16, timestamp: UInt32, ssrc: UInt32, marker: Bool = false,
        contributingSources: [UInt32] = [], headerExtension: RTPHeaderExtension? = nil, payload: [UInt8],
        paddingLength: UInt8 = 0
    ) {
        self.marker = marker
        self.payloadType = payloadType & 0x7f
        self.sequenceNumber = sequenceNumber
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.contributingSources = contributingSources
        self.headerExtension = headerExtension
        self.payload = payload
        self.paddingLength = paddingLength
    }

    public init(parsing octets: [UInt8]) throws(RTPError) {
        let header = try RTPHeader(reading: octets)
        marker = header.marker
        payloadType = header.payloadType
        sequenceNumber = header.sequenceNumber
        timestamp = header.timestamp
        ssrc = header.ssrc
        let bytes = octets.span.bytes
        contributingSources = (0..<header.contributingSourceCount).map { bytes.word32(RTPHeader.fixedLength + 4 * $0) }
        if header.hasExtension {
            let start = RTPHeader.fixedLength + 4 * header.contributingSourceCount
            headerExtension = RTPHeaderExtension(
                profile: bytes.word16(start), data: Array(octets[(start + 4)..<header.headerLength]))
        }
        payload = Array(octets[header.payloadRange])
        paddingLength = UInt8(header.paddingLength)
    }

    public func append(to octets: inout [UInt8]) {
        let sources = contributingSources.prefix(15)
        var first = 0x80 | UInt8(sources.count)
        if headerExtension != nil { first |= 0x10 }
        if paddingLength > 0 { first |= 0x20 }
        octets.append(first)
        octets.append((marker ? 0x80 : 0) | payloadType & 0x7f)
        octets.append16(sequenceNumber)
        octets.append32(timestamp)
        octets.append32(ssrc)
        for source in sources { octets.append32(source) }
        if let headerExtension {
            // RFC 3550 5.3.1: the length counts words and has 16 bits; what does not fit is not written.
            let data = headerExtension.data.prefix(4 * 0xffff)
            let words = (data.count + 3) / 4
            octets.append16(headerExtension.profile)
            octets.append16(UInt16(words))
            octets += data
            octets += repeatElement(0, count: 4 * words - data.count)
        }
        octets += payload
        if paddingLength > 0 {
            octets += repeatElement(0, count: Int(paddingLength) - 1)
            octets.append(paddingLength)
        }
    }

    public func serialized() -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(RTPHeader.fixedLength + payload.count)
        append(to: &octets)
        return octets
    }
}

/// The header extension (RFC 3550 5.3.1).
public struct RTPHeaderExtension: Hashable, Sendable {
    /// The 16 bits that a profile defines.
    public var profile: UInt16
    /// Padded with zeros to words of four octets when written.
    public var data: [UInt8]

    public init(profile: UInt16, data: [UInt8]) {
        self.profile = profile
        self.data = data
    }
}

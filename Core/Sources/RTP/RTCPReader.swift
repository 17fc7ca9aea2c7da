/// Bounds on what one RTCP datagram may hold.
public struct RTCPLimits: Hashable, Sendable {
    /// Packets in a compound.
    public var packets = 32
    /// Items in a source description, over all chunks.
    public var items = 256

    public init() {}
}

extension RTCPPacket {
    /// Reads a compound datagram. It must begin with SR or RR (RFC 3550 A.2) unless `allowingReducedSize`
    /// (RFC 5506), and only the last packet may be padded.
    public static func parse(
        _ datagram: [UInt8], allowingReducedSize: Bool = false, limits: RTCPLimits = .init()
    ) throws(RTPError) -> [RTCPPacket] {
        try parse(datagram.span.bytes, allowingReducedSize: allowingReducedSize, limits: limits)
    }

    /// Reads a compound datagram, as above.
    public static func parse(
        _ datagram: borrowing RawSpan, allowingReducedSize: Bool = false, limits: RTCPLimits = .init()
    ) throws(RTPError) -> [RTCPPacket] {
        let count = datagram.byteCount
        guard count >= 4 else { throw .tooShort }
        var packets: [RTCPPacket] = []
        var offset = 0
        while offset < count {
            guard packets.count < limits.packets else { throw .tooMany }
            guard count - offset >= 4 else { throw .length }
            let first = datagram.octet(offset)
            guard first >> 6 == 2 else { throw .version }
            let type = datagram.octet(offset + 1)
            if offset == 0, !allowingReducedSize, type != 200, type != 201 { throw .compound }
            let end = offset + 4 + 4 * Int(datagram.word16(offset + 2))
            guard end <= count else { throw .length }
            var bodyEnd = end
            if first & 0x20 != 0 {
                guard end == count else { throw .compound }
                let padding = Int(datagram.octet(end - 1))
                guard padding > 0, padding % 4 == 0, padding <= end - offset - 4 else { throw .padding }
                bodyEnd = end - padding
            }
            let body = datagram.extracting((offset + 4)..<bodyEnd)
            packets.append(try read(type: type, count: first & 0x1f, body: body, limits: limits))
            offset = end
        }
        return packets
    }

    private static func read(
        type: UInt8, count: UInt8, body: borrowing RawSpan, limits: RTCPLimits
    ) throws(RTPError) -> RTCPPacket {
        switch type {
        case 200:
            guard body.byteCount >= 24 + 24 * Int(count) else { throw .length }
            return .senderReport(
                SenderReport(
                    ssrc: body.word32(0), ntpTime: NTPTime(UInt64(body.word32(4)) << 32 | UInt64(body.word32(8))),
                    rtpTimestamp: body.word32(12), packetCount: body.word32(16), octetCount: body.word32(20),
                    reports: blocks(count, in: body, from: 24)))
        case 201:
            guard body.byteCount >= 4 + 24 * Int(count) else { throw .length }
            return .receiverReport(ReceiverReport(ssrc: body.word32(0), reports: blocks(count, in: body, from: 4)))
        case 202:
            return .sourceDescription(try chunks(count, in: body, limits: limits))
        case 203:
            return .goodbye(try goodbye(count, in: body))
        case 204:
            guard body.byteCount >= 8 else { throw .length }
            return .application(
                ApplicationPacket(
                    subtype: count, ssrc: body.word32(0), name: body.word32(4), data: body.octets(8..<body.byteCount)))
        default:
            return .other(type: type, count: count, body: body.octets(0..<body.byteCount))
        }
    }

    private static func blocks(_ count: UInt8, in body: borrowing RawSpan, from start: Int) -> [ReportBlock] {
        var blocks: [ReportBlock] = []
        blocks.reserveCapacity(Int(count))
        for index in 0..<Int(count) {
            let offset = start + 24 * index
            let loss = body.word32(offset + 4)
            // The low 24 bits are signed: shifted up and back down with the sign.
            blocks.append(
                ReportBlock(
                    ssrc: body.word32(offset), fractionLost: UInt8(loss >> 24),
                    cumulativeLost: Int32(bitPattern: loss << 8) >> 8,
                    extendedHighestSequence: body.word32(offset + 8), jitter: body.word32(offset + 12),
                    lastSenderReport: body.word32(offset + 16), delaySinceLastSenderReport: body.word32(offset + 20)))
        }
        return blocks
    }

    private static func chunks(
        _ count: UInt8, in body: borrowing RawSpan, limits: RTCPLimits
    ) throws(RTPError) -> [SourceDescriptionChunk] {
        var chunks: [SourceDescriptionChunk] = []
        var offset = 0
        var items = 0
        for _ in 0..<Int(count) {
            guard body.byteCount - offset >= 8 else { throw .length }
            var chunk = SourceDescriptionChunk(ssrc: body.word32(offset), items: [])
            offset += 4
            while true {
                guard offset < body.byteCount else { throw .length }
                let type = body.octet(offset)
                guard type != 0 else { break }
                items += 1
                guard items <= limits.items else { throw .tooMany }
                guard body.byteCount - offset >= 2 else { throw .length }
                let end = offset + 2 + Int(body.octet(offset + 1))
                guard end <= body.byteCount else { throw .length }
                chunk.items.append(.init(type: type, text: body.octets((offset + 2)..<end)))
                offset = end
            }
            // The list ends with one zero octet at least and goes to the next word (RFC 3550 6.5).
            offset = (offset + 4) & ~3
            chunks.append(chunk)
        }
        return chunks
    }

    private static func goodbye(_ count: UInt8, in body: borrowing RawSpan) throws(RTPError) -> Goodbye {
        let sourcesEnd = 4 * Int(count)
        guard body.byteCount >= sourcesEnd else { throw .length }
        var goodbye = Goodbye(sources: [])
        for index in 0..<Int(count) { goodbye.sources.append(body.word32(4 * index)) }
        if body.byteCount > sourcesEnd {
            let end = sourcesEnd + 1 + Int(body.octet(sourcesEnd))
            guard end <= body.byteCount else { throw .length }
            goodbye.reason = body.octets((sourcesEnd + 1)..<end)
        }
        return goodbye
    }
}

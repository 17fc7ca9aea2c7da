extension RTCPPacket {
    /// Appends the packet; a compound is its packets one after the other, a report first.
    public func append(to octets: inout [UInt8]) {
        let start = octets.count
        octets += [0x80, 0, 0, 0]
        let (type, count) = appendBody(to: &octets)
        octets += repeatElement(0, count: -(octets.count - start) & 3)
        let words = UInt16(truncatingIfNeeded: (octets.count - start) / 4 - 1)
        octets[start] = 0x80 | count & 0x1f
        octets[start + 1] = type
        octets[start + 2] = UInt8(words >> 8)
        octets[start + 3] = UInt8(words & 0xff)
    }

    /// A compound datagram of these packets.
    public static func serialize(_ packets: [RTCPPacket]) -> [UInt8] {
        var octets: [UInt8] = []
        for packet in packets { packet.append(to: &octets) }
        return octets
    }

    private func appendBody(to octets: inout [UInt8]) -> (type: UInt8, count: UInt8) {
        switch self {
        case .senderReport(let report):
            octets.append32(report.ssrc)
            octets.append32(UInt32(report.ntpTime.value >> 32))
            octets.append32(UInt32(report.ntpTime.value & 0xffff_ffff))
            octets.append32(report.rtpTimestamp)
            octets.append32(report.packetCount)
            octets.append32(report.octetCount)
            return (200, octets.append(report.reports))
        case .receiverReport(let report):
            octets.append32(report.ssrc)
            return (201, octets.append(report.reports))
        case .sourceDescription(let chunks):
            for chunk in chunks.prefix(31) { octets.append(chunk) }
            return (202, UInt8(min(chunks.count, 31)))
        case .goodbye(let goodbye):
            for source in goodbye.sources.prefix(31) { octets.append32(source) }
            if let reason = goodbye.reason {
                octets.append(UInt8(min(reason.count, 255)))
                octets += reason.prefix(255)
            }
            return (203, UInt8(min(goodbye.sources.count, 31)))
        case .application(let packet):
            octets.append32(packet.ssrc)
            octets.append32(packet.name)
            octets += packet.data
            return (204, packet.subtype)
        case .other(let type, let count, let body):
            octets += body
            return (type, count)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ reports: [ReportBlock]) -> UInt8 {
        for block in reports.prefix(31) {
            append32(block.ssrc)
            append(block.fractionLost)
            append24(UInt32(bitPattern: Swift.min(Swift.max(block.cumulativeLost, -0x80_0000), 0x7f_ffff)))
            append32(block.extendedHighestSequence)
            append32(block.jitter)
            append32(block.lastSenderReport)
            append32(block.delaySinceLastSenderReport)
        }
        return UInt8(Swift.min(reports.count, 31))
    }

    fileprivate mutating func append(_ chunk: SourceDescriptionChunk) {
        let start = count
        append32(chunk.ssrc)
        // Type 0 would end the list.
        for item in chunk.items where item.type != 0 {
            append(item.type)
            append(UInt8(Swift.min(item.text.count, 255)))
            self += item.text.prefix(255)
        }
        let zeros = 4 - (count - start) % 4
        self += repeatElement(0, count: zeros)
    }
}

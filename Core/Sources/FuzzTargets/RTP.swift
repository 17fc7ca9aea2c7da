import MCFoundation
import RTP

extension FuzzTargets {
    /// RTP and RTCP: a datagram as either, and as a sequence of arrivals for the statistics.
    public static func rtp(_ bytes: [UInt8]) {
        let kind = MultiplexedPacket.classify(bytes)
        if let header = try? RTPHeader(reading: bytes) {
            precondition(kind != .other, "a packet with a header is neither RTP nor RTCP")
            precondition(header.payloadRange.upperBound + header.paddingLength == bytes.count, "parts do not add up")
            guard let packet = try? RTPPacket(parsing: bytes) else {
                preconditionFailure("a header is read, its packet is not")
            }
            let again = try? RTPPacket(parsing: packet.serialized())
            precondition(again == packet, "an RTP packet changed on its way")
        }
        if let packets = try? RTCPPacket.parse(bytes, allowingReducedSize: true) {
            let again = try? RTCPPacket.parse(RTCPPacket.serialize(packets), allowingReducedSize: true)
            precondition(again == packets, "an RTCP compound changed on its way")
        }
        for octetAligned in [true, false] {
            guard let payload = try? AMRWBPayload(parsing: bytes, octetAligned: octetAligned) else { continue }
            let again = try? AMRWBPayload(
                parsing: payload.serialized(octetAligned: octetAligned), octetAligned: octetAligned)
            precondition(again == payload, "an AMR-WB payload changed on its way")
        }
        statistics(bytes)
    }

    /// Six octets are one arrival: sequence number, timestamp, and how long after the one before.
    private static func statistics(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        var statistics = ReceiverStatistics(
            ssrc: 1, clockRate: first & 1 == 0 ? 16_000 : .max, minimumSequential: Int(first >> 1 & 3) + 1)
        var at = Instant.zero
        for offset in stride(from: 1, to: bytes.count - 5, by: 6) {
            let sequence = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
            let timestamp = UInt32(bytes[offset + 2]) << 24 | UInt32(bytes[offset + 3])
            at = at + .nanoseconds(Int64(bytes[offset + 4]) << Int64(bytes[offset + 5] & 55))
            _ = statistics.receive(sequence: sequence, timestamp: timestamp, at: at)
            precondition(statistics.received >= statistics.duplicates, "more duplicates than packets")
            precondition(statistics.lost >= 0, "more packets came than were sent")
        }
        _ = statistics.makeReport(at: at)
    }
}

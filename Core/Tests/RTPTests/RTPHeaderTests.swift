import RTP
import Testing

/// Version 2, two contributing sources, an extension of one word, marker, payload type 97, padding of 4.
private let everything: [UInt8] = [
    0xb2, 0xe1, 0x12, 0x34, 0x00, 0x00, 0x01, 0x40, 0xde, 0xad, 0xbe, 0xef,
    0, 0, 0, 1, 0, 0, 0, 2,
    0xbe, 0xde, 0x00, 0x01, 9, 8, 7, 6,
    0xaa, 0xbb, 0xcc,
    0, 0, 0, 4,
]

private func failure(_ octets: [UInt8]) -> RTPError? {
    do throws(RTPError) {
        _ = try RTPHeader(reading: octets)
        return nil
    } catch {
        return error
    }
}

@Suite("RTP headers")
struct RTPHeaderTests {
    @Test("every part of a header is found")
    func everyPart() throws {
        let header = try RTPHeader(reading: everything)
        #expect(header.marker)
        #expect(header.payloadType == 97)
        #expect(header.sequenceNumber == 0x1234)
        #expect(header.timestamp == 320)
        #expect(header.ssrc == 0xdead_beef)
        #expect(header.contributingSourceCount == 2)
        #expect(header.hasExtension)
        #expect(header.payloadRange == 28..<31)
        #expect(header.paddingLength == 4)
        let fromMemory = try everything.withUnsafeBytes { bytes throws(RTPError) in try RTPHeader(reading: bytes) }
        #expect(fromMemory == header)
    }

    @Test("a packet is written as it was read")
    func packet() throws {
        let packet = try RTPPacket(parsing: everything)
        #expect(packet.contributingSources == [1, 2])
        #expect(packet.headerExtension == RTPHeaderExtension(profile: 0xbede, data: [9, 8, 7, 6]))
        #expect(packet.payload == [0xaa, 0xbb, 0xcc])
        #expect(packet.paddingLength == 4)
        #expect(packet.serialized() == everything)
    }

    @Test("an extension that is no whole number of words is filled up")
    func extensionFill() throws {
        let packet = RTPPacket(
            payloadType: 1, sequenceNumber: 2, timestamp: 3, ssrc: 4,
            headerExtension: RTPHeaderExtension(profile: 5, data: [1, 2, 3, 4, 5]), payload: [7])
        let read = try RTPPacket(parsing: packet.serialized())
        #expect(read.headerExtension?.data == [1, 2, 3, 4, 5, 0, 0, 0])
        #expect(read.payload == [7])
    }

    @Test("a plain header is twelve octets")
    func plain() throws {
        var octets: [UInt8] = []
        RTPHeader(payloadType: 111, sequenceNumber: 0xffff, timestamp: 0x0102_0304, ssrc: 0x0506_0708, marker: true)
            .append(to: &octets)
        #expect(octets == [0x80, 0xef, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(try RTPHeader(reading: octets).payloadLength == 0)
    }

    @Test("every cut of a packet is refused or still within itself")
    func cuts() {
        for count in 0..<everything.count {
            let cut = Array(everything[..<count])
            if count < 12 {
                #expect(failure(cut) == .tooShort)
            } else if count < 28 {
                #expect(failure(cut) == .header)
            } else if count < everything.count {
                // The last octet is then part of the payload or of the zeros, and no honest count.
                #expect(failure(cut) == .padding)
            }
        }
    }

    @Test("wrong versions, padding counts and lengths are refused")
    func refusals() {
        var octets = everything
        octets[0] = 0x72
        #expect(failure(octets) == .version)
        octets = everything
        octets[octets.count - 1] = 0
        #expect(failure(octets) == .padding)
        octets[octets.count - 1] = 8
        #expect(failure(octets) == .padding)
        octets[octets.count - 1] = 7
        #expect(failure(octets) == nil)
        octets[22] = 0xff
        #expect(failure(octets) == .header)
    }

    @Test("RTP and RTCP on one port are told apart by the second octet")
    func demultiplexing() {
        func kind(_ second: UInt8, count: Int = 12, first: UInt8 = 0x80) -> MultiplexedPacket {
            MultiplexedPacket.classify([first, second] + Array(repeating: 0, count: count - 2))
        }
        #expect(kind(97) == .rtp)
        #expect(kind(0x80 | 97) == .rtp)
        #expect(kind(191) == .rtp)
        #expect(kind(192) == .rtcp)
        #expect(kind(200, count: 8) == .rtcp)
        #expect(kind(223) == .rtcp)
        #expect(kind(224) == .rtp)
        #expect(kind(97, count: 8) == .other)
        #expect(kind(200, count: 7) == .other)
        #expect(kind(200, first: 0x40) == .other)
        #expect(MultiplexedPacket.classify([]) == .other)
    }
}

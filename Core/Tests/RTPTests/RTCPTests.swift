import MCFoundation
import RTP
import Testing

private let block = ReportBlock(
    ssrc: 0x0a0b_0c0d, fractionLost: 64, cumulativeLost: -2, extendedHighestSequence: 0x0001_0002, jitter: 3,
    lastSenderReport: 4, delaySinceLastSenderReport: 5)

private func failure(_ octets: [UInt8], limits: RTCPLimits = .init()) -> RTPError? {
    do throws(RTPError) {
        _ = try RTCPPacket.parse(octets, limits: limits)
        return nil
    } catch {
        return error
    }
}

@Suite("RTCP compounds")
struct RTCPTests {
    @Test("a receiver report is written to the octet")
    func octets() {
        let written = RTCPPacket.serialize([.receiverReport(ReceiverReport(ssrc: 0x1111_2222, reports: [block]))])
        #expect(
            written == [
                0x81, 201, 0, 7, 0x11, 0x11, 0x22, 0x22,
                0x0a, 0x0b, 0x0c, 0x0d, 64, 0xff, 0xff, 0xfe, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5,
            ])
    }

    @Test("every kind of packet is read as it was written")
    func roundTrip() throws {
        let packets: [RTCPPacket] = [
            .senderReport(
                SenderReport(
                    ssrc: 1, ntpTime: NTPTime(0x0102_0304_0506_0708), rtpTimestamp: 2, packetCount: 3, octetCount: 4,
                    reports: [block, block])),
            .sourceDescription([
                SourceDescriptionChunk(ssrc: 1, canonicalName: "a@example.org"),
                SourceDescriptionChunk(ssrc: 2, canonicalName: "abc"),
                SourceDescriptionChunk(ssrc: 3, items: []),
                SourceDescriptionChunk(
                    ssrc: 4, items: [.init(type: 2, text: [1]), .init(type: 8, text: [])]),
            ]),
            .application(ApplicationPacket(subtype: 31, ssrc: 9, name: 0x4d43_5054, data: [1, 2, 3, 4])),
            .other(type: 205, count: 15, body: [1, 2, 3, 4]),
            .goodbye(Goodbye(sources: [1, 2], reason: Array("gone".utf8))),
            .goodbye(Goodbye(sources: [], reason: nil)),
        ]
        #expect(try RTCPPacket.parse(RTCPPacket.serialize(packets)) == packets)
    }

    @Test("a compound begins with a report unless reduced size is allowed")
    func firstPacket() throws {
        let goodbye = RTCPPacket.serialize([.goodbye(Goodbye(sources: [1]))])
        #expect(failure(goodbye) == .compound)
        #expect(try RTCPPacket.parse(goodbye, allowingReducedSize: true).count == 1)
    }

    @Test("padding is cut off the last packet and refused elsewhere")
    func padding() throws {
        let padded: [UInt8] = [0xa0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4]
        #expect(try RTCPPacket.parse(padded) == [.receiverReport(ReceiverReport(ssrc: 9))])
        #expect(failure(padded + [0x80, 203, 0, 0]) == .compound)
        #expect(failure([0xa0, 201, 0, 1, 0, 0, 0, 8]) == .padding)
        #expect(failure([0xa0, 201, 0, 1, 0, 0, 0, 0]) == .padding)
        #expect(failure([0xa0, 201, 0, 1, 0, 0, 0, 3]) == .padding)
        #expect(failure([0xa0, 201, 0, 1, 0, 0, 0, 4]) == .length)
    }

    @Test("lengths and counts that say more than there is are refused")
    func lengths() {
        #expect(failure([]) == .tooShort)
        #expect(failure([0x80, 201, 0]) == .tooShort)
        #expect(failure([0x80, 201, 0, 1]) == .length)
        #expect(failure([0x40, 201, 0, 1, 0, 0, 0, 0]) == .version)
        #expect(failure([0x81, 201, 0, 1, 0, 0, 0, 0]) == .length)
        #expect(failure([0x80, 200, 0, 1, 0, 0, 0, 0]) == .length)
        let report: [UInt8] = [0x80, 201, 0, 1, 0, 0, 0, 0]
        #expect(failure(report + [0x81, 202, 0, 0]) == .length)
        #expect(failure(report + [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 65, 65]) == .length)
        #expect(failure(report + [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 2, 65, 65]) == .length)
        #expect(failure(report + [0x82, 203, 0, 1, 0, 0, 0, 1]) == .length)
        #expect(failure(report + [0x81, 203, 0, 2, 0, 0, 0, 1, 4, 65, 65, 65]) == .length)
        #expect(failure(report + [0x80, 204, 0, 1, 0, 0, 0, 1]) == .length)
        #expect(failure(report + [0, 0]) == .length)
    }

    @Test("limits on packets and items hold")
    func limits() {
        let report = RTCPPacket.serialize([.receiverReport(ReceiverReport(ssrc: 1))])
        var limits = RTCPLimits()
        limits.packets = 2
        #expect(failure(report + report, limits: limits) == nil)
        #expect(failure(report + report + report, limits: limits) == .tooMany)
        limits.items = 1
        let item = SourceDescriptionChunk.Item(type: 1, text: [65])
        let description = RTCPPacket.serialize([.sourceDescription([.init(ssrc: 1, items: [item, item])])])
        #expect(failure(report + description, limits: limits) == .tooMany)
    }

    @Test("the NTP time of an instant has seconds since 1900 and their fraction")
    func ntp() {
        #expect(NTPTime(UTCTime(microseconds: 0)).value == UInt64(2_208_988_800) << 32)
        #expect(NTPTime(UTCTime(microseconds: 1_500_000)).value == UInt64(2_208_988_801) << 32 | 0x8000_0000)
        #expect(NTPTime(UTCTime(microseconds: -500_000)).value == UInt64(2_208_988_799) << 32 | 0x8000_0000)
        #expect(NTPTime(0x1111_2222_3333_4444).middle == 0x2222_3333)
    }
}

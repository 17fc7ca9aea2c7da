import RTP
import Testing

private func failure(_ octets: [UInt8], octetAligned: Bool) -> AMRWBPayload.ParseError? {
    do throws(AMRWBPayload.ParseError) {
        _ = try AMRWBPayload(parsing: octets, octetAligned: octetAligned)
        return nil
    } catch {
        return error
    }
}

@Suite("The RTP payload of AMR-WB")
struct AMRWBPayloadTests {
    /// 477 bits: 59 octets and five bits.
    private static let speech = (0..<59).map { UInt8($0 * 7 & 0xff) } + [0b1010_1000]

    @Test("one frame, octet-aligned: a header octet, a table entry, the frame")
    func octetAligned() throws {
        let payload = AMRWBPayload(frames: [.init(type: 8, data: Self.speech)])
        let octets = payload.serialized(octetAligned: true)
        // CMR 15, then F 0, FT 8, Q 1.
        #expect(octets == [0xf0, 0x44] + Self.speech)
        #expect(octets.count == 62)
        #expect(try AMRWBPayload(parsing: octets, octetAligned: true) == payload)
    }

    @Test("one frame, bandwidth-efficient: ten bits, then the speech without a gap")
    func bandwidthEfficient() throws {
        let payload = AMRWBPayload(codecModeRequest: 2, frames: [.init(type: 9, data: [0xff, 0x00, 0xaa, 0x55, 0x81])])
        let octets = payload.serialized(octetAligned: false)
        // 0010 0 1001 1 | 11111111 00000000 10101010 01010101 10000001 | 000000
        #expect(octets == [0b0010_0100, 0b1111_1111, 0b1100_0000, 0b0010_1010, 0b1001_0101, 0b0110_0000, 0b0100_0000])
        #expect(try AMRWBPayload(parsing: octets, octetAligned: false) == payload)
        let full = AMRWBPayload(frames: [.init(type: 8, data: Self.speech)])
        #expect(full.serialized(octetAligned: false).count == 61)
        #expect(try AMRWBPayload(parsing: full.serialized(octetAligned: false), octetAligned: false) == full)
    }

    @Test("several frames of all types keep their order in both forms", arguments: [true, false])
    func frames(octetAligned: Bool) throws {
        let types: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15]
        let frames = types.map { type -> AMRWBPayload.Frame in
            let bits = AMRWBPayload.bitCount(ofType: type) ?? 0
            var data = (0..<(bits + 7) / 8).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ Int(type)) }
            if bits % 8 != 0 { data[data.count - 1] &= 0xff << UInt8(8 - bits % 8) }
            return AMRWBPayload.Frame(type: type, isGood: type % 2 == 0, data: data)
        }
        let payload = AMRWBPayload(codecModeRequest: 8, frames: frames)
        #expect(
            try AMRWBPayload(parsing: payload.serialized(octetAligned: octetAligned), octetAligned: octetAligned)
                == payload)
    }

    @Test("short, long and impossible payloads are refused")
    func refusals() {
        #expect(failure([], octetAligned: true) == .tooShort)
        #expect(failure([0xf0], octetAligned: true) == .tooShort)
        #expect(failure([0xf0], octetAligned: false) == .tooShort)
        #expect(failure([0xf0, 0x44], octetAligned: true) == .tooShort)
        #expect(failure([0xf0, 0x44] + Self.speech.dropLast(), octetAligned: true) == .tooShort)
        #expect(failure([0xf0, 0x44] + Self.speech + [0], octetAligned: true) == .trailingOctets)
        #expect(failure([0xf0, 0x7c, 0], octetAligned: true) == .trailingOctets)
        for type in 10...13 { #expect(failure([0xf0, UInt8(type) << 3], octetAligned: true) == .frameType) }
        #expect(failure([0xf0] + Array(repeating: 0xfc, count: 13), octetAligned: true) == .tooManyFrames)
        #expect(failure([0xf0] + Array(repeating: 0xfc, count: 12), octetAligned: true) == .tooShort)
        #expect(failure([0xf0] + Array(repeating: 0xfc, count: 11) + [0x7c], octetAligned: true) == nil)
    }

    @Test("a payload never is without a frame")
    func empty() throws {
        let octets = AMRWBPayload(frames: []).serialized(octetAligned: true)
        #expect(try AMRWBPayload(parsing: octets, octetAligned: true).frames == [.init(type: 15, data: [])])
    }
}

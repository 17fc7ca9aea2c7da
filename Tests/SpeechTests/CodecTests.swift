import Glibc
import RTP
import SDP
import Speech
import Testing

/// Something like a voice: a fundamental with harmonics whose loudness swells and falls four times a second.
private func voice(seconds: Double, rate: Int) -> [Int16] {
    (0..<Int(seconds * Double(rate))).map { index in
        let t = Double(index) / Double(rate)
        let swell = 0.5 - 0.5 * cos(2 * .pi * 4 * t)
        let harmonics = (1...8).reduce(0.0) { $0 + sin(2 * .pi * 140 * Double($1) * t) / Double($1) }
        return Int16(4_000 * swell * harmonics)
    }
}

private func energy(_ samples: some Sequence<Int16>) -> Double {
    samples.reduce(0) { $0 + Double($1) * Double($1) }
}

/// Correlation of the first quarter of a second of two recordings at the best of the delays. The codecs are no
/// waveform coders: 0.89 is what they reach on this signal, noise stays near zero.
private func bestCorrelation(_ left: [Int16], _ right: [Int16], delays: Range<Int>) -> Double {
    delays.map { delay in
        let count = min(4_000, left.count, right.count - delay)
        let (a, b) = (left[..<count], right[delay..<(delay + count)])
        let product = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        return product / (energy(a) * energy(b)).squareRoot()
    }.max() ?? 0
}

@Suite("Codecs")
struct CodecTests {
    @Test("speech survives coding and decoding", arguments: SpeechCodec.all)
    func roundTrip(codec: SpeechCodec) throws {
        var encoder = try SpeechEncoder(codec)
        var decoder = try SpeechDecoder(codec)
        let spoken = voice(seconds: 1, rate: 16_000)
        var heard: [Int16] = []
        for start in stride(from: 0, to: spoken.count, by: 320) {
            let payload = try encoder.encode(Array(spoken[start..<(start + 320)]))
            #expect(payload.count < 200)
            let samples = try decoder.decode(payload)
            #expect(samples.count == 320)
            heard += samples
        }
        #expect(bestCorrelation(spoken, heard, delays: 0..<240) > 0.85)
        #expect((0.7...1.4).contains(energy(heard) / energy(spoken)))
    }

    @Test("AMR-WB at 23.85 kbit/s has 62 octets octet-aligned and 61 bandwidth-efficient")
    func sizes() throws {
        for (octetAlign, size) in [(true, 62), (false, 61)] {
            var encoder = try SpeechEncoder(.amrWB(octetAlign: octetAlign))
            let payload = try encoder.encode(voice(seconds: 0.02, rate: 16_000))
            #expect(payload.count == size)
            #expect(try AMRWBPayload(parsing: payload, octetAligned: octetAlign).frames.map(\.type) == [8])
        }
        var low = try SpeechEncoder(.amrWB(octetAlign: true), amrWBMode: 0)
        let payload = try low.encode([Int16](repeating: 0, count: 320))
        #expect(payload.count == 2 + 17)
    }

    @Test("silence is sent too: no discontinuous transmission", arguments: SpeechCodec.all)
    func silence(codec: SpeechCodec) throws {
        var encoder = try SpeechEncoder(codec)
        var sizes: [Int] = []
        for _ in 0..<50 { sizes.append(try encoder.encode([Int16](repeating: 0, count: 320)).count) }
        #expect(sizes.allSatisfy { $0 > 2 })
    }

    @Test("a lost packet is concealed with 20 ms that fade", arguments: SpeechCodec.all)
    func concealment(codec: SpeechCodec) throws {
        var encoder = try SpeechEncoder(codec)
        var decoder = try SpeechDecoder(codec)
        let spoken = voice(seconds: 0.4, rate: 16_000)
        for start in stride(from: 0, to: spoken.count, by: 320) {
            _ = try decoder.decode(encoder.encode(Array(spoken[start..<(start + 320)])))
        }
        var last = 0.0
        for _ in 0..<50 {
            let samples = try decoder.conceal()
            #expect(samples.count == 320)
            last = energy(samples)
        }
        #expect(last < energy(spoken) / 20 / 20)
    }

    @Test("Opus also codes at 48 kHz, and a decoder at 16 kHz hears it")
    func opusRates() throws {
        var encoder = try SpeechEncoder(.opus, opusSampleRate: 48_000)
        var decoder = try SpeechDecoder(.opus)
        let frame = encoder.samplesPerFrame
        #expect(frame == 960)
        let spoken = voice(seconds: 1, rate: 48_000)
        var heard: [Int16] = []
        for start in stride(from: 0, to: spoken.count, by: 960) {
            heard += try decoder.decode(encoder.encode(Array(spoken[start..<(start + 960)])))
        }
        #expect(heard.count == 16_000)
        #expect((0.7...1.4).contains(3 * energy(heard) / energy(spoken)))
    }

    @Test("frames of the wrong length and wrong payloads are errors")
    func inputErrors() throws {
        var encoder = try SpeechEncoder(.amrWB(octetAlign: true))
        #expect(
            failure { () throws(SpeechError) in _ = try encoder.encode([Int16](repeating: 0, count: 160)) }
                == .frameLength(expected: 320, got: 160))
        var decoder = try SpeechDecoder(.amrWB(octetAlign: true))
        for payload in [[], [0xf0, 0x44, 1, 2, 3]] as [[UInt8]] {
            #expect(failure { () throws(SpeechError) in _ = try decoder.decode(payload) } == .malformedPayload)
        }
        var opus = try SpeechDecoder(.opus)
        for payload in [[], [0xff, 0xff]] as [[UInt8]] {
            #expect(failure { () throws(SpeechError) in _ = try opus.decode(payload) } == .malformedPayload)
        }
    }

    @Test("parameters that a library refuses are errors")
    func parameterErrors() {
        #expect(failure { () throws(SpeechError) in _ = try SpeechEncoder(.opus, opusSampleRate: 44_100) } != nil)
        #expect(failure { () throws(SpeechError) in _ = try SpeechDecoder(.opus, opusSampleRate: 44_100) } != nil)
        #expect(
            failure { () throws(SpeechError) in _ = try SpeechEncoder(.amrWB(octetAlign: true), amrWBMode: 9) }
                == .codecUnavailable)
    }

    private func failure(_ body: () throws(SpeechError) -> Void) -> SpeechError? {
        do throws(SpeechError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("every frame of every type decodes without harm, whatever its bits", arguments: [true, false])
    func anyBits(octetAlign: Bool) throws {
        var decoder = try SpeechDecoder(.amrWB(octetAlign: octetAlign))
        var state: UInt32 = 1
        for round in 0..<20 {
            for type in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15] as [UInt8] {
                let count = ((AMRWBPayload.bitCount(ofType: type) ?? 0) + 7) / 8
                let data = (0..<count).map { _ -> UInt8 in
                    state = state &* 1_664_525 &+ 1_013_904_223
                    return UInt8(state >> 24)
                }
                let payload = AMRWBPayload(frames: [.init(type: type, isGood: round % 2 == 0, data: data)])
                let samples = try decoder.decode(payload.serialized(octetAligned: octetAlign))
                #expect(samples.count == 320)
            }
        }
    }
}

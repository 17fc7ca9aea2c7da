import Foundation
import Speech
import Testing

private func tone(_ hertz: Double, rate: Int, seconds: Double = 0.5) -> [Int16] {
    (0..<Int(Double(rate) * seconds)).map { Int16(10_000 * sin(2 * .pi * hertz * Double($0) / Double(rate))) }
}

/// Root mean square of the difference over the middle, where the ends do not count, against that of the second.
private func deviation(_ left: [Int16], _ right: [Int16]) -> Double {
    let range = left.count / 10..<left.count * 9 / 10
    let difference = range.reduce(0.0) { $0 + pow(Double(left[$1]) - Double(right[$1]), 2) }
    return (difference / range.reduce(0.0) { $0 + pow(Double(right[$1]), 2) }).squareRoot()
}

@Suite("Conversion of sample rates")
struct ResamplerTests {
    @Test(
        "a tone keeps frequency, loudness and place",
        arguments: [
            (8_000, 16_000), (16_000, 8_000), (48_000, 16_000), (16_000, 48_000), (44_100, 16_000), (22_050, 48_000),
        ])
    func tones(from: Int, to: Int) {
        for hertz in [300.0, 1_000, 3_000] {
            let converted = Resampler(from: from, to: to).convert(tone(hertz, rate: from))
            #expect(converted.count == to / 2)
            #expect(deviation(converted, tone(hertz, rate: to)) < 0.005)
        }
    }

    @Test("what the target rate cannot hold is removed")
    func aliases() {
        for hertz in [8_200.0, 12_000, 20_000] {
            let converted = Resampler(from: 48_000, to: 16_000).convert(tone(hertz, rate: 48_000))
            let loudest = converted[800..<7_200].map { abs(Int($0)) }.max() ?? .max
            #expect(loudest <= 3)
        }
    }

    @Test("the same rate and no samples change nothing, and full scale is clamped")
    func edges() {
        #expect(Resampler(from: 8_000, to: 8_000).convert([1, 2, 3]) == [1, 2, 3])
        #expect(Resampler(from: 8_000, to: 16_000).convert([]).isEmpty)
        let square = (0..<800).map { $0 / 8 % 2 == 0 ? Int16.max : .min }
        #expect(Resampler(from: 8_000, to: 16_000).convert(square).contains(.max))
    }

    @Test("a recording becomes one channel at the rate of the codec")
    func recordings() {
        let audio = WAVAudio(sampleRate: 8_000, channels: 2, samples: tone(500, rate: 8_000).flatMap { [$0, $0] })
        #expect(deviation(audio.mono(at: 16_000), tone(500, rate: 16_000)) < 0.005)
    }
}

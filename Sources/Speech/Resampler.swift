internal import Glibc

/// Converts the sample rate of whole recordings by a linear-phase low-pass filter in polyphase form: a windowed sinc
/// with a Kaiser window, 80 dB down in the stop band. The result is not delayed against the source.
public struct Resampler: Sendable {
    public let sourceRate: Int
    public let targetRate: Int
    private let up: Int
    private let down: Int
    /// Taps at `up` times the source rate, symmetric about `halfLength`.
    private let taps: [Float]
    private let halfLength: Int

    /// Zero crossings of the sinc on each side.
    private static let zeroCrossings = 24
    /// Kaiser's parameter for 80 dB.
    private static let beta = 7.857

    /// - Parameters: rates in samples per second, both positive.
    public init(from sourceRate: Int, to targetRate: Int) {
        precondition(sourceRate > 0 && targetRate > 0, "a sample rate is positive")
        self.sourceRate = sourceRate
        self.targetRate = targetRate
        var (a, b) = (sourceRate, targetRate)
        while b != 0 { (a, b) = (b, a % b) }
        up = targetRate / a
        down = sourceRate / a
        let widest = max(up, down)
        // Kaiser's formula gives the width of the transition; the cut-off moves down by half of it, so that all of it
        // lies below the narrower of the two Nyquist frequencies.
        let transition = (80 - 7.95) / (14.36 * Double(2 * Self.zeroCrossings))
        let cutoff = (1 - transition) / Double(widest)
        halfLength = Self.zeroCrossings * widest
        let (gain, half) = (Double(up), halfLength)
        taps = (-half...half).map { position in
            let x = Double(position)
            let sinc = position == 0 ? cutoff : sin(.pi * cutoff * x) / (.pi * x)
            let edge = x / Double(half)
            return Float(gain * sinc * Self.bessel(Self.beta * (1 - edge * edge).squareRoot()) / Self.bessel(Self.beta))
        }
    }

    /// The recording at the target rate.
    public func convert(_ samples: [Int16]) -> [Int16] {
        guard up != down, !samples.isEmpty else { return samples }
        let count = (samples.count * up + down - 1) / down
        return samples.withUnsafeBufferPointer { samples in
            taps.withUnsafeBufferPointer { taps in
                (0..<count).map { index in
                    // Position of this sample at `up` times the source rate, where every `up`th is not zero.
                    let center = index * down
                    let first = max(0, (center - halfLength + up - 1) / up)
                    let last = min(samples.count - 1, (center + halfLength) / up)
                    var sum: Float = 0
                    if first <= last {
                        for source in first...last {
                            sum += Float(samples[source]) * taps[center - source * up + halfLength]
                        }
                    }
                    return Int16(clamping: Int(sum.rounded()))
                }
            }
        }
    }

    /// The modified Bessel function of order zero, by its power series.
    private static func bessel(_ x: Double) -> Double {
        var (sum, term) = (1.0, 1.0)
        for k in 1...40 {
            term *= (x / 2 / Double(k)) * (x / 2 / Double(k))
            sum += term
        }
        return sum
    }
}

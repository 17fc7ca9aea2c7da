import MCFoundation
import MediaDriver
import Testing

@Suite struct LatencyHistogramTests {
    @Test func `a quantile is right to an eighth, whatever the size`() {
        for scale in [1, 7, 8, 9, 100, 12_345, 1_000_000, 3_000_000_000] as [Int64] {
            var histogram = LatencyHistogram()
            for step in 1...100 as ClosedRange<Int64> { histogram.note(.nanoseconds(step * scale)) }
            for part in [0.01, 0.5, 0.99, 1] {
                let exact = Int64((part * 100).rounded(.up)) * scale
                let found = histogram.quantile(part).wholeNanoseconds
                #expect(found >= exact && found <= exact + exact / 8 + 1, "\(part) of \(scale)")
            }
            #expect(histogram.count == 100)
            #expect(histogram.longest == .nanoseconds(100 * scale))
        }
    }

    @Test func `nothing noted takes no time, and a clock that went back counts as none`() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.99) == .zero)
        histogram.note(.nanoseconds(-5))
        #expect(histogram.quantile(0.99) == .zero)
        #expect(histogram.count == 1)
    }
}

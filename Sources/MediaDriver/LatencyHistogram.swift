import MCFoundation

/// How long something took, counted in classes an eighth of a power of two wide, so that a quantile is right to about a
/// tenth and noting one costs nothing.
public struct LatencyHistogram: Hashable, Sendable {
    private var classes = [UInt64](repeating: 0, count: 64 * 8)
    public private(set) var count: UInt64 = 0
    public private(set) var longest = Duration.zero

    public init() {}

    public mutating func note(_ duration: Duration) {
        count += 1
        longest = max(longest, duration)
        classes[Self.index(of: max(0, duration.wholeNanoseconds))] += 1
    }

    /// The upper bound of the class in which this part of all lies; zero while there is none.
    public func quantile(_ part: Double) -> Duration {
        guard count > 0 else { return .zero }
        let wanted = UInt64((Double(count) * min(max(part, 0), 1)).rounded(.up))
        var seen: UInt64 = 0
        for (index, number) in classes.enumerated() {
            seen += number
            if number > 0, seen >= wanted { return min(.nanoseconds(Self.upperBound(of: index)), longest) }
        }
        return longest
    }

    /// Eight classes to each power of two; below eight nanoseconds one each.
    private static func index(of nanoseconds: Int64) -> Int {
        let exponent = 63 - max(nanoseconds, 1).leadingZeroBitCount
        guard exponent >= 3 else { return Int(nanoseconds) }
        return (exponent - 2) * 8 + Int((nanoseconds >> (exponent - 3)) & 7)
    }

    private static func upperBound(of index: Int) -> Int64 {
        guard index >= 8 else { return Int64(index) }
        let exponent = index / 8 + 2
        return (Int64(8 + index % 8 + 1) << (exponent - 3)) - 1
    }
}

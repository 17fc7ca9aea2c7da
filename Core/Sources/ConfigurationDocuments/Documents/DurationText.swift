/// `xs:duration` as the documents write it: seconds only, `PT30S` (TS 24.484 8.4.2.7).
package enum DurationText {
    /// A hundred years. Longer is no timer.
    private static let longest = Duration.seconds(100 * 366 * 86_400)

    /// Whole microseconds. What is negative is written as nothing, because no timer of the documents runs backwards.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = max(duration, .zero).components
        let microseconds = attoseconds / 1_000_000_000_000
        guard microseconds > 0 else { return "PT\(seconds)S" }
        var fraction = String(microseconds)
        fraction = String(repeating: "0", count: max(0, 6 - fraction.utf8.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "PT\(seconds).\(fraction)S"
    }

    /// nil for text that is no duration, for a negative one, and for years and months, whose length is not known.
    package static func parse(_ text: String) -> Duration? {
        var rest = Array(text.utf8)[...]
        guard rest.popFirst() == UInt8(ascii: "P") else { return nil }
        var total = Duration.zero
        var units: [(UInt8, Int64)] = [(UInt8(ascii: "D"), 86_400)]
        var inTime = false
        var parts = 0
        while let next = rest.first {
            if next == UInt8(ascii: "T"), !inTime {
                inTime = true
                rest = rest.dropFirst()
                units = [(UInt8(ascii: "H"), 3_600), (UInt8(ascii: "M"), 60), (UInt8(ascii: "S"), 1)]
                guard !rest.isEmpty else { return nil }
                continue
            }
            guard let number = number(&rest) else { return nil }
            guard let unit = rest.popFirst(), let index = units.firstIndex(where: { $0.0 == unit }),
                number.microseconds == 0 || unit == UInt8(ascii: "S"),
                number.seconds <= longest.components.seconds / units[index].1
            else { return nil }
            total += .seconds(number.seconds * units[index].1) + .microseconds(number.microseconds)
            // Each unit once, and in order.
            units.removeSubrange(...index)
            parts += 1
        }
        guard parts > 0, total <= longest else { return nil }
        return total
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> (seconds: Int64, microseconds: Int64)? {
        let whole = digits(&rest)
        guard !whole.isEmpty, let seconds = Int64(String(decoding: whole, as: UTF8.self)) else { return nil }
        guard rest.first == UInt8(ascii: ".") else { return (seconds, 0) }
        rest = rest.dropFirst()
        let fraction = digits(&rest).prefix(6)
        guard !fraction.isEmpty, var microseconds = Int64(String(decoding: fraction, as: UTF8.self)) else { return nil }
        for _ in fraction.count..<6 { microseconds *= 10 }
        return (seconds, microseconds)
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let found = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(found.count)
        return found
    }
}

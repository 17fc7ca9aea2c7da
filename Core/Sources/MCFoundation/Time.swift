/// A reading of the monotonic clock, in nanoseconds since an origin that the driver chose.
/// Machines compare and add instants; only a shell knows where the origin lies.
public struct Instant: Comparable, Hashable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    public static let zero = Instant(nanoseconds: 0)
    /// Later than every deadline; a machine without a deadline answers nil instead.
    public static let distantFuture = Instant(nanoseconds: .max)

    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates instead of overflowing, so that a peer's huge Expires is merely far away.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        guard overflow else { return Instant(nanoseconds: sum) }
        return Instant(nanoseconds: duration > .zero ? .max : .min)
    }

    public static func - (later: Instant, earlier: Instant) -> Duration {
        .nanoseconds(later.nanoseconds.subtractingReportingOverflow(earlier.nanoseconds).partialValue)
    }
}

/// Coordinated universal time in microseconds since 1970-01-01T00:00:00Z.
public struct UTCTime: Comparable, Hashable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    public static func < (left: UTCTime, right: UTCTime) -> Bool {
        left.microseconds < right.microseconds
    }
}

/// The time that comes in with every event: the monotonic reading orders deadlines, UTC goes into documents and logs.
public struct Now: Hashable, Sendable {
    public var instant: Instant
    public var utc: UTCTime

    public init(instant: Instant, utc: UTCTime) {
        self.instant = instant
        self.utc = utc
    }
}

extension Duration {
    /// Whole nanoseconds, saturated at the range of `Int64`.
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard overflow || carry else { return sum }
        return seconds > 0 ? .max : .min
    }

    /// Cut to whole milliseconds, saturated at the range of nanoseconds in `Int64`.
    public var wholeMilliseconds: Int { Int(wholeNanoseconds / 1_000_000) }

    /// Milliseconds with fraction, for reports.
    public var inMilliseconds: Double {
        Double(wholeNanoseconds) / 1_000_000
    }

    /// Seconds with fraction, for reports.
    public var inSeconds: Double {
        Double(wholeNanoseconds) / 1_000_000_000
    }
}

public import MCFoundation
import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The clocks of this machine as cells see them.
public enum SystemClock {
    /// The origin of `instant` is that of the operating system's monotonic clock, the same in every thread.
    public static func now() -> Now {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Now(
            instant: Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds)),
            utc: UTCTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000))
    }
}

extension Duration {
    var amount: TimeAmount { .nanoseconds(wholeNanoseconds) }
}

extension NIODeadline {
    init(_ instant: Instant) {
        self = .uptimeNanoseconds(UInt64(clamping: instant.nanoseconds))
    }
}

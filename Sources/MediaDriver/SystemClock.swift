import CNet
public import MCFoundation

/// The clocks of the machine: monotonic time orders deadlines, UTC goes into documents and logs.
public enum SystemClock {
    public static func now() -> Now {
        Now(
            instant: Instant(nanoseconds: cnet_monotonic()), utc: UTCTime(microseconds: cnet_realtime() / 1_000))
    }
}

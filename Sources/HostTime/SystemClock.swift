public import MCFoundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The clocks of this machine: monotonic time orders deadlines and has the same origin in every thread and process,
/// UTC goes into documents and logs.
public enum SystemClock {
    public static func now() -> Now {
        Now(
            instant: Instant(nanoseconds: read(CLOCK_MONOTONIC)),
            utc: UTCTime(microseconds: read(CLOCK_REALTIME) / 1_000))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

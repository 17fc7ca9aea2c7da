import MCFoundation

/// The time as the `Date` of an answer says it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7).
enum WebDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(_ time: UTCTime) -> String {
        // No year but of four digits can be written.
        let seconds = min(max(time.microseconds / 1_000_000, 0), 253_402_300_799)
        let (day, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let (year, month, date) = civil(day)
        let clock = [rest / 3_600, rest / 60 % 60, rest % 60].map(twoDigits).joined(separator: ":")
        // 1970-01-01 was a Thursday.
        return "\(days[Int((day + 4) % 7)]), \(twoDigits(date)) \(months[month]) \(year) \(clock) GMT"
    }

    /// The Gregorian date of a day counted from 1970-01-01; months count from 0.
    private static func civil(_ day: Int64) -> (year: Int64, month: Int, day: Int64) {
        var rest = day
        var year: Int64 = 1_970
        while rest >= length(year) {
            rest -= length(year)
            year += 1
        }
        var month = 0
        for length in [31, length(year) == 366 ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30] as [Int64] {
            guard rest >= length else { break }
            rest -= length
            month += 1
        }
        return (year, month, rest + 1)
    }

    private static func length(_ year: Int64) -> Int64 {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

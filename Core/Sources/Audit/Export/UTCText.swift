internal import MCFoundation

/// RFC 3339 in UTC with microseconds. Times outside the years 0001 to 9999 are written as the nearest end of that range.
func utcText(_ time: UTCTime) -> String {
    let range: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999
    let micros = min(max(time.microseconds, range.lowerBound), range.upperBound) - range.lowerBound
    let (days, rest) = micros.quotientAndRemainder(dividingBy: 86_400_000_000)
    let (year, month, day) = civil(days)
    let seconds = rest / 1_000_000
    return [padded(year, 4), padded(month, 2), padded(day, 2)].joined(separator: "-") + "T"
        + [padded(seconds / 3_600, 2), padded(seconds / 60 % 60, 2), padded(seconds % 60, 2)].joined(separator: ":")
        + "." + padded(rest % 1_000_000, 6) + "Z"
}

/// The Gregorian date of a day counted from 0001-01-01, in cycles of 400, 100, 4 years and one.
private func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (cycles, inCycle) = days.quotientAndRemainder(dividingBy: 146_097)
    let centuries = min(3, inCycle / 36_524)
    let inCentury = inCycle - centuries * 36_524
    let (fours, inFour) = inCentury.quotientAndRemainder(dividingBy: 1_461)
    let years = min(3, inFour / 365)
    let year = cycles * 400 + centuries * 100 + fours * 4 + years + 1
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    var day = inFour - years * 365
    var month: Int64 = 1
    for length in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30] as [Int64] {
        guard day >= length else { break }
        day -= length
        month += 1
    }
    return (year, month, day + 1)
}

private func padded(_ number: Int64, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

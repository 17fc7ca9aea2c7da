internal import MCFoundation

/// `xs:dateTime` as the documents write it: UTC, whole seconds, unless read with a fraction or an offset.
enum DateTime {
    /// The years 0001 to 9999, which four digits can name.
    private static let range = (-62_135_596_800_000_000...253_402_300_799_999_999) as ClosedRange<Int64>

    /// Times outside the years 1 to 9999 are written as the nearest end of that range.
    static func text(_ time: UTCTime) -> String {
        let (days, microseconds) = floored(
            min(max(time.microseconds, range.lowerBound), range.upperBound), 86_400_000_000)
        let (year, month, day) = civil(fromDays: days)
        let seconds = microseconds / 1_000_000
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(seconds / 3_600, 2) + ":"
            + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2) + "Z"
    }

    /// nil for text that is no date and time. Without an offset the time counts as UTC.
    static func parse(_ text: String) -> UTCTime? {
        var rest = Substring(text)
        guard let year = number(&rest, 4), skip("-", &rest), let month = number(&rest, 2), skip("-", &rest),
            let day = number(&rest, 2), skip("T", &rest), let hour = number(&rest, 2), skip(":", &rest),
            let minute = number(&rest, 2), skip(":", &rest), let second = number(&rest, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var microseconds: Int64 = 0
        if skip(".", &rest) {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            let six = digits.prefix(6)
            guard let fraction = Int64(six) else { return nil }
            microseconds = fraction * [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1][six.count]
        }
        var offsetMinutes: Int64 = 0
        if !skip("Z", &rest), let sign = rest.first, sign == "+" || sign == "-" {
            rest = rest.dropFirst()
            guard let hours = number(&rest, 2), skip(":", &rest), let minutes = number(&rest, 2), hours <= 14,
                minutes < 60
            else { return nil }
            offsetMinutes = (hours * 60 + minutes) * (sign == "-" ? -1 : 1)
        }
        guard rest.isEmpty else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + (minute - offsetMinutes) * 60 + second
        let total = seconds * 1_000_000 + microseconds
        return range.contains(total) ? UTCTime(microseconds: total) : nil
    }

    private static func number(_ rest: inout Substring, _ digits: Int) -> Int64? {
        let part = rest.prefix(digits)
        guard part.utf8.count == digits, part.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        rest = rest.dropFirst(digits)
        return Int64(part)
    }

    private static func skip(_ character: Character, _ rest: inout Substring) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func padded(_ number: Int64, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    private static func floored(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    // The proleptic Gregorian calendar in 400-year eras that begin on 1 March, so that the leap day is the last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floored(shifted, 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floored(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

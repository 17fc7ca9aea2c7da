// Reading by position: every function leaves `position` behind what it read and never reads behind `end`.
extension Span<UInt8> {
    @inline(__always)
    func skipBlanks(_ position: inout Int, _ end: Int) {
        while position < end, Ascii.isBlank(self[position]) { position += 1 }
    }

    /// The first carriage return or line feed at or behind `start`; `end` where there is none.
    ///
    /// Eight octets at a time: the high bit of `(word - 14 in each octet) & ~word` is set for an octet below 14. A tab is
    /// one as well, and a borrow can set a bit too many above a set one; so the lowest bit is what counts, and is looked
    /// at.
    func lineBreak(from start: Int, _ end: Int) -> Int {
        let raw = bytes
        var index = start
        while index < end {
            while index + 8 <= end {
                let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
                let low = (word &- 0x0e0e_0e0e_0e0e_0e0e) & ~word & 0x8080_8080_8080_8080
                if low != 0 {
                    index += low.trailingZeroBitCount / 8
                    break
                }
                index += 8
            }
            guard index < end else { return end }
            let byte = self[index]
            if byte == Ascii.carriageReturn || byte == Ascii.lineFeed { return index }
            index += 1
        }
        return end
    }

    /// `range` without blanks at either side.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, Ascii.isBlank(self[start]) { start += 1 }
        while end > start, Ascii.isBlank(self[end - 1]) { end -= 1 }
        return start..<end
    }

    /// The run of characters of `set` at `position`; empty where there is none.
    @inline(__always)
    func run(of set: ByteSet, _ position: inout Int, _ end: Int) -> Range<Int> {
        let start = position
        while position < end, set.contains(self[position]) { position += 1 }
        return start..<position
    }

    /// Reads `byte` with blanks on either side (`SLASH`, `COLON` and their like of RFC 3261 25.1).
    func accept(_ byte: UInt8, _ position: inout Int, _ end: Int) -> Bool {
        skipBlanks(&position, end)
        guard position < end, self[position] == byte else { return false }
        position += 1
        skipBlanks(&position, end)
        return true
    }

    /// A quoted string whose opening quote stands at `position`; the range within the quotes, escapes as received.
    func quotedString(_ position: inout Int, _ end: Int) -> Range<Int>? {
        var index = position + 1
        while index < end {
            let byte = self[index]
            // No line ends within quotes, not even behind a backslash; what was folded is unfolded before (RFC 3261 25.1).
            if byte == Ascii.carriageReturn || byte == Ascii.lineFeed { return nil }
            if byte == Ascii.backslash {
                guard index + 1 < end, self[index + 1] != Ascii.carriageReturn, self[index + 1] != Ascii.lineFeed else {
                    return nil
                }
                index += 2
                continue
            }
            if byte == Ascii.quote {
                defer { position = index + 1 }
                return position + 1..<index
            }
            index += 1
        }
        return nil
    }

    /// True where `range` is made of `set` and well-formed `%` escapes only.
    func consists(_ range: Range<Int>, of set: ByteSet) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = self[index]
            if byte == Ascii.percent {
                guard index + 2 < range.upperBound, ByteSet.hex.contains(self[index + 1]),
                    ByteSet.hex.contains(self[index + 2])
                else { return false }
                index += 3
            } else {
                guard set.contains(byte) else { return false }
                index += 1
            }
        }
        return true
    }

    /// A decimal number that fills `range` and is not above `maximum`.
    func decimal(_ range: Range<Int>, maximum: UInt64) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in range {
            let byte = self[index]
            guard ByteSet.digit.contains(byte) else { return nil }
            // Leading zeros are legal in any number; so the value is what is bounded, not the count of digits.
            value = value * 10 + UInt64(byte - 48)
            guard value <= maximum, value < 1 << 40 else { return nil }
        }
        return value
    }

    func equalsIgnoringCase(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { letters in
            for offset in 0..<letters.count
            where Ascii.lower(self[range.lowerBound + offset]) != Ascii.lower(letters[offset]) {
                return false
            }
            return true
        }
    }

    func text(_ range: Range<Int>) -> String {
        guard !range.isEmpty else { return "" }
        return extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// `range` of a quoted string with `\x` read as `x`.
    func unquoted(_ range: Range<Int>) -> String {
        guard range.contains(where: { self[$0] == Ascii.backslash }) else { return text(range) }
        var octets: [UInt8] = []
        octets.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            if self[index] == Ascii.backslash, index + 1 < range.upperBound { index += 1 }
            octets.append(self[index])
            index += 1
        }
        return String(decoding: octets, as: UTF8.self)
    }

    /// `range` with `%HH` read as the octet.
    func unescaped(_ range: Range<Int>) -> String {
        guard range.contains(where: { self[$0] == Ascii.percent }) else { return text(range) }
        var octets: [UInt8] = []
        octets.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            if self[index] == Ascii.percent, index + 2 < range.upperBound,
                let high = Ascii.hexValue(self[index + 1]), let low = Ascii.hexValue(self[index + 2])
            {
                octets.append(high << 4 | low)
                index += 3
            } else {
                octets.append(self[index])
                index += 1
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }
}

extension String {
    /// Reads this text as octets.
    func withOctets<Result>(_ body: (Octets) -> Result) -> Result {
        let octets = Array(utf8)
        return body(octets.span)
    }

    /// This text within quotes, with what RFC 3261 25.1 wants escaped. Line breaks cannot stand in a header and become
    /// spaces.
    var quoted: String {
        var octets: [UInt8] = [Ascii.quote]
        for byte in utf8 {
            switch byte {
            case Ascii.carriageReturn, Ascii.lineFeed:
                octets.append(Ascii.space)
            case Ascii.quote, Ascii.backslash, 0..<Ascii.tab, 11..<Ascii.space, 127:
                octets.append(Ascii.backslash)
                octets.append(byte)
            default:
                octets.append(byte)
            }
        }
        octets.append(Ascii.quote)
        return String(decoding: octets, as: UTF8.self)
    }

    /// True where every character is of `set` and there is one at least.
    func isMade(of set: ByteSet) -> Bool { !isEmpty && utf8.allSatisfy { set.contains($0) } }

    /// This text with everything outside `set` as `%HH`.
    func escaped(outside set: ByteSet) -> String {
        guard !utf8.allSatisfy({ set.contains($0) }) else { return self }
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for byte in utf8 {
            if set.contains(byte) {
                octets.append(byte)
            } else {
                octets += [Ascii.percent, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }
}

/// A set of ASCII characters as 128 bits: one shift and one mask decide.
struct ByteSet: Sendable {
    private let low: UInt64
    private let high: UInt64

    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let word = byte < 64 ? low : high
        return word >> UInt64(byte & 63) & 1 == 1
    }
}

// The character classes of RFC 3261 25.1; bit n is character n.
extension ByteSet {
    static let token = ByteSet(low: 0x03ff_6ca2_0000_0000, high: 0x47ff_ffff_87ff_fffe)
    /// `word` and the commercial at that joins two of them in a Call-ID.
    static let callID = ByteSet(low: 0xd7ff_efa6_0000_0000, high: 0x6fff_ffff_bfff_ffff)
    /// `unreserved / user-unreserved`.
    static let user = ByteSet(low: 0xabff_ffd2_0000_0000, high: 0x47ff_fffe_87ff_fffe)
    static let password = ByteSet(low: 0x23ff_7fd2_0000_0000, high: 0x47ff_fffe_87ff_fffe)
    /// `paramchar` without escapes.
    static let uriParameter = ByteSet(low: 0x07ff_efd2_0000_0000, high: 0x47ff_fffe_afff_fffe)
    /// `hnv-unreserved / unreserved`, the equals sign and the ampersand.
    static let uriHeader = ByteSet(low: 0xa7ff_efd2_0000_0000, high: 0x47ff_fffe_afff_fffe)
    /// Letters, digits, hyphen and dot; the underscore is seen in names of real networks.
    static let host = ByteSet(low: 0x03ff_6000_0000_0000, high: 0x07ff_fffe_87ff_fffe)
    static let ipv6 = ByteSet(low: 0x07ff_4000_0000_0000, high: 0x0000_007e_0000_007e)
    /// `gen-value` without quotes: tokens, hosts, and the separators that deployed agents leave unquoted.
    static let parameterValue = ByteSet(low: 0x87ff_ecf2_0000_0000, high: 0x47ff_ffff_afff_ffff)
    /// What may follow the colon of a scheme that is taken as it is: visible ASCII but `<`, `>` and quotes.
    static let opaque = ByteSet(low: 0xafff_fffa_0000_0000, high: 0x7fff_ffff_ffff_ffff)
    static let scheme = ByteSet(low: 0x03ff_6800_0000_0000, high: 0x07ff_fffe_07ff_fffe)
    static let digit = ByteSet(low: 0x03ff_0000_0000_0000, high: 0x0000_0000_0000_0000)
    static let hex = ByteSet(low: 0x03ff_0000_0000_0000, high: 0x0000_007e_0000_007e)
    /// Quote, comma and angle brackets: what decides where the values of a list end.
    static let listStructure = ByteSet(low: 0x5000_1004_0000_0000, high: 0x0000_0000_0000_0000)
    /// `bchars` of RFC 2046 5.1.1.
    static let boundary = ByteSet(low: 0xa7ff_fb81_0000_0000, high: 0x07ff_fffe_87ff_fffe)
}

/// The octets of a message or of a value, read in place.
typealias Octets = Span<UInt8>

enum Ascii {
    static let tab: UInt8 = 9
    static let lineFeed: UInt8 = 10
    static let carriageReturn: UInt8 = 13
    static let space: UInt8 = 32
    static let quote = UInt8(ascii: "\"")
    static let percent = UInt8(ascii: "%")
    static let comma = UInt8(ascii: ",")
    static let slash = UInt8(ascii: "/")
    static let colon = UInt8(ascii: ":")
    static let semicolon = UInt8(ascii: ";")
    static let less = UInt8(ascii: "<")
    static let equals = UInt8(ascii: "=")
    static let greater = UInt8(ascii: ">")
    static let question = UInt8(ascii: "?")
    static let at = UInt8(ascii: "@")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let backslash = UInt8(ascii: "\\")
    static let hyphen = UInt8(ascii: "-")

    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 {
        byte >= 65 && byte <= 90 ? byte | 0x20 : byte
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// ASCII comparison without regard to case: all that SIP's names and tokens need.
    static func equalsIgnoringCase(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        for (a, b) in zip(left.utf8, right.utf8) where lower(a) != lower(b) { return false }
        return true
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}

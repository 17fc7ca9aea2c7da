/// Base64 with the alphabet for URLs and without padding (RFC 4648 5, RFC 7515 2).
public enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    public static func encode(_ octets: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var available: UInt32 = 0
        for octet in octets {
            bits = bits << 8 | UInt32(octet)
            available += 8
            while available >= 6 {
                available -= 6
                text.append(alphabet[Int(bits >> available & 63)])
            }
            bits &= 0xff
        }
        if available > 0 { text.append(alphabet[Int(bits << (6 - available) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for padding, foreign characters, impossible lengths, and for texts that are not what `encode` writes: two
    /// texts of one value would be two names of one code.
    public static func decode(_ text: String) -> [UInt8]? {
        var octets: [UInt8] = []
        var bits: UInt32 = 0
        var available: UInt32 = 0
        var count = 0
        for character in text.utf8 {
            guard let value = value(of: character) else { return nil }
            count += 1
            bits = bits << 6 | value
            available += 6
            if available >= 8 {
                available -= 8
                octets.append(UInt8(truncatingIfNeeded: bits >> available))
            }
            bits &= 0xffff
        }
        guard count % 4 != 1, bits & (1 << available - 1) == 0 else { return nil }
        return octets
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}

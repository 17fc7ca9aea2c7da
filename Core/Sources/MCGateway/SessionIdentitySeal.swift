/// Hides what one side is called from the other: a URI becomes a token that shows nothing, cannot be forged, and can be
/// turned back by every process that has the key (synthetic initialisation vector over HMAC-SHA-256: the tag
/// authenticates the text and starts the key stream). The same URI gives the same token, so that a session identity
/// stays one.
public struct SessionIdentitySeal: Sendable {
    private let authenticationKey: [UInt8]
    private let encryptionKey: [UInt8]
    private static let tagOctets = 16
    /// Bounds what a peer can make us put into a token.
    public static let maximumOctets = 1_024

    public init(key: SessionIdentityKey) {
        authenticationKey = hmacSHA256(key: key.octets, Array("session identity authentication".utf8))
        encryptionKey = hmacSHA256(key: key.octets, Array("session identity encryption".utf8))
    }

    /// nil where the text is too long.
    public func seal(_ text: String) -> String? {
        let plain = Array(text.utf8)
        guard plain.count <= Self.maximumOctets else { return nil }
        let tag = Array(hmacSHA256(key: authenticationKey, plain).prefix(Self.tagOctets))
        return Base64URL.encode(tag + combined(plain, tag: tag))
    }

    /// nil for whatever this key did not seal.
    public func open(_ token: String) -> String? {
        guard token.utf8.count <= 2 * (Self.maximumOctets + Self.tagOctets), let octets = Base64URL.decode(token),
            octets.count > Self.tagOctets
        else { return nil }
        let tag = Array(octets.prefix(Self.tagOctets))
        let plain = combined(Array(octets.dropFirst(Self.tagOctets)), tag: tag)
        let expected = hmacSHA256(key: authenticationKey, plain)
        var difference: UInt8 = 0
        for index in tag.indices { difference |= tag[index] ^ expected[index] }
        return difference == 0 ? String(validating: plain, as: UTF8.self) : nil
    }

    private func combined(_ octets: [UInt8], tag: [UInt8]) -> [UInt8] {
        var result = octets
        var block: [UInt8] = []
        for index in result.indices {
            if index % 32 == 0 {
                block = hmacSHA256(key: encryptionKey, tag + [UInt8(truncatingIfNeeded: index / 32)])
            }
            result[index] ^= block[index % 32]
        }
        return result
    }
}

/// RFC 4648 5 without padding: every character may stand in a URI parameter.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ octets: [UInt8]) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for octet in octets {
            bits = bits << 8 | UInt32(octet)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> count & 63)])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { text.append(alphabet[Int(bits << (6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var octets: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for character in text.utf8 {
            let value: UInt32
            switch character {
            case 65...90: value = UInt32(character) - 65
            case 97...122: value = UInt32(character) - 71
            case 48...57: value = UInt32(character) + 4
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            default: return nil
            }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                octets.append(UInt8(bits >> count))
                bits &= (1 << count) - 1
            }
        }
        // One form for one value: what is left over must be zero and less than a character.
        return count < 6 && bits == 0 ? octets : nil
    }
}

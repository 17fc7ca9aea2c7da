import MCFoundation

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

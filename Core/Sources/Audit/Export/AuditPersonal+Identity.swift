import MCFoundation

extension AuditPersonal {
    /// Whether the value is one of these identities, or names one: as a word of a list, or as a part of the path of a
    /// document, where it may be percent-encoded (RFC 3986 2.1).
    ///
    /// Octet by octet: no two spellings of an identity are taken for each other, and none is found in a longer one.
    public func names(_ identities: [String]) -> Bool {
        let octets = Array(value.utf8)
        let decoded = octets.contains(UInt8(ascii: "%")) ? PercentEncoding.decodeWhatIs(octets) : nil
        return identities.contains { identity in
            let wanted = Array(identity.utf8)
            return Self.has(octets, wanted) || decoded.map { Self.has($0, wanted) } == true
        }
    }

    private static func has(_ text: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first, text.count >= wanted.count else { return false }
        for start in 0...(text.count - wanted.count) where text[start] == first {
            let end = start + wanted.count
            guard text[start..<end].elementsEqual(wanted) else { continue }
            let isWhole = start == 0 || !isOfIdentity(text[start - 1])
            if isWhole, end == text.count || !isOfIdentity(text[end]) { return true }
        }
        return false
    }

    /// What may stand in an identity, so that one beside it is a part of a longer one. A slash ends a part of a path.
    private static func isOfIdentity(_ octet: UInt8) -> Bool {
        switch octet {
        case 48...57, 65...90, 97...122, 128...255: true
        default: "-_.!~*'()&=+$%@:".utf8.contains(octet)
        }
    }
}

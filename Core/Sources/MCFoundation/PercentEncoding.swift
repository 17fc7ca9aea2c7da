/// Percent-encoding (RFC 3986 2.1), and forms, which are made of it (RFC 6749 Appendix B).
public enum PercentEncoding {
    private static let percent = UInt8(ascii: "%")
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Escapes every octet but those of letters, digits, `-._~` (RFC 3986 2.3) and `more`.
    public static func encode(_ text: String, keeping more: String = "") -> String {
        let kept = Array(("-._~" + more).utf8)
        var octets: [UInt8] = []
        octets.reserveCapacity(text.utf8.count)
        for octet in text.utf8 {
            switch octet {
            case 48...57, 65...90, 97...122: octets.append(octet)
            case _ where kept.contains(octet): octets.append(octet)
            default: octets += [percent, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    /// nil where a percent sign begins nothing, or the octets are no UTF-8 afterwards.
    ///
    /// - Parameter isForm: a plus sign stands for a blank.
    public static func decode(_ text: some Collection<UInt8>, isForm: Bool = false) -> String? {
        var octets: [UInt8] = []
        var rest = text.makeIterator()
        while let octet = rest.next() {
            if octet == percent {
                guard let high = rest.next()?.hexadecimalDigit, let low = rest.next()?.hexadecimalDigit else {
                    return nil
                }
                octets.append(high << 4 | low)
            } else {
                octets.append(isForm && octet == UInt8(ascii: "+") ? UInt8(ascii: " ") : octet)
            }
        }
        return String(validating: octets, as: UTF8.self)
    }

    /// The octets that are escaped, and all others as they are, also a percent sign that begins nothing.
    public static func decodeWhatIs(_ text: [UInt8]) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            if text[position] == percent, position + 2 < text.count, let high = text[position + 1].hexadecimalDigit,
                let low = text[position + 2].hexadecimalDigit
            {
                octets.append(high << 4 | low)
                position += 3
            } else {
                octets.append(text[position])
                position += 1
            }
        }
        return octets
    }

    /// `name=value&...`, for the body or query of a form.
    public static func form(_ fields: [(name: String, value: String)]) -> String {
        fields.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }
}

extension UInt8 {
    /// What it means as an ASCII sign, in whatever case; nil where it is no hexadecimal digit.
    public var hexadecimalDigit: UInt8? {
        switch self {
        case 48...57: self - 48
        case 65...70: self - 55
        case 97...102: self - 87
        default: nil
        }
    }
}

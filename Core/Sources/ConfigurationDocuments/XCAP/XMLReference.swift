/// Values of attributes as XML writes them (XML 1.0 3.3.3, 4.1): references to characters and to the five entities that
/// need no declaration.
package enum XMLReference {
    /// The value behind the markup; nil where it is none. White space becomes a blank, as XML has it.
    package static func resolved(_ markup: ArraySlice<UInt8>) -> String? {
        var octets: [UInt8] = []
        var rest = markup
        while let octet = rest.popFirst() {
            switch octet {
            case UInt8(ascii: "<"): return nil
            case 9, 10, 13: octets.append(32)
            case UInt8(ascii: "&"):
                // The longest reference there is: &#x0010FFFF; and some zeros.
                guard let end = rest.prefix(16).firstIndex(of: UInt8(ascii: ";")),
                    let scalar = scalar(String(decoding: rest[..<end], as: UTF8.self))
                else { return nil }
                octets += Array(String(scalar).utf8)
                rest = rest[(end + 1)...]
            default: octets.append(octet)
            }
        }
        return String(validating: octets, as: UTF8.self)
    }

    private static func scalar(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        guard name.hasPrefix("#"), !name.contains("+"), !name.contains("-") else { return nil }
        let number =
            name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst(1), radix: 10)
        guard let number, number >= 32 || number == 9 || number == 10 || number == 13, number & 0xfffe != 0xfffe else {
            return nil
        }
        return Unicode.Scalar(number)
    }

    /// Text as it stands between double quotes.
    package static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

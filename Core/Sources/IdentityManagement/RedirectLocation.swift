/// Adds parameters to a redirect URI, in `application/x-www-form-urlencoded` (RFC 6749 4.1.2, Appendix B).
enum RedirectLocation {
    static func adding(_ parameters: [(name: String, value: String)], to uri: String) -> String {
        var text = Array(uri.utf8)
        var separator = text.contains(UInt8(ascii: "?")) ? UInt8(ascii: "&") : UInt8(ascii: "?")
        for parameter in parameters {
            text.append(separator)
            encode(parameter.name, to: &text)
            text.append(UInt8(ascii: "="))
            encode(parameter.value, to: &text)
            separator = UInt8(ascii: "&")
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Everything but the unreserved characters of RFC 3986 2.3, so that no value ends a header line or a parameter.
    private static func encode(_ text: String, to output: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(octet)
            default:
                output += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
    }
}

/// `application/x-www-form-urlencoded`: of a query or of the body of a form.
public enum WebForm {
    public static let contentType = "application/x-www-form-urlencoded"

    /// Fields of a form: more of them are no form.
    public static let mostFields = 64

    /// Name and value of each field, in order; nil where an escape is broken, what it hides is not UTF-8, or there are
    /// more than `mostFields`, which are not looked at.
    public static func fields(_ text: some StringProtocol) -> [(name: String, value: String)]? {
        var fields: [(name: String, value: String)] = []
        let pieces = text.utf8.split(separator: UInt8(ascii: "&"), maxSplits: mostFields)
        guard pieces.count <= mostFields else { return nil }
        for piece in pieces {
            let parts = piece.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(parts[0]), let value = parts.count == 2 ? decoded(parts[1]) : "" else {
                return nil
            }
            fields.append((name, value))
        }
        return fields
    }

    /// The fields of a request's body; nil where it is no form.
    public static func fields(of request: WebRequest) -> [(name: String, value: String)]? {
        let type = request.header("content-type")?.split(separator: ";").first.map {
            $0.trimmingSuffix { $0 == " " }.lowercased()
        }
        guard type == contentType, let text = String(validating: request.body, as: UTF8.self) else { return nil }
        return fields(text)
    }

    /// Text for a query or a form: everything but letters, digits and `-._~` escaped.
    public static func encoded(_ fields: [(name: String, value: String)]) -> String {
        fields.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&")
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                octets.append(octet)
            default: octets += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    private static func decoded(_ text: some Collection<UInt8>) -> String? {
        var octets: [UInt8] = []
        var rest = text.makeIterator()
        while let octet = rest.next() {
            switch octet {
            case UInt8(ascii: "+"): octets.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                octets.append(high << 4 | low)
            default: octets.append(octet)
            }
        }
        return String(validating: octets, as: UTF8.self)
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): octet - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): octet - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): octet - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return rest
    }
}

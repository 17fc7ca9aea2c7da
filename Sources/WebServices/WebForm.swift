import MCFoundation

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

    private static func decoded(_ text: some Collection<UInt8>) -> String? {
        PercentEncoding.decode(text, isForm: true)
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return rest
    }
}

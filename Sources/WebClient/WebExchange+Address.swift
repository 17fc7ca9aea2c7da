import Foundation
public import NIOHTTP1

extension WebExchange.Request {
    /// A request to an address as people and documents write it; nil where it is none of https.
    ///
    /// - Parameter form: fields of `application/x-www-form-urlencoded`, for a POST.
    public init?(_ method: HTTPMethod, _ address: String, form: [(String, String)]? = nil) {
        guard let parts = URLComponents(string: address), parts.scheme?.lowercased() == "https", let host = parts.host,
            !host.isEmpty
        else { return nil }
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        self.init(
            host: host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port: parts.port ?? 443,
            method: method, target: path + (parts.percentEncodedQuery.map { "?" + $0 } ?? ""))
        guard let form else { return }
        headers = [("content-type", "application/x-www-form-urlencoded")]
        body = Array(Self.encoded(form).utf8)
    }

    /// `application/x-www-form-urlencoded`, for a body or a query (RFC 6749 appendix B).
    public static func encoded(_ form: [(String, String)]) -> String {
        form.map { "\(escaped($0))=\(escaped($1))" }.joined(separator: "&")
    }

    /// RFC 6749 2.3.1: both are escaped before they are joined.
    public mutating func authorize(user: String, password: String) {
        let pair = "\(Self.escaped(user)):\(Self.escaped(password))"
        headers.append(("authorization", "Basic " + Data(pair.utf8).base64EncodedString()))
    }

    /// RFC 3986 2.3: what is not unreserved is escaped.
    private static func escaped(_ text: String) -> String {
        var unreserved = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\u{0}"..."\u{7f}"))
        unreserved.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}

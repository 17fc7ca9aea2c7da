import Foundation
import MCFoundation
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
        body = Array(PercentEncoding.form(form.map { (name: $0.0, value: $0.1) }).utf8)
    }

    /// RFC 6749 2.3.1: both are escaped before they are joined.
    public mutating func authorize(user: String, password: String) {
        let pair = "\(PercentEncoding.encode(user)):\(PercentEncoding.encode(password))"
        headers.append(("authorization", "Basic " + Data(pair.utf8).base64EncodedString()))
    }
}

import MCFoundation

/// Adds parameters to a redirect URI, in `application/x-www-form-urlencoded` (RFC 6749 4.1.2, Appendix B).
enum RedirectLocation {
    static func adding(_ parameters: [(name: String, value: String)], to uri: String) -> String {
        uri + (uri.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + PercentEncoding.form(parameters)
    }
}

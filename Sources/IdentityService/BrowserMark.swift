import IdentityManagement
import WebServices

/// The cookie by which a browser shows that it began the log-in that it goes on with. Its name keeps other hosts, and
/// whoever listens without TLS, from setting it; `Lax` lets it come along when a provider sends the browser back
/// (draft-ietf-httpbis-rfc6265bis 4.1.2.7, 4.1.3.2).
enum BrowserMark {
    static let name = "__Host-euccs-login"

    static func read(_ request: WebRequest) -> IdentitySecret? {
        for header in request.headers where header.name == "cookie" {
            for pair in header.value.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0].drop(while: { $0 == " " }).utf8.elementsEqual(name.utf8) else {
                    continue
                }
                return IdentitySecret(String(parts[1]))
            }
        }
        return nil
    }

    static func header(_ mark: IdentitySecret) -> WebHeader {
        WebHeader("set-cookie", "\(name)=\(mark.revealed); Path=/; Secure; HttpOnly; SameSite=Lax")
    }
}

extension BrowserOrigin {
    /// nil where the peer has no IP address.
    init?(_ request: WebRequest) {
        guard let source = request.source else { return nil }
        self.init(address: source, mark: BrowserMark.read(request))
    }
}

extension WebResponse {
    /// With the cookie, where there is a new one.
    func marking(_ mark: IdentitySecret?) -> WebResponse {
        guard let mark else { return self }
        var response = self
        response.headers.append(BrowserMark.header(mark))
        return response
    }
}

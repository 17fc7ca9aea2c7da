import IdentityManagement
import MCFoundation
public import WebServices

/// The endpoints of identity management over HTTP (TS 24.482; OpenID Connect Core, RFC 6749, RFC 7009, RFC 8414).
public struct IdentityPages: WebHandler {
    /// Below the issuer: where an external provider sends browsers back to (`ExternalProvider.redirectURI`).
    public static let externalReturn = "/external"

    private let service: IdentityService
    /// Path of the issuer: `/identity`.
    private let root: String
    private let settings: IdentitySettings

    /// - Parameter root: the path under which the issuer stands, without a final slash.
    public init(_ service: IdentityService, root: String) async {
        self.service = service
        self.root = root
        settings = service.settings
    }

    /// Names and values with every octet escaped (RFC 3986 2.1), and what stands between them.
    public func bodyLimit(of head: WebRequest) -> Int {
        3 * settings.limits.parameterOctets + 2 * settings.limits.parameters
    }

    public func respond(to request: WebRequest) async -> WebResponse {
        guard request.body.count <= bodyLimit(of: request) else { return WebResponse(status: 413) }
        guard request.path.hasPrefix(root) else { return WebResponse(status: 404) }
        let endpoint = String(request.path.dropFirst(root.count))
        let endpoints = settings.endpoints
        switch endpoint {
        case endpoints.authorization: return await authorize(request)
        case endpoints.login: return await logIn(request)
        case endpoints.token: return await tokens(request) { .tokenRequested($0, $1) }
        case endpoints.revocation: return await tokens(request) { .revocationRequested($0, $1) }
        case IdentityPages.externalReturn: return await returned(request)
        case endpoints.keys: return published(request, await service.publishedKeys)
        case let path where IssuerMetadata.paths.contains(path):
            return published(
                request, IssuerMetadata.discoveryDocument(issuer: settings.issuer, endpoints: endpoints))
        default: return WebResponse(status: 404)
        }
    }

    private func published(_ request: WebRequest, _ octets: [UInt8]) -> WebResponse {
        request.allowed("GET", "HEAD")
            ?? .json(octets, headers: [WebHeader("cache-control", "public, max-age=300")])
    }

    /// The browser comes back from the external provider.
    private func returned(_ request: WebRequest) async -> WebResponse {
        if let refusal = request.allowed("GET") { return refusal }
        guard let fields = WebForm.fields(request.query), let browser = BrowserOrigin(request) else {
            return .plain(400, "This is no answer.")
        }
        let parameters = RequestParameters(fields, limits: settings.limits)
        return response(await service.ask { .externalReturned($0, parameters, from: browser) })
    }

    /// RFC 6749 3.1: GET, and POST too.
    private func authorize(_ request: WebRequest) async -> WebResponse {
        if let refusal = request.allowed("GET", "POST") { return refusal }
        let fields = request.method == "GET" ? WebForm.fields(request.query) : WebForm.fields(of: request)
        guard let fields, let browser = BrowserOrigin(request) else { return .plain(400, "This is no form.") }
        let parameters = RequestParameters(fields, limits: settings.limits)
        return response(await service.ask { .authorizationRequested($0, parameters, from: browser) })
    }

    private func logIn(_ request: WebRequest) async -> WebResponse {
        if let refusal = request.allowed("POST") { return refusal }
        guard let fields = WebForm.fields(of: request), let browser = BrowserOrigin(request),
            let form = LoginForm(RequestParameters(fields, limits: settings.limits))
        else { return .plain(400, "This is no log-in form.") }
        return response(await service.ask { .loginSubmitted($0, form, from: browser) })
    }

    private func tokens(
        _ request: WebRequest, _ event: @Sendable (IdentityRequestID, RequestParameters) -> IdentityEvent
    ) async -> WebResponse {
        if let refusal = request.allowed("POST") { return refusal }
        guard let fields = WebForm.fields(of: request) else {
            return response(.refused(TokenError(code: .invalidRequest, explanation: "a form was expected")))
        }
        let parameters = RequestParameters(fields, limits: settings.limits)
        return response(await service.ask { event($0, parameters) })
    }

    private func response(_ answer: IdentityAnswer) -> WebResponse {
        switch answer {
        case .loginPage(let page, let mark): .page(200, page).marking(mark)
        case .errorPage(let error, let page): .page(error == .busy ? 503 : 400, page)
        case .redirect(let location): .redirect(location)
        case .redirectToProvider(let location, let mark): .redirect(location).marking(mark)
        case .tokens(let tokens): .json(tokens.json())
        case .refused(let error): .json(error.json(), status: error.code == .temporarilyUnavailable ? 503 : 400)
        case .revoked: WebResponse(status: 200)
        }
    }
}

extension WebRequest {
    /// What to answer where the method is none of these; nil where it is one.
    fileprivate func allowed(_ methods: String...) -> WebResponse? {
        guard !methods.contains(method) else { return nil }
        return WebResponse(status: 405, headers: [WebHeader("allow", methods.joined(separator: ", "))])
    }
}

extension WebResponse {
    fileprivate static func page(_ status: Int, _ octets: [UInt8]) -> WebResponse {
        WebResponse(
            status: status,
            headers: [
                WebHeader("content-type", "text/html; charset=utf-8"),
                WebHeader("content-security-policy", LoginPage.contentSecurityPolicy),
                WebHeader("referrer-policy", "no-referrer"),
            ], body: octets)
    }

    fileprivate static func redirect(_ location: IdentitySecret) -> WebResponse {
        WebResponse(status: 303, headers: [WebHeader("location", location.revealed)])
    }

    fileprivate static func json(_ octets: [UInt8], status: Int = 200, headers: [WebHeader] = []) -> WebResponse {
        WebResponse(status: status, headers: [WebHeader("content-type", "application/json")] + headers, body: octets)
    }

    fileprivate static func plain(_ status: Int, _ text: String) -> WebResponse {
        WebResponse(status: status, "text/plain; charset=utf-8", text)
    }
}

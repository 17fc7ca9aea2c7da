import Administration
import Credentials
import IdentityManagement
import IdentityService
import MCFoundation
import Synchronization
import Testing
import WebServices

/// The endpoints over values: what HTTP adds to the decisions, which have their own tests.
@Suite struct IdentityPagesTests {
    private static let issuer = "https://mc.it.example/identity"
    private static let redirect = "eu.euccs.responder:/signed-in"

    private final class Ground: Sendable {
        let kept = Mutex<[KeptSigningKey]>([])
        let complaints = Mutex<[String]>([])
    }

    private func pages(_ ground: Ground = Ground(), canKeep: Bool = true) async throws -> IdentityPages {
        let verifier = try Credentials.PasswordVerifier(
            password: "pioggia", cost: .init(logN: 4, blockSize: 8, parallelism: 1))
        let fleet = FleetSnapshot([
            .user(
                UserRecord(
                    id: "sip:anna@mc.it.example", loginName: "anna",
                    passwordVerifier: Administration.PasswordVerifier(verifier.text), organisation: "vvf"))
        ])
        var settings = IdentitySettings(
            issuer: Self.issuer,
            clients: [try IdentityClient(clientID: "app", redirectURIs: [Self.redirect])], audience: ["mc.it.example"])
        settings.codeLifetime = .seconds(60)
        let service = try await IdentityService.start(
            settings: settings, kept: [],
            surroundings: IdentitySurroundings(
                now: { Now(instant: Instant(nanoseconds: 1), utc: UTCTime(microseconds: 1_800_000_000_000_000)) },
                fleet: { fleet },
                keep: { key in
                    guard canKeep else { throw TokenFault.malformed }
                    ground.kept.withLock { $0.append(key) }
                }, forget: { _ in }, record: { $1(true) }, announce: { _ in }, audit: { _ in },
                complain: { text in ground.complaints.withLock { $0.append(text) } }))
        return await IdentityPages(service, root: "/identity")
    }

    private func request(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        form: [(name: String, value: String)]? = nil, cookie: String? = nil
    ) -> WebRequest {
        WebRequest(
            method: method, path: "/identity" + path, query: PercentEncoding.form(query),
            headers: (form == nil ? [] : [WebHeader("content-type", WebForm.contentType + "; charset=utf-8")])
                + (cookie.map { [WebHeader("cookie", $0)] } ?? []),
            body: form.map { Array(PercentEncoding.form($0).utf8) } ?? [], source: IPAddress("192.0.2.7"))
    }

    private let asked: [(name: String, value: String)] = [
        ("response_type", "code"), ("client_id", "app"), ("redirect_uri", IdentityPagesTests.redirect),
        ("scope", "openid 3gpp:mc:ptt_service"), ("state", "s"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256"),
    ]

    private func field(_ name: String, in page: WebResponse) throws -> String {
        let text = String(decoding: page.body, as: UTF8.self)
        let start = try #require(text.firstRange(of: "name=\"\(name)\" value=\"")?.upperBound)
        return String(text[start...].prefix { $0 != "\"" })
    }

    @Test func `a user logs in with a form, a code and its verifier`() async throws {
        let pages = try await pages()
        let page = await pages.respond(to: request("GET", "/authorize", query: asked))
        #expect(page.status == 200)
        #expect(page.header("content-security-policy") == LoginPage.contentSecurityPolicy)
        let login = try field("login", in: page)
        let cookie = try #require(page.header("set-cookie"))
        let form = [(name: "login", value: login), ("user", "anna"), ("password", "pioggia")]
        let lured = await pages.respond(to: request("POST", "/login", form: form))
        #expect(lured.status == 400)
        let shown = "theme=dark; " + cookie.prefix { $0 != ";" }
        let again = await pages.respond(to: request("GET", "/authorize", query: asked, cookie: shown))
        #expect(again.status == 200 && again.header("set-cookie") == nil)
        let back = await pages.respond(to: request("POST", "/login", form: form, cookie: shown))
        #expect(back.status == 303)
        let location = try #require(back.header("location"))
        #expect(location.hasPrefix(Self.redirect + "?"))
        let fields = try #require(WebForm.fields(location.split(separator: "?")[1]))
        let code = try #require(fields.first { $0.name == "code" }?.value)
        // RFC 7636 Appendix B.
        let answer = await pages.respond(
            to: request(
                "POST", "/token",
                form: [
                    ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Self.redirect),
                    ("client_id", "app"), ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
                ]))
        #expect(answer.status == 200)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("\"token_type\":\"Bearer\""))
    }

    @Test func `no other host and no script gets at what a browser keeps, and no form of another site sends it`()
        async throws
    {
        let page = await (try await pages()).respond(to: request("GET", "/authorize", query: asked))
        let cookie = try #require(page.header("set-cookie"))
        let parts = cookie.split(separator: ";").map { $0.drop { $0 == " " } }
        #expect(parts.first?.hasPrefix("__Host-euccs-login=") == true)
        #expect(parts.dropFirst().sorted() == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"])
    }

    @Test func `what is no form, no method and no endpoint is answered as such`() async throws {
        let pages = try await pages()
        #expect(await pages.respond(to: request("DELETE", "/authorize")).status == 405)
        #expect(await pages.respond(to: request("GET", "/token")).header("allow") == "POST")
        #expect(await pages.respond(to: request("GET", "/nothing")).status == 404)
        var plain = request("POST", "/token", form: [("grant_type", "authorization_code")])
        plain.headers = [WebHeader("content-type", "text/plain")]
        let answer = await pages.respond(to: plain)
        #expect(answer.status == 400)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("invalid_request"))
        #expect(await pages.respond(to: request("POST", "/login", form: [("user", "anna")])).status == 400)
    }

    @Test(arguments: ["/token", "/revoke", "/login", "/authorize"])
    func `a body that no parameters could fill is neither heard nor read`(_ path: String) async throws {
        let pages = try await pages()
        var request = request("POST", path, form: [("a", "")])
        let limit = pages.bodyLimit(of: request)
        #expect((3 * 8_192..<4 * 8_192).contains(limit))
        request.body += [UInt8](repeating: UInt8(ascii: "x"), count: limit - request.body.count)
        #expect(await pages.respond(to: request).status == 400)
        request.body.append(UInt8(ascii: "x"))
        #expect(await pages.respond(to: request).status == 413)
    }

    @Test func `keys are published and kept, and a key that cannot be kept is complained of`() async throws {
        let ground = Ground()
        let pages = try await pages(ground)
        let keys = await pages.respond(to: request("GET", "/jwks.json"))
        let first = try #require(ground.kept.withLock { $0.first })
        #expect(String(decoding: keys.body, as: UTF8.self).contains(first.id))
        #expect(!String(reflecting: first).contains("PRIVATE"))
        let other = Ground()
        _ = try await self.pages(other, canKeep: false)
        #expect(other.complaints.withLock { !$0.isEmpty })
    }
}

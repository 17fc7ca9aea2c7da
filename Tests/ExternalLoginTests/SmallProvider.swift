import CertificateAuthority
import Credentials
import Foundation
import Logging
import MCFoundation
import Synchronization
import Testing
import WebServices

/// A nation's own OpenID provider, as small as can be, that answers what a test tells it to.
final class SmallProvider: Sendable {
    struct Behaviour: Sendable {
        var tokenStatus = 200
        /// What is signed instead of the right claims, by name.
        var claims: [String: String?] = [:]
        var hasIDToken = true
        /// The token instead of a signed one.
        var token: String?
        /// Signs with another key under the name of the published one.
        var isForged = false
        /// Of the key set.
        var keysStatus = 200
        var keyID = "k1"
    }

    /// What came to the token endpoint.
    struct Asked: Sendable {
        var fields: [String: String]
        var authorization: String?
    }

    let behaviour = Mutex(Behaviour())
    let asked = Mutex<[Asked]>([])
    let keyFetches = Mutex(0)
    let published = Mutex<[String]>(["k1"])
    /// Another key is published under the name of the old one.
    let replaced = Mutex(false)
    let authorityPEM: String
    private let server: WebServer
    private let keys: [String: TokenKey]
    private let stranger: TokenKey
    private let handler = Late()

    var url: String { "https://127.0.0.1:\(server.address.port)" }
    /// Of the test's clock.
    static let now: Int64 = 1_800_000_000

    init() async throws {
        let now = Date()
        let validity = now.addingTimeInterval(-60)..<now.addingTimeInterval(3_600)
        let authority = try CertificateAuthority(name: "Nation", country: "IT", validity: validity)
        let issued = try authority.issue(
            CertificateRequest(
                purpose: .server, commonName: "id.it.example",
                names: CertificateRequest.names(ofDomain: "id.it.example", addresses: ["127.0.0.1"]),
                validity: validity))
        authorityPEM = try authority.certificatePEM
        (stranger, keys) = (try TokenKey(id: "k1"), ["k1": try TokenKey(id: "k1"), "k2": try TokenKey(id: "k2")])
        let listener = try WebListener(
            address: SocketAddress(try #require(IPAddress("127.0.0.1")), port: 0),
            certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM.text)
        server = try await WebServer.start(
            listener, logger: Logger(label: "web", factory: { _ in SwiftLogNoOpLogHandler() }), handler: handler)
        handler.provider.withLock { $0 = self }
    }

    func stop() async {
        handler.provider.withLock { $0 = nil }
        await server.stop()
    }

    private final class Late: WebHandler {
        let provider = Mutex<SmallProvider?>(nil)

        func respond(to request: WebRequest) async -> WebResponse {
            guard let provider = provider.withLock({ $0 }) else { return WebResponse(status: 503) }
            switch request.path {
            case "/token": return await provider.token(request)
            case "/keys": return provider.keySet()
            default: return WebResponse(status: 404)
            }
        }
    }

    private func keySet() -> WebResponse {
        keyFetches.withLock { $0 += 1 }
        let status = behaviour.withLock { $0.keysStatus }
        guard status == 200 else { return WebResponse(status: status) }
        let isReplaced = replaced.withLock { $0 }
        let entries = published.withLock { $0 }.compactMap { isReplaced ? stranger : keys[$0] }.map { key in
            let (x, y) = key.publicCoordinates
            return #"{"kty":"EC","crv":"P-256","use":"sig","kid":"\#(key.id)","x":"\#(base64(x))","y":"\#(base64(y))"}"#
        }
        return WebResponse("application/json", #"{"keys":[\#(entries.joined(separator: ","))]}"#)
    }

    private func token(_ request: WebRequest) async -> WebResponse {
        var fields: [String: String] = [:]
        for field in WebForm.fields(of: request) ?? [] { fields[field.name] = field.value }
        asked.withLock { [fields] in $0.append(Asked(fields: fields, authorization: request.header("authorization"))) }
        let told = behaviour.withLock { $0 }
        guard told.tokenStatus == 200 else { return WebResponse(status: told.tokenStatus) }
        guard told.hasIDToken else { return WebResponse("application/json", #"{"access_token":"x"}"#) }
        do {
            let token: String
            if let given = told.token {
                token = given
            } else {
                let signer = TokenKeys()
                let key = told.isForged ? stranger : keys[told.keyID] ?? stranger
                await signer.add(key)
                token = try await signer.sign(Array(payload(told).utf8), with: key.id)
            }
            return WebResponse("application/json", #"{"access_token":"x","id_token":"\#(token)"}"#)
        } catch {
            return WebResponse(status: 500)
        }
    }

    private func payload(_ told: Behaviour) -> String {
        var claims: [String: String] = [
            "iss": #""\#(url)""#, "sub": #""f3a1""#, "aud": #""euccs""#, "exp": "\(Self.now + 300)",
            "iat": "\(Self.now)", "nonce": #""n-1""#, "preferred_username": #""anna""#,
        ]
        for (name, value) in told.claims { claims[name] = value }
        return "{" + claims.map { #""\#($0)":\#($1)"# }.sorted().joined(separator: ",") + "}"
    }

    private func base64(_ octets: [UInt8]) -> String {
        Data(octets).base64EncodedString().replacingOccurrences(of: "=", with: "")
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
    }
}

import CallControl
import Cryptography
import Foundation
import MCFoundation
import NIOHTTP1
import Responder
import WebClient

/// Logs a user in (TS 24.482; OpenID Connect with PKCE, RFC 7636) and keeps the access token fresh. It is browser and
/// application in one: whoever carries the device has typed the password into it.
public final class DeviceLogin: Sendable {
    private static let clientID = "euccs-responder"
    private static let redirectURI = "eu.euccs.responder:/signed-in"
    /// Everything that this client speaks to: the service, its configuration, its groups.
    private static let scope =
        "openid 3gpp:mc:ptt_service 3gpp:mc:ptt_config_management_service 3gpp:mc:ptt_group_management_service"

    /// Of an access token: what is longer is refreshed before.
    private static let longestLifetimeSeconds: Int64 = 30 * 86_400

    private let profile: LoginProfile
    private let web: WebExchange

    /// - Throws: Where the authority of the profile is no certificate.
    public init(_ profile: LoginProfile) throws {
        self.profile = profile
        web = try WebExchange(authorityPEM: profile.authorityPEM)
    }

    /// From the log-in page to the tokens.
    public func logIn() async throws(LoginError) -> LoginTokens {
        let place = try await findPlace()
        var random = SystemRandomNumberGenerator()
        let verifier = Self.text(words: 4, &random)
        let state = Self.text(words: 2, &random)
        guard let digest = try? SHA256.digest(verifier.utf8) else {
            throw LoginError(code: .unreachable, description: "this device has no SHA-256")
        }
        let challenge = Base64URL.encode(digest)
        let page = try await get(
            place.authorizationEndpoint + (place.authorizationEndpoint.contains("?") ? "&" : "?")
                + PercentEncoding.form([
                    ("response_type", "code"), ("client_id", Self.clientID), ("redirect_uri", Self.redirectURI),
                    ("scope", Self.scope), ("state", state), ("code_challenge", challenge),
                    ("code_challenge_method", "S256"), ("acr_values", "3gpp:acr:password"),
                ]))
        guard page.status == 200, let form = LoginFormReading(page.body) else {
            throw LoginError(code: .unreachable, description: "there is no log-in page: \(page.status)")
        }
        let back = try await post(
            form.action,
            [("login", form.transaction), ("user", profile.userName), ("password", profile.password.text)],
            cookies: Self.server(form.action) == Self.server(place.authorizationEndpoint) ? page.cookies : nil)
        guard back.status == 303, let location = back.header("location") else {
            throw LoginError(code: .refused, description: "user name or password were refused")
        }
        let fields = URLComponents(string: location)?.queryItems ?? []
        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        guard field("state") == state, let code = field("code") else {
            throw LoginError(code: .refused, description: "the log-in ended with \(field("error") ?? "no code")")
        }
        // RFC 9207 2.4
        let told = field("iss")
        if let issuer = place.issuer, let told, told != issuer {
            throw LoginError(code: .unreachable, description: "\(issuer) says that it is \(told)")
        }
        return try await tokens(
            Place(
                issuer: place.issuer ?? told, authorizationEndpoint: place.authorizationEndpoint,
                tokenEndpoint: place.tokenEndpoint),
            [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Self.redirectURI),
                ("client_id", Self.clientID), ("code_verifier", verifier),
            ])
    }

    /// New tokens for old ones; where those hold no more, the user logs in again.
    public func refresh(_ tokens: LoginTokens) async throws(LoginError) -> LoginTokens {
        let place = try await findPlace()
        do throws(LoginError) {
            var fresh = try await self.tokens(
                place,
                [
                    ("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.text),
                    ("client_id", Self.clientID),
                ])
            fresh.issuer = fresh.issuer ?? tokens.issuer
            fresh.mcpttID = fresh.mcpttID ?? tokens.mcpttID
            return fresh
        } catch {
            guard error.code == .refused else { throw error }
            return try await logIn()
        }
    }

    /// Hands on a fresh access token each time four fifths of its life are over, until the task is cancelled. What
    /// fails is told and tried again.
    public func keepFresh(
        _ tokens: LoginTokens, handOn: @Sendable (LoginTokens) -> Void, failing: @Sendable (LoginError) -> Void
    ) async {
        var tokens = tokens
        var pause = tokens.lifetime * 4 / 5
        while (try? await Task.sleep(for: pause)) != nil {
            do throws(LoginError) {
                tokens = try await refresh(tokens)
                handOn(tokens)
                pause = tokens.lifetime * 4 / 5
            } catch {
                failing(error)
                pause = min(.seconds(30), tokens.lifetime / 20 + .seconds(1))
            }
        }
    }

    // MARK: HTTP

    private struct Place {
        /// nil: nobody said it yet.
        var issuer: String?
        var authorizationEndpoint: String
        var tokenEndpoint: String
    }

    private struct Metadata: Decodable {
        var issuer: String
        var authorization_endpoint: String
        var token_endpoint: String
    }

    private struct TokenAnswer: Decodable {
        var access_token: String
        var refresh_token: String
        var expires_in: Int64
        var id_token: String?
    }

    /// The endpoints: from the profile, or from what the issuer says of itself.
    private func findPlace() async throws(LoginError) -> Place {
        switch profile.place {
        case .endpoints(let endpoints):
            return Place(authorizationEndpoint: endpoints.authorization, tokenEndpoint: endpoints.token)
        case .issuer(let issuer):
            let metadata: Metadata = try await json(
                get(issuer.absoluteString + "/.well-known/openid-configuration"))
            guard metadata.issuer == issuer.absoluteString else {
                throw LoginError(code: .unreachable, description: "\(issuer) says that it is \(metadata.issuer)")
            }
            return Place(
                issuer: metadata.issuer, authorizationEndpoint: metadata.authorization_endpoint,
                tokenEndpoint: metadata.token_endpoint)
        }
    }

    private func tokens(
        _ place: Place, _ fields: [(String, String)]
    ) async throws(LoginError) -> LoginTokens {
        let answer = try await post(place.tokenEndpoint, fields)
        guard answer.status != 400 else {
            throw LoginError(code: .refused, description: "there is no token for this log-in")
        }
        let tokens: TokenAnswer = try json(answer)
        var claims: IDTokenClaims?
        if let text = tokens.id_token {
            guard let read = IDTokenClaims(text), read.isFor(Self.clientID),
                place.issuer == nil || read.iss == place.issuer
            else { throw LoginError(code: .unreachable, description: "the ID token is not for this log-in") }
            claims = read
        }
        return LoginTokens(
            access: AccessToken(tokens.access_token),
            lifetime: .seconds(min(max(1, tokens.expires_in), Self.longestLifetimeSeconds)),
            issuer: claims?.iss ?? place.issuer, mcpttID: claims?.mcptt_id.map { MCPTTID($0) },
            refresh: Secret(tokens.refresh_token))
    }

    private func get(_ url: String) async throws(LoginError) -> WebExchange.Answer {
        try await send(.GET, url)
    }

    private func post(
        _ url: String, _ fields: [(String, String)], cookies: String? = nil
    ) async throws(LoginError) -> WebExchange.Answer {
        try await send(.POST, url, fields, cookies: cookies)
    }

    private func send(
        _ method: HTTPMethod, _ url: String, _ form: [(String, String)]? = nil, cookies: String? = nil
    ) async throws(LoginError) -> WebExchange.Answer {
        // The address is not a secret, what is sent to it may be.
        let address = String(url.prefix { $0 != "?" })
        guard var request = WebExchange.Request(method, url, form: form) else {
            throw LoginError(code: .unreachable, description: "\(address) is no https address")
        }
        if let cookies { request.headers.append(("cookie", cookies)) }
        do {
            return try await web.send(request)
        } catch {
            throw LoginError(code: .unreachable, description: "\(address) does not answer: \(error)")
        }
    }

    private func json<Value: Decodable>(_ answer: WebExchange.Answer) throws(LoginError) -> Value {
        guard answer.status == 200, let value = try? JSONDecoder().decode(Value.self, from: Data(answer.body)) else {
            throw LoginError(code: .unreachable, description: "an answer of identity management was \(answer.status)")
        }
        return value
    }

    /// To whom cookies of an address may be shown.
    private static func server(_ url: String) -> String? {
        URLComponents(string: url).map { "\($0.host?.lowercased() ?? ""):\($0.port ?? 443)" }
    }

    private static func text(words: Int, _ random: inout some RandomNumberGenerator) -> String {
        Base64URL.encode((0..<words * 8).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
}

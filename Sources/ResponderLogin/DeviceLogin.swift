public import CallControl
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

    private let profile: LoginProfile
    private let web: WebExchange

    /// - Throws: Where the authority of the profile is no certificate.
    public init(_ profile: LoginProfile) throws {
        self.profile = profile
        web = try WebExchange(authorityPEM: profile.authorityPEM)
    }

    /// From the log-in page to the tokens.
    public func logIn() async throws(LoginError) -> LoginTokens {
        let metadata: Metadata = try await json(get(url("/.well-known/openid-configuration")))
        guard metadata.issuer == profile.issuer.absoluteString else {
            throw LoginError(code: .unreachable, description: "\(profile.issuer) says that it is \(metadata.issuer)")
        }
        var random = SystemRandomNumberGenerator()
        let verifier = Self.text(words: 4, &random)
        let state = Self.text(words: 2, &random)
        guard let digest = try? SHA256.digest(verifier.utf8) else {
            throw LoginError(code: .unreachable, description: "this device has no SHA-256")
        }
        let challenge = Base64URL.encode(digest)
        let page = try await get(
            metadata.authorization_endpoint + "?"
                + Self.form([
                    ("response_type", "code"), ("client_id", Self.clientID), ("redirect_uri", Self.redirectURI),
                    ("scope", Self.scope), ("state", state), ("code_challenge", challenge),
                    ("code_challenge_method", "S256"), ("acr_values", "3gpp:acr:password"),
                ]))
        guard page.status == 200, let form = LoginFormReading(page.body) else {
            throw LoginError(code: .unreachable, description: "there is no log-in page: \(page.status)")
        }
        let back = try await post(
            form.action,
            [("login", form.transaction), ("user", profile.userName), ("password", profile.password.text)])
        guard back.status == 303, let location = back.header("location") else {
            throw LoginError(code: .refused, description: "user name or password were refused")
        }
        let fields = URLComponents(string: location)?.queryItems ?? []
        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        guard field("state") == state, field("iss") ?? metadata.issuer == metadata.issuer, let code = field("code")
        else {
            throw LoginError(code: .refused, description: "the log-in ended with \(field("error") ?? "no code")")
        }
        return try await tokens(
            metadata,
            [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Self.redirectURI),
                ("client_id", Self.clientID), ("code_verifier", verifier),
            ])
    }

    /// New tokens for old ones; where those hold no more, the user logs in again.
    public func refresh(_ tokens: LoginTokens) async throws(LoginError) -> LoginTokens {
        let metadata: Metadata = try await json(get(url("/.well-known/openid-configuration")))
        do throws(LoginError) {
            return try await self.tokens(
                metadata,
                [
                    ("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.text),
                    ("client_id", Self.clientID),
                ])
        } catch {
            guard error.code == .refused else { throw error }
            return try await logIn()
        }
    }

    /// Hands on a fresh access token each time four fifths of its life are over, until the task is cancelled. What
    /// fails is told and tried again.
    public func keepFresh(
        _ tokens: LoginTokens, handOn: @Sendable (AccessToken) -> Void, failing: @Sendable (LoginError) -> Void
    ) async {
        var tokens = tokens
        var pause = tokens.lifetime * 4 / 5
        while (try? await Task.sleep(for: pause)) != nil {
            do throws(LoginError) {
                tokens = try await refresh(tokens)
                handOn(tokens.access)
                pause = tokens.lifetime * 4 / 5
            } catch {
                failing(error)
                pause = min(.seconds(30), tokens.lifetime / 20 + .seconds(1))
            }
        }
    }

    // MARK: HTTP

    private struct Metadata: Decodable {
        var issuer: String
        var authorization_endpoint: String
        var token_endpoint: String
    }

    private struct TokenAnswer: Decodable {
        var access_token: String
        var refresh_token: String
        var expires_in: Int64
    }

    private func url(_ path: String) -> String { profile.issuer.absoluteString + path }

    private func tokens(
        _ metadata: Metadata, _ fields: [(String, String)]
    ) async throws(LoginError) -> LoginTokens {
        let answer = try await post(metadata.token_endpoint, fields)
        guard answer.status != 400 else {
            throw LoginError(code: .refused, description: "there is no token for this log-in")
        }
        let tokens: TokenAnswer = try json(answer)
        return LoginTokens(
            access: AccessToken(tokens.access_token), lifetime: .seconds(max(1, tokens.expires_in)),
            refresh: Secret(tokens.refresh_token))
    }

    private func get(_ url: String) async throws(LoginError) -> WebExchange.Answer {
        try await send(.GET, url)
    }

    private func post(_ url: String, _ fields: [(String, String)]) async throws(LoginError) -> WebExchange.Answer {
        try await send(.POST, url, Self.form(fields))
    }

    private func send(
        _ method: HTTPMethod, _ url: String, _ form: String? = nil
    ) async throws(LoginError) -> WebExchange.Answer {
        // The address is not a secret, what is sent to it may be.
        let address = String(url.prefix { $0 != "?" })
        guard let parts = URLComponents(string: url), parts.scheme == "https", let host = parts.host else {
            throw LoginError(code: .unreachable, description: "\(address) is no https address")
        }
        var request = WebExchange.Request(
            host: host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port: parts.port ?? 443,
            method: method,
            target: parts.percentEncodedPath + (parts.percentEncodedQuery.map { "?" + $0 } ?? ""))
        if let form {
            request.headers = [("content-type", "application/x-www-form-urlencoded")]
            request.body = Array(form.utf8)
        }
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

    // MARK: Text

    private static func form(_ fields: [(String, String)]) -> String {
        var unreserved = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\u{0}"..."\u{7f}"))
        unreserved.insert(charactersIn: "-._~")
        return fields.map { "\($0)=\($1.addingPercentEncoding(withAllowedCharacters: unreserved) ?? "")" }
            .joined(separator: "&")
    }

    private static func text(words: Int, _ random: inout some RandomNumberGenerator) -> String {
        Base64URL.encode((0..<words * 8).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }
}

/// What a browser would send from the log-in page.
struct LoginFormReading {
    var action: String
    var transaction: String

    init?(_ page: [UInt8]) {
        guard let text = String(validating: page, as: UTF8.self),
            let action = Self.attribute(after: "<form method=\"post\" action=\"", in: text),
            let transaction = Self.attribute(after: "name=\"login\" value=\"", in: text)
        else { return nil }
        self.action = action
        self.transaction = transaction
    }

    private static func attribute(after mark: String, in text: String) -> String? {
        guard let start = text.range(of: mark)?.upperBound, let end = text[start...].firstIndex(of: "\"") else {
            return nil
        }
        return String(text[start..<end]).replacingOccurrences(of: "&quot;", with: "\"")
            .replacingOccurrences(of: "&lt;", with: "<").replacingOccurrences(of: "&gt;", with: ">")
            .replacingOccurrences(of: "&#39;", with: "'").replacingOccurrences(of: "&amp;", with: "&")
    }
}

import Credentials
import Foundation
public import IdentityManagement
public import MCFoundation
import NIOHTTP1
import WebClient

/// Who certifies a provider's servers, ready to be believed.
public struct ProviderTrust: Sendable {
    fileprivate let web: WebExchange
}

/// Asks a nation's own OpenID provider for whom a code stands (RFC 6749 4.1.3 with PKCE, OpenID Connect Core 3.1.3), and
/// believes its ID token by the keys that it publishes.
public actor ProviderLogin {
    /// How long a key set is used before it is fetched again.
    private static let keysLast = Duration.seconds(3_600)
    /// How long it is used where it cannot be fetched again.
    private static let keysLastAtMost = Duration.seconds(86_400)
    /// A token by a key that is not known makes the set be fetched again, but not more often: the provider is not asked
    /// for every forgery.
    private static let keysAtMostEvery = Duration.seconds(10)

    private let settings: ProviderSettings
    private let limitSeconds: Int64
    private var web: WebExchange
    private let verification: IDTokenVerification
    private let now: @Sendable () -> Now
    private let complain: @Sendable (String) -> Void
    private var keys: (set: ProviderKeys, fetched: Instant)?
    private var keysGiven: Instant?

    /// - Parameters:
    ///   - limitSeconds: how long an answer may take; a log-in makes two requests, three where keys have changed.
    ///   - complain: told why somebody was not authenticated, without secrets or names.
    /// - Throws: Where the authority is no certificate.
    public init(
        _ settings: ProviderSettings, limitSeconds: Int64 = 6, now: @escaping @Sendable () -> Now,
        complain: @escaping @Sendable (String) -> Void
    ) throws {
        self.settings = settings
        self.now = now
        self.complain = complain
        self.limitSeconds = limitSeconds
        web = try WebExchange(authorityPEM: settings.authorityPEM, limitSeconds: limitSeconds)
        verification = IDTokenVerification(issuer: settings.issuer, clientID: settings.clientID)
    }

    /// Another authority for the provider's servers; nothing changes yet.
    ///
    /// - Throws: Where it is no certificate.
    public nonisolated func prepare(authorityPEM: String) throws -> ProviderTrust {
        ProviderTrust(web: try WebExchange(authorityPEM: authorityPEM, limitSeconds: limitSeconds))
    }

    /// From now on the provider's servers are believed by it alone.
    public func believe(_ trust: ProviderTrust) { web = trust.web }

    /// Whom the provider authenticated; nil where that is nobody.
    public func exchange(_ job: ExternalCodeJob) async -> ExternalIdentity? {
        do {
            return try await identity(try await token(for: job))
        } catch {
            complain("\(settings.issuer): \(error.code.rawValue): \(error.description)")
            return nil
        }
    }

    private struct TokenAnswer: Decodable {
        var id_token: String?
    }

    /// The ID token for a code.
    private func token(for job: ExternalCodeJob) async throws(ProviderFailure) -> String {
        var fields = [
            ("grant_type", "authorization_code"), ("code", job.code.revealed),
            ("redirect_uri", job.provider.redirectURI), ("code_verifier", job.codeVerifier.revealed),
        ]
        if settings.clientSecret == nil { fields.append(("client_id", settings.clientID)) }
        guard var request = WebExchange.Request(.POST, settings.tokenEndpoint, form: fields) else {
            throw ProviderFailure(code: .unreachable, description: "the token endpoint is no https address")
        }
        if let secret = settings.clientSecret {
            request.authorize(user: settings.clientID, password: secret.revealed)
        }
        let answer = try await send(request, "the token endpoint")
        guard answer.status == 200 else {
            throw ProviderFailure(
                code: (400..<500).contains(answer.status) ? .refused : .unreachable,
                description: "the token endpoint answered \(answer.status)")
        }
        let tokens = try? JSONDecoder().decode(TokenAnswer.self, from: Data(answer.body))
        guard let token = tokens?.id_token else {
            throw ProviderFailure(code: .noToken, description: "the token endpoint gave no ID token")
        }
        return token
    }

    private func identity(_ token: String) async throws(ProviderFailure) -> ExternalIdentity {
        var presented: PresentedIDToken
        do {
            presented = try payload(of: token, by: await keySet(mayBeKnown: true))
        } catch .unbelieved(.unknownKey), .unbelieved(.wrongSignature) {
            // Keys change (OpenID Connect Core 10.1.1), also under the name of the old one, or without any name.
            do {
                presented = try payload(of: token, by: await keySet(mayBeKnown: false))
            } catch {
                throw error.failure
            }
        } catch {
            throw error.failure
        }
        do {
            return try verification.decide(presented.claims(user: settings.claim), at: now().utc)
        } catch {
            throw ProviderFailure(code: .misused, description: "the ID token is refused: \(error.rawValue)")
        }
    }

    private enum Doubt: Error {
        case unbelieved(ProviderTokenFault)
        case unreachable(ProviderFailure)

        var failure: ProviderFailure {
            switch self {
            case .unbelieved(let fault):
                ProviderFailure(code: .unbelieved, description: "the ID token is not believed: \(fault.rawValue)")
            case .unreachable(let failure): failure
            }
        }
    }

    private func payload(of token: String, by keys: ProviderKeys) throws(Doubt) -> PresentedIDToken {
        do {
            return try keys.payload(of: token, algorithms: settings.algorithms, as: PresentedIDToken.self)
        } catch {
            throw .unbelieved(error)
        }
    }

    private func keySet(mayBeKnown: Bool) async throws(Doubt) -> ProviderKeys {
        let instant = now().instant
        if let keys, instant < keys.fetched + (mayBeKnown ? Self.keysLast : Self.keysAtMostEvery) { return keys.set }
        guard let request = WebExchange.Request(.GET, settings.keysEndpoint) else {
            throw .unreachable(
                ProviderFailure(code: .unreachable, description: "the address of the keys is no https address"))
        }
        do {
            let answer = try await send(request, "the key set")
            guard answer.status == 200 else {
                throw ProviderFailure(code: .unreachable, description: "the key set answered \(answer.status)")
            }
            let set = try ProviderKeys(json: answer.body)
            keys = (set, instant)
            keysGiven = instant
            return set
        } catch let failure as ProviderFailure {
            guard mayBeKnown, let keys, let keysGiven, instant < keysGiven + Self.keysLastAtMost else {
                throw .unreachable(failure)
            }
            // What is held is still believed; soon it is asked for again.
            complain("\(settings.issuer): \(failure.code.rawValue): \(failure.description): the last keys go on")
            self.keys = (keys.set, instant + (Self.keysAtMostEvery - Self.keysLast))
            return keys.set
        } catch {
            throw .unbelieved(.noKeySet)
        }
    }

    private func send(
        _ request: WebExchange.Request, _ what: String
    ) async throws(ProviderFailure) -> WebExchange.Answer {
        do {
            return try await web.send(request)
        } catch {
            throw ProviderFailure(code: .unreachable, description: "\(what) does not answer: \(error)")
        }
    }
}

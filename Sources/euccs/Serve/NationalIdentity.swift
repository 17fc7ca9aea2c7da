import Administration
import AdministrationService
import Audit
import CallControl
import ConfigurationFiles
import Credentials
import Cryptography
import ExternalLogin
import Foundation
import HostTime
import IdentityManagement
import IdentityService
import Logging
import MCFoundation
import NationalAdministration
import NationalSystem
import Policy

/// Log-in of the nation's users, joined to its store and to its calls.
enum NationalIdentity {
    /// Path of the issuer.
    static let root = "/identity"

    static func start(
        _ configuration: SystemConfiguration, _ web: WebConfiguration, _ administration: NationalAdministration,
        _ running: RunningSystem, _ audit: ServeAudit?, _ logger: Logger
    ) async throws -> IdentityService {
        var settings = IdentitySettings(
            issuer: web.url + root,
            clients: try web.clients.map { try IdentityClient(clientID: $0.id, redirectURIs: $0.redirectURIs) },
            audience: [configuration.identity.domain])
        var exchange: @Sendable (ExternalCodeJob) async -> ExternalIdentity? = { _ in nil }
        if let provider = web.provider {
            settings.authentication = .external(
                ExternalProvider(
                    issuer: provider.issuer, authorizationEndpoint: provider.authorizationEndpoint,
                    clientID: provider.clientID, redirectURI: settings.issuer + IdentityPages.externalReturn,
                    scope: provider.scope))
            let login = try ProviderLogin(try ProviderSettings(provider)) {
                SystemClock.now()
            } complain: { why in
                logger.warning("the provider authenticated nobody", metadata: ["why": "\(why)"])
            }
            running.provider = login
            exchange = { await login.exchange($0) }
        }
        guard case .store(let path) = configuration.directory else { throw NationError("log-in needs a store") }
        let keeper = try OpenedStore.keeper(path, configuration) { why in
            logger.critical("identity", metadata: ["why": "\(why)"])
        }
        let kept = await administration.signingKeys
        let service = try await IdentityService.start(
            settings: settings,
            kept: kept.map { key in
                KeptSigningKey(
                    id: key.id, pem: key.pem, made: UTCTime(microseconds: key.made),
                    used: key.used.map { UTCTime(microseconds: $0) })
            },
            last: try keeper.kept(),
            surroundings: IdentitySurroundings(
                now: { SystemClock.now() }, fleet: { running.fleet.value },
                keep: { key in
                    try await administration.keep(
                        SigningKeyRecord(id: key.id, pem: key.pem, made: key.made, used: key.used),
                        at: SystemClock.now().utc)
                }, forget: { try await administration.forgetSigningKey($0, at: SystemClock.now().utc) },
                record: { keeper.keep($0, $1) }, announce: { running.revoke(RevokedTokens($0)) },
                audit: { entry in
                    audit?.record(entry)
                    logger.info("identity", metadata: ["event": "\(entry.action)"])
                }, exchange: exchange, complain: { logger.error("identity", metadata: ["why": "\($0)"]) }))
        running.tell(service)
        await service.catchUp()
        return service
    }

    /// What administrators order.
    static func access(_ service: IdentityService) -> LoginAccess {
        LoginAccess(
            tell: { await service.tell($0) }, signingKeys: { await service.publishedKeyIDs },
            withdrawKey: { try await service.withdraw(key: $0) })
    }

    /// What the call path asks.
    static func verifying(_ service: IdentityService) -> TokenVerifying {
        { job in
            let purposes: [ScopePurpose] =
                switch job.use {
                case .serviceSettings: [.service]
                case .documents: [.groupManagement, .configurationManagement]
                }
            var decision = TokenDecision.refused(.wrongScope)
            for purpose in purposes where decision == .refused(.wrongScope) {
                decision = await service.verify(job.token.text, for: purpose, of: .ptt)
            }
            return TokenVerdict(decision)
        }
    }
}

extension ProviderSettings {
    init(_ provider: ProviderConfiguration) throws {
        func text(_ path: String) throws -> String {
            try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        }
        self.init(
            issuer: provider.issuer, tokenEndpoint: provider.tokenEndpoint, keysEndpoint: provider.keysEndpoint,
            clientID: provider.clientID,
            clientSecret: try provider.clientSecretFile.map {
                IdentitySecret(try text($0).trimmingCharacters(in: .whitespacesAndNewlines))
            },
            claim: provider.claim,
            algorithms: provider.algorithms.compactMap { TokenAlgorithm(rawValue: $0.rawValue) },
            authorityPEM: try provider.authority.map(text))
    }
}

extension RevokedTokens {
    init(_ revocation: TokenRevocation) {
        switch revocation {
        case .token(let id, _, _): self = .these([AccessTokenID(id)])
        case .user(let user, _, _): self = .all(of: user)
        }
    }
}

extension TokenVerdict {
    init(_ decision: TokenDecision) {
        switch decision {
        case .granted(let token):
            self = .granted(
                TokenGrant(
                    mcpttID: token.mcpttID, scopes: token.scopes.scopes.map(\.rawValue), expires: token.expires,
                    tokenID: AccessTokenID(token.tokenID)))
        case .refused(let refusal):
            self = .refused(CallControl.TokenRefusal(refusal))
        }
    }
}

extension CallControl.TokenRefusal {
    init(_ refusal: IdentityManagement.TokenRefusal) {
        self =
            switch refusal {
            case .incomplete: .malformed
            case .wrongIssuer: .issuer
            case .wrongAudience: .wrongAudience
            case .expired: .expired
            case .notYetValid: .notYetValid
            case .wrongScope: .wrongScope
            case .revoked: .revoked
            case .unknownUser, .suspended: .unknownUser
            }
    }
}

import Administration
import Audit
import CallControl
import ConfigurationFiles
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
        settings.adopt(running.fleet.value.policy)
        let kept = await administration.signingKeys
        return try await IdentityService.start(
            settings: settings,
            kept: kept.map { KeptSigningKey(id: $0.id, pem: $0.pem, made: UTCTime(microseconds: $0.made)) },
            surroundings: IdentitySurroundings(
                now: { SystemClock.now() }, fleet: { running.fleet.value },
                keep: { key in
                    try await administration.keep(
                        SigningKeyRecord(id: key.id, pem: key.pem, made: key.made), at: SystemClock.now().utc)
                }, announce: { running.revoke(RevokedTokens($0)) },
                audit: { entry in
                    audit?.record(entry)
                    logger.info("identity", metadata: ["event": "\(entry.action)"])
                }, complain: { logger.error("identity", metadata: ["why": "\($0)"]) }))
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

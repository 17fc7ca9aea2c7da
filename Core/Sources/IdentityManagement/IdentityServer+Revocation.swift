import Audit
import MCFoundation

extension IdentityServer {
    /// RFC 7009: a client gives a refresh token back. What is not ours is answered like what was (2.2).
    ///
    /// Access tokens are not revoked by themselves here: to know one its signature would have to be checked; they end
    /// with their refresh token (2.1).
    mutating func revocationRequested(
        _ request: IdentityRequestID, _ parameters: RequestParameters, at now: Now
    ) {
        guard !parameters.exceedsLimits, !parameters.hasRepetition, let token = parameters["token"],
            let clientID = parameters["client_id"]
        else { return refuse(request, .invalidRequest, "token and client_id needed", user: nil) }
        guard settings.clients.client(clientID) != nil else {
            return refuse(request, .invalidClient, "unknown client", user: nil)
        }
        switch families.decide(token, clientID: clientID, at: now.instant) {
        case .valid(let id, _), .inUse(let id, _):
            endFamily(id, reason: "client", at: now)
        case .reused(let id, _):
            endFamily(id, reason: "reused-refresh-token", at: now)
        case .wrongClient(let family):
            // 2.1: a token of another client is refused.
            return refuseGrant(request, "wrong-client", user: family.user)
        case .unknown:
            audit(.refusal, "revocation.ignored", user: nil, outcome: .refused("unknown-refresh-token"))
        }
        answerOnceKept(
            request, .revoked,
            otherwise: .refused(TokenError(code: .temporarilyUnavailable, explanation: "try again")))
    }

    /// Ends one log-in: its refresh token and the access tokens that came from it.
    mutating func endFamily(_ id: TokenFamilyID, reason: String, at now: Now) {
        guard let family = families.end(id) else { return }
        note(.loginEnded(id.hash.text))
        for token in family.accessTokens where token.expires >= now.utc.seconds {
            revoke(token, of: family.user, at: now)
        }
        audit(
            .authorisation, "token.revoked", user: family.user,
            details: [AuditDetail("client_id", family.clientID), AuditDetail("reason", reason)])
    }

    mutating func revoke(_ token: TokenFamily.AccessToken, of user: MCPTTID, at now: Now) {
        let revocation = revocations.add(.token(id: token.id, user: user, expires: token.expires), at: now.utc)
        note(.revocation(revocation))
        actions.append(.announce(revocation))
    }

    /// Ends everything of a user, tokens from before a restart and codes that wait included.
    mutating func revokeAll(of user: MCPTTID, reason: String, at now: Now) {
        for id in families.ids(of: user) {
            families.end(id)
            note(.loginEnded(id.hash.text))
        }
        // Tokens for a log-in right after an earlier revocation bear the second that follows it.
        let until = issueSecond(for: user, at: now)
        let longest = max(settings.accessTokenLifetime, settings.idTokenLifetime).components.seconds
        // Tokens from before a shorter lifetime was prescribed are concerned too.
        let revocation = revocations.add(
            .user(user, issuedUntil: until, expires: max(until + longest, lastExpiry)), at: now.utc)
        note(.revocation(revocation))
        actions.append(.announce(revocation))
        audit(.authorisation, "token.revoked", user: user, details: [AuditDetail("reason", reason)])
    }
}

import Audit
import MCFoundation

/// Tokens that wait for their signatures.
struct PendingTokens: Sendable {
    var request: IdentityRequestID
    var user: MCPTTID
    var clientID: String
    var family: TokenFamilyID
    /// The refresh token that the client came with, and its hash; nil at log-in.
    var previous: (token: IdentitySecret, hash: SecretHash)?
    var refreshToken: IdentitySecret
    var scopes: ScopeSet
    var expiresIn: Int64
    var accessToken: IdentitySecret?
    var needsIDToken: Bool
    var idToken: IdentitySecret?
    /// The refresh token is kept, so that it holds whatever becomes of this process.
    var isRecorded = false
    /// False where the client goes on with the refresh token that it came with.
    var isRotated = true
}

extension IdentityServer {
    /// RFC 6749 4.1.3 and 6. Clients are public: `client_id` in the form names them.
    mutating func tokenRequested(
        _ request: IdentityRequestID, _ parameters: RequestParameters, at now: Now, directory: some IdentityDirectory
    ) {
        guard !parameters.exceedsLimits, !parameters.hasRepetition else {
            return refuse(request, .invalidRequest, "malformed", user: nil)
        }
        guard let grantType = parameters["grant_type"] else {
            return refuse(request, .invalidRequest, "grant_type missing", user: nil)
        }
        guard grantType == "authorization_code" || grantType == "refresh_token" else {
            return refuse(request, .unsupportedGrantType, "authorization_code or refresh_token", user: nil)
        }
        guard let clientID = parameters["client_id"] else {
            return refuse(request, .invalidRequest, "client_id missing", user: nil)
        }
        guard settings.clients.client(clientID) != nil else {
            return refuse(request, .invalidClient, "unknown client", user: nil)
        }
        // Before anything is used up, for then the client may come again.
        guard let signer = keys.current, !pending.isFull, signatures.count + 2 <= signatures.capacity
        else { return refuse(request, .temporarilyUnavailable, "try again", user: nil) }
        if grantType == "authorization_code" {
            redeem(request, parameters, clientID: clientID, signer: signer, at: now, directory: directory)
        } else {
            refresh(request, parameters, clientID: clientID, signer: signer, at: now, directory: directory)
        }
    }

    private mutating func redeem(
        _ request: IdentityRequestID, _ parameters: RequestParameters, clientID: String, signer: SigningKey,
        at now: Now, directory: some IdentityDirectory
    ) {
        guard let code = parameters["code"] else {
            return refuse(request, .invalidRequest, "code missing", user: nil)
        }
        // Who has too many log-ins has a place: his oldest one ends. Others come again, with the code that they have.
        if families.isFull, let user = codes.user(of: code, at: now.instant), families.surplus(of: user) == nil {
            return refuse(request, .temporarilyUnavailable, "try again", user: user)
        }
        let redemption = codes.redeem(
            code, clientID: clientID, redirectURI: parameters["redirect_uri"],
            verifier: parameters["code_verifier"], at: now.instant)
        switch redemption {
        case .refused(let reason, let user):
            refuseGrant(request, reason.rawValue, user: user)
        case .replayed(let family, let user):
            if let family { endFamily(family, reason: "replayed-code", at: now) }
            refuseGrant(request, "replayed-code", user: user)
        case .granted(let grant):
            guard let user = directory.user(grant.user), !user.isSuspended,
                grant.authenticatedAt > revocations.issuedUntil(grant.user, at: now.utc) ?? .min
            else { return refuseGrant(request, "user-revoked", user: grant.user) }
            if let surplus = families.surplus(of: grant.user) {
                endFamily(surplus, reason: "too-many-log-ins", at: now)
            }
            let family = TokenFamily(
                user: grant.user, clientID: clientID, scopes: grant.scopes, context: grant.context,
                proof: grant.proof, methods: grant.methods, end: now.instant + settings.longestLogin,
                current: SecretHash(of: ""))
            guard let begun = families.begin(family, at: now.instant, random: &random) else {
                return refuse(request, .temporarilyUnavailable, "try again", user: grant.user)
            }
            codes.note(begun.id, for: code)
            let scopes = grant.scopes.granted(to: user)
            let tokens = PendingTokens(
                request: request, user: grant.user, clientID: clientID, family: begun.id, previous: nil,
                refreshToken: begun.refreshToken, scopes: scopes,
                expiresIn: settings.accessTokenLifetime.components.seconds, needsIDToken: true)
            sign(tokens, for: user, family: family, nonce: grant.nonce, signer: signer, at: now)
        }
    }

    private mutating func refresh(
        _ request: IdentityRequestID, _ parameters: RequestParameters, clientID: String, signer: SigningKey,
        at now: Now, directory: some IdentityDirectory
    ) {
        guard let token = parameters["refresh_token"] else {
            return refuse(request, .invalidRequest, "refresh_token missing", user: nil)
        }
        switch families.decide(token, clientID: clientID, at: now.instant) {
        case .unknown:
            refuseGrant(request, "unknown-refresh-token", user: nil)
        case .wrongClient(let family):
            refuseGrant(request, "wrong-client", user: family.user)
        case .inUse(_, let family):
            refuse(request, .temporarilyUnavailable, "try again", user: family.user)
        case .reused(let id, let family):
            endFamily(id, reason: "reused-refresh-token", at: now)
            refuseGrant(request, "reused-refresh-token", user: family.user)
        case .valid(let id, let family):
            guard let user = directory.user(family.user), !user.isSuspended else {
                endFamily(id, reason: "user-revoked", at: now)
                return refuseGrant(request, "user-revoked", user: family.user)
            }
            var scopes = family.scopes
            if let asked = parameters["scope"] {
                // RFC 6749 6: no more than was granted; less is for this access token only.
                guard let narrower = ScopeSet(parsing: asked), !narrower.scopes.isEmpty,
                    narrower.isSubset(of: family.scopes)
                else { return refuse(request, .invalidScope, "beyond what was granted", user: family.user) }
                scopes = narrower
            }
            scopes = scopes.granted(to: user)
            guard let rotated = families.rotate(id, refreshToken: token, at: now.instant, random: &random) else {
                return refuseGrant(request, "unknown-refresh-token", user: family.user)
            }
            let tokens = PendingTokens(
                request: request, user: family.user, clientID: clientID, family: id,
                previous: (IdentitySecret(token), family.current), refreshToken: rotated, scopes: scopes,
                expiresIn: settings.accessTokenLifetime.components.seconds,
                needsIDToken: scopes.contains(.openID))
            // OpenID Connect Core 12.2: the ID token of a refresh should have no nonce.
            sign(tokens, for: user, family: family, nonce: nil, signer: signer, at: now)
        }
    }

    private mutating func sign(
        _ tokens: PendingTokens, for user: LoginUser, family: TokenFamily, nonce: String?, signer: SigningKey,
        at now: Now
    ) {
        let number = nextNumber()
        pending.set(number, tokens, until: now.instant + settings.jobTimeout)
        let second = issueSecond(for: user.mcpttID, at: now)
        var access = TokenClaims(
            kind: .access, issuer: settings.issuer, subject: user.mcpttID.value, audience: settings.audience,
            expires: second + tokens.expiresIn, issuedAt: second, methods: [], tokenID: random.secretText(words: 2),
            clientID: tokens.clientID, scopes: tokens.scopes, mcpttID: user.mcpttID)
        if tokens.scopes.concerns(.video) { access.mcvideoID = user.mcvideoID }
        if tokens.scopes.concerns(.data) { access.mcdataID = user.mcdataID }
        let surplus = families.note(
            TokenFamily.AccessToken(id: access.tokenID, expires: access.expires), of: tokens.family,
            limit: settings.limits.accessTokensPerFamily, at: now.utc.seconds)
        lastExpiry = max(lastExpiry, access.expires)
        for token in surplus { revoke(token, of: user.mcpttID, at: now) }
        noteLogin(tokens.family, at: now)
        noted.tokens = number
        askSignature(.access, access, number: number, signer: signer, at: now)
        guard tokens.needsIDToken else { return }
        var identity = access
        identity.kind = .identity
        identity.audience = [tokens.clientID]
        identity.expires = second + settings.idTokenLifetime.components.seconds
        identity.nonce = nonce
        identity.context = family.context
        identity.methods = family.methods
        identity.tokenID = random.secretText(words: 2)
        identity.scopes = nil
        askSignature(.identity, identity, number: number, signer: signer, at: now)
    }

    private mutating func askSignature(
        _ kind: TokenKind, _ claims: TokenClaims, number: UInt64, signer: SigningKey, at now: Now
    ) {
        let job = IdentityJobID(value: nextNumber())
        signatures.set(job, .signature(pending: number, kind), until: now.instant + settings.jobTimeout)
        actions.append(
            .sign(job, SigningJob(claims: claims, keyID: signer.keyID, algorithm: signer.algorithm)))
    }

    mutating func signed(
        _ job: IdentityJobID, _ token: IdentitySecret?, at now: Now, directory: some IdentityDirectory
    ) {
        guard case .signature(let number, let kind) = signatures.value(job, at: now.instant) else { return }
        signatures.remove(job)
        guard var tokens = pending.value(number, at: now.instant) else { return }
        guard let token else {
            pending.remove(number)
            return giveUp(tokens, at: now)
        }
        switch kind {
        case .access: tokens.accessToken = token
        case .identity: tokens.idToken = token
        }
        finish(number, tokens, at: now)
    }

    /// Answers where the tokens are signed and kept.
    mutating func finish(_ number: UInt64, _ tokens: PendingTokens, at now: Now) {
        guard let access = tokens.accessToken, !tokens.needsIDToken || tokens.idToken != nil, tokens.isRecorded else {
            return pending.update(number) { $0 = tokens }
        }
        pending.remove(number)
        families.told(tokens.family)
        // Revoked while it was being signed: the access token of it is on the list already.
        guard families.family(tokens.family, at: now.instant) != nil else {
            return refuseGrant(tokens.request, "revoked", user: tokens.user)
        }
        var details = [
            AuditDetail("client_id", tokens.clientID), AuditDetail("scope", tokens.scopes.description),
            AuditDetail("grant", tokens.previous == nil ? "authorization_code" : "refresh_token"),
        ]
        if !tokens.isRotated { details.append(AuditDetail("rotated", "no")) }
        audit(.authorisation, "token.issued", user: tokens.user, details: details)
        answer(
            tokens.request,
            .tokens(
                TokenResponse(
                    accessToken: access, idToken: tokens.idToken, refreshToken: tokens.refreshToken,
                    expiresInSeconds: tokens.expiresIn, scopes: tokens.scopes)))
    }

    /// The store is full, slow or gone. A log-in that nobody can keep is refused, but who is known stays so: his calls
    /// would end with his access token. He is given a new one, and the refresh token that he came with stays the valid
    /// one (RFC 6749 6: the server MAY issue a new refresh token), so that nothing is claimed which a restart would undo.
    ///
    /// - Replay: whoever holds a copy of that token uses it unseen as long as the store is gone; after that the first use
    ///   rotates it and the second ends the log-in. A token that was replaced before ends it now as ever.
    /// - Revocation: a log-in that was ended is no longer there and gets nothing. The new access token is known for being
    ///   revoked in this process at once, and in the next one after the first refresh that is kept. Until then, where this
    ///   process is killed too, ending only this log-in leaves that token to run out; suspension and log-off of the
    ///   user reach it, for they go by the time of issue.
    /// - The time in which a refresh token must be used begins anew, in this process.
    mutating func goOnUnrotated(_ number: UInt64, _ tokens: PendingTokens, at now: Now) {
        guard let previous = tokens.previous else {
            pending.remove(number)
            return giveUp(tokens, at: now)
        }
        var tokens = tokens
        families.restore(tokens.family, current: previous.hash)
        // What was given to the store may have got there all the same.
        if families.family(tokens.family, at: now.instant) != nil { noteLogin(tokens.family, at: now) }
        tokens.refreshToken = previous.token
        tokens.isRotated = false
        tokens.isRecorded = true
        finish(number, tokens, at: now)
    }

    /// No signature came, or a log-in could not be kept. A client that refreshed may try again with the token it has; a
    /// code is used up.
    mutating func giveUp(_ tokens: PendingTokens, at now: Now) {
        if let previous = tokens.previous {
            families.restore(tokens.family, current: previous.hash)
        } else {
            families.end(tokens.family)
        }
        noteLogin(tokens.family, at: now)
        refuse(tokens.request, .temporarilyUnavailable, "try again", user: tokens.user)
    }

    /// Now, or the second after the last one whose tokens of that user were revoked, so that who logs in anew right
    /// away is not caught by it.
    func issueSecond(for user: MCPTTID, at now: Now) -> Int64 {
        guard let revoked = revocations.issuedUntil(user, at: now.utc) else { return now.utc.seconds }
        return max(now.utc.seconds, revoked + 1)
    }

    mutating func refuse(
        _ request: IdentityRequestID, _ code: TokenErrorCode, _ explanation: String, user: MCPTTID?
    ) {
        audit(.refusal, "token.refused", user: user, outcome: .refused(code.rawValue))
        answer(request, .refused(TokenError(code: code, explanation: explanation)))
    }

    /// One error on the wire for whatever is wrong with a code or refresh token.
    mutating func refuseGrant(_ request: IdentityRequestID, _ reason: String, user: MCPTTID?) {
        audit(.refusal, "token.refused", user: user, outcome: .refused(reason))
        // Where a log-in was ended for it, that has to last.
        let refusal = IdentityAnswer.refused(TokenError(code: .invalidGrant, explanation: "log in again"))
        answerOnceKept(request, refusal, otherwise: refusal)
    }
}

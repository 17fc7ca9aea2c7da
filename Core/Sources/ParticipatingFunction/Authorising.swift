import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// A client that waits for the verdict on its token.
struct WaitingAuthorisation: Sendable {
    /// The PUBLISH of service settings that presented it, or came meanwhile: it is answered exactly once. nil for a
    /// REGISTER, which the registrar has answered.
    var transaction: ServerTransactionID?
    var key: ClientKey
    var answerMode: PoCSettings.AnswerMode?
    /// Which of his profiles it selects; nil: none anew.
    var profile: UInt8?
    var flow: FlowID
}

/// By what a client is authorised, until the token runs out, is revoked, or another takes its place.
struct ClientAuthorisation: Hashable, Sendable {
    var tokenID: AccessTokenID
    /// The device that presented it. Another one of the same user has to present one of its own.
    var device: RegisteredContact?
}

/// Why a client is no more.
enum Departure: String, Sendable {
    case loggedOff = "logged off"
    case deviceGone = "device gone"
    case servedElsewhere = "served by another process"
    case withdrawn
    case authorisationExpired = "authorisation expired"
    case authorisationRevoked = "authorisation revoked"

    /// Its calls and what it subscribed to end with it, and whoever is called is told why.
    var isLossOfAuthorisation: Bool {
        switch self {
        case .loggedOff, .deviceGone, .servedElsewhere: false
        case .withdrawn, .authorisationExpired, .authorisationRevoked: true
        }
    }

    var reason: String? { isLossOfAuthorisation ? "SIP;cause=403;text=\"\(rawValue)\"" : nil }
}

/// Service authorisation (TS 24.379 7.3): the token is verified outside, and what it grants binds the client.
extension ParticipatingFunction {
    /// True where a request over this flow may speak for the client. That a device of the same user proved the password
    /// does not make it the client that was authorised.
    ///
    /// OPEN: of a device that keeps several flows (RFC 5626 4.2) only the one it registered last, or published over,
    /// counts.
    func isBound(_ client: MCPTTClientID, of user: MCPTTID, over flow: FlowID) -> Bool {
        guard let known = users[user]?.clients[client] else { return false }
        return !settings.authorisation.requiresToken || known.device?.flow == flow
    }

    /// A token in the body of REGISTER (TS 24.379 7.3.2) binds the client to the device that registered. Nobody waits for
    /// the verdict: a client that is not served is told so when it asks for something. A PUBLISH that waits for its own
    /// verdict goes first.
    mutating func registrationAuthorises(
        _ presented: PresentedAuthorisation, _ device: RegisteredContact, _ user: User, at now: Now
    ) {
        let key = ClientKey(user: user.mcpttID, client: presented.client)
        guard settings.authorisation.requiresToken, let flow = device.flow, users[key.user]?.waiting[key.client] == nil
        else { return }
        let known = users[key.user]?.clients[key.client]
        do throws(Refusal) {
            try authorise(
                WaitingAuthorisation(
                    key: key, answerMode: known?.answerMode, flow: flow),
                with: presented.token.text, at: now)
        } catch {
            guard error.warning != .serviceAuthorisationFailed else { return }
            note("authorisation.unanswered", [.init("user", key.user.value, isPersonal: true)])
        }
    }

    /// Service settings without a token (TS 24.379 7.3): of a client that one has authorised already over this flow, or is
    /// about to.
    mutating func publishSettingsAlone(
        _ wish: WaitingAuthorisation, _ transaction: ServerTransactionID, at now: Now
    ) throws(Refusal) {
        let key = wish.key
        if let id = users[key.user]?.waiting[key.client], waiting[id]?.flow == wish.flow,
            waiting[id]?.transaction == nil
        {
            waiting[id] = wish
            return
        }
        guard users[key.user]?.clients[key.client]?.authorisation != nil,
            isBound(key.client, of: key.user, over: wish.flow)
        else {
            supersede(key, at: now)
            throw unauthorised(key, cause: "missing")
        }
        users[key.user]?.clients[key.client]?.answerMode = wish.answerMode
        if let profile = wish.profile { select(profile, for: key, at: now) }
        publicationAccepted(transaction, \.settingsTag, of: key, expires: .max, at: now)
    }

    /// Has the token of a client verified; what it asked for waits for the verdict.
    mutating func authorise(
        _ wish: WaitingAuthorisation, with token: String, at now: Now
    ) throws(Refusal) {
        let key = wish.key
        supersede(key, at: now)
        guard !token.isEmpty else { throw unauthorised(key, cause: "missing") }
        guard token.utf8.count <= settings.limits.tokenOctets else { throw unauthorised(key, cause: "too long") }
        try requireRoom(for: key)
        guard waiting.count < settings.limits.waitingAuthorisations,
            (users[key.user]?.waiting.count ?? 0) < settings.limits.clientsPerUser
        else { throw comeAgain }
        let id = TokenJobID(numbers.next())
        waiting[id] = wish
        users[key.user, default: ServedUser()].waiting[key.client] = id
        deadlines.set(.verification(id), at: now.instant + settings.authorisation.verificationLimit)
        actions.append(
            .verify(
                TokenJob(
                    id: id, token: AccessToken(token), acceptedScopes: settings.authorisation.acceptedScopes,
                    audience: settings.authorisation.audience, use: .serviceSettings)))
    }

    /// The verdict of a job; one that comes too late finds nobody.
    mutating func tokenVerified(_ id: TokenJobID, _ verdict: TokenVerdict, at now: Now) {
        guard let wish = waiting[id] else { return }
        do throws(Refusal) {
            let grant = try granted(verdict, to: wish.key, at: now)
            try bind(
                wish.key, answerMode: wish.answerMode, profile: wish.profile, wish.flow, grant: grant, at: now)
            if let transaction = wish.transaction {
                publicationAccepted(transaction, \.settingsTag, of: wish.key, expires: .max, at: now)
            }
        } catch {
            if let transaction = wish.transaction { refuse(transaction, error, at: now) }
        }
        forgetWaiting(id)
    }

    /// The pool does its part; that it is our user, and still in time, is for us to see.
    private mutating func granted(
        _ verdict: TokenVerdict, to key: ClientKey, at now: Now
    ) throws(Refusal) -> TokenGrant {
        let grant: TokenGrant
        switch verdict {
        case .refused(.unavailable): throw comeAgain
        case .refused(let reason): throw unauthorised(key, cause: reason.rawValue)
        case .granted(let given): grant = given
        }
        guard grant.mcpttID == key.user else { throw unauthorised(key, cause: "other user") }
        guard grant.clientID ?? key.client == key.client else { throw unauthorised(key, cause: "other client") }
        guard grant.expires > now.utc else { throw unauthorised(key, cause: TokenRefusal.expired.rawValue) }
        guard grant.scopes.contains(where: settings.authorisation.acceptedScopes.contains) else {
            throw unauthorised(key, cause: TokenRefusal.wrongScope.rawValue)
        }
        guard !revokedMeanwhile.contains(grant.tokenID) else {
            throw unauthorised(key, cause: TokenRefusal.revoked.rawValue)
        }
        return grant
    }

    /// The client is told no more than that (403 "101", TS 24.379 7.3.3); the record says why.
    private mutating func unauthorised(_ key: ClientKey, cause: String) -> Refusal {
        note("authorisation.refused", [.init("user", key.user.value, isPersonal: true), .init("cause", cause)])
        return Refusal(.serviceAuthorisationFailed)
    }

    private var comeAgain: Refusal {
        .noRoom(retryAfterSeconds: settings.authorisation.retryAfterSeconds)
    }

    // MARK: Waiting

    /// The pool was silent for too long.
    mutating func verificationOver(_ id: TokenJobID, at now: Now) {
        guard let wish = waiting[id] else { return }
        forgetWaiting(id)
        note("authorisation.unanswered", [.init("user", wish.key.user.value, isPersonal: true)])
        if let transaction = wish.transaction { refuse(transaction, comeAgain, at: now) }
    }

    /// What the client said before counts no more: a later PUBLISH takes its place (as RFC 3261 14.2 has it for INVITE),
    /// or the client left.
    mutating func supersede(_ key: ClientKey, at now: Now) {
        guard let id = users[key.user]?.waiting[key.client], let wish = waiting[id] else { return }
        forgetWaiting(id)
        if let transaction = wish.transaction { agent.answer(transaction, status: 500, at: now) }
    }

    /// Requests whose device is gone have nobody to be answered to.
    mutating func endWaiting(of user: MCPTTID, over flow: FlowID?, at now: Now) {
        for id in users[user]?.waiting.values.elements ?? [] {
            guard let wish = waiting[id], wish.flow == flow else { continue }
            supersede(wish.key, at: now)
        }
    }

    private mutating func forgetWaiting(_ id: TokenJobID) {
        guard let wish = waiting.removeValue(forKey: id) else { return }
        deadlines.cancel(.verification(id))
        users[wish.key.user]?.waiting[wish.key.client] = nil
        if waiting.isEmpty { revokedMeanwhile = [] }
    }

    // MARK: Taking back

    /// Clients that are authorised by these tokens are dropped, their calls end, and the registrations of their devices
    /// too: what was lost or stolen shall not go on being called.
    mutating func tokensRevoked(_ tokens: RevokedTokens, at now: Now) {
        let concerned: [MCPTTID]
        switch tokens {
        case .these(let ids):
            concerned = Array(users.keys)
            noteRevoked(ids, at: now)
        case .all(let user):
            concerned = [user]
            // What waits for its verdict was presented before.
            for id in users[user]?.waiting.values.elements ?? [] { verificationOver(id, at: now) }
        }
        for user in concerned {
            for (id, client) in users[user]?.clients ?? [:] {
                guard let authorisation = client.authorisation, tokens.include(authorisation.tokenID) else { continue }
                dropClient(ClientKey(user: user, client: id), .authorisationRevoked, at: now)
                if let device = client.device, let identity = directory.user(user)?.publicIdentity {
                    withdrawals.append((identity, device))
                }
            }
        }
    }

    /// A verdict that is on its way may have been given before the revocation.
    private mutating func noteRevoked(_ ids: [AccessTokenID], at now: Now) {
        guard !waiting.isEmpty else { return }
        revokedMeanwhile.formUnion(ids)
        guard revokedMeanwhile.count > settings.limits.revokedTokensRemembered else { return }
        // More than can be remembered: nobody gets in by what was asked before.
        for id in waiting.keys.sorted() { verificationOver(id, at: now) }
    }
}

extension RevokedTokens {
    /// Of a user who is concerned.
    fileprivate func include(_ token: AccessTokenID) -> Bool {
        switch self {
        case .these(let ids): ids.contains(token)
        case .all: true
        }
    }
}

import Audit
import MCFoundation

extension IdentityServer {
    mutating func authorize(
        _ request: IdentityRequestID, _ parameters: RequestParameters, from browser: BrowserOrigin, at now: Now
    ) {
        let address = browser.address
        switch AuthorizationRequest.decide(parameters, clients: settings.clients) {
        case .refusedOnPage(let error):
            auditRefusal("authorization.refused", error.rawValue, from: address)
            answerPage(request, error)
        case .refusedByRedirect(let refusal):
            auditRefusal("authorization.refused", refusal.code.rawValue, from: address)
            answer(request, .redirect(IdentitySecret(refusal.location(issuer: settings.issuer))))
        case .valid(let valid):
            open(request, valid, from: browser, at: now)
        }
    }

    private mutating func open(
        _ request: IdentityRequestID, _ valid: AuthorizationRequest, from browser: BrowserOrigin, at now: Now
    ) {
        // One mark for all windows of a browser, once it has one: to log in twice at a time is nothing unusual. Of windows
        // that begin at the very same moment the last one counts.
        let shown = browser.mark.flatMap { Base64URL.decode($0.revealed)?.count == 32 ? $0 : nil }
        let mark = shown ?? IdentitySecret(random.secretText(words: 4))
        let fresh = shown == nil ? mark : nil
        var transaction = LoginTransaction(
            request: valid, source: LoginSource(browser.address), browser: SecretHash(of: mark.revealed))
        if case .external = settings.authentication {
            transaction.external = ExternalAttempt(
                nonce: random.secretText(words: 2), codeVerifier: IdentitySecret(random.secretText(words: 4)))
        }
        let until = now.instant + settings.login.pageLifetime
        guard let id = transactions.open(transaction, until: until, random: &random) else {
            auditRefusal("authorization.refused", "too-many-log-ins", from: browser.address)
            let refusal = refusal(of: valid, .temporarilyUnavailable, "too many log-ins")
            answer(request, .redirect(IdentitySecret(refusal.location(issuer: settings.issuer))))
            return
        }
        if case .external(let provider) = settings.authentication, let external = transaction.external {
            let location = RedirectLocation.adding(
                [
                    ("response_type", "code"), ("client_id", provider.clientID),
                    ("redirect_uri", provider.redirectURI), ("scope", provider.scope), ("state", id.revealed),
                    ("nonce", external.nonce), ("code_challenge", CodeChallenge.s256(of: external.codeVerifier)),
                    ("code_challenge_method", "S256"),
                ], to: provider.authorizationEndpoint)
            answer(request, .redirectToProvider(IdentitySecret(location), mark: fresh))
        } else {
            answer(request, .loginPage(form(id, userName: "", hasFailed: false), mark: fresh))
        }
    }

    mutating func logIn(
        _ request: IdentityRequestID, _ login: LoginForm, from browser: BrowserOrigin, at now: Now,
        directory: some IdentityDirectory
    ) {
        let address = browser.address
        guard case .ownPasswords = settings.authentication,
            let transaction = transactions.transaction(login.transaction, at: now.instant), !transaction.isBusy,
            login.userName.utf8.count <= settings.limits.loginNameOctets,
            login.password.revealed.utf8.count <= settings.limits.passwordOctets
        else {
            auditRefusal("login.refused", "unknown-login", from: address)
            answerPage(request, .unknownLogin)
            return
        }
        guard transaction.isOf(browser) else {
            auditRefusal("login.refused", "other-browser", from: address)
            answerPage(request, .unknownLogin)
            return
        }
        guard !authentications.isFull else {
            auditRefusal("login.refused", "busy", from: address)
            answerPage(request, .busy)
            return
        }
        let user = directory.loginUser(named: login.userName)
        let subject = user.map { LoginSubject.known($0.mcpttID) } ?? .unknown(login.userName)
        let source = LoginSource(address)
        let verifier = user?.passwordVerifier ?? IdentitySecret("")
        let attempt = PasswordAttempt(
            request: request, transaction: login.transaction, userName: login.userName, subject: subject,
            verifier: verifier, source: source, address: address)
        transactions.update(login.transaction) { $0.attempts += 1 }
        guard throttle.admit(subject, from: source, at: now.instant) else {
            fail(attempt, "too-many-failures", at: now)
            return
        }
        transactions.update(login.transaction) { $0.isBusy = true }
        let isDummy = verifier.revealed.isEmpty
        let job = IdentityJobID(value: nextNumber())
        authentications.set(job, .password(attempt), until: now.instant + settings.jobTimeout)
        actions.append(
            .verifyPassword(
                job,
                PasswordJob(
                    user: user?.mcpttID, password: login.password,
                    verifier: isDummy ? settings.login.dummyVerifier : verifier, isDummy: isDummy)))
    }

    mutating func judge(
        _ job: IdentityJobID, matches: Bool, at now: Now, directory: some IdentityDirectory
    ) {
        // A result that comes too late, twice or for other work is nobody's.
        guard case .password(let attempt) = authentications.value(job, at: now.instant) else { return }
        authentications.remove(job)
        transactions.update(attempt.transaction) { $0.isBusy = false }
        guard case .known(let id) = attempt.subject else { return fail(attempt, "unknown-user", at: now) }
        guard let user = directory.user(id) else { return fail(attempt, "unknown-user", at: now) }
        // A user without a verifier was checked against the dummy, whose result counts for nothing.
        guard matches, !user.passwordVerifier.revealed.isEmpty else {
            return fail(attempt, "wrong-password", at: now)
        }
        // It may have been changed while it was looked at, and then the old one opens nothing.
        guard user.passwordVerifier == attempt.verifier else { return fail(attempt, "password-changed", at: now) }
        guard !user.isSuspended else { return fail(attempt, "suspended", at: now) }
        throttle.succeeded(id, from: attempt.source)
        guard let transaction = transactions.close(attempt.transaction) else {
            return answerPage(attempt.request, .unknownLogin)
        }
        grant(attempt.request, transaction.request, to: user, methods: ["pwd"], context: .password, at: now)
    }

    /// Gives the client a code for what the user may have of what it asked.
    mutating func grant(
        _ request: IdentityRequestID, _ asked: AuthorizationRequest, to user: LoginUser, methods: [String],
        context: AuthenticationContext?, at now: Now
    ) {
        let grant = AuthorizationGrant(
            user: user.mcpttID, clientID: asked.clientID, redirectURI: asked.redirectURI,
            codeChallenge: asked.codeChallenge, nonce: asked.nonce, scopes: asked.scopes.granted(to: user),
            context: context, proof: context == .password ? user.proof : nil, methods: methods,
            authenticatedAt: issueSecond(for: user.mcpttID, at: now))
        guard let code = codes.issue(grant, at: now.instant, random: &random) else {
            let refusal = refusal(of: asked, .temporarilyUnavailable, "too many codes")
            audit(.login, "login.refused", user: user.mcpttID, outcome: .refused("busy"))
            return answer(request, .redirect(IdentitySecret(refusal.location(issuer: settings.issuer))))
        }
        audit(
            .login, "login.succeeded", user: user.mcpttID,
            details: [AuditDetail("client_id", asked.clientID), AuditDetail("scope", grant.scopes.description)])
        let location = RedirectLocation.adding(
            [("code", code.revealed), ("state", asked.state), ("iss", settings.issuer)], to: asked.redirectURI)
        answer(request, .redirect(IdentitySecret(location)))
    }

    /// The same page for a wrong password, an unknown name, a suspended user and one who has to wait.
    private mutating func fail(_ attempt: PasswordAttempt, _ reason: String, at now: Now) {
        var user: MCPTTID?
        if case .known(let id) = attempt.subject { user = id }
        // A name that nobody has is not told: people type passwords there.
        let details = [AuditDetail("source", attempt.address.description, isPersonal: true)]
        audit(.login, "login.refused", user: user, details: details, outcome: .refused(reason))
        if let user, reason == "wrong-password", throttle.isLockedOut(user, at: now.instant) {
            audit(.login, "login.locked-out", user: user, details: details)
            if let lockOut = throttle.lockOut(of: user, at: now.instant) {
                note(
                    .lockOut(
                        KeptLockOut(user: user, failures: lockOut.failures, until: now.utc(of: lockOut.until))))
            }
        }
        guard let transaction = transactions.transaction(attempt.transaction, at: now.instant) else {
            return answerPage(attempt.request, .unknownLogin)
        }
        guard transaction.attempts < settings.login.attemptsPerPage else {
            transactions.close(attempt.transaction)
            let refusal = refusal(of: transaction.request, .accessDenied, "log-in did not succeed")
            return answer(attempt.request, .redirect(IdentitySecret(refusal.location(issuer: settings.issuer))))
        }
        answer(
            attempt.request,
            .loginPage(form(attempt.transaction, userName: attempt.userName, hasFailed: true), mark: nil))
    }

    /// Nobody could judge the password: the attempt does not count.
    mutating func abandon(_ attempt: PasswordAttempt, at now: Now) {
        throttle.abandoned(attempt.subject, from: attempt.source)
        transactions.update(attempt.transaction) { transaction in
            transaction.isBusy = false
            transaction.attempts -= 1
        }
        auditRefusal("login.refused", "not-verified", from: attempt.address)
        answerPage(attempt.request, .busy)
    }

    mutating func jobExpired(_ job: Job, at now: Now) {
        switch job {
        case .password(let attempt):
            abandon(attempt, at: now)
        case .external(let request, let transaction, _):
            // The provider's code may be used up: the browser begins anew.
            transactions.close(transaction)
            audit(.login, "login.refused", user: nil, outcome: .refused("provider-silent"))
            answerPage(request, .busy)
        case .signature:
            break
        }
    }

    func refusal(
        of asked: AuthorizationRequest, _ code: AuthorizationErrorCode, _ explanation: String
    ) -> AuthorizationRefusal {
        AuthorizationRefusal(
            clientID: asked.clientID, redirectURI: asked.redirectURI, code: code, explanation: explanation,
            state: asked.state)
    }

    private func form(_ id: IdentitySecret, userName: String, hasFailed: Bool) -> [UInt8] {
        LoginPage.form(
            action: settings.issuer + settings.endpoints.login, transaction: id, userName: userName,
            hasFailed: hasFailed, texts: settings.texts)
    }

    mutating func auditRefusal(_ action: String, _ reason: String, from address: IPAddress) {
        audit(
            .refusal, action, user: nil,
            details: [AuditDetail("source", address.description, isPersonal: true)], outcome: .refused(reason))
    }
}

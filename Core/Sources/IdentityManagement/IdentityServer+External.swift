import Audit
import MCFoundation

extension IdentityServer {
    /// The browser brings the provider's code, or its error (RFC 6749 4.1.2). The state is the log-in transaction: who
    /// has it was sent there by us, and it must be the browser that was (RFC 6749 10.12).
    mutating func externalReturned(
        _ request: IdentityRequestID, _ parameters: RequestParameters, from browser: BrowserOrigin, at now: Now
    ) {
        guard case .external(let provider) = settings.authentication, !parameters.exceedsLimits,
            !parameters.hasRepetition, let state = parameters["state"],
            let transaction = transactions.transaction(IdentitySecret(state), at: now.instant), !transaction.isBusy,
            let external = transaction.external
        else {
            auditRefusal("login.refused", "unknown-state", from: browser.address)
            return answerPage(request, .unknownLogin)
        }
        guard transaction.isOf(browser) else {
            auditRefusal("login.refused", "other-browser", from: browser.address)
            return answerPage(request, .unknownLogin)
        }
        // RFC 9207 2.4: a provider that says who it is must be the one that we asked.
        guard parameters["iss"] ?? provider.issuer == provider.issuer, let code = parameters["code"],
            parameters["error"] == nil
        else {
            transactions.close(IdentitySecret(state))
            return deny(request, transaction.request, "provider-refused", user: nil)
        }
        guard !authentications.isFull else { return answerPage(request, .busy) }
        transactions.update(IdentitySecret(state)) { $0.isBusy = true }
        let job = IdentityJobID(value: nextNumber())
        authentications.set(
            job, .external(request, transaction: IdentitySecret(state), nonce: external.nonce),
            until: now.instant + settings.jobTimeout)
        actions.append(
            .exchangeExternalCode(
                job,
                ExternalCodeJob(
                    provider: provider, code: IdentitySecret(code), codeVerifier: external.codeVerifier)))
    }

    mutating func externalExchanged(
        _ job: IdentityJobID, _ identity: ExternalIdentity?, at now: Now, directory: some IdentityDirectory
    ) {
        guard case .external(let request, let id, let nonce) = authentications.value(job, at: now.instant) else {
            return
        }
        authentications.remove(job)
        guard let transaction = transactions.close(id) else { return answerPage(request, .unknownLogin) }
        guard let identity else { return deny(request, transaction.request, "provider-refused", user: nil) }
        guard identity.nonce == nonce else { return deny(request, transaction.request, "wrong-nonce", user: nil) }
        guard let user = directory.user(externalSubject: identity.subject) else {
            return deny(request, transaction.request, "unknown-user", user: nil)
        }
        guard !user.isSuspended else { return deny(request, transaction.request, "suspended", user: user.mcpttID) }
        grant(request, transaction.request, to: user, methods: [], context: nil, at: now)
    }

    private mutating func deny(
        _ request: IdentityRequestID, _ asked: AuthorizationRequest, _ reason: String, user: MCPTTID?
    ) {
        audit(.login, "login.refused", user: user, outcome: .refused(reason))
        let refusal = refusal(of: asked, .accessDenied, "log-in did not succeed")
        answer(request, .redirect(IdentitySecret(refusal.location(issuer: settings.issuer))))
    }
}

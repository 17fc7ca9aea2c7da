import IdentityManagement
import MCFoundation
import Testing

@Suite struct ExternalProviderTests {
    private func desk(_ change: (inout IdentitySettings) -> Void = { _ in }) throws -> IdentityDesk {
        try IdentityDesk {
            change(&$0)
            $0.authentication = .external(
                ExternalProvider(
                    issuer: "https://id.nation.example", authorizationEndpoint: "https://id.nation.example/auth",
                    clientID: "euccs", redirectURI: "https://idms.it.example/external"))
        }
    }

    private func sent(_ desk: IdentityDesk) throws -> (state: String, nonce: String) {
        guard case .redirectToProvider(let location, mark: _) = desk.authorize() else { throw Missing() }
        #expect(location.revealed.hasPrefix("https://id.nation.example/auth?response_type=code&client_id=euccs&"))
        #expect(query("code_challenge_method", of: location) == "S256")
        let state = query("state", of: location)
        let nonce = query("nonce", of: location)
        return (try #require(state), try #require(nonce))
    }

    private struct Missing: Error {}

    private func back(_ desk: IdentityDesk, _ pairs: [(name: String, value: String)]) -> IdentityJobID? {
        let request = desk.request()
        for action in desk.feed(.externalReturned(request, RequestParameters(pairs), from: desk.browser())) {
            if case .exchangeExternalCode(let id, _) = action { return id }
        }
        return nil
    }

    @Test func theProvidersSubjectBecomesOurUser() throws {
        let desk = try desk()
        let sent = try sent(desk)
        let job = back(desk, [("state", sent.state), ("code", "c"), ("iss", "https://id.nation.example")])
        let identity = ExternalIdentity(subject: "anna", nonce: sent.nonce)
        guard
            case .redirect(let location) = answer(
                in: desk.feed(.externalCodeExchanged(try #require(job), identity)))
        else {
            Issue.record("no redirect")
            return
        }
        let code = query("code", of: location)
        guard case .tokens = desk.tokens(IdentityDesk.redemption(try #require(code))) else {
            Issue.record("no tokens")
            return
        }
        #expect(desk.signed.last?.subject == IdentityDesk.anna.value)
        #expect(desk.signed.last?.context == nil)
    }

    @Test func theProviderSendsBackWhomWeSentThere() throws {
        let desk = try desk()
        let sent = try sent(desk)
        let mark = desk.mark
        desk.mark = nil
        #expect(back(desk, [("state", sent.state), ("code", "c")]) == nil)
        #expect(desk.lastRefusal == "other-browser")
        desk.mark = mark
        #expect(back(desk, [("state", sent.state), ("code", "c")]) != nil)
    }

    @Test(arguments: ["wrong-nonce", "unknown-user", "suspended", "provider-refused"])
    func refusesWhatTheProviderDoesNotVouchFor(_ reason: String) throws {
        let desk = try desk()
        desk.people.users[0].isSuspended = reason == "suspended"
        let sent = try sent(desk)
        let job = back(desk, [("state", sent.state), ("code", "c")])
        let identity = ExternalIdentity(
            subject: reason == "unknown-user" ? "nobody" : "anna", nonce: reason == "wrong-nonce" ? "n" : sent.nonce)
        let actions = desk.feed(
            .externalCodeExchanged(try #require(job), reason == "provider-refused" ? nil : identity))
        guard case .redirect(let location) = answer(in: actions) else {
            Issue.record("no redirect")
            return
        }
        #expect(query("error", of: location) == "access_denied")
        #expect(desk.lastRefusal == reason)
    }

    @Test func aForgedStateAndAnotherProvidersAnswerAreRefused() throws {
        let desk = try desk()
        let sent = try sent(desk)
        #expect(back(desk, [("state", String(repeating: "A", count: 43)), ("code", "c")]) == nil)
        #expect(desk.lastRefusal == "unknown-state")
        #expect(back(desk, [("state", sent.state), ("state", sent.state), ("code", "c")]) == nil)
        #expect(back(desk, [("state", sent.state), ("code", "c"), ("iss", "https://evil.example")]) == nil)
        #expect(desk.lastRefusal == "provider-refused")
        // And that log-in is over.
        #expect(back(desk, [("state", sent.state), ("code", "c")]) == nil)
    }

    @Test func `a provider that does not answer ends the log-in, and the browser begins anew`() throws {
        let desk = try desk { $0.limits.loginTransactions = 1 }
        let sent = try sent(desk)
        #expect(back(desk, [("state", sent.state), ("code", "c")]) != nil)
        desk.pass(.seconds(20))
        guard case .errorPage(.busy, _) = answer(in: desk.feed(.timeAdvanced)) else {
            Issue.record("nobody is answered")
            return
        }
        #expect(desk.lastRefusal == "provider-silent")
        // One place is all there is.
        #expect(back(desk, [("state", sent.state), ("code", "c")]) == nil)
        _ = try self.sent(desk)
    }

    @Test func noPasswordIsLookedAt() throws {
        let desk = try desk()
        let sent = try sent(desk)
        guard case .errorPage(.unknownLogin, _) = desk.logIn(on: IdentitySecret(sent.state)) else {
            Issue.record("password accepted")
            return
        }
    }
}

import Audit
import IdentityManagement
import MCFoundation
import Testing

/// What outlives the process, and that nobody is told of anything that does not.
@Suite struct KeepingTests {
    private struct Refused: Error { var answer: IdentityAnswer? }

    private func tokens(_ answer: IdentityAnswer?) throws -> TokenResponse {
        guard case .tokens(let response) = answer else { throw Refused(answer: answer) }
        return response
    }

    private func record(in actions: [IdentityAction]) throws -> IdentityJobID {
        for action in actions {
            if case .record(let job, _) = action { return job }
        }
        throw Refused(answer: nil)
    }

    // MARK: Restart

    @Test func `a refresh token holds over a restart, and so does its rotation`() throws {
        let desk = try IdentityDesk()
        let first = try desk.openSession()
        desk.restart()
        let second = try tokens(desk.refresh(first.refreshToken))
        #expect(second.scopes == first.scopes)
        #expect(desk.signed.last?.context == .password)
        desk.restart()
        _ = try tokens(desk.refresh(second.refreshToken))
    }

    @Test func `an old refresh token ends the family after a restart too, with the access tokens it gave`() throws {
        let desk = try IdentityDesk()
        let first = try desk.openSession()
        let second = try tokens(desk.refresh(first.refreshToken))
        let access = desk.signed.first
        desk.restart()
        #expect(refusal(desk.refresh(first.refreshToken)) == .invalidGrant)
        #expect(desk.lastRefusal == "reused-refresh-token")
        #expect(desk.verdict(on: access) == .refused(.revoked))
        #expect(refusal(desk.refresh(second.refreshToken)) == .invalidGrant)
        desk.restart()
        #expect(refusal(desk.refresh(second.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
        #expect(desk.disk.logins.isEmpty)
    }

    @Test func `what was revoked stays revoked, and who was logged off stays so`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let access = desk.signed.first
        let bruno = try desk.openSession("bruno")
        desk.feed(.userLoggedOff(IdentityDesk.anna))
        desk.restart()
        #expect(desk.verdict(on: access) == .refused(.revoked))
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        _ = try tokens(desk.refresh(bruno.refreshToken))
    }

    @Test func `who was suspended while nobody ran has no log-in when he is let in again`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let access = desk.signed.first
        desk.people.users[0].isSuspended = true
        desk.restart()
        desk.people.users[0].isSuspended = false
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
    }

    @Test func `times go on over a restart`() throws {
        let desk = try IdentityDesk {
            $0.refreshTokenLifetime = .seconds(100)
            $0.longestLogin = .seconds(150)
        }
        let idle = try desk.openSession()
        var active = try desk.openSession()
        desk.pass(.seconds(60))
        desk.restart()
        active = try tokens(desk.refresh(active.refreshToken))
        desk.pass(.seconds(40))
        #expect(refusal(desk.refresh(idle.refreshToken)) == .invalidGrant)
        desk.restart()
        active = try tokens(desk.refresh(active.refreshToken))
        desk.pass(.seconds(50))
        #expect(refusal(desk.refresh(active.refreshToken)) == .invalidGrant)
    }

    @Test func `a clock that was set back makes no log-in longer`() throws {
        let desk = try IdentityDesk {
            $0.refreshTokenLifetime = .seconds(100)
            $0.longestLogin = .seconds(150)
        }
        let session = try desk.openSession()
        desk.now.utc.microseconds -= 86_400_000_000
        desk.restart()
        desk.pass(.seconds(100))
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
    }

    @Test func `what is kept holds no token and does not print`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let login = try #require(desk.disk.logins.values.first)
        var text = ""
        dump(login, to: &text)
        #expect(!text.contains(login.current) && !"\(login)".contains(login.id))
        for part in session.refreshToken.revealed.split(separator: ".") {
            #expect(login.id != part && login.current != part)
        }
        #expect(login.accessTokens.map(\.id) == [desk.signed.first?.tokenID])
        #expect(login.until == desk.now.utc.microseconds + 7 * 86_400_000_000)
    }

    @Test func `a user who is locked out waits after a restart too`() throws {
        let desk = try IdentityDesk {
            $0.login.failuresUntilLockOut = 3
            $0.login.freeFailures = 5
        }
        for _ in 0..<3 { _ = desk.logIn("anna", "pw-wrong", on: try desk.openPage()) }
        desk.restart()
        #expect(desk.code("anna") == nil)
        #expect(desk.lastRefusal == "too-many-failures")
        desk.feed(.userForgiven(IdentityDesk.anna))
        #expect(desk.disk.lockOuts.isEmpty)
        #expect(desk.code("anna") != nil)
    }

    // MARK: Durable first

    @Test func `tokens are given when they are kept, not before`() throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        desk.keeps = nil
        #expect(desk.tokens(IdentityDesk.redemption(code)) == nil)
        // Everything else has happened by now.
        #expect(desk.signed.count == 2)
        let request = desk.request()
        let other = desk.feed(
            .tokenRequested(request, RequestParameters(IdentityDesk.redemption("other"))))
        #expect(refusal(answer(in: other)) == .invalidGrant)
    }

    @Test func `who is known goes on without a store, with the refresh token that he has`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.keeps = false
        for _ in 0..<3 {
            desk.pass(.seconds(3_000))
            let response = try tokens(desk.refresh(session.refreshToken))
            #expect(response.refreshToken == session.refreshToken)
            #expect(desk.verdict(on: desk.signed.first).map { if case .granted = $0 { true } else { false } } == true)
            #expect(desk.lastDetails == ["client_id", "scope", "grant", "rotated"])
        }
        // Nothing was claimed that a restart undoes, and with the store rotation comes back.
        desk.restart()
        desk.keeps = true
        let rotated = try tokens(desk.refresh(session.refreshToken))
        #expect(rotated.refreshToken != session.refreshToken)
        #expect(desk.lastDetails == ["client_id", "scope", "grant"])
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        #expect(desk.lastRefusal == "reused-refresh-token")
    }

    @Test func `the store comes back without a restart, and the token rotates`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.keeps = false
        _ = try tokens(desk.refresh(session.refreshToken))
        desk.keeps = true
        let rotated = try tokens(desk.refresh(session.refreshToken))
        #expect(rotated.refreshToken != session.refreshToken)
        desk.restart()
        _ = try tokens(desk.refresh(rotated.refreshToken))
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
    }

    @Test func `without a store nobody logs in who is not known`() throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        desk.keeps = false
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code))) == .temporarilyUnavailable)
    }

    @Test func `without a store a token that was replaced ends the log-in as ever`() throws {
        let desk = try IdentityDesk()
        let first = try desk.openSession()
        let second = try tokens(desk.refresh(first.refreshToken))
        let access = desk.signed.first
        desk.keeps = false
        #expect(refusal(desk.refresh(first.refreshToken)) == .invalidGrant)
        #expect(refusal(desk.refresh(second.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
    }

    @Test func `a copy that was used without a store shows when it is back`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.keeps = false
        _ = try tokens(desk.refresh(session.refreshToken))
        _ = try tokens(desk.refresh(session.refreshToken))
        desk.keeps = true
        let owner = try tokens(desk.refresh(session.refreshToken))
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        #expect(refusal(desk.refresh(owner.refreshToken)) == .invalidGrant)
    }

    @Test func `who loses his rights without a store gets nothing, and what he got ends`() throws {
        let desk = try IdentityDesk()
        let anna = try desk.openSession()
        let bruno = try desk.openSession("bruno")
        desk.keeps = false
        _ = try tokens(desk.refresh(anna.refreshToken))
        let access = desk.signed.first
        desk.feed(.userLoggedOff(IdentityDesk.anna))
        #expect(refusal(desk.refresh(anna.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
        // The client gives it back.
        _ = try tokens(desk.refresh(bruno.refreshToken))
        let other = desk.signed.first
        desk.feed(
            .revocationRequested(
                desk.request(),
                RequestParameters([
                    (name: "token", value: bruno.refreshToken.revealed), (name: "client_id", value: "radio"),
                ])))
        #expect(refusal(desk.refresh(bruno.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: other) == .refused(.revoked))
    }

    @Test func `what was given without a store is known for being revoked once a refresh is kept`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.keeps = false
        _ = try tokens(desk.refresh(session.refreshToken))
        let access = desk.signed.first
        desk.keeps = true
        _ = try tokens(desk.refresh(session.refreshToken))
        desk.restart()
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
    }

    @Test func `a log-in that ends while the store is waited for gives nothing`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.keeps = nil
        #expect(desk.refresh(session.refreshToken) == nil)
        desk.feed(.userLoggedOff(IdentityDesk.anna))
        desk.pass(.seconds(5))
        #expect(refusal(answer(in: desk.feed(.timeAdvanced))) == .invalidGrant)
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
    }

    @Test func `a silent disk is waited for no longer than clients wait`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.keeps = nil
        let actions = desk.feed(
            .tokenRequested(
                desk.request(),
                RequestParameters([
                    (name: "grant_type", value: "refresh_token"), (name: "client_id", value: "radio"),
                    (name: "refresh_token", value: session.refreshToken.revealed),
                ])))
        // One signature is late too: then all is ready at last.
        var late: [IdentityJobID] = []
        for action in actions { if case .sign(let job, _) = action { late.append(job) } }
        #expect(late.count == 2)
        desk.feed(.signed(late[0], IdentitySecret("a")))
        #expect(desk.server.nextDeadline == desk.now.instant + .seconds(5))
        desk.pass(.seconds(5))
        #expect(answer(in: desk.feed(.timeAdvanced)) == nil)
        // Comes at last, and is of no interest.
        desk.feed(.recorded(try record(in: actions), isKept: true))
        let given = try tokens(answer(in: desk.feed(.signed(late[1], IdentitySecret("b")))))
        #expect(given.refreshToken == session.refreshToken)
        desk.keeps = true
        _ = try tokens(desk.refresh(session.refreshToken))
    }

    @Test func `what is kept of two revocations is both`() throws {
        let desk = try IdentityDesk()
        _ = try desk.openSession()
        desk.feed(.userLoggedOff(IdentityDesk.anna))
        guard case .user(_, _, let first)? = desk.disk.revocations.last else {
            Issue.record("nothing is kept")
            return
        }
        // Shorter lifetimes are prescribed, and then he is logged off again.
        var policy = IdentityPolicy()
        policy.tokens.accessToken = 60_000
        policy.tokens.idToken = 60_000
        desk.restart { $0.adopt(policy) }
        desk.feed(.userLoggedOff(IdentityDesk.anna))
        guard case .user(_, _, let second)? = desk.disk.revocations.last else {
            Issue.record("nothing is kept")
            return
        }
        #expect(second >= first)
        #expect(desk.announced.last == desk.disk.revocations.last)
    }

    @Test func `who is locked out waits for no disk, as who is nobody does not`() throws {
        let desk = try IdentityDesk { $0.login.failuresUntilLockOut = 1 }
        let page = try desk.openPage()
        desk.keeps = nil
        guard case .loginPage = desk.logIn("anna", "pw-x", on: page) else {
            Issue.record("nobody is answered")
            return
        }
        #expect(desk.seen.contains { if case .record = $0 { true } else { false } })
    }

    @Test func `a new password ends what the old one gave, access tokens and codes too`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let access = desk.signed.first
        let code = try desk.openCode()
        desk.people.users[0].passwordVerifier = IdentitySecret("verifier-other")
        desk.feed(.userPasswordChanged(IdentityDesk.anna))
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code))) == .invalidGrant)
        let page = try desk.openPage()
        guard case .redirect = desk.logIn("anna", "pw-other", on: page) else {
            Issue.record("the new password does not open")
            return
        }
    }

    @Test func `a password that changed while nobody ran ends what it gave, and nobody else's`() throws {
        let desk = try IdentityDesk()
        let anna = try desk.openSession()
        let access = desk.signed.first
        let bruno = try desk.openSession("bruno")
        desk.people.users[0].passwordVerifier = IdentitySecret("verifier-other")
        desk.restart()
        #expect(refusal(desk.refresh(anna.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
        #expect(desk.audited.contains { $0.details.contains(AuditDetail("reason", "password-changed")) })
        _ = try tokens(desk.refresh(bruno.refreshToken))
        // What the new one gives outlives a restart.
        let page = try desk.openPage()
        guard case .redirect(let location) = desk.logIn("anna", "pw-other", on: page),
            let code = query("code", of: location)
        else {
            Issue.record("the new password does not open")
            return
        }
        let newer = try tokens(desk.tokens(IdentityDesk.redemption(code)))
        desk.restart()
        _ = try tokens(desk.refresh(newer.refreshToken))
    }

    @Test func `what the store took late is put right again`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let before = try #require(desk.disk.logins.values.first).current
        desk.keeps = nil
        _ = desk.refresh(session.refreshToken)
        desk.pass(.seconds(5))
        desk.feed(.timeAdvanced)
        // The disk carries out all it was given, in order.
        desk.keeps = true
        desk.disk.take(desk.given)
        #expect(desk.given.count > 1)
        #expect(desk.disk.logins.values.first?.current == before)
        desk.restart()
        _ = try tokens(desk.refresh(session.refreshToken))
    }

    @Test func `a client that asks again while the store is waited for is no thief`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.keeps = nil
        #expect(desk.refresh(session.refreshToken) == nil)
        #expect(refusal(desk.refresh(session.refreshToken)) == .temporarilyUnavailable)
        desk.pass(.seconds(5))
        #expect(try tokens(answer(in: desk.feed(.timeAdvanced))).refreshToken == session.refreshToken)
        desk.keeps = true
        let next = try tokens(desk.refresh(session.refreshToken))
        // Once the next one is told, it is.
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        #expect(refusal(desk.refresh(next.refreshToken)) == .invalidGrant)
    }

    @Test func `a revocation is acknowledged when it is kept; one that cannot be is tried again`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.keeps = nil
        let request = desk.request()
        let actions = desk.feed(
            .revocationRequested(
                request,
                RequestParameters([
                    (name: "token", value: session.refreshToken.revealed), (name: "client_id", value: "radio"),
                ])))
        #expect(answer(in: actions) == nil)
        let failed = desk.feed(.recorded(try record(in: actions), isKept: false))
        #expect(refusal(answer(in: failed)) == .temporarilyUnavailable)
        #expect(desk.disk.logins.count == 1)
        desk.keeps = true
        desk.feed(.timeAdvanced)
        #expect(desk.disk.logins.count == 1)
        #expect(desk.server.nextDeadline.map { $0 <= desk.now.instant + .seconds(5) } == true)
        desk.pass(.seconds(5))
        desk.feed(.timeAdvanced)
        #expect(desk.disk.logins.isEmpty)
        #expect(desk.disk.revocations.count == 1)
        desk.restart()
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
    }

    @Test func `a stolen token is refused even where that cannot be kept`() throws {
        let desk = try IdentityDesk()
        let first = try desk.openSession()
        _ = try tokens(desk.refresh(first.refreshToken))
        desk.keeps = false
        #expect(refusal(desk.refresh(first.refreshToken)) == .invalidGrant)
    }

    // MARK: Policy

    private func policy(_ change: (inout IdentityPolicy) -> Void) -> IdentityPolicy {
        var policy = IdentityPolicy()
        change(&policy)
        return policy
    }

    @Test func `prescribed lifetimes hold at once, for what was issued before too`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let code = try desk.openCode("bruno")
        desk.pass(.seconds(30))
        desk.feed(
            .policyChanged(
                policy {
                    $0.tokens.accessToken = 600_000
                    $0.tokens.idToken = 300_000
                    $0.tokens.refreshToken = 40_000
                    $0.tokens.authorizationCode = 10_000
                }))
        let response = try tokens(desk.refresh(session.refreshToken))
        #expect(response.expiresInSeconds == 600)
        #expect(desk.signed.map { $0.expires - $0.issuedAt } == [600, 300])
        _ = try tokens(desk.tokens(IdentityDesk.redemption(code)))
        let late = try desk.openCode("bruno")
        let idle = try desk.openSession()
        desk.pass(.seconds(10))
        #expect(refusal(desk.tokens(IdentityDesk.redemption(late))) == .invalidGrant)
        desk.pass(.seconds(30))
        #expect(refusal(desk.refresh(idle.refreshToken)) == .invalidGrant)
    }

    @Test func `a shorter life of refresh tokens ends those that are older`() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        desk.pass(.seconds(60))
        desk.feed(.policyChanged(policy { $0.tokens.refreshToken = 50_000 }))
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
    }

    @Test func `a log-off reaches tokens from before a shorter lifetime`() throws {
        let desk = try IdentityDesk { $0.accessTokenLifetime = .seconds(3_600) }
        _ = try desk.openSession()
        let access = desk.signed.first
        desk.feed(
            .policyChanged(
                policy {
                    $0.tokens.accessToken = 60_000; $0.tokens.idToken = 60_000
                }))
        desk.feed(.userLoggedOff(IdentityDesk.anna))
        desk.pass(.seconds(1_800))
        desk.feed(.timeAdvanced)
        #expect(desk.verdict(on: access) == .refused(.revoked))
    }

    @Test func `prescribed throttling holds at once`() throws {
        let desk = try IdentityDesk()
        desk.feed(
            .policyChanged(
                policy {
                    $0.throttle.freeFailures = 0
                    $0.throttle.firstDelay = 5_000
                    $0.throttle.lockOutFailures = 2
                    $0.throttle.lockOutTime = 30_000
                }))
        _ = desk.logIn("anna", "pw-wrong", on: try desk.openPage())
        #expect(desk.code("anna") == nil)
        desk.pass(.seconds(5))
        _ = desk.logIn("anna", "pw-wrong", on: try desk.openPage())
        #expect(desk.disk.lockOuts[IdentityDesk.anna] != nil)
        desk.pass(.seconds(29))
        #expect(desk.code("anna") == nil)
        desk.pass(.seconds(1))
        #expect(desk.code("anna") != nil)
    }
}

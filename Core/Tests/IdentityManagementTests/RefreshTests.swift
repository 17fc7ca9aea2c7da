import Audit
import IdentityManagement
import MCFoundation
import Testing

@Suite struct RefreshTests {
    @Test func `where no more log-ins fit who is logged in goes on, and who has too many ends his oldest`() throws {
        let desk = try IdentityDesk {
            $0.limits.tokenFamilies = 2
            $0.limits.tokenFamiliesPerUser = 2
        }
        let first = try desk.openSession()
        let second = try desk.openSession()
        guard case .tokens(let refreshed) = desk.refresh(second.refreshToken) else {
            Issue.record("a refresh takes no place")
            return
        }
        // Another user comes again with the same code, when there is a place.
        let code = try desk.openCode("bruno")
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code))) == .temporarilyUnavailable)
        _ = try desk.openSession()
        #expect(refusal(desk.refresh(first.refreshToken)) == .invalidGrant)
        guard case .tokens = desk.refresh(refreshed.refreshToken) else {
            Issue.record("the oldest one is another")
            return
        }
        desk.feed(.userLoggedOff(IdentityDesk.anna))
        guard case .tokens = desk.tokens(IdentityDesk.redemption(code)) else {
            Issue.record("the code was used up")
            return
        }
    }

    private func tokens(_ answer: IdentityAnswer?) throws -> TokenResponse {
        guard case .tokens(let response) = answer else { throw Refused(answer: answer) }
        return response
    }

    private struct Refused: Error { var answer: IdentityAnswer? }

    @Test func refreshingGivesANewTokenEachTime() throws {
        let desk = try IdentityDesk()
        let first = try desk.openSession()
        let second = try tokens(desk.refresh(first.refreshToken))
        #expect(second.refreshToken != first.refreshToken)
        #expect(second.scopes == first.scopes)
        #expect(desk.signed.last?.kind == .identity)
        #expect(desk.signed.last?.nonce == nil)
        #expect(try tokens(desk.refresh(second.refreshToken)).refreshToken != second.refreshToken)
    }

    @Test func aReusedTokenEndsTheWholeFamily() throws {
        let desk = try IdentityDesk()
        let first = try desk.openSession()
        let firstAccess = desk.signed.first
        let second = try tokens(desk.refresh(first.refreshToken))
        let secondAccess = desk.signed.first
        #expect(refusal(desk.refresh(first.refreshToken)) == .invalidGrant)
        #expect(desk.lastRefusal == "reused-refresh-token")
        #expect(refusal(desk.refresh(second.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: firstAccess) == .refused(.revoked))
        #expect(desk.verdict(on: secondAccess) == .refused(.revoked))
        // Another log-in of the user is another family.
        _ = try desk.openSession()
        guard case .granted = desk.verdict(on: desk.signed.first) else {
            Issue.record("refused")
            return
        }
    }

    @Test func aTokenOfAnotherClientIsRefusedWithoutHarm() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        #expect(refusal(desk.refresh(session.refreshToken, client: "dispatch")) == .invalidGrant)
        _ = try tokens(desk.refresh(session.refreshToken))
    }

    @Test(arguments: ["", "a.b", "x", "...", "AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
    func forgedTokensAreRefused(_ token: String) throws {
        let desk = try IdentityDesk()
        _ = try desk.openSession()
        #expect(
            refusal(desk.refresh(IdentitySecret(token))) == (token.isEmpty ? .invalidRequest : .invalidGrant))
    }

    @Test func scopeNarrowsForOneTokenAndNeverGrows() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let narrow = try tokens(desk.refresh(session.refreshToken, scope: "3gpp:mc:ptt_service"))
        #expect(narrow.scopes.description == "3gpp:mc:ptt_service")
        #expect(narrow.idToken == nil)
        #expect(desk.signed.first?.mcdataID == nil)
        #expect(
            refusal(desk.refresh(narrow.refreshToken, scope: "3gpp:mc:ptt_key_management_service")) == .invalidScope)
        #expect(try tokens(desk.refresh(narrow.refreshToken)).scopes == session.scopes)
    }

    @Test func whoIsSuspendedOrGoneCannotRefresh() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let access = desk.signed.first
        desk.people.users[0].isSuspended = true
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        desk.people.users[0].isSuspended = false
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
    }

    @Test func tokensExpireWhenIdleAndAtTheEndOfTheLogIn() throws {
        let desk = try IdentityDesk {
            $0.refreshTokenLifetime = .seconds(100)
            $0.longestLogin = .seconds(150)
        }
        let idle = try desk.openSession()
        desk.pass(.seconds(100))
        #expect(refusal(desk.refresh(idle.refreshToken)) == .invalidGrant)
        var active = try desk.openSession()
        desk.pass(.seconds(90))
        active = try tokens(desk.refresh(active.refreshToken))
        desk.pass(.seconds(60))
        #expect(refusal(desk.refresh(active.refreshToken)) == .invalidGrant)
    }

    @Test func aFailedSignatureLeavesTheTokenThatTheClientHas() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let request = desk.request()
        let actions = desk.feed(
            .tokenRequested(
                request,
                RequestParameters([
                    (name: "grant_type", value: "refresh_token"), (name: "client_id", value: "radio"),
                    (name: "refresh_token", value: session.refreshToken.revealed),
                ])))
        guard case .sign(let job, _) = actions.first else {
            Issue.record("nothing to sign")
            return
        }
        #expect(refusal(answer(in: desk.feed(.signed(job, nil)))) == .temporarilyUnavailable)
        _ = try tokens(desk.refresh(session.refreshToken))
    }

    @Test func aClientGivesItsTokenBack() throws {
        let desk = try IdentityDesk()
        let session = try desk.openSession()
        let access = desk.signed.first
        func revoke(_ token: String?, client: String? = "radio") -> IdentityAnswer? {
            var pairs: [(name: String, value: String)] = []
            if let token { pairs.append(("token", token)) }
            if let client { pairs.append(("client_id", client)) }
            let request = desk.request()
            return answer(in: desk.feed(.revocationRequested(request, RequestParameters(pairs))))
        }
        #expect(refusal(revoke(nil)) == .invalidRequest)
        #expect(refusal(revoke("x", client: nil)) == .invalidRequest)
        #expect(refusal(revoke("x", client: "nobody")) == .invalidClient)
        #expect(refusal(revoke(session.refreshToken.revealed, client: "dispatch")) == .invalidGrant)
        #expect(revoke("unknown") == .revoked)
        guard case .granted = desk.verdict(on: access) else {
            Issue.record("revoked too early")
            return
        }
        #expect(revoke(session.refreshToken.revealed) == .revoked)
        #expect(desk.verdict(on: access) == .refused(.revoked))
        #expect(refusal(desk.refresh(session.refreshToken)) == .invalidGrant)
    }

    @Test(arguments: [true, false])
    func logOffAndSuspensionEndEverythingOfTheUserAndNothingElse(_ isLogOff: Bool) throws {
        let desk = try IdentityDesk()
        let bruno = try desk.openSession("bruno")
        let one = try desk.openSession()
        let access = desk.signed.first
        let two = try desk.openSession()
        desk.feed(isLogOff ? .userLoggedOff(IdentityDesk.anna) : .userSuspended(IdentityDesk.anna))
        #expect(desk.verdict(on: access) == .refused(.revoked))
        #expect(refusal(desk.refresh(one.refreshToken)) == .invalidGrant)
        #expect(refusal(desk.refresh(two.refreshToken)) == .invalidGrant)
        _ = try tokens(desk.refresh(bruno.refreshToken))
        #expect(desk.audited.contains { $0.action == "token.revoked" })
    }

    @Test func logInsOfAUserAndAccessTokensOfALogInAreBounded() throws {
        let desk = try IdentityDesk {
            $0.limits.tokenFamiliesPerUser = 2
            $0.limits.accessTokensPerFamily = 2
        }
        let oldest = try desk.openSession()
        _ = try desk.openSession()
        var newest = try desk.openSession()
        let access = desk.signed.first
        #expect(refusal(desk.refresh(oldest.refreshToken)) == .invalidGrant)
        newest = try tokens(desk.refresh(newest.refreshToken))
        guard case .granted = desk.verdict(on: access) else {
            Issue.record("revoked too early")
            return
        }
        _ = try tokens(desk.refresh(newest.refreshToken))
        #expect(desk.verdict(on: access) == .refused(.revoked))
    }
}

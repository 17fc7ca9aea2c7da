import IdentityManagement
import MCFoundation
import Testing

@Suite struct VerificationTests {
    @Test func `a later revocation of a user shortens no earlier one, and what holds is told`() {
        let anna = MCPTTID("sip:anna@mc.it.example")
        let now = UTCTime(microseconds: 1_000_000_000)
        func revoked(_ revocations: TokenRevocations, issued: Int64, at second: Int64) -> Bool {
            revocations.isRevoked(
                tokenID: "x", user: anna, issuedAt: issued, at: UTCTime(microseconds: second * 1_000_000))
        }
        var revocations = TokenRevocations()
        revocations.add(.user(anna, issuedUntil: 1_000, expires: 9_000), at: now)
        let both = revocations.add(.user(anna, issuedUntil: 1_001, expires: 2_000), at: now)
        #expect(both == .user(anna, issuedUntil: 1_001, expires: 9_000))
        #expect(revoked(revocations, issued: 1_001, at: 8_999))
        #expect(!revoked(revocations, issued: 1_002, at: 8_999))
        // Nor does a single token that does not fit any more.
        var limits = IdentityLimits()
        limits.revokedTokens = 1
        var full = TokenRevocations(limits: limits)
        full.add(.user(anna, issuedUntil: 900, expires: 9_000), at: now)
        full.add(.token(id: "a", user: anna, expires: 5_000), at: now)
        let overflow = full.add(.token(id: "b", user: anna, expires: 2_000), at: now)
        #expect(overflow == .user(anna, issuedUntil: 1_000, expires: 9_000))
        #expect(revoked(full, issued: 1_000, at: 8_999))
    }

    private func claims(_ change: (inout TokenClaims) -> Void = { _ in }) throws -> (IdentityDesk, TokenClaims) {
        let desk = try IdentityDesk()
        _ = try desk.openSession()
        var claims = try #require(desk.signed.first)
        change(&claims)
        return (desk, claims)
    }

    @Test func aValidTokenNamesItsUser() throws {
        let (desk, claims) = try claims()
        guard case .granted(let token) = desk.verdict(on: claims) else {
            Issue.record("refused")
            return
        }
        #expect(token.mcpttID == IdentityDesk.anna)
        #expect(token.mcdataID == "sip:anna@mcdata.it.example")
        #expect(token.mcvideoID == nil)
        #expect(token.clientID == "radio")
        #expect(token.tokenID == claims.tokenID)
        #expect(token.expires == UTCTime(microseconds: 1_800_003_600_000_000))
    }

    @Test func anIDTokenOpensNothing() throws {
        let desk = try IdentityDesk()
        _ = try desk.openSession()
        let identity = try #require(desk.signed.last)
        #expect(desk.verdict(on: identity) == .refused(.wrongAudience))
        #expect(desk.verdict(on: identity, audience: "radio") == .refused(.incomplete))
    }

    @Test func issuerAudienceAndScopeAreChecked() throws {
        let (desk, claims) = try claims()
        var forged = claims
        forged.issuer = "https://evil.example"
        #expect(desk.verdict(on: forged) == .refused(.wrongIssuer))
        #expect(desk.verdict(on: claims, audience: "mc.fr.example") == .refused(.wrongAudience))
        #expect(desk.verdict(on: claims, .keyManagement) == .refused(.wrongScope))
        #expect(desk.verdict(on: claims, .service, of: .video) == .refused(.wrongScope))
        guard case .granted = desk.verdict(on: claims, .service, of: .data) else {
            Issue.record("refused")
            return
        }
        var release13 = claims
        release13.scopes = ScopeSet([.release13GroupManagement])
        guard case .granted = desk.verdict(on: release13, .groupManagement) else {
            Issue.record("refused")
            return
        }
        #expect(desk.verdict(on: release13) == .refused(.wrongScope))
    }

    @Test func timesAreCheckedWithLeeway() throws {
        let (desk, valid) = try claims()
        var claims = valid
        desk.pass(.seconds(3_629))
        guard case .granted = desk.verdict(on: claims) else {
            Issue.record("refused within the leeway")
            return
        }
        desk.pass(.seconds(1))
        #expect(desk.verdict(on: claims) == .refused(.expired))
        desk.pass(.seconds(-3_630 - 30))
        guard case .granted = desk.verdict(on: claims) else {
            Issue.record("refused within the leeway")
            return
        }
        desk.pass(.seconds(-1))
        #expect(desk.verdict(on: claims) == .refused(.notYetValid))
        claims.expires = .min
        #expect(desk.verdict(on: claims) == .refused(.expired))
        claims.expires = .max
        claims.issuedAt = .min
        guard case .granted = desk.verdict(on: claims) else {
            Issue.record("refused")
            return
        }
    }

    @Test func notBeforeIsObeyed() throws {
        let (desk, claims) = try claims()
        var token = PresentedToken(claims)
        token.notBefore = 1_800_000_031
        let rules = TokenVerification(issuer: IdentityDesk.issuer, audience: "mc.it.example")
        #expect(
            rules.decide(
                token, needs: .service, of: .ptt, at: desk.now.utc, revocations: desk.server.tokenRevocations,
                directory: desk.people) == .refused(.notYetValid))
    }

    @Test func everyClaimIsNeeded() throws {
        let (desk, claims) = try claims()
        let rules = TokenVerification(issuer: IdentityDesk.issuer, audience: "mc.it.example")
        let whole = PresentedToken(claims)
        let changes: [(inout PresentedToken) -> Void] = [
            { $0.issuer = nil }, { $0.audience = [] }, { $0.expires = nil }, { $0.issuedAt = nil },
            { $0.tokenID = nil }, { $0.tokenID = "" }, { $0.clientID = nil }, { $0.subject = nil },
            { $0.mcpttID = nil }, { $0.scope = nil }, { $0.scope = "" }, { $0.subject = "sip:bruno@mc.it.example" },
            { $0.mcdataID = "sip:bruno@mcdata.it.example" }, { $0.mcvideoID = "sip:anna@mcvideo.it.example" },
        ]
        for (index, change) in changes.enumerated() {
            var token = whole
            change(&token)
            guard
                case .refused = rules.decide(
                    token, needs: .service, of: .ptt, at: desk.now.utc, revocations: TokenRevocations(),
                    directory: desk.people)
            else {
                Issue.record("accepted without claim \(index)")
                continue
            }
        }
    }

    @Test func theDirectoryOfNowDecides() throws {
        let (desk, claims) = try claims()
        desk.people.users[0].mcdataID = nil
        #expect(desk.verdict(on: claims, .service, of: .data) == .refused(.wrongScope))
        desk.people.users[0].isSuspended = true
        #expect(desk.verdict(on: claims) == .refused(.suspended))
        desk.people.users.removeFirst()
        #expect(desk.verdict(on: claims) == .refused(.unknownUser))
    }

    @Test func revocationsOfOneTokenAndOfAllUpToASecond() throws {
        let utc = UTCTime(microseconds: 1_000_000_000)
        var list = TokenRevocations()
        list.add(.token(id: "a", user: IdentityDesk.anna, expires: 1_100), at: utc)
        let bruno = MCPTTID("b")
        list.add(.user(bruno, issuedUntil: 1_000, expires: 1_100), at: utc)
        #expect(list.isRevoked(tokenID: "a", user: IdentityDesk.anna, issuedAt: 900, at: utc))
        #expect(!list.isRevoked(tokenID: "b", user: IdentityDesk.anna, issuedAt: 900, at: utc))
        #expect(list.isRevoked(tokenID: "b", user: bruno, issuedAt: 1_000, at: utc))
        #expect(!list.isRevoked(tokenID: "b", user: bruno, issuedAt: 1_001, at: utc))
        // For as long as a verifier's leeway the token could still be shown.
        #expect(
            list.isRevoked(
                tokenID: "a", user: IdentityDesk.anna, issuedAt: 900, at: UTCTime(microseconds: 1_130_000_000)))
        list.add(.token(id: "c", user: bruno, expires: 2_000), at: UTCTime(microseconds: 1_140_000_000))
        #expect(list.count == 1)
    }

    @Test func aFullListRevokesTheUserInsteadOfForgetting() throws {
        var limits = IdentityLimits()
        limits.revokedTokens = 2
        let utc = UTCTime(microseconds: 1_000_000_000)
        var list = TokenRevocations(limits: limits)
        for id in ["a", "b", "c"] { list.add(.token(id: id, user: MCPTTID("u-\(id)"), expires: 1_100), at: utc) }
        for id in ["a", "b", "c"] {
            #expect(list.isRevoked(tokenID: id, user: MCPTTID("u-\(id)"), issuedAt: 999, at: utc))
        }
        #expect(!list.isRevoked(tokenID: "d", user: MCPTTID("u-c"), issuedAt: 1_001, at: utc))
    }
}

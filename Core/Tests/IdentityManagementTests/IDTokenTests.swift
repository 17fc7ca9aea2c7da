import IdentityManagement
import MCFoundation
import Testing

@Suite struct IDTokenTests {
    private let now = UTCTime(microseconds: 1_800_000_000_500_000)
    private let verification = IDTokenVerification(issuer: "https://id.nation.example", clientID: "euccs")

    private func claims(_ change: (inout IDTokenClaims) -> Void = { _ in }) -> IDTokenClaims {
        var claims = IDTokenClaims()
        claims.issuer = "https://id.nation.example"
        claims.audience = ["euccs"]
        claims.issuedAt = 1_799_999_990
        claims.expires = 1_800_000_300
        claims.nonce = "n"
        claims.user = "anna"
        change(&claims)
        return claims
    }

    private func refusal(_ change: (inout IDTokenClaims) -> Void) -> IDTokenRefusal? {
        do throws(IDTokenRefusal) {
            _ = try verification.decide(claims(change), at: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a token of the provider for this system names the user and the log-in`() throws {
        #expect(try verification.decide(claims(), at: now) == ExternalIdentity(subject: "anna", nonce: "n"))
        let shared = claims {
            $0.audience = ["other", "euccs"]
            $0.authorizedParty = "euccs"
        }
        #expect(try verification.decide(shared, at: now).subject == "anna")
    }

    @Test func `what is not for this system is refused`() {
        #expect(refusal { $0.issuer = "https://id.nation.example/" } == .wrongIssuer)
        #expect(refusal { $0.issuer = nil } == .wrongIssuer)
        #expect(refusal { $0.audience = ["other"] } == .wrongAudience)
        #expect(refusal { $0.audience = [] } == .wrongAudience)
        #expect(refusal { $0.audience = ["euccs", "other"] } == .wrongAudience)
        #expect(refusal { $0.authorizedParty = "other" } == .wrongAudience)
    }

    @Test func `what lacks a claim is refused`() {
        #expect(refusal { $0.expires = nil } == .incomplete)
        #expect(refusal { $0.issuedAt = nil } == .incomplete)
        #expect(refusal { $0.nonce = nil } == .incomplete)
        #expect(refusal { $0.nonce = "" } == .incomplete)
        #expect(refusal { $0.user = nil } == .incomplete)
        #expect(refusal { $0.user = "" } == .incomplete)
        #expect(refusal { $0.user = String(repeating: "a", count: 257) } == .incomplete)
    }

    @Test func `time has its bounds, with a leeway for clocks that differ`() {
        #expect(refusal { $0.expires = 1_799_999_971 } == nil)
        #expect(refusal { $0.expires = 1_799_999_970 } == .expired)
        #expect(refusal { $0.expires = .min } == .expired)
        #expect(refusal { $0.issuedAt = 1_800_000_030 } == nil)
        #expect(refusal { $0.issuedAt = 1_800_000_031 } == .notYetValid)
        #expect(refusal { $0.notBefore = 1_800_000_031 } == .notYetValid)
        #expect(refusal { $0.issuedAt = 1_799_999_370 } == nil)
        #expect(refusal { $0.issuedAt = 1_799_999_369 } == .stale)
    }
}

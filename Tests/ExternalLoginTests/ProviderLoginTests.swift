import Administration
import Credentials
import Cryptography
import ExternalLogin
import Foundation
import IdentityManagement
import MCFoundation
import Synchronization
import Testing

/// A log-in with a nation's own provider, over HTTPS.
@Suite struct ProviderLoginTests {
    /// One log-in's side of it.
    private final class Desk: Sendable {
        let provider: SmallProvider
        let complaints = Mutex<[String]>([])
        let instant = Mutex<Int64>(0)

        init() async throws { provider = try await SmallProvider() }

        func login(_ change: (inout ProviderSettings) -> Void = { _ in }) throws -> ProviderLogin {
            var settings = ProviderSettings(
                issuer: provider.url, tokenEndpoint: provider.url + "/token", keysEndpoint: provider.url + "/keys",
                clientID: "euccs", claim: "preferred_username", authorityPEM: provider.authorityPEM)
            change(&settings)
            // Time for a machine that runs everybody's tests at once.
            return try ProviderLogin(settings, limitSeconds: 120) {
                Now(
                    instant: Instant(nanoseconds: self.instant.withLock { $0 }),
                    utc: UTCTime(microseconds: SmallProvider.now * 1_000_000))
            } complain: { why in
                self.complaints.withLock { $0.append(why) }
            }
        }

        var job: ExternalCodeJob {
            ExternalCodeJob(
                provider: ExternalProvider(
                    issuer: provider.url, authorizationEndpoint: provider.url + "/auth", clientID: "euccs",
                    redirectURI: "https://mc.it.example/identity/external"),
                code: IdentitySecret("c&d"), codeVerifier: IdentitySecret("verifier"))
        }

        var lastComplaint: String { complaints.withLock { $0.last ?? "" } }
    }

    @Test func `another authority is believed from the next log-in on, and what is none changes nothing`() async throws
    {
        let desk = try await Desk()
        let other = try await SmallProvider()
        let login = try desk.login { $0.authorityPEM = other.authorityPEM }
        #expect(await login.exchange(desk.job) == nil)
        #expect(throws: (any Error).self) { try login.prepare(authorityPEM: "no certificate") }
        let trust = try login.prepare(authorityPEM: desk.provider.authorityPEM)
        #expect(await login.exchange(desk.job) == nil)
        await login.believe(trust)
        #expect(await login.exchange(desk.job) == ExternalIdentity(subject: "anna", nonce: "n-1"))
        for provider in [desk.provider, other] { await provider.stop() }
    }

    @Test func `a code becomes the user whom the provider names`() async throws {
        let desk = try await Desk()
        let login = try desk.login()
        #expect(await login.exchange(desk.job) == ExternalIdentity(subject: "anna", nonce: "n-1"))
        let asked = try #require(desk.provider.asked.withLock { $0.first })
        #expect(
            asked.fields == [
                "grant_type": "authorization_code", "code": "c&d", "client_id": "euccs", "code_verifier": "verifier",
                "redirect_uri": "https://mc.it.example/identity/external",
            ])
        #expect(asked.authorization == nil)
        let subject = try desk.login { $0.claim = "sub" }
        #expect(await subject.exchange(desk.job)?.subject == "f3a1")
        #expect(desk.complaints.withLock { $0.isEmpty })
        await desk.provider.stop()
    }

    @Test func `a secret goes into the header and nowhere else`() async throws {
        let desk = try await Desk()
        let login = try desk.login { $0.clientSecret = IdentitySecret("se:cret") }
        #expect(await login.exchange(desk.job) != nil)
        let asked = try #require(desk.provider.asked.withLock { $0.first })
        #expect(asked.authorization == "Basic " + Data("euccs:se%3Acret".utf8).base64EncodedString())
        #expect(asked.fields["client_id"] == nil)
        await desk.provider.stop()
    }

    @Test(arguments: [
        ("iss", "\"https://evil.example\"", "wrong-issuer"), ("aud", "\"other\"", "wrong-audience"),
        ("aud", "[\"euccs\",\"other\"]", "wrong-audience"), ("azp", "\"other\"", "wrong-audience"),
        ("exp", "\(SmallProvider.now - 31)", "expired"), ("exp", nil, "incomplete"),
        ("exp", "\"tomorrow\"", "incomplete"), ("iat", "\(SmallProvider.now + 60)", "not-yet-valid"),
        ("iat", "\(SmallProvider.now - 86_400)", "stale"), ("nonce", nil, "incomplete"),
        ("preferred_username", nil, "incomplete"), ("preferred_username", "[\"anna\"]", "incomplete"),
    ])
    func `an ID token that is not for this log-in is refused`(
        _ claim: String, _ value: String?, _ reason: String
    ) async throws {
        let desk = try await Desk()
        desk.provider.behaviour.withLock { $0.claims = [claim: value] }
        #expect(try await desk.login().exchange(desk.job) == nil)
        #expect(desk.lastComplaint == "\(desk.provider.url): misused: the ID token is refused: \(reason)")
        await desk.provider.stop()
    }

    @Test func `several audiences are fine where the token says that it is for us`() async throws {
        let desk = try await Desk()
        desk.provider.behaviour.withLock { $0.claims = ["aud": "[\"other\",\"euccs\"]", "azp": "\"euccs\""] }
        #expect(try await desk.login().exchange(desk.job) != nil)
        await desk.provider.stop()
    }

    @Test func `an ID token that the provider did not sign is not believed`() async throws {
        let desk = try await Desk()
        let login = try desk.login()
        desk.provider.behaviour.withLock { $0.isForged = true }
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.lastComplaint.hasSuffix("the ID token is not believed: wrong-signature"))
        let none = Data(#"{"alg":"none"}"#.utf8).base64EncodedString().replacingOccurrences(of: "=", with: "")
        desk.provider.behaviour.withLock { $0.token = none + ".e30." }
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.lastComplaint.hasSuffix("the ID token is not believed: wrong-algorithm"))
        desk.provider.behaviour.withLock { $0 = SmallProvider.Behaviour() }
        let other = try desk.login { $0.algorithms = [.rs256] }
        #expect(await other.exchange(desk.job) == nil)
        #expect(desk.lastComplaint.hasSuffix("the ID token is not believed: wrong-algorithm"))
        await desk.provider.stop()
    }

    @Test func `keys are fetched once, again when they changed, and not for every forgery`() async throws {
        let desk = try await Desk()
        let login = try desk.login()
        for _ in 0..<3 { #expect(await login.exchange(desk.job) != nil) }
        #expect(desk.provider.keyFetches.withLock { $0 } == 1)
        desk.provider.published.withLock { $0 = ["k1", "k2"] }
        desk.provider.behaviour.withLock { $0.keyID = "k2" }
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.lastComplaint.hasSuffix("unknown-key"))
        #expect(desk.provider.keyFetches.withLock { $0 } == 1)
        desk.instant.withLock { $0 = 10_000_000_000 }
        #expect(await login.exchange(desk.job) != nil)
        #expect(desk.provider.keyFetches.withLock { $0 } == 2)
        // And by themselves after an hour.
        desk.instant.withLock { $0 = 3_610_000_000_000 }
        desk.provider.published.withLock { $0 = ["k1"] }
        #expect(await login.exchange(desk.job) == nil)
        await desk.provider.stop()
    }

    @Test func `a key that was replaced under its name is fetched, and not for every forgery`() async throws {
        let desk = try await Desk()
        let login = try desk.login()
        #expect(await login.exchange(desk.job) != nil)
        desk.provider.behaviour.withLock { $0.isForged = true }
        desk.provider.replaced.withLock { $0 = true }
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.provider.keyFetches.withLock { $0 } == 1)
        desk.instant.withLock { $0 = 10_000_000_000 }
        #expect(await login.exchange(desk.job) != nil)
        #expect(desk.provider.keyFetches.withLock { $0 } == 2)
        await desk.provider.stop()
    }

    @Test func `keys that cannot be fetched again go on for a day`() async throws {
        let desk = try await Desk()
        let login = try desk.login()
        #expect(await login.exchange(desk.job) != nil)
        desk.provider.behaviour.withLock { $0.keysStatus = 503 }
        for second: Int64 in [3_601, 3_605, 3_612, 86_399] {
            desk.instant.withLock { $0 = second * 1_000_000_000 }
            #expect(await login.exchange(desk.job) != nil)
        }
        #expect(desk.provider.keyFetches.withLock { $0 } == 4)
        #expect(desk.lastComplaint.hasSuffix("the key set answered 503: the last keys go on"))
        desk.instant.withLock { $0 = 86_410 * 1_000_000_000 }
        #expect(await login.exchange(desk.job) == nil)
        await desk.provider.stop()
    }

    @Test func `what the provider answers instead of a token authenticates nobody, and is told`() async throws {
        let desk = try await Desk()
        let login = try desk.login()
        desk.provider.behaviour.withLock { $0.tokenStatus = 400 }
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.lastComplaint == "\(desk.provider.url): refused: the token endpoint answered 400")
        desk.provider.behaviour.withLock { $0.tokenStatus = 302 }
        #expect(await login.exchange(desk.job) == nil)
        desk.provider.behaviour.withLock {
            $0.tokenStatus = 200
            $0.hasIDToken = false
        }
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.lastComplaint.hasSuffix("the token endpoint gave no ID token"))
        desk.provider.behaviour.withLock { $0 = SmallProvider.Behaviour() }
        desk.provider.published.withLock { $0 = [] }
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.lastComplaint.hasSuffix("unknown-key"))
        let secrets = ["c&d", "verifier"]
        #expect(desk.complaints.withLock { $0.allSatisfy { told in !secrets.contains { told.contains($0) } } })
        await desk.provider.stop()
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.lastComplaint.contains("unreachable"))
    }

    @Test func `a provider whom another authority certifies is not spoken to`() async throws {
        let desk = try await Desk()
        let other = try await SmallProvider()
        let login = try desk.login { $0.authorityPEM = other.authorityPEM }
        #expect(await login.exchange(desk.job) == nil)
        #expect(desk.provider.asked.withLock { $0.isEmpty })
        #expect(throws: (any Error).self) { _ = try desk.login { $0.authorityPEM = "no certificate" } }
        await desk.provider.stop()
        await other.stop()
    }
}

import Audit
import IdentityManagement
import MCFoundation
import Testing

@Suite struct SigningKeyTests {
    @Test func `a key that could not be made is asked for again, and not at once`() throws {
        let desk = try IdentityDesk(keys: false)
        func asks(_ event: IdentityEvent) -> Bool { desk.feed(event).contains(.createSigningKey) }
        #expect(asks(.started))
        #expect(!asks(.timeAdvanced))
        #expect(!asks(.signingKeyNotCreated))
        #expect(desk.audited.last?.action == "key.not-created")
        #expect(desk.server.nextDeadline == desk.now.instant + .seconds(5))
        desk.pass(.seconds(4))
        #expect(!asks(.timeAdvanced))
        desk.pass(.seconds(1))
        #expect(asks(.timeAdvanced))
        #expect(!asks(.timeAdvanced))
    }

    private let day: Int64 = 86_400_000_000

    private func key(_ name: String) -> SigningKey {
        SigningKey(keyID: name, parameters: .p256(x: "x-\(name)", y: "y-\(name)"))
    }

    @Test func keysArePublishedAheadAndKeptAfter() {
        var keys = SigningKeys(keptAfter: .seconds(3_660))
        #expect(keys.needsKey)
        #expect((keys.add(key("a"), at: UTCTime(microseconds: 0))) == true)
        #expect(keys.current?.keyID == "a")
        #expect(keys.needsKey)
        #expect((keys.add(key("b"), at: UTCTime(microseconds: day))) == true)
        #expect((keys.add(key("b"), at: UTCTime(microseconds: day))) == false)
        #expect((keys.add(key("c"), at: UTCTime(microseconds: day))) == false)
        #expect(!keys.needsKey)
        #expect(keys.nextChange == UTCTime(microseconds: 90 * day))
        #expect((keys.advance(at: UTCTime(microseconds: 90 * day - 1))) == false)
        #expect((keys.advance(at: UTCTime(microseconds: 90 * day))) == true)
        #expect(keys.current?.keyID == "b")
        #expect(keys.needsKey)
        #expect((keys.add(key("c"), at: UTCTime(microseconds: 90 * day))) == true)
        #expect(keys.published.map(\.keyID) == ["b", "c", "a"])
        let end = 90 * day + 3_660_000_000
        #expect((keys.advance(at: UTCTime(microseconds: end - 1))) == false)
        #expect((keys.advance(at: UTCTime(microseconds: end))) == true)
        #expect(keys.published.map(\.keyID) == ["b", "c"])
    }

    @Test func aKeyMadeLateIsStillPublishedForADayFirst() {
        var keys = SigningKeys(keptAfter: .seconds(1))
        _ = keys.add(key("a"), at: UTCTime(microseconds: 0))
        _ = keys.add(key("b"), at: UTCTime(microseconds: 100 * day))
        #expect((keys.advance(at: UTCTime(microseconds: 101 * day - 1))) == false)
        #expect((keys.advance(at: UTCTime(microseconds: 101 * day))) == true)
    }

    @Test func aCompromisedKeyGoesAtOnce() throws {
        let desk = try IdentityDesk()
        _ = try desk.openSession()
        let actions = desk.feed(.signingKeyCompromised(keyID: "k1"))
        #expect(desk.server.signingKeys.published.map(\.keyID) == ["k2"])
        #expect(actions.contains(.createSigningKey))
        #expect(actions.contains(.publishKeys(desk.server.signingKeys.keySet())))
        let response = try desk.openSession()
        #expect(response.accessToken.revealed.hasPrefix("access.k2."))
    }

    @Test func theServerRotatesOnTime() throws {
        let desk = try IdentityDesk()
        let due = try #require(desk.server.nextDeadline)
        desk.pass(due - desk.now.instant)
        let actions = desk.feed(.timeAdvanced)
        #expect(actions.contains(.createSigningKey))
        #expect(desk.server.signingKeys.current?.keyID == "k2")
        #expect(desk.server.signingKeys.previous.map(\.keyID) == ["k1"])
        // It asks once.
        #expect(!desk.feed(.timeAdvanced).contains(.createSigningKey))
    }

    @Test func theKeySetIsOrderedJSON() {
        var keys = SigningKeys(keptAfter: .seconds(1))
        _ = keys.add(key("a"), at: UTCTime(microseconds: 0))
        _ = keys.add(SigningKey(keyID: "b", parameters: .rsa(n: "n", e: "AQAB")), at: UTCTime(microseconds: 0))
        #expect(
            String(decoding: keys.keySet(), as: UTF8.self)
                == #"{"keys":[{"kty":"EC","crv":"P-256","x":"x-a","y":"y-a","use":"sig","alg":"ES256","kid":"a"},"#
                + #"{"kty":"RSA","n":"n","e":"AQAB","use":"sig","alg":"RS256","kid":"b"}]}"#)
    }

    @Test func theDiscoveryDocumentNamesTheEndpoints() {
        let text = String(
            decoding: IssuerMetadata.discoveryDocument(issuer: "https://idms.it.example"), as: UTF8.self)
        #expect(text.hasPrefix(#"{"issuer":"https://idms.it.example","authorization_endpoint":"#))
        #expect(text.contains(#""token_endpoint":"https://idms.it.example/token""#))
        #expect(text.contains(#""jwks_uri":"https://idms.it.example/jwks.json""#))
        #expect(text.contains(#""code_challenge_methods_supported":["S256"]"#))
        #expect(text.contains(#""3gpp:mcptt:ptt_server","#) && text.contains(#""3gpp:mc:data_service","#))
        #expect(!text.contains("plain"))
    }

    @Test func scopesReadAndWriteInOneOrder() {
        let set = ScopeSet(parsing: "3gpp:mc:ptt_service  profile openid openid")
        #expect(set?.description == "openid 3gpp:mc:ptt_service")
        #expect(ScopeSet(parsing: "") == nil)
        #expect(ScopeSet(parsing: "openid\n") == nil)
        #expect(ScopeSet(parsing: "a\\b") == nil)
        #expect(IdentityScope.allCases.count == 17)
    }
}

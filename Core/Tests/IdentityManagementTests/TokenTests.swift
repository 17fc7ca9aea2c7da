import IdentityManagement
import MCFoundation
import Testing

@Suite struct TokenTests {
    @Test func aCodeGivesTokensForWhatTheUserHas() throws {
        let desk = try IdentityDesk()
        let response = try desk.openSession()
        #expect(response.scopes.description == "openid 3gpp:mc:ptt_service 3gpp:mc:data_service")
        #expect(response.expiresInSeconds == 3_600)
        let access = try #require(desk.signed.first)
        let identity = try #require(desk.signed.last)
        #expect(
            String(decoding: access.json(), as: UTF8.self)
                == #"{"iss":"https://idms.it.example","sub":"sip:anna@mc.it.example","aud":"mc.it.example","#
                + #""exp":1800003600,"iat":1800000000,"jti":"\#(access.tokenID)","client_id":"radio","#
                + #""scope":"openid 3gpp:mc:ptt_service 3gpp:mc:data_service","mcptt_id":"sip:anna@mc.it.example","#
                + #""mcdata_id":"sip:anna@mcdata.it.example"}"#)
        #expect(
            String(decoding: identity.json(), as: UTF8.self)
                == #"{"iss":"https://idms.it.example","sub":"sip:anna@mc.it.example","aud":"radio","#
                + #""exp":1800003600,"iat":1800000000,"jti":"\#(identity.tokenID)","nonce":"n-1","#
                + #""acr":"3gpp:acr:password","amr":["pwd"],"mcptt_id":"sip:anna@mc.it.example","#
                + #""mcdata_id":"sip:anna@mcdata.it.example"}"#)
        let json = String(decoding: response.json(), as: UTF8.self)
        #expect(json.hasPrefix(#"{"access_token":"access.k1."#))
        #expect(json.contains(#""token_type":"Bearer","expires_in":3600,"refresh_token":""#))
        #expect(json.contains(#""id_token":"identity.k1."#))
    }

    @Test func hostileNonceStaysAString() throws {
        let desk = try IdentityDesk()
        let code = desk.code("anna", IdentityDesk.authorization(["nonce": "\",\"sub\":\"x\\\n"]))
        _ = desk.tokens(IdentityDesk.redemption(try #require(code)))
        let text = String(decoding: try #require(desk.signed.last).json(), as: UTF8.self)
        #expect(text.contains(#""nonce":"\",\"sub\":\"x\\\u000a""#))
    }

    @Test(arguments: [
        ("code_verifier", nil, "wrong-verifier"), ("code_verifier", "short", "wrong-verifier"),
        ("code_verifier", IdentityDesk.challenge, "wrong-verifier"), ("redirect_uri", nil, "wrong-redirect-uri"),
        ("redirect_uri", "org.example.radio:/other", "wrong-redirect-uri"), ("client_id", "dispatch", "wrong-client"),
    ])
    func aCodeIsBoundAndUsedUpByTheAttempt(_ name: String, _ value: String?, _ reason: String) throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code, [name: value]))) == .invalidGrant)
        #expect(desk.lastRefusal == reason)
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code))) == .invalidGrant)
        #expect(desk.lastRefusal == "replayed-code")
    }

    @Test(arguments: [
        ("grant_type", nil, TokenErrorCode.invalidRequest), ("grant_type", "password", .unsupportedGrantType),
        ("client_id", nil, .invalidRequest), ("client_id", "other", .invalidClient), ("code", nil, .invalidRequest),
        ("code", "forged", .invalidGrant),
    ])
    func malformedRequestsLeaveTheCode(_ name: String, _ value: String?, _ error: TokenErrorCode) throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code, [name: value]))) == error)
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code) + [("code", code)])) == .invalidRequest)
        guard case .tokens = desk.tokens(IdentityDesk.redemption(code)) else {
            Issue.record("code used up")
            return
        }
    }

    @Test func aCodeLivesAMinute() throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        let second = try desk.openCode()
        desk.pass(.milliseconds(59_999))
        guard case .tokens = desk.tokens(IdentityDesk.redemption(code)) else {
            Issue.record("too early")
            return
        }
        desk.pass(.milliseconds(1))
        #expect(refusal(desk.tokens(IdentityDesk.redemption(second))) == .invalidGrant)
        #expect(desk.lastRefusal == "unknown-code")
    }

    @Test func aReplayedCodeRevokesWhatItGave() throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        guard case .tokens(let response) = desk.tokens(IdentityDesk.redemption(code)) else {
            Issue.record("no tokens")
            return
        }
        let access = desk.signed.first
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code))) == .invalidGrant)
        #expect(desk.verdict(on: access) == .refused(.revoked))
        #expect(desk.announced.count == 1)
        #expect(refusal(desk.refresh(response.refreshToken)) == .invalidGrant)
    }

    @Test func aUserSuspendedBeforeRedemptionGetsNothing() throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        desk.people.users[0].isSuspended = true
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code))) == .invalidGrant)
    }

    @Test func aCodeFromBeforeALogOffGivesNothingAndALogInRightAfterWorks() throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        desk.feed(.userLoggedOff(IdentityDesk.anna))
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code))) == .invalidGrant)
        // In the same second.
        _ = try desk.openSession()
        guard case .granted = desk.verdict(on: desk.signed.first) else {
            Issue.record("\(String(describing: desk.verdict(on: desk.signed.first)))")
            return
        }
    }

    @Test func withoutAKeyNothingIsUsedUp() throws {
        let desk = try IdentityDesk(keys: false)
        let code = try desk.openCode()
        #expect(refusal(desk.tokens(IdentityDesk.redemption(code))) == .temporarilyUnavailable)
        desk.feed(.signingKeyCreated(SigningKey(keyID: "k1", parameters: .p256(x: "x", y: "y"))))
        guard case .tokens = desk.tokens(IdentityDesk.redemption(code)) else {
            Issue.record("code used up")
            return
        }
    }

    @Test func aSignatureThatDoesNotComeIsAnswered() throws {
        let desk = try IdentityDesk()
        let code = try desk.openCode()
        let request = desk.request()
        desk.feed(.tokenRequested(request, RequestParameters(IdentityDesk.redemption(code))))
        desk.pass(.seconds(20))
        #expect(refusal(answer(in: desk.feed(.timeAdvanced))) == .temporarilyUnavailable)
    }

    @Test func theSameSeedGivesTheSameTokens() throws {
        let one = try IdentityDesk(seed: 3)
        let two = try IdentityDesk(seed: 3)
        let three = try IdentityDesk(seed: 4)
        let first = try one.openSession()
        #expect(try two.openSession() == first)
        #expect(try three.openSession() != first)
    }
}

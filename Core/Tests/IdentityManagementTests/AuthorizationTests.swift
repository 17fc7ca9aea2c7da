import IdentityManagement
import MCFoundation
import Testing

@Suite struct AuthorizationTests {
    @Test func `a redirect URI is that of its octets, not one that reads the same`() throws {
        // The kelvin sign is equal to K for a String (Unicode 3.7).
        let client = try IdentityClient(clientID: "K", redirectURIs: ["https://K.example/back"])
        let kelvin = "\u{212A}"
        #expect(kelvin == "K")
        func decision(_ clientID: String, _ uri: String) -> AuthorizationDecision {
            AuthorizationRequest.decide(
                RequestParameters(IdentityDesk.authorization(["client_id": clientID, "redirect_uri": uri])),
                clients: [client])
        }
        guard case .valid = decision("K", "https://K.example/back") else {
            Issue.record("its own is refused")
            return
        }
        #expect(decision("K", "https://\(kelvin).example/back") == .refusedOnPage(.unknownRedirectURI))
        #expect(decision(kelvin, "https://K.example/back") == .refusedOnPage(.unknownClient))
    }

    @Test func proofKeyVectorOfRFC7636() {
        let octets: [UInt8] = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
            240, 91, 88, 5, 88, 83, 132, 141, 121,
        ]
        #expect(Base64URL.encode(octets) == IdentityDesk.verifier)
        #expect(Base64URL.decode(IdentityDesk.verifier) == octets)
        #expect(CodeChallenge.s256(of: IdentitySecret(IdentityDesk.verifier)) == IdentityDesk.challenge)
        #expect(CodeChallenge.isVerifier(IdentityDesk.verifier))
        #expect(!CodeChallenge.isVerifier(String(IdentityDesk.verifier.dropLast())))
        #expect(!CodeChallenge.isVerifier(IdentityDesk.verifier + "+"))
        #expect(!CodeChallenge.isVerifier(String(repeating: "a", count: 129)))
    }

    @Test(arguments: [[], [0], [255, 254], [1, 2, 3], [0xfb, 0xff, 0xbf, 0x00]] as [[UInt8]])
    func base64URLComesBack(_ octets: [UInt8]) {
        #expect(Base64URL.decode(Base64URL.encode(octets)) == octets)
    }

    @Test(arguments: ["A", "AA==", "A+A", "A/A", "AB", "AAB", "A A", "AAAAA", "Ä"])
    func base64URLRefusesWhatItDoesNotWrite(_ text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func aValidRequestShowsThePage() throws {
        let desk = try IdentityDesk()
        #expect(desk.page() != nil)
    }

    @Test(arguments: [
        ("client_id", nil, AuthorizationPageError.unknownClient), ("client_id", "radio2", .unknownClient),
        ("redirect_uri", nil, .unknownRedirectURI), ("redirect_uri", "https://evil.example/", .unknownRedirectURI),
        ("redirect_uri", IdentityDesk.redirect + "/", .unknownRedirectURI),
        ("redirect_uri", "https://dispatch.it.example/back?a=1", .unknownRedirectURI),
    ])
    func neverRedirectsToAnUnprovenAddress(_ name: String, _ value: String?, _ error: AuthorizationPageError) throws {
        let desk = try IdentityDesk()
        let answer = desk.authorize(IdentityDesk.authorization([name: value, "response_type": "token"]))
        guard case .errorPage(error, let html) = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
        #expect(!String(decoding: html, as: UTF8.self).contains("evil"))
        #expect(desk.lastRefusal == error.rawValue)
    }

    @Test(arguments: ["client_id", "redirect_uri"])
    func aRepeatedAddressIsNoAddress(_ name: String) throws {
        let desk = try IdentityDesk()
        let pairs = IdentityDesk.authorization()
        let twice = pairs + pairs.filter { $0.name == name }
        guard case .errorPage = desk.authorize(twice) else {
            Issue.record("redirected")
            return
        }
    }

    @Test(arguments: [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("response_type", nil, "invalid_request"), ("scope", nil, "invalid_scope"),
        ("scope", "3gpp:mc:ptt_service", "invalid_scope"), ("scope", "openid \"", "invalid_scope"),
        ("code_challenge", nil, "invalid_request"), ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"), ("code_challenge_method", nil, "invalid_request"),
        ("acr_values", "urn:other", "invalid_request"), ("prompt", "none", "login_required"),
        ("prompt", "none login", "invalid_request"), ("request", "x", "request_not_supported"),
        ("request_uri", "https://x", "request_uri_not_supported"), ("response_mode", "fragment", "invalid_request"),
    ])
    func refusalsGoBackWithTheirCode(_ name: String, _ value: String?, _ code: String) throws {
        let desk = try IdentityDesk()
        guard case .redirect(let location) = desk.authorize(IdentityDesk.authorization([name: value])) else {
            Issue.record("no redirect")
            return
        }
        #expect(location.revealed.hasPrefix(IdentityDesk.redirect + "?"))
        #expect(query("error", of: location) == code)
        #expect(query("state", of: location) == "s-1")
        #expect(query("iss", of: location) == "https%3A%2F%2Fidms.it.example")
        #expect(query("code", of: location) == nil)
    }

    @Test func stateIsNeededAndRepetitionRefused() throws {
        let desk = try IdentityDesk()
        for parameters in [
            IdentityDesk.authorization(["state": nil]), IdentityDesk.authorization(["state": ""]),
            IdentityDesk.authorization() + [("nonce", "n-2")], IdentityDesk.authorization() + [("state", "s-2")],
        ] {
            guard case .redirect(let location) = desk.authorize(parameters) else {
                Issue.record("no redirect")
                return
            }
            #expect(query("error", of: location) == "invalid_request")
        }
    }

    @Test func absentContextMeansPasswordAndUnknownScopesAreIgnored() throws {
        let desk = try IdentityDesk()
        #expect(desk.page(IdentityDesk.authorization(["acr_values": nil, "scope": "openid profile x:y"])) != nil)
        #expect(desk.page(IdentityDesk.authorization(["prompt": "login"])) != nil)
    }

    @Test func hostileStateComesBackEncodedAndEndsNoHeader() throws {
        let desk = try IdentityDesk()
        let state = "a&code=forged\r\nSet-Cookie: x=\u{1F525}#"
        guard
            case .redirect(let location) = desk.authorize(
                IdentityDesk.authorization(["state": state, "scope": "profile"]))
        else {
            Issue.record("no redirect")
            return
        }
        #expect(location.revealed.utf8.allSatisfy { (0x21...0x7e).contains($0) })
        #expect(query("state", of: location) == "a%26code%3Dforged%0D%0ASet-Cookie%3A%20x%3D%F0%9F%94%A5%23")
        #expect(query("code", of: location) == nil)
    }

    @Test func aRedirectURIWithAQueryKeepsIt() throws {
        let desk = try IdentityDesk()
        let uri = "https://dispatch.it.example/back?a=1"
        let answer = desk.authorize(
            IdentityDesk.authorization(["client_id": "dispatch", "redirect_uri": uri, "scope": "profile"]))
        guard case .redirect(let location) = answer else {
            Issue.record("no redirect")
            return
        }
        #expect(location.revealed.hasPrefix(uri + "&error=invalid_scope&"))
    }

    @Test func tooMuchIsRefusedUnread() throws {
        let desk = try IdentityDesk()
        let long = String(repeating: "s", count: 9_000)
        #expect(RequestParameters([(name: "a", value: long)]).exceedsLimits)
        guard case .errorPage(.tooLong, _) = desk.authorize(IdentityDesk.authorization() + [("x", long)]) else {
            Issue.record("accepted")
            return
        }
    }

    @Test(arguments: ["", "no-scheme", "javascript:alert(1)", "JavaScript:x", "https://x/#f", "https://x/ y", "data:x"])
    func unusableRedirectURIsAreNotRegistered(_ uri: String) {
        #expect(throws: IdentityClientError.unusableRedirectURI(uri)) {
            try IdentityClient(clientID: "c", redirectURIs: [uri])
        }
        #expect(throws: IdentityClientError.noClientID) { try IdentityClient(clientID: "", redirectURIs: ["a:b"]) }
    }
}

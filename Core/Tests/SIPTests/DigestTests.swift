import SIP
import Testing

@Suite("Digest access authentication")
struct DigestTests {
    // The example of RFC 7616 3.9.1, whose method is a token like any other.
    static let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    static let clientNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

    static func credentials(_ algorithm: DigestAlgorithm, method: String = "GET") -> DigestCredentials? {
        DigestChallenge(realm: "http-auth@example.org", nonce: nonce, algorithm: algorithm).credentials(
            user: "Mufasa", password: "Circle of Life", method: SIP.Method(method), uri: "/dir/index.html",
            nonceCount: 1, clientNonce: clientNonce)
    }

    @Test("the example of RFC 7616 3.9.1 comes out, with both hashes")
    func example() {
        #expect(Self.credentials(.md5)?.response == "8ca523f5e9506fed4657c9700eebdbec")
        #expect(
            Self.credentials(.sha256)?.response == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")
    }

    @Test("without qop the rule of RFC 2069 applies")
    func withoutQop() throws {
        // RFC 2617 3.5 without qop, nc and cnonce.
        let ha1 = try #require(
            Digest.ha1(
                user: "Mufasa", realm: "testrealm@host.com", password: "Circle Of Life", algorithm: .md5))
        #expect(ha1 == "939e7578ed9e3c518a452acee763bce9")
        let response = Digest.response(
            ha1: ha1, algorithm: .md5, method: SIP.Method("GET"), uri: "/dir/index.html",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", nonceCount: nil, clientNonce: "")
        #expect(response == "670fd8c2df070c60b045671b8b24ff02")
    }

    @Test("credentials survive writing and reading, and prove the password and nothing else")
    func proof() throws {
        let sent = try #require(Self.credentials(.sha256, method: "REGISTER"))
        let received = try #require(DigestCredentials(sent.description))
        #expect(received == sent)
        let ha1 = try #require(
            Digest.ha1(
                user: "Mufasa", realm: "http-auth@example.org", password: "Circle of Life", algorithm: .sha256))
        #expect(received.proves(ha1: ha1, method: .register))
        #expect(!received.proves(ha1: ha1, method: .invite))
        let wrong = try #require(
            Digest.ha1(
                user: "Mufasa", realm: "http-auth@example.org", password: "circle of life", algorithm: .sha256))
        #expect(!received.proves(ha1: wrong, method: .register))
        var counted = received
        counted.nonceCount = 2
        #expect(!counted.proves(ha1: ha1, method: .register))
    }

    @Test("a challenge is read whatever the order, the case and the white space")
    func challenge() throws {
        let text = "digest  nonce = \"a\\\"b\" , Realm=\"r, s\", qop=\"auth-int, auth\",stale=TRUE, algorithm=sha-256"
        let challenge = try #require(DigestChallenge(text))
        #expect(challenge.nonce == "a\"b")
        #expect(challenge.realm == "r, s")
        #expect(challenge.algorithm == .sha256)
        #expect(challenge.offersAuth && challenge.isStale)
        #expect(DigestChallenge(challenge.description) == challenge)
    }

    @Test(
        "what cannot be answered is refused",
        arguments: [
            "Basic realm=\"x\"", "Digest", "Digest realm=\"x\"", "Digest realm=\"x\",nonce=\"y\",algorithm=MD5-sess",
            "Digest realm=\"x\",nonce=\"y\",nonce=\"z\"", "Digest realm=\"x\",nonce=\"y", "Digest realm=\"x\",nonce=",
            "Digest realm=\"x\",nonce=\"y\",qop=\"auth-int\"", "Digest realm=\"x\" nonce=\"y\"",
        ])
    func refusedChallenges(_ text: String) {
        #expect(DigestChallenge(text) == nil)
    }

    @Test(
        "credentials with a qop need nonce count and client nonce",
        arguments: ["", ",nc=00000001", ",cnonce=\"c\"", ",cnonce=\"c\",nc=1", ",cnonce=\"c\",nc=0000000g"])
    func incompleteCredentials(_ tail: String) {
        let text = "Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:r\",response=\"0\",qop=auth" + tail
        #expect(DigestCredentials(text) == nil)
        #expect(DigestCredentials(text + ",cnonce=\"c\",nc=00000001") != nil || tail.contains("c"))
    }

    @Test("comparison needs the same octets and the same length")
    func comparison() {
        #expect(Digest.equalInConstantTime("abc", "abc"))
        #expect(!Digest.equalInConstantTime("abc", "abd"))
        #expect(!Digest.equalInConstantTime("abc", "ab"))
        #expect(Digest.equalInConstantTime("", ""))
    }
}

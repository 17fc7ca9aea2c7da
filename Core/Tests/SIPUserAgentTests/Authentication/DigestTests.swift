import MCFoundation
import SIP
import SIPUserAgent
import Testing

@Suite struct DigestTests {
    private let realm = "it.example"

    private func registration() throws -> SIPRequest {
        var made = try incoming("REGISTER")
        made.headers.remove(.via)
        return made
    }

    private func ha1(_ user: String, _ algorithm: DigestAlgorithm) -> String? {
        user == "alice" ? Digest.ha1(user: user, realm: realm, password: "secret", algorithm: algorithm) : nil
    }

    private func challenged(_ request: SIPRequest, _ challenges: [DigestChallenge], status: Int = 401) -> SIPResponse {
        var response = request.response(status, toTag: "t")
        for challenge in challenges {
            response.headers.append(status == 401 ? .wwwAuthenticate : .proxyAuthenticate, challenge.description)
        }
        return response
    }

    private func verify(
        _ server: inout DigestServer, _ request: SIPRequest, at milliseconds: Int64 = 0
    ) throws -> DigestServer.Verdict {
        let text = try #require(request.headers[.authorization])
        let credentials = try #require(DigestCredentials(text))
        return server.verify(
            credentials, method: request.method, requestURI: request.uri, at: .milliseconds(milliseconds), ha1: ha1)
    }

    /// The request again, as the client answers the challenge.
    private func answered(_ client: inout DigestClient, _ response: SIPResponse, _ request: SIPRequest) throws
        -> SIPRequest
    {
        let answer = client.answer(response, to: request)
        return try #require(answer)
    }

    private func client(_ password: String = "secret") -> DigestClient {
        DigestClient(account: .init(user: "alice", password: password), random: SeededGenerator(seed: 3))
    }

    private func server(_ limits: DigestServerLimits = .init()) -> DigestServer {
        DigestServer(realm: realm, random: SeededGenerator(seed: 4), limits: limits)
    }

    @Test func `a challenge is answered with SHA-256 even where MD5 stands first`() throws {
        var client = client()
        var server = server()
        let request = try registration()
        let challenges = Array(server.challenges(at: .milliseconds(0)).reversed())
        #expect(challenges.map(\.algorithm) == [.md5, .sha256])
        let retry = try answered(&client, challenged(request, challenges), request)
        #expect(retry.headers.cseq == CSeq(2, .register))
        #expect(DigestCredentials(try #require(retry.headers[.authorization]))?.algorithm == .sha256)
        #expect(try verify(&server, retry) == .accepted)
    }

    @Test func `the next request carries the next count, and the same one again is stale`() throws {
        var client = client()
        var server = server()
        let request = try registration()
        let retry = try answered(&client, challenged(request, server.challenges(at: .milliseconds(0))), request)
        #expect(try verify(&server, retry) == .accepted)
        #expect(try verify(&server, retry) == .stale)
        var next = try registration()
        client.authorize(&next)
        #expect(DigestCredentials(try #require(next.headers[.authorization]))?.nonceCount == 2)
        #expect(try verify(&server, next) == .accepted)
    }

    @Test func `a wrong password is refused, and not tried a second time`() throws {
        var client = client("wrong")
        var server = server()
        let request = try registration()
        let retry = try answered(&client, challenged(request, server.challenges(at: .milliseconds(0))), request)
        #expect(try verify(&server, retry) == .refused)
        #expect(client.answer(challenged(retry, server.challenges(at: .milliseconds(1))), to: retry) == nil)
    }

    @Test func `an old nonce is stale, and its successor is answered`() throws {
        var client = client()
        var server = server()
        let request = try registration()
        let retry = try answered(&client, challenged(request, server.challenges(at: .milliseconds(0))), request)
        #expect(try verify(&server, retry, at: 300_000) == .stale)
        let fresh = server.challenges(isStale: true, at: .milliseconds(300_000))
        let again = try answered(&client, challenged(retry, fresh), retry)
        #expect(try verify(&server, again, at: 300_001) == .accepted)
    }

    @Test func `a nonce of another server or one that was altered is not accepted`() throws {
        var client = client()
        var other = DigestServer(realm: realm, random: SeededGenerator(seed: 5))
        var server = server()
        let request = try registration()
        let retry = try answered(&client, challenged(request, other.challenges(at: .milliseconds(0))), request)
        #expect(try verify(&server, retry) == .stale)
        var challenge = server.challenges(at: .milliseconds(0))[0]
        challenge.nonce = "f" + challenge.nonce.dropFirst()
        var second = self.client()
        let altered = try answered(&second, challenged(request, [challenge]), request)
        #expect(try verify(&server, altered) == .stale)
    }

    @Test func `credentials for another target, method or user are refused`() throws {
        var client = client()
        var server = server()
        let request = try registration()
        let retry = try answered(&client, challenged(request, server.challenges(at: .milliseconds(0))), request)
        var elsewhere = retry
        elsewhere.uri = try #require(SIPURI("sip:carol@example.org"))
        #expect(try verify(&server, elsewhere) == .refused)
        var otherwise = retry
        otherwise.method = .publish
        #expect(try verify(&server, otherwise) == .refused)
        var stranger = DigestClient(
            account: .init(user: "mallory", password: "secret"), random: SeededGenerator(seed: 1))
        let forged = try answered(&stranger, challenged(request, server.challenges(at: .milliseconds(0))), request)
        #expect(try verify(&server, forged) == .refused)
    }

    @Test func `what had to be forgotten is stale rather than accepted twice`() throws {
        var limits = DigestServerLimits()
        limits.noncesInUse = 1
        var server = server(limits)
        let request = try registration()
        var first = client()
        let one = try answered(&first, challenged(request, server.challenges(at: .milliseconds(0))), request)
        var second = client()
        let two = try answered(&second, challenged(request, server.challenges(at: .milliseconds(9))), request)
        #expect(try verify(&server, one, at: 10) == .accepted)
        #expect(try verify(&server, two, at: 10) == .accepted)
        #expect(try verify(&server, one, at: 10) == .stale)
    }

    @Test func `407 goes into Proxy-Authorization and a foreign realm is not answered`() throws {
        var client = DigestClient(
            account: .init(user: "alice", password: "secret", realm: realm), random: SeededGenerator(seed: 3))
        let request = try registration()
        let ours = DigestChallenge(realm: realm, nonce: "n", algorithm: .md5)
        let theirs = DigestChallenge(realm: "elsewhere", nonce: "n", algorithm: .sha256)
        let retry = try answered(&client, challenged(request, [theirs, ours], status: 407), request)
        #expect(retry.headers.values(.proxyAuthorization).count == 1)
        #expect(retry.headers.has(.authorization) == false)
        #expect(client.answer(challenged(request, [theirs]), to: request) == nil)
        #expect(client.answer(request.response(403), to: request) == nil)
    }

    @Test func `an account does not print its password`() {
        let account = DigestClient.Account(user: "alice", password: "secret")
        #expect(!"\(account)".contains("secret"))
        #expect(!String(reflecting: account).contains("secret"))
        var dumped = ""
        dump(account, to: &dumped)
        #expect(!dumped.contains("secret"))
    }
}

import Administration
import Credentials
import IdentityManagement
import IdentityService
import MCFoundation
import Synchronization
import Testing
import WebServices

/// A process that is killed and one that begins, over what the first one kept; and a policy that changes meanwhile.
@Suite struct RestartTests {
    private static let issuer = "https://mc.it.example/identity"
    private static let redirect = "eu.euccs.responder:/signed-in"

    /// What outlives a process.
    private final class Nation: Sendable {
        let disk = Mutex(Disk())
        let keys = Mutex<[KeptSigningKey]>([])
        let policy = Mutex(PolicyRecord())
        let takes = Mutex(true)
        let user: UserRecord

        init() throws {
            let verifier = try Credentials.PasswordVerifier(
                password: "pioggia", cost: .init(logN: 4, blockSize: 8, parallelism: 1))
            user = UserRecord(
                id: "sip:anna@mc.it.example", loginName: "anna",
                passwordVerifier: Administration.PasswordVerifier(verifier.text), organisation: "vvf")
        }

        var fleet: FleetSnapshot { FleetSnapshot([.user(user), .policy(policy.withLock { $0 })]) }
    }

    private struct Disk {
        var logins: [String: KeptLogin] = [:]
        var revocations: [TokenRevocation] = []

        mutating func take(_ change: IdentityChange) {
            switch change {
            case .login(let login): logins[login.id] = login
            case .loginEnded(let id): logins[id] = nil
            case .revocation(let revocation): revocations.append(revocation)
            case .lockOut, .lockOutEnded: break
            }
        }
    }

    private func process(_ nation: Nation) async throws -> IdentityPages {
        var last = KeptIdentity()
        last.logins = nation.disk.withLock { Array($0.logins.values) }
        last.revocations = nation.disk.withLock { $0.revocations }
        let service = try await IdentityService.start(
            settings: IdentitySettings(
                issuer: Self.issuer,
                clients: [try IdentityClient(clientID: "app", redirectURIs: [Self.redirect])],
                audience: ["mc.it.example"]),
            kept: nation.keys.withLock { $0 }, last: last,
            surroundings: IdentitySurroundings(
                now: { Now(instant: Instant(nanoseconds: 1), utc: UTCTime(microseconds: 1_800_000_000_000_000)) },
                fleet: { nation.fleet },
                keep: { key in nation.keys.withLock { $0.append(key) } },
                record: { changes, done in
                    let takes = nation.takes.withLock { $0 }
                    if takes { nation.disk.withLock { disk in for change in changes { disk.take(change) } } }
                    done(takes)
                }, announce: { _ in }, audit: { _ in }, complain: { _ in }))
        return await IdentityPages(service, root: "/identity")
    }

    private func post(_ pages: IdentityPages, _ path: String, _ form: [(name: String, value: String)]) async
        -> WebResponse
    {
        await pages.respond(
            to: WebRequest(
                method: "POST", path: "/identity" + path, query: "",
                headers: [WebHeader("content-type", WebForm.contentType)], body: Array(WebForm.encoded(form).utf8),
                source: IPAddress("192.0.2.7")))
    }

    private func value(_ name: String, in response: WebResponse) throws -> String {
        let text = String(decoding: response.body, as: UTF8.self)
        let start = try #require(text.firstRange(of: "\"\(name)\":")?.upperBound)
        return String(text[start...].drop { $0 == "\"" }.prefix { $0 != "\"" && $0 != "," })
    }

    private func logIn(_ pages: IdentityPages) async throws -> WebResponse {
        let page = await post(
            pages, "/authorize",
            [
                ("response_type", "code"), ("client_id", "app"), ("redirect_uri", Self.redirect),
                ("scope", "openid 3gpp:mc:ptt_service"), ("state", "s"),
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256"),
            ])
        let text = String(decoding: page.body, as: UTF8.self)
        let start = try #require(text.firstRange(of: "name=\"login\" value=\"")?.upperBound)
        let login = String(text[start...].prefix { $0 != "\"" })
        let back = await post(pages, "/login", [("login", login), ("user", "anna"), ("password", "pioggia")])
        let location = try #require(back.header("location"))
        let fields = try #require(WebForm.fields(location.split(separator: "?")[1]))
        let code = try #require(fields.first { $0.name == "code" }?.value)
        return await post(
            pages, "/token",
            [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Self.redirect),
                ("client_id", "app"), ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            ])
    }

    private func refresh(_ pages: IdentityPages, _ token: String) async -> WebResponse {
        await post(
            pages, "/token", [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "app")])
    }

    @Test func `a client goes on refreshing after a restart, and an old token ends its log-in there too`() async throws
    {
        let nation = try Nation()
        let first = try value("refresh_token", in: try await logIn(try await process(nation)))
        let pages = try await process(nation)
        let answer = await refresh(pages, first)
        #expect(answer.status == 200)
        let second = try value("refresh_token", in: answer)
        let later = try await process(nation)
        #expect(await refresh(later, first).status == 400)
        #expect(await refresh(later, second).status == 400)
        #expect(await refresh(try await process(nation), second).status == 400)
    }

    @Test func `nobody gets tokens that are not kept`() async throws {
        let nation = try Nation()
        let pages = try await process(nation)
        let first = try value("refresh_token", in: try await logIn(pages))
        nation.takes.withLock { $0 = false }
        #expect(await refresh(pages, first).status == 503)
        nation.takes.withLock { $0 = true }
        #expect(await refresh(pages, first).status == 200)
    }

    @Test func `a policy that is committed holds for the next request`() async throws {
        let nation = try Nation()
        let pages = try await process(nation)
        let answer = try await logIn(pages)
        #expect(try value("expires_in", in: answer) == "3600")
        nation.policy.withLock { $0.tokens.accessToken = 300_000 }
        #expect(try value("expires_in", in: await refresh(pages, try value("refresh_token", in: answer))) == "300")
    }
}

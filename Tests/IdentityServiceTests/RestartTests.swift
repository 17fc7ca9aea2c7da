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
        let makesKeys = Mutex(true)
        let keysFailed = Mutex(0)
        let time = Mutex(Duration.zero)
        let changed = Mutex<UserRecord?>(nil)
        let user: UserRecord

        init() throws {
            let verifier = try Credentials.PasswordVerifier(
                password: "pioggia", cost: .init(logN: 4, blockSize: 8, parallelism: 1))
            user = UserRecord(
                id: "sip:anna@mc.it.example", loginName: "anna",
                passwordVerifier: Administration.PasswordVerifier(verifier.text), organisation: "vvf")
        }

        func keep(_ key: KeptSigningKey) throws {
            guard takes.withLock({ $0 }) else { throw TokenFault.malformed }
            keys.withLock { keys in
                keys.removeAll { $0.id == key.id }
                keys.append(key)
            }
        }

        func erase(_ id: String) throws {
            guard takes.withLock({ $0 }) else { throw TokenFault.malformed }
            keys.withLock { keys in keys.removeAll { $0.id == id } }
        }

        var now: Now {
            // No two things happen at the same time.
            let passed = time.withLock { time in
                time += .microseconds(1)
                return time
            }
            return Now(
                instant: Instant(nanoseconds: 1) + passed,
                utc: UTCTime(microseconds: 1_800_000_000_000_000 + passed.wholeNanoseconds / 1_000))
        }

        var fleet: FleetSnapshot {
            FleetSnapshot([.user(changed.withLock { $0 } ?? user), .policy(policy.withLock { $0 })])
        }
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
        await IdentityPages(try await service(nation), root: "/identity")
    }

    private func service(_ nation: Nation) async throws -> IdentityService {
        var last = KeptIdentity()
        last.logins = nation.disk.withLock { Array($0.logins.values) }
        last.revocations = nation.disk.withLock { $0.revocations }
        return try await IdentityService.start(
            settings: IdentitySettings(
                issuer: Self.issuer,
                clients: [try IdentityClient(clientID: "app", redirectURIs: [Self.redirect])],
                audience: ["mc.it.example"]),
            kept: nation.keys.withLock { $0 }, last: last,
            surroundings: IdentitySurroundings(
                now: { nation.now },
                fleet: { nation.fleet },
                keep: { key in try nation.keep(key) },
                makeKey: { id in
                    guard nation.makesKeys.withLock({ $0 }) else {
                        nation.keysFailed.withLock { $0 += 1 }
                        throw TokenKeyError.unreadable
                    }
                    return try TokenKey(id: id)
                },
                forget: { id in try nation.erase(id) },
                record: { changes, done in
                    let takes = nation.takes.withLock { $0 }
                    if takes { nation.disk.withLock { disk in for change in changes { disk.take(change) } } }
                    done(takes)
                }, announce: { _ in }, audit: { _ in }, complain: { _ in }))
    }

    private func post(
        _ pages: IdentityPages, _ path: String, _ form: [(name: String, value: String)], cookie: String? = nil
    ) async -> WebResponse {
        await pages.respond(
            to: WebRequest(
                method: "POST", path: "/identity" + path, query: "",
                headers: [WebHeader("content-type", WebForm.contentType)]
                    + (cookie.map { [WebHeader("cookie", $0)] } ?? []), body: Array(PercentEncoding.form(form).utf8),
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
        let back = await post(
            pages, "/login", [("login", login), ("user", "anna"), ("password", "pioggia")],
            cookie: page.header("set-cookie").map { String($0.prefix { $0 != ";" }) })
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

    @Test func `who is known goes on by what is kept while the store takes nothing`() async throws {
        let nation = try Nation()
        let pages = try await process(nation)
        let first = try value("refresh_token", in: try await logIn(pages))
        nation.takes.withLock { $0 = false }
        let meanwhile = await refresh(pages, first)
        #expect(meanwhile.status == 200)
        #expect(try value("refresh_token", in: meanwhile) == first)
        nation.takes.withLock { $0 = true }
        let after = await refresh(pages, first)
        #expect(after.status == 200)
        #expect(try value("refresh_token", in: after) != first)
    }

    @Test func `a policy that is committed holds for the next request`() async throws {
        let nation = try Nation()
        let pages = try await process(nation)
        let answer = try await logIn(pages)
        #expect(try value("expires_in", in: answer) == "3600")
        nation.policy.withLock { $0.tokens.accessToken = 300_000 }
        #expect(try value("expires_in", in: await refresh(pages, try value("refresh_token", in: answer))) == "300")
    }

    @Test func `what becomes of a user while the service begins is not lost`() async throws {
        let nation = try Nation()
        let refreshToken = try value("refresh_token", in: try await logIn(try await process(nation)))
        let service = try await service(nation)
        nation.changed.withLock { changed in
            changed = nation.user
            changed?.passwordVerifier = nil
        }
        await service.catchUp()
        #expect(await refresh(await IdentityPages(service, root: "/identity"), refreshToken).status == 400)
    }

    // MARK: Keys

    /// A token as whoever holds the key makes it, valid for an hour from now.
    private func forged(by key: KeptSigningKey, _ nation: Nation) async throws -> String {
        let keys = TokenKeys()
        await keys.add(try TokenKey(id: key.id, pem: key.pem))
        let second = nation.now.utc.microseconds / 1_000_000
        let user = nation.user.id
        let claims =
            #"{"iss":"\#(Self.issuer)","sub":"\#(user)","mcptt_id":"\#(user)","aud":"mc.it.example","iat":\#(second),"#
            + #""exp":\#(second + 3_600),"jti":"x","client_id":"app","scope":"openid 3gpp:mc:ptt_service"}"#
        return try await keys.sign(Array(claims.utf8), with: key.id)
    }

    private func believes(_ service: IdentityService, _ token: String) async -> Bool {
        if case .granted = await service.verify(token, for: .service, of: .ptt) { true } else { false }
    }

    /// Waits for what the service does by itself.
    private func until(_ test: () async -> Bool) async throws {
        while !(await test()) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// The keys that a service publishes, once there are two: one that signs and one ahead.
    private func twoKeys(_ service: IdentityService) async throws -> [String] {
        try await until { await service.publishedKeyIDs.count == 2 }
        return await service.publishedKeyIDs
    }

    @Test(.timeLimit(.minutes(1)))
    func `a key that has retired is believed no more, is erased, and does not come back with the next process`()
        async throws
    {
        let nation = try Nation()
        let service = try await service(nation)
        let first = try #require(try await twoKeys(service).first)
        let key = try #require(nation.keys.withLock { $0.first { $0.id == first } })
        #expect(await believes(service, try await forged(by: key, nation)))
        nation.time.withLock { $0 += .seconds(91 * 86_400) }
        await service.tell(.timeAdvanced)
        // Who was given a token by it last may use it to its end.
        #expect(await believes(service, try await forged(by: key, nation)))
        nation.time.withLock { $0 += .seconds(3_700) }
        await service.tell(.timeAdvanced)
        #expect(await !believes(service, try await forged(by: key, nation)))
        try await until { !nation.keys.withLock { $0.contains { $0.id == first } } }
        #expect(await !believes(try await self.service(nation), try await forged(by: key, nation)))
        // The next one signs for its whole time, whoever restarts when.
        let second = try #require(await service.publishedKeyIDs.first)
        nation.time.withLock { $0 += .seconds(80 * 86_400) }
        #expect(await (try self.service(nation)).publishedKeyIDs.first == second)
        // What a backup brings back is seen through, too.
        nation.keys.withLock { $0.append(key) }
        #expect(await !believes(try await self.service(nation), try await forged(by: key, nation)))
        try await until { !nation.keys.withLock { $0.contains { $0.id == first } } }
    }

    @Test(.timeLimit(.minutes(1)))
    func `nobody waits for ever for a key that cannot be made, and it is made later`() async throws {
        let nation = try Nation()
        nation.makesKeys.withLock { $0 = false }
        await #expect(throws: TokenKeyError.unreadable) { _ = try await self.service(nation) }
        nation.makesKeys.withLock { $0 = true }
        let service = try await service(nation)
        let ids = try await twoKeys(service)
        nation.makesKeys.withLock { $0 = false }
        try await service.withdraw(key: ids[1])
        try await until { nation.keysFailed.withLock { $0 } == 2 }
        nation.makesKeys.withLock { $0 = true }
        nation.time.withLock { $0 += .seconds(5) }
        await service.tell(.timeAdvanced)
        _ = try await twoKeys(service)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a key that is withdrawn ends at once, is erased before that is said, and does not come back`() async throws {
        let nation = try Nation()
        let service = try await service(nation)
        let ids = try await twoKeys(service)
        let key = try #require(nation.keys.withLock { $0.first { $0.id == ids[0] } })
        let token = try await forged(by: key, nation)
        #expect(await believes(service, token))
        nation.takes.withLock { $0 = false }
        await #expect(throws: TokenFault.malformed) { try await service.withdraw(key: ids[0]) }
        #expect(await !believes(service, token))
        nation.takes.withLock { $0 = true }
        try await service.withdraw(key: ids[0])
        #expect(nation.keys.withLock { !$0.contains { $0.id == ids[0] } })
        #expect(await service.publishedKeyIDs.first == ids[1])
        #expect(await !believes(try await self.service(nation), token))
    }
}

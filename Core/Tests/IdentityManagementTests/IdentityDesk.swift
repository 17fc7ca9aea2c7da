import Audit
import IdentityManagement
import MCFoundation
import Testing

/// The users of the tests.
struct People: IdentityDirectory {
    var users: [LoginUser] = [
        LoginUser(
            mcpttID: MCPTTID("sip:anna@mc.it.example"), passwordVerifier: "verifier-anna",
            mcdataID: "sip:anna@mcdata.it.example"),
        LoginUser(mcpttID: MCPTTID("sip:bruno@mc.it.example"), passwordVerifier: "verifier-bruno"),
    ]

    func loginUser(named name: String) -> LoginUser? { users.first { $0.mcpttID.value.hasPrefix("sip:\(name)@") } }
    func user(_ id: MCPTTID) -> LoginUser? { users.first { $0.mcpttID == id } }
    func user(externalSubject subject: String) -> LoginUser? { loginUser(named: subject) }
}

/// An identity management server with one client, and a browser and an application that speak to it.
final class IdentityDesk {
    static let issuer = "https://idms.it.example"
    static let redirect = "org.example.radio:/callback"
    static let anna = MCPTTID("sip:anna@mc.it.example")
    static let source = IPAddress(v4: 0xc000_0201)
    /// RFC 7636 Appendix B.
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let allScopes = "openid 3gpp:mc:ptt_service 3gpp:mc:data_service 3gpp:mc:video_service"

    var server: IdentityServer
    var people = People()
    var now = Now(instant: Instant(nanoseconds: 1_000_000_000), utc: UTCTime(microseconds: 1_800_000_000_000_000))
    var audited: [AuditEntry] = []
    var announced: [TokenRevocation] = []
    /// Everything since the last answer.
    var seen: [IdentityAction] = []
    private var requests: UInt64 = 0
    /// What is on the disk.
    var disk = Disk()
    /// Whether the disk takes what it is given; nil: it says nothing yet.
    var keeps: Bool? = true
    /// What a silent disk was given, in order.
    var given: [IdentityChange] = []
    private let settings: IdentitySettings
    private let keys: [SigningKey]

    init(seed: UInt64 = 7, keys: Bool = true, _ change: (inout IdentitySettings) -> Void = { _ in }) throws {
        let client = try IdentityClient(clientID: "radio", redirectURIs: [Self.redirect])
        let other = try IdentityClient(clientID: "dispatch", redirectURIs: ["https://dispatch.it.example/back?a=1"])
        var settings = IdentitySettings(
            issuer: Self.issuer, clients: [client, other], audience: ["mc.it.example"])
        settings.login.dummyVerifier = IdentitySecret("verifier-dummy")
        change(&settings)
        self.settings = settings
        self.keys =
            keys
            ? [
                SigningKey(keyID: "k1", parameters: .p256(x: "x1", y: "y1")),
                SigningKey(keyID: "k2", parameters: .p256(x: "x2", y: "y2")),
            ] : []
        server = IdentityServer(settings: settings, random: SeededGenerator(seed: seed))
        for key in self.keys { feed(.signingKeyCreated(key)) }
    }

    /// The process is killed and another one begins, on a machine that was started anew.
    func restart(_ change: (inout IdentitySettings) -> Void = { _ in }) {
        now.instant = Instant(nanoseconds: 5)
        var kept = disk.kept
        kept.keys = keys.map { ($0, UTCTime(microseconds: 1_800_000_000_000_000)) }
        var settings = settings
        change(&settings)
        server = IdentityServer(settings: settings, random: SeededGenerator(seed: 99), restoring: kept, at: now)
        feed(.started)
    }

    func pass(_ duration: Duration) {
        now.instant = now.instant + duration
        now.utc.microseconds += duration.wholeNanoseconds / 1_000
    }

    @discardableResult
    func feed(_ event: IdentityEvent) -> [IdentityAction] {
        let actions = server.handle(event, at: now, directory: people)
        for action in actions {
            if case .audit(let entry) = action { audited.append(entry) }
            if case .announce(let revocation) = action { announced.append(revocation) }
        }
        mark = newMark(in: actions) ?? mark
        var all = actions
        for action in actions {
            guard case .record(let job, let changes) = action else { continue }
            guard let keeps else {
                given += changes
                continue
            }
            if keeps { disk.take(changes) }
            all += feed(.recorded(job, isKept: keeps))
        }
        seen = all
        return all
    }

    /// What the browser at the desk was told to keep.
    var mark: IdentitySecret?

    func browser(_ address: IPAddress = IdentityDesk.source) -> BrowserOrigin {
        BrowserOrigin(address: address, mark: mark)
    }

    private func newMark(in actions: [IdentityAction]) -> IdentitySecret? {
        switch answer(in: actions) {
        case .loginPage(_, let mark), .redirectToProvider(_, let mark): mark
        default: nil
        }
    }

    func request() -> IdentityRequestID {
        requests += 1
        return IdentityRequestID(requests)
    }

    static func authorization(_ changes: [String: String?] = [:]) -> [(name: String, value: String)] {
        let pairs: [(String, String)] = [
            ("response_type", "code"), ("client_id", "radio"), ("redirect_uri", redirect), ("scope", allScopes),
            ("state", "s-1"), ("nonce", "n-1"), ("code_challenge", challenge), ("code_challenge_method", "S256"),
            ("acr_values", "3gpp:acr:password"),
        ]
        var result: [(name: String, value: String)] = []
        for (name, value) in pairs {
            if let change = changes[name] {
                if let change { result.append((name, change)) }
            } else {
                result.append((name, value))
            }
        }
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) where !pairs.contains(where: { $0.0 == name }) {
            if let value { result.append((name, value)) }
        }
        return result
    }

    /// Asks for authorization; the answer.
    func authorize(
        _ parameters: [(name: String, value: String)] = IdentityDesk.authorization(),
        from source: IPAddress = IdentityDesk.source
    ) -> IdentityAnswer? {
        answer(in: feed(.authorizationRequested(request(), RequestParameters(parameters), from: browser(source))))
    }

    /// Opens a log-in page; its transaction.
    func page(
        _ parameters: [(name: String, value: String)] = IdentityDesk.authorization(),
        from source: IPAddress = IdentityDesk.source
    ) -> IdentitySecret? {
        guard case .loginPage(let html, mark: _) = authorize(parameters, from: source) else { return nil }
        return field("login", in: html)
    }

    func openPage(from source: IPAddress = IdentityDesk.source) throws -> IdentitySecret {
        let page = page(from: source)
        return try #require(page)
    }

    func openSession(_ name: String = "anna") throws -> TokenResponse {
        let response = session(name)
        return try #require(response)
    }

    func openCode(_ name: String = "anna") throws -> String {
        let code = code(name)
        return try #require(code)
    }

    /// Fills in the page; the job of the pool, where there is one.
    func submit(
        _ page: IdentitySecret, _ name: String, _ password: String, from source: IPAddress = IdentityDesk.source
    ) -> (id: IdentityJobID, job: PasswordJob)? {
        let form = LoginForm(transaction: page, userName: name, password: IdentitySecret(password))
        for action in feed(.loginSubmitted(request(), form, from: browser(source))) {
            if case .verifyPassword(let id, let job) = action { return (id, job) }
        }
        return nil
    }

    /// The whole way of the log-in page; the answer. The password of `anna` is `pw-anna`.
    func logIn(
        _ name: String = "anna", _ password: String = "pw-anna", on page: IdentitySecret,
        from source: IPAddress = IdentityDesk.source
    ) -> IdentityAnswer? {
        guard let work = submit(page, name, password, from: source) else { return answer(in: seen) }
        let matches = "verifier-" + password.dropFirst(3) == work.job.verifier.revealed
        return answer(in: feed(.passwordVerified(work.id, matches: matches)))
    }

    /// Logs in; the code.
    func code(
        _ name: String = "anna", _ parameters: [(name: String, value: String)] = IdentityDesk.authorization()
    ) -> String? {
        guard let page = page(parameters), case .redirect(let location) = logIn(name, "pw-" + name, on: page) else {
            return nil
        }
        return query("code", of: location)
    }

    static func redemption(_ code: String, _ changes: [String: String?] = [:]) -> [(name: String, value: String)] {
        let pairs = [
            ("grant_type", "authorization_code"), ("client_id", "radio"), ("redirect_uri", redirect),
            ("code_verifier", verifier), ("code", code),
        ]
        return pairs.compactMap { name, value in
            guard let change = changes[name] else { return (name, value) }
            return change.map { (name, $0) }
        }
    }

    /// Asks for tokens and signs them: `access.k1.1`, the text of the kind, the key and a number.
    func tokens(_ parameters: [(name: String, value: String)]) -> IdentityAnswer? {
        var actions = feed(.tokenRequested(request(), RequestParameters(parameters)))
        signed = []
        for action in actions {
            guard case .sign(let id, let job) = action else { continue }
            signed.append(job.claims)
            let text = "\(job.claims.kind).\(job.keyID).\(job.claims.tokenID)"
            actions += feed(.signed(id, IdentitySecret(text)))
        }
        return answer(in: actions)
    }
    /// The claims that were signed last.
    var signed: [TokenClaims] = []

    /// Logs in and redeems the code.
    func session(_ name: String = "anna") -> TokenResponse? {
        guard let code = code(name), case .tokens(let response) = tokens(Self.redemption(code)) else { return nil }
        return response
    }

    func refresh(_ token: IdentitySecret, scope: String? = nil, client: String = "radio") -> IdentityAnswer? {
        var parameters = [
            (name: "grant_type", value: "refresh_token"), (name: "client_id", value: client),
            (name: "refresh_token", value: token.revealed),
        ]
        if let scope { parameters.append((name: "scope", value: scope)) }
        return tokens(parameters)
    }

    func verdict(
        on claims: TokenClaims?, _ purpose: ScopePurpose = .service, of service: MCServiceKind = .ptt,
        audience: String = "mc.it.example"
    ) -> TokenDecision? {
        guard let claims else { return nil }
        return TokenVerification(issuer: Self.issuer, audience: audience).decide(
            PresentedToken(claims), needs: purpose, of: service, at: now.utc,
            revocations: server.tokenRevocations, directory: people)
    }

    /// Names of what the last entry of the audit log says.
    var lastDetails: [String] { audited.last?.details.map(\.name) ?? [] }

    var lastRefusal: String? {
        for entry in audited.reversed() {
            if case .refused(let reason) = entry.outcome { return reason }
        }
        return nil
    }
}

/// What is kept, as a store would.
struct Disk {
    var logins: [String: KeptLogin] = [:]
    var revocations: [TokenRevocation] = []
    var lockOuts: [MCPTTID: KeptLockOut] = [:]

    mutating func take(_ changes: [IdentityChange]) {
        for change in changes {
            switch change {
            case .login(let login): logins[login.id] = login
            case .loginEnded(let id): logins[id] = nil
            case .revocation(let revocation): revocations.append(revocation)
            case .lockOut(let lockOut): lockOuts[lockOut.user] = lockOut
            case .lockOutEnded(let user): lockOuts[user] = nil
            }
        }
    }

    var kept: KeptIdentity {
        var kept = KeptIdentity()
        kept.logins = logins.values.sorted { $0.id < $1.id }
        kept.revocations = revocations
        kept.lockOuts = Array(lockOuts.values)
        return kept
    }
}

func answer(in actions: [IdentityAction]) -> IdentityAnswer? {
    for action in actions {
        if case .answer(_, let answer) = action { return answer }
    }
    return nil
}

/// The value of a hidden field.
func field(_ name: String, in html: [UInt8]) -> IdentitySecret? {
    let text = String(decoding: html, as: UTF8.self)
    guard let start = text.firstRange(of: "name=\"\(name)\" value=\"") else { return nil }
    return IdentitySecret(String(text[start.upperBound...].prefix { $0 != "\"" }))
}

/// A parameter of a redirect, still percent-encoded.
func query(_ name: String, of location: IdentitySecret) -> String? {
    let parts = location.revealed.split(separator: "?", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    for pair in parts[1].split(separator: "&") where pair.hasPrefix(name + "=") {
        return String(pair.dropFirst(name.utf8.count + 1))
    }
    return nil
}

func refusal(_ answer: IdentityAnswer?) -> TokenErrorCode? {
    guard case .refused(let error) = answer else { return nil }
    return error.code
}

public import Administration
public import Audit
public import Credentials
public import IdentityManagement
public import MCFoundation

/// What an identity service needs of the world around it.
public struct IdentitySurroundings: Sendable {
    public var now: @Sendable () -> Now
    /// The fleet map as it is now.
    public var fleet: @Sendable () -> FleetSnapshot
    /// Keeps a signing key, so that its tokens hold beyond this process: a new one, or what is new of it.
    public var keep: @Sendable (KeptSigningKey) async throws -> Void
    /// Makes a signing key of that name.
    public var makeKey: @Sendable (_ keyID: String) throws -> TokenKey
    /// Erases a signing key that nobody is to believe any more.
    public var forget: @Sendable (_ keyID: String) async throws -> Void
    /// Takes what has to be kept, in the order of the calls, and says later whether it is durable.
    public var record: @Sendable ([IdentityChange], _ done: @escaping @Sendable (Bool) -> Void) -> Void
    /// For the call path and whoever else accepts our tokens.
    public var announce: @Sendable (TokenRevocation) -> Void
    public var audit: @Sendable (AuditEntry) -> Void
    /// Asks an external provider for whom its code stands, and judges its ID token; nil where that is nobody.
    public var exchange: @Sendable (ExternalCodeJob) async -> ExternalIdentity?
    /// What an operator has to know of.
    public var complain: @Sendable (String) -> Void

    public init(
        now: @escaping @Sendable () -> Now, fleet: @escaping @Sendable () -> FleetSnapshot,
        keep: @escaping @Sendable (KeptSigningKey) async throws -> Void,
        makeKey: @escaping @Sendable (_ keyID: String) throws -> TokenKey = { try TokenKey(id: $0) },
        forget: @escaping @Sendable (_ keyID: String) async throws -> Void,
        record: @escaping @Sendable ([IdentityChange], _ done: @escaping @Sendable (Bool) -> Void) -> Void,
        announce: @escaping @Sendable (TokenRevocation) -> Void, audit: @escaping @Sendable (AuditEntry) -> Void,
        exchange: @escaping @Sendable (ExternalCodeJob) async -> ExternalIdentity? = { _ in nil },
        complain: @escaping @Sendable (String) -> Void
    ) {
        self.now = now
        self.fleet = fleet
        self.keep = keep
        self.makeKey = makeKey
        self.forget = forget
        self.record = record
        self.announce = announce
        self.audit = audit
        self.exchange = exchange
        self.complain = complain
    }
}

/// The shell of `IdentityServer`: requests wait here for their answers, passwords are proved in a pool, tokens are
/// signed and believed by the nation's keys. It decides nothing.
public actor IdentityService {
    /// As they were at the start; what the policy prescribes is the server's to follow.
    let settings: IdentitySettings
    private var policy: IdentityPolicy
    private let surroundings: IdentitySurroundings
    private let passwords: PasswordPool
    private let keys: TokenKeys
    private let verification: TokenVerification
    private var server: IdentityServer
    /// What could not be erased is tried again after so long.
    private static let retry = Duration.seconds(5)
    private var waiting: [IdentityRequestID: CheckedContinuation<IdentityAnswer, Never>] = [:]
    private var lastRequest: UInt64 = 0
    private var keySet: [UInt8] = []
    private var fleetAtStart: FleetSnapshot?
    /// The keys that are held to sign and believe by.
    private var held: [KeptSigningKey]
    private var toErase: [String] = []
    private var erasing: Task<Void, Never>?
    private var firstKey: CheckedContinuation<Void, any Error>?
    private var wakeUp: (at: Instant, task: Task<Void, Never>)?

    /// - Parameters:
    ///   - settings: `audience` holds at least one name; the first is what servers of this system ask for.
    ///   - kept: signing keys of the process before.
    ///   - last: log-ins, revocations and lock-outs of the process before.
    /// - Throws: Where a kept key is none, or the first one cannot be made.
    public static func start(
        settings: IdentitySettings, kept: [KeptSigningKey], last: KeptIdentity = KeptIdentity(),
        surroundings: IdentitySurroundings
    ) async throws -> IdentityService {
        let passwords = PasswordPool()
        var settings = settings
        let policy = surroundings.fleet().policy.identity
        settings.adopt(policy)
        var random = SystemRandomNumberGenerator()
        // Nobody has this password, and nobody will.
        settings.login.dummyVerifier = IdentitySecret(
            try await passwords.verifier(of: "\(random.next())\(random.next())").text)
        let keys = TokenKeys()
        var last = last
        last.keys = []
        for key in kept {
            let whole = try TokenKey(id: key.id, pem: key.pem)
            await keys.add(whole)
            last.keys.append((whole.signingKey, key.made))
            last.keysUsed[key.id] = key.used
        }
        let service = IdentityService(
            settings: settings, policy: policy, last: last, held: kept, keys: keys, passwords: passwords,
            surroundings: surroundings)
        try await service.begin()
        return service
    }

    private init(
        settings: IdentitySettings, policy: IdentityPolicy, last: KeptIdentity, held: [KeptSigningKey], keys: TokenKeys,
        passwords: PasswordPool, surroundings: IdentitySurroundings
    ) {
        self.settings = settings
        self.policy = policy
        self.surroundings = surroundings
        self.passwords = passwords
        self.keys = keys
        verification = TokenVerification(issuer: settings.issuer, audience: settings.audience.first ?? "")
        var system = SystemRandomNumberGenerator()
        server = IdentityServer(
            settings: settings,
            random: SeededGenerator(seed: (system.next(), system.next(), system.next(), system.next())),
            restoring: last, at: surroundings.now())
        keySet = server.signingKeys.keySet()
        self.held = held
    }

    /// Nothing is served before there is a key to sign with.
    private func begin() async throws {
        dropUnpublished()
        fleetAtStart = surroundings.fleet()
        step(.started)
        guard server.signingKeys.current == nil else { return }
        try await withCheckedThrowingContinuation { firstKey = $0 }
    }

    /// Ends the timer; requests that wait are answered by their own deadlines no more, so nobody asks after that.
    public func stop() {
        wakeUp?.task.cancel()
        wakeUp = nil
        erasing?.cancel()
    }

    /// Looks at what became of users since this service began: whoever tells it of changes begins only then.
    public func catchUp() {
        guard let before = fleetAtStart else { return }
        fleetAtStart = nil
        for event in FleetIdentities.events(from: before, to: surroundings.fleet()) { step(event) }
    }

    /// The JWK Set that is published now.
    public var publishedKeys: [UInt8] { keySet }

    /// `kid` of each of them.
    public var publishedKeyIDs: [String] { server.signingKeys.published.map(\.keyID) }

    /// The private half of a key may be in other hands: it goes at once with all that it signed, and is erased where it was
    /// kept.
    ///
    /// - Throws: Where it cannot be erased yet; that is tried again.
    public func withdraw(key id: String) async throws {
        held.removeAll { $0.id == id }
        step(.signingKeyCompromised(keyID: id))
        do {
            try await eraseOne(id)
        } catch {
            erase([id])
            throw error
        }
    }

    /// All tokens of a user end: he logged off, was suspended, or may try to log in again.
    public func tell(_ event: IdentityEvent) { step(event) }

    /// Asks the machine and waits for its answer.
    func ask(_ event: (IdentityRequestID) -> IdentityEvent) async -> IdentityAnswer {
        lastRequest += 1
        let request = IdentityRequestID(lastRequest)
        let asked = event(request)
        return await withCheckedContinuation { continuation in
            waiting[request] = continuation
            step(asked)
        }
    }

    /// Whether an access token opens what it is presented for.
    public func verify(_ token: String, for purpose: ScopePurpose, of service: MCServiceKind) async -> TokenDecision {
        let claims: SignedClaims
        do {
            claims = try await keys.payload(of: token, by: publishedKeyIDs, as: SignedClaims.self)
        } catch {
            return .refused(.incomplete)
        }
        return verification.decide(
            claims.presented, needs: purpose, of: service, at: surroundings.now().utc,
            revocations: server.tokenRevocations, directory: FleetIdentities(surroundings.fleet()))
    }

    // MARK: The machine

    private func step(_ event: IdentityEvent) {
        let now = surroundings.now()
        let fleet = surroundings.fleet()
        let directory = FleetIdentities(fleet)
        // Whatever comes is decided by the policy of the newest commit.
        if fleet.policy.identity != policy {
            policy = fleet.policy.identity
            for action in server.handle(.policyChanged(policy), at: now, directory: directory) { carryOut(action) }
        }
        for action in server.handle(event, at: now, directory: directory) { carryOut(action) }
        scheduleWakeUp(now: now.instant)
        if firstKey != nil, server.signingKeys.current != nil {
            firstKey?.resume()
            firstKey = nil
        }
    }

    private func carryOut(_ action: IdentityAction) {
        switch action {
        case .answer(let request, let answer): waiting.removeValue(forKey: request)?.resume(returning: answer)
        case .verifyPassword(let job, let work):
            Task { [passwords] in
                let proved = await passwords.proves(work.password.revealed, verifier: work.verifier.revealed)
                step(proved.map { .passwordVerified(job, matches: $0) } ?? .passwordNotVerified(job))
            }
        case .exchangeExternalCode(let job, let work):
            Task { [surroundings] in step(.externalCodeExchanged(job, await surroundings.exchange(work))) }
        case .sign(let job, let work):
            Task { [keys] in
                let token = try? await keys.sign(work.claims.json(), with: work.keyID)
                step(.signed(job, token.map { IdentitySecret($0) }))
            }
        case .record(let job, let changes):
            surroundings.record(changes) { [weak self] isKept in
                Task { await self?.tell(.recorded(job, isKept: isKept)) }
            }
        case .createSigningKey: Task { await createKey() }
        case .publishKeys(let octets):
            keySet = octets
            dropUnpublished()
        case .announce(let revocation): surroundings.announce(revocation)
        case .audit(let entry): surroundings.audit(entry)
        }
    }

    private func createKey() async {
        var random = SystemRandomNumberGenerator()
        let id = Base64URL.encode((0..<12).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        let key: TokenKey
        do {
            key = try surroundings.makeKey(id)
        } catch {
            surroundings.complain("no signing key can be made (\(error)): it is tried again")
            firstKey?.resume(throwing: error)
            firstKey = nil
            return step(.signingKeyNotCreated)
        }
        await keys.add(key)
        let kept = KeptSigningKey(id: key.id, pem: key.pem, made: surroundings.now().utc)
        do {
            try await surroundings.keep(kept)
        } catch {
            surroundings.complain("the signing key \(key.id) is not kept: its tokens end with this process (\(error))")
        }
        held.append(kept)
        step(.signingKeyCreated(key.signingKey))
        dropUnpublished()
    }

    /// A key that is published no more signs nothing and is kept nowhere: whoever finds it later finds nothing. That it
    /// is believed no more does not wait for this.
    private func dropUnpublished() {
        let published = publishedKeyIDs
        let gone = held.map(\.id).filter { !published.contains($0) }
        held.removeAll { gone.contains($0.id) }
        erase(gone)
    }

    private func erase(_ gone: [String]) {
        toErase += gone
        guard !toErase.isEmpty, erasing == nil else { return }
        erasing = Task {
            await eraseKeys()
            erasing = nil
        }
    }

    /// Until it is done: a key that was withdrawn must not come back with the next process.
    private func eraseKeys() async {
        var isFailing = false
        while let id = toErase.first {
            do {
                try await eraseOne(id)
                toErase.removeAll { $0 == id }
                isFailing = false
            } catch {
                if !isFailing { surroundings.complain("the signing key \(id) cannot be erased yet (\(error))") }
                isFailing = true
                guard (try? await Task.sleep(for: Self.retry)) != nil else { return }
            }
        }
    }

    /// Since when the next one signs would follow from the one that goes; so that is kept first.
    private func eraseOne(_ id: String) async throws {
        await keys.remove(id)
        if let current = server.signingKeys.current, let index = held.firstIndex(where: { $0.id == current.keyID }),
            held[index].used == nil
        {
            var signer = held[index]
            signer.used = server.signingKeys.currentSince
            try await surroundings.keep(signer)
            if let index = held.firstIndex(where: { $0.id == signer.id }) { held[index] = signer }
        }
        try await surroundings.forget(id)
    }

    private func scheduleWakeUp(now: Instant) {
        guard let due = server.nextDeadline else { return }
        if let wakeUp, wakeUp.at <= due { return }
        wakeUp?.task.cancel()
        let pause = Duration.nanoseconds(max(1_000_000, due.nanoseconds - now.nanoseconds))
        wakeUp = (
            due,
            Task {
                guard (try? await Task.sleep(for: pause)) != nil else { return }
                wakeUp = nil
                step(.timeAdvanced)
            }
        )
    }
}

public import Administration
public import CallControl
public import MCFoundation
import OrderedCollections
public import Policy
import SIP
import SIPUserAgent

/// Tells clients when group and configuration documents change (TS 24.481 6.3.13, TS 24.484 6.3.13: subscriptions to
/// `xcap-diff`, RFC 5875). It is addressed by a public service identity of its own and keeps no documents: what there is
/// comes from whoever keeps them, and whom a change concerns comes with the change.
public struct DocumentNotification: Sendable {
    let system: SystemIdentity
    let settings: DocumentNotificationSettings
    var directory: DirectorySnapshot
    var agent: UserAgent
    var numbers: NumberedCounter
    /// In the order in which they came.
    var watchers: OrderedDictionary<SubscriptionID, Watcher> = [:]
    var watchersByUser: [MCPTTID: [SubscriptionID]] = [:]
    // Looked up, and sorted where all are meant.
    var verifying: [TokenJobID: WaitingWatcher] = [:]
    var lookingUp: [DocumentLookUpID: WaitingWatcher] = [:]
    var waitingPerUser: [MCPTTID: Int] = [:]
    var deadlines = DeadlineQueue<Deadline>()
    var actions: [FunctionAction] = []
    var lookUps: [DocumentLookUp] = []

    enum Deadline: Hashable, Sendable {
        case verification(TokenJobID)
        case lookUp(DocumentLookUpID)
        /// The token of a subscriber runs out.
        case authorisation(SubscriptionID)
    }

    /// `number` stands in the upper eight bits of every identifier minted here.
    public init(
        system: SystemIdentity, directory: DirectorySnapshot, random: SeededGenerator, number: UInt8,
        settings: DocumentNotificationSettings = .init()
    ) {
        self.system = system
        self.directory = directory
        self.settings = settings
        var limits = UserAgentLimits()
        limits.subscriptions = settings.limits.subscriptions
        agent = UserAgent(number: number, random: random, limits: limits)
        numbers = NumberedCounter(number: number)
    }

    /// When `.timeAdvanced` is due; nil where nothing waits.
    public var nextDeadline: Instant? { [agent.nextDeadline, deadlines.first].compactMap { $0 }.min() }

    public var population: FunctionPopulation {
        FunctionPopulation(calls: 0, sessions: watchers.count, references: verifying.count + lookingUp.count)
    }

    /// Carries out one event.
    public mutating func handle(_ event: FunctionEvent, at now: Now) -> [FunctionAction] {
        switch event {
        case .sip(let input): agent.handle(input, at: now)
        case .media, .partnerStateChanged, .registrationChanged, .peersLost: break
        case .tokenVerified(let job, let verdict): tokenVerified(job, verdict, at: now)
        case .tokensRevoked(let tokens): tokensRevoked(tokens, at: now)
        case .timeAdvanced:
            agent.advance(to: now)
            while let deadline = deadlines.popDue(at: now.instant) {
                switch deadline {
                case .verification(let job):
                    if let wish = takeVerifying(job) { refuse(wish.transaction, comeAgain, at: now) }
                case .lookUp(let id): lookUpOver(id, at: now)
                case .authorisation(let id): end(id, reason: "deactivated", at: now)
                }
            }
        }
        return drain(at: now)
    }

    /// What there is of the documents of a subscription. One that nobody waits for any more is passed over.
    public mutating func documentsFound(
        _ id: DocumentLookUpID, _ documents: [FoundDocument], at now: Now
    ) -> [FunctionAction] {
        found(id, documents, at: now)
        return drain(at: now)
    }

    /// Documents changed; their subscribers are told, each once for all of them.
    public mutating func documentsChanged(_ changes: [DocumentChange], at now: Now) -> [FunctionAction] {
        tell(changes, at: now)
        return drain(at: now)
    }

    /// Subscriptions of users who are gone or served elsewhere end.
    public mutating func replaceDirectory(_ directory: DirectorySnapshot, at now: Now) -> [FunctionAction] {
        let changed = directory.changes(since: self.directory)?.users
        self.directory = directory
        let concerned = changed.map { users in
            let places = users.flatMap { watchersByUser[$0] ?? [] }.compactMap { watchers.index(forKey: $0) }
            return places.sorted().map { watchers.elements[$0] }
        }
        for (id, watcher) in concerned ?? Array(watchers.elements) {
            if directory.user(watcher.user)?.servingSystem != system.id { end(id, reason: "rejected", at: now) }
        }
        return drain(at: now)
    }

    /// Questions that came up since they were taken last, for the keeper of the documents.
    public mutating func takeLookUps() -> [DocumentLookUp] {
        defer { lookUps = [] }
        return lookUps
    }

    private mutating func drain(at now: Now) -> [FunctionAction] {
        while let event = agent.nextEvent() { process(event, at: now) }
        for output in agent.takeOutputs() { actions.append(.sip(output)) }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    private mutating func process(_ event: UserAgentEvent, at now: Now) {
        switch event {
        case .invited(let session, _, _): agent.reject(session, status: 405, at: now)
        case .requestReceived(let request, let transaction, let origin):
            do throws(Refusal) {
                try received(request, transaction, origin, at: now)
            } catch {
                note("request.refused", error)
                refuse(transaction, error, at: now)
            }
        case .requestInSession(_, _, let transaction), .modified(_, _, let transaction):
            agent.answer(transaction, status: 405, at: now)
        case .subscribed(let id, let request): refreshed(id, request, at: now)
        case .subscriptionEnded(let id, _): forget(id)
        case .progressed, .established, .acknowledged, .rejected, .modificationAnswered, .ended, .answered, .notified:
            break
        }
    }

    private mutating func note(_ name: String, _ refusal: Refusal) {
        actions.append(.note(Observation(name, [.init("method", "SUBSCRIBE"), .init("status", "\(refusal.status)")])))
    }

    mutating func refuse(_ transaction: ServerTransactionID, _ refusal: Refusal, at now: Now) {
        agent.answer(
            transaction, status: refusal.status, headers: refusal.responseHeaders(agent: system.domain), at: now)
    }

    /// What selectors are relative to.
    var root: String { settings.root ?? "https://\(system.domain)/xcap" }

    /// The service identity of this function as a URI.
    var ownURI: SIPURI {
        SIPURI(system.services.documents.value) ?? SIPURI(user: ServiceRole.documents.rawValue, host: system.domain)
    }
}

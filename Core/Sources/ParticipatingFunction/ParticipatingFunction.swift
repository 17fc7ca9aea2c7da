public import CallControl
public import MCFoundation
import OrderedCollections
public import Policy
import SIP
public import SIPUserAgent

/// The participating MCPTT function of a system (TS 24.379 6.3.2): for each user it serves it knows the clients, their
/// service settings and affiliations, authorises what they ask for, and stands as back-to-back user agent between them
/// and the controlling functions, here or at partners. It carries no media: session descriptions pass unchanged.
public struct ParticipatingFunction: Sendable {
    let system: SystemIdentity
    let settings: ParticipatingSettings
    var directory: DirectorySnapshot
    var agent: UserAgent
    var random: SeededGenerator
    var numbers: NumberedCounter
    /// In the order of their first registration.
    var users: OrderedDictionary<MCPTTID, ServedUser> = [:]
    var deadlines = DeadlineQueue<Deadline>()
    /// Partners that cannot be reached now.
    var lostPartners: [MCSystemID] = []
    /// Changes when a partner started anew: its calls are gone then.
    var partnerEpochs: OrderedDictionary<MCSystemID, String> = [:]
    /// What lost partners have to be told once they are back.
    var owedPublications: OrderedSet<PublicationTarget> = []
    // Looked up only; order comes from the users.
    var calls: [CallID: PassedCall] = [:]
    var callsBySession: [SessionID: CallID] = [:]
    var observedUsers: [SubscriptionID: AffiliationObserver] = [:]
    var publications: [ClientTransactionID: SentPublication] = [:]
    var watches: [SubscriptionID: OwnerWatch] = [:]
    var carried: [ClientTransactionID: ServerTransactionID] = [:]
    var relays: [SubscriptionID: RelayedSubscription] = [:]
    var relaysByOuter: [SubscriptionID: SubscriptionID] = [:]
    /// Requests that wait for the verdict on a token. Looked up, and sorted where all are meant.
    var waiting: [TokenJobID: WaitingAuthorisation] = [:]
    /// What was revoked while verdicts were on their way. Looked up only.
    var revokedMeanwhile: Set<AccessTokenID> = []
    /// Registrations that are to end, once what this turn has to say was sent over their flows.
    var withdrawals: [(identity: PublicUserIdentity, device: RegisteredContact)] = []
    var actions: [FunctionAction] = []

    enum Deadline: Hashable, Sendable {
        /// The grace of a client whose device is registered no more.
        case grace(ClientKey)
        /// The token of a client runs out.
        case authorisation(ClientKey)
        /// Nobody verified a token.
        case verification(TokenJobID)
        /// An owner did not answer.
        case publication(ClientKey, MCSystemID)
        /// A subscription at an owner ended and is made anew.
        case watch(MCPTTID, MCSystemID)
        /// Nobody answered a call.
        case answer(CallID)
    }

    /// `number` stands in the upper eight bits of every identifier minted here; another one for each function of a
    /// cell.
    public init(
        system: SystemIdentity, directory: DirectorySnapshot, random: SeededGenerator, number: UInt8,
        settings: ParticipatingSettings = .init()
    ) {
        var random = random
        self.system = system
        self.directory = directory
        self.settings = settings
        var limits = UserAgentLimits()
        limits.sessions = settings.limits.calls * 2
        limits.subscriptions = settings.limits.subscriptions
        limits.outstandingRequests = settings.limits.outstandingRequests
        agent = UserAgent(number: number, random: random.fork(), limits: limits)
        numbers = NumberedCounter(number: number)
        self.random = random
    }

    /// When `.timeAdvanced` is due; nil where nothing waits.
    public var nextDeadline: Instant? {
        switch (agent.nextDeadline, deadlines.first) {
        case (let first?, let second?): min(first, second)
        case (let first, let second): first ?? second
        }
    }

    public var population: FunctionPopulation {
        FunctionPopulation(
            calls: calls.count, sessions: agent.sessionCount,
            references: callsBySession.count + publications.count + carried.count + waiting.count
                + users.values.reduce(0) { $0 + $1.calls.count })
    }

    /// Whether a client is told that it is affiliated with a group: its owner granted it.
    public func confirmsAffiliation(_ user: MCPTTID, client: MCPTTClientID, with group: MCPTTGroupID) -> Bool {
        users[user]?.clients[client]?.groups[group]?.state == .affiliated
    }

    /// Whether a client is served over a connection of this process; nil for the client: any of the user's.
    public func serves(_ user: MCPTTID, client: MCPTTClientID?) -> Bool {
        guard let clients = users[user]?.clients else { return false }
        guard let client else { return clients.values.contains { $0.device != nil } }
        return clients[client]?.device != nil
    }

    /// The connections of those who take part in a call, or may soon.
    public var flowsInCalls: Set<FlowID> {
        var flows: Set<FlowID> = []
        for call in calls.values {
            for (id, client) in users[call.user]?.clients ?? [:] where call.concerns(id) {
                if let flow = client.device?.flow { flows.insert(flow) }
            }
        }
        return flows
    }

    /// Another process of the system serves the client now, and has told the owners of its groups so.
    public mutating func handedOver(_ user: MCPTTID, client: MCPTTClientID, at now: Now) -> [FunctionAction] {
        let key = ClientKey(user: user, client: client)
        users[user]?.clients[client]?.groups = [:]
        forgetPublications(of: key)
        dropClient(key, .servedElsewhere, at: now)
        return drain(at: now)
    }

    /// Partners are connected with another process of the system from now on. They see it begin, forget what they knew of
    /// our users, and hear it again.
    public mutating func borderMoved(at now: Now) -> [FunctionAction] {
        for owner in directory.partners.map(\.system) { sayAgain(to: owner, at: now) }
        return drain(at: now)
    }

    /// Carries out one event.
    public mutating func handle(_ event: FunctionEvent, at now: Now) -> [FunctionAction] {
        switch event {
        case .sip(let input): agent.handle(input, at: now)
        // Media is between the controlling function and the client.
        case .media: break
        case .partnerStateChanged(let partner, let state): partnerChanged(partner, state, at: now)
        case .registrationChanged(let identity, let change): registrationChanged(identity, change, at: now)
        case .tokenVerified(let job, let verdict): tokenVerified(job, verdict, at: now)
        case .tokensRevoked(let tokens): tokensRevoked(tokens, at: now)
        case .peersLost(let calls): agent.peersLost(calls, at: now)
        case .timeAdvanced:
            agent.advance(to: now)
            while let deadline = deadlines.popDue(at: now.instant) {
                switch deadline {
                case .grace(let key): dropClient(key, .deviceGone, at: now)
                // NOTSPEC: TS 24.379 does not say what becomes of calls that are up when a token runs out; they end,
                // as with log-off, for nobody may take part who is not authorised.
                case .authorisation(let key): dropClient(key, .authorisationExpired, at: now)
                case .verification(let job): verificationOver(job, at: now)
                case .publication(let key, let owner): publish(key, to: owner, at: now)
                case .watch(let user, let owner): reviseWatch(of: user, at: owner, now)
                case .answer(let call): nobodyAnswered(call, at: now)
                }
            }
        }
        return drain(at: now)
    }

    /// The directory as it is from now on: users who are gone lose their clients and calls, telephones their old groups,
    /// whoever may less than before what he has no right to any more, and who is a member no more his affiliation.
    public mutating func replaceDirectory(_ directory: DirectorySnapshot, at now: Now) -> [FunctionAction] {
        let old = self.directory
        let changes = directory.changes(since: old)
        self.directory = directory
        reviseMemberships(since: old, of: changes?.groups, at: now)
        for id in changes.map({ concerned(by: $0.users) }) ?? Array(users.keys) {
            guard let user = directory.user(id), user.servingSystem == system.id else {
                dropUser(id, at: now)
                continue
            }
            revise(user, at: now)
            refreshLegacy(user, at: now)
        }
        return drain(at: now)
    }

    /// Of 100,000 who may be served those whom a change of these can concern, in the order of all. Telephones always are:
    /// what a group refused them before is asked for again.
    private func concerned(by changed: [MCPTTID]) -> [MCPTTID] {
        let places = Set((changed + directory.legacyUsers).compactMap { users.index(forKey: $0) })
        return places.sorted().map { users.keys[$0] }
    }

    private mutating func drain(at now: Now) -> [FunctionAction] {
        while let event = agent.nextEvent() { process(event, at: now) }
        for output in agent.takeOutputs() { actions.append(.sip(output)) }
        for (identity, device) in withdrawals { actions.append(.withdrawRegistration(identity, device)) }
        withdrawals = []
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    private mutating func process(_ event: UserAgentEvent, at now: Now) {
        switch event {
        case .invited(let session, let request, let origin):
            switch origin {
            case .user(let identity, let flow): originated(session, request, identity, flow, at: now)
            case .system: terminated(session, request, at: now)
            case .partner, .stranger: agent.reject(session, status: 403, at: now)
            }
        case .progressed(let session, let response): progressed(session, response, at: now)
        case .established(let session, let response): established(session, response, at: now)
        case .acknowledged: break
        case .rejected(let session, let response): rejected(session, response, at: now)
        case .modified(let session, let request, let transaction): modified(session, request, transaction, at: now)
        case .modificationAnswered(let session, let response): modificationAnswered(session, response, at: now)
        case .ended(let session, let end): ended(session, end, at: now)
        case .requestReceived(let request, let transaction, let origin):
            received(request, transaction, origin, at: now)
        case .requestInSession(let session, let request, let transaction):
            carry(request, in: session, transaction, at: now)
        case .answered(let transaction, let response): answered(transaction, response, at: now)
        case .subscribed(let subscription, let request): subscribed(subscription, request, at: now)
        case .notified(let subscription, let request):
            if let watch = watches[subscription] {
                ownerNotified(watch, request, at: now)
            } else {
                relayNotified(subscription, request, at: now)
            }
        case .subscriptionEnded(let subscription, let status): subscriptionEnded(subscription, status, at: now)
        }
    }

    private mutating func received(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) {
        guard case .user(let identity, let flow) = origin else {
            return agent.answer(transaction, status: 403, at: now)
        }
        do throws(Refusal) {
            let user = try served(identity)
            switch (request.method, request.headers.eventPackage) {
            case (.publish, "poc-settings"): try settingsPublished(request, transaction, user, flow, at: now)
            case (.publish, "presence"): try affiliationPublished(request, transaction, user, flow, at: now)
            case (.subscribe, "presence"): try observerArrived(request, transaction, user, flow, at: now)
            case (.subscribe, "conference"): try relay(request, transaction, user, flow, at: now)
            case (.publish, _), (.subscribe, _):
                var headers = Headers()
                for package in ["poc-settings", "presence", "conference"] { headers.append(.allowEvents, package) }
                throw Refusal(status: 489, headers: headers)
            default: throw Refusal(status: 405)
            }
        } catch {
            // Of a token that proves nothing it was said already, and why.
            if error.warning != .serviceAuthorisationFailed {
                note(
                    "request.refused",
                    [
                        .init("user", directory.user(publicIdentity: identity)?.mcpttID.value ?? "", isPersonal: true),
                        .init("method", request.method.description), .init("status", "\(error.status)"),
                        .init("warning", error.warning.map { "\($0.code)" } ?? ""),
                    ])
            }
            refuse(transaction, error, at: now)
        }
    }

    mutating func refuse(_ transaction: ServerTransactionID, _ refusal: Refusal, at now: Now) {
        agent.answer(
            transaction, status: refusal.status, headers: refusal.responseHeaders(agent: system.domain), at: now)
    }

    private mutating func answered(_ transaction: ClientTransactionID, _ response: SIPResponse, at now: Now) {
        if let publication = publications.removeValue(forKey: transaction) {
            ownerAnswered(publication, response, at: now)
        } else if let waiting = carried.removeValue(forKey: transaction) {
            var headers = response.headers.bodyDescription
            headers.copy(CopyingRole.responseHeaders, from: response.headers)
            agent.answer(waiting, status: response.status, headers: headers, body: response.body, at: now)
        }
    }

    private mutating func subscriptionEnded(_ subscription: SubscriptionID, _ status: Int?, at now: Now) {
        if observedUsers[subscription] != nil {
            observerLeft(subscription)
        } else if watches[subscription] != nil {
            watchEnded(subscription, status, at: now)
        } else {
            relayEnded(subscription, status, at: now)
        }
    }

    private mutating func subscribed(_ subscription: SubscriptionID, _ request: SIPRequest, at now: Now) {
        if let observer = observedUsers[subscription] {
            observerRefreshed(subscription, observer.user, request, at: now)
        } else {
            relayRefreshed(subscription, request, at: now)
        }
    }

    /// The user of an identity that the edge authenticated (404 "141").
    func served(_ identity: PublicUserIdentity) throws(Refusal) -> User {
        guard let user = directory.user(publicIdentity: identity), user.servingSystem == system.id else {
            throw Refusal(.userUnknown)
        }
        return user
    }

    mutating func note(_ name: String, _ fields: [Observation.Field]) {
        actions.append(.note(Observation(name, fields)))
    }

    /// The service identity of this function as a URI.
    var ownURI: SIPURI {
        SIPURI(system.services.participating.value) ?? SIPURI(user: "mcptt-participating", host: system.domain)
    }
}

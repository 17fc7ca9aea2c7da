public import CallControl
import FloorControl
public import MCFoundation
import OrderedCollections
public import Policy
public import SIP
import SIPUserAgent

/// The controlling MCPTT function of a system (TS 24.379 6.3.3): owns its groups, keeps who is affiliated with them,
/// admits, invites and releases, and tells the media cell what each call consists of. One call a group.
///
/// It is addressed by its service identity; calls are addressed by that identity with a `gr` parameter.
public struct ControllingFunction: Sendable {
    let system: SystemIdentity
    let settings: ControllingSettings
    let media: MediaPlane
    var directory: DirectorySnapshot
    var agent: UserAgent
    var random: SeededGenerator
    var ssrcs: SSRCAllocator
    var numbers: NumberedCounter
    var affiliations = AffiliationRegister()
    /// In the order in which the calls began.
    var calls: OrderedDictionary<MCPTTGroupID, GroupCall> = [:]
    var deadlines = DeadlineQueue<Deadline>()
    // Looked up only.
    var groupsBySession: [SessionID: MCPTTGroupID] = [:]
    var groupsByMedia: [MediaCallID: MCPTTGroupID] = [:]
    var groupsByToken: [String: MCPTTGroupID] = [:]
    var groupsBySubscription: [SubscriptionID: MCPTTGroupID] = [:]
    var affiliationObservers = AffiliationObservers()
    /// Partners that cannot be reached now, and the epoch each last had. Sorted by system.
    var partners: OrderedDictionary<MCSystemID, PartnerView> = [:]
    private var actions: [FunctionAction] = []

    struct PartnerView: Sendable {
        var isLost: Bool
        var epoch: String?
    }

    enum Deadline: Hashable, Sendable {
        /// The initiator's wait for those who answer automatically.
        case startWait(MCPTTGroupID)
        /// TNG1: acknowledged call set-up.
        case acknowledgement(MCPTTGroupID)
        /// TNG3: group call duration.
        case duration(MCPTTGroupID)
        /// An invited client that does not answer.
        case ringing(SessionID)
        /// The next notification of a call's observers.
        case conference(MCPTTGroupID)
    }

    /// - Parameters:
    ///   - media: the media cells that carry out the commands of this function, each for its groups.
    ///   - number: stands in the upper eight bits of every identifier minted here; another one for each function of a
    ///     cell.
    public init(
        system: SystemIdentity, directory: DirectorySnapshot, media: MediaPlane, random: SeededGenerator,
        number: UInt8, settings: ControllingSettings = .init()
    ) {
        var random = random
        self.system = system
        self.directory = directory
        self.media = media
        self.settings = settings
        var limits = UserAgentLimits()
        limits.sessions = settings.limits.sessions
        limits.outstandingRequests = settings.limits.sessions
        limits.subscriptions = settings.limits.subscriptions
        agent = UserAgent(number: number, random: random.fork(), limits: limits)
        ssrcs = SSRCAllocator(random: random.fork())
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
            references: groupsBySession.count + groupsByMedia.count + groupsByToken.count
                + groupsBySubscription.count + ssrcs.count)
    }

    /// Whether a client counts as affiliated with a group that this system owns.
    public func isAffiliated(_ user: MCPTTID, client: MCPTTClientID, with group: MCPTTGroupID) -> Bool {
        affiliations.isAffiliated(ClientKey(user: user, client: client), with: group)
    }

    /// Whether a call of a group that this system owns is up or being set up.
    public func hasCall(of group: MCPTTGroupID) -> Bool { calls[group] != nil }

    /// Groups whose call is up or being set up, in the order in which the calls began.
    public var groupsWithCall: [MCPTTGroupID] { Array(calls.keys) }

    /// Whether a session identity is of a call that stands.
    public func hasSession(_ token: String) -> Bool { groupsByToken[token] != nil }

    public var affiliatedClientCount: Int { affiliations.count }

    /// Who is affiliated with anything, in the order of their first affiliation.
    public var affiliatedClients: [AffiliatedClient] {
        affiliations.all.keys.map { AffiliatedClient(user: $0.user, client: $0.client) }
    }

    /// With what a client is affiliated, as its participating function would publish it: for another process of the
    /// system. nil for one that is with nothing.
    public func publication(of client: AffiliatedClient) -> SIPRequest? {
        affiliations.entry(ClientKey(user: client.user, client: client.client)).map { entry in
            AffiliationPublication(user: client.user, client: client.client, groups: entry.groups)
                .request(from: ownParticipatingURI, to: ownURI)
        }
    }

    /// What was published for those of whom the condition holds counts no more: user, client, serving system.
    public mutating func forgetAffiliations(where isGone: (MCPTTID, MCPTTClientID, MCSystemID) -> Bool) {
        for (key, entry) in affiliations.all where isGone(key.user, key.client, entry.system) {
            _ = affiliations.replace(key, groups: [], system: entry.system)
        }
    }

    /// Carries out one event. Media commands stand before the SIP messages that rely on them.
    public mutating func handle(_ event: FunctionEvent, at now: Now) -> [FunctionAction] {
        switch event {
        case .sip(let input): agent.handle(input, at: now)
        case .media(let event): mediaChanged(event, at: now)
        case .partnerStateChanged(let partner, let state): partnerChanged(partner, state, at: now)
        // Devices are the participating function's affair: it publishes affiliations again.
        case .registrationChanged: break
        // So are the tokens of its clients.
        case .tokenVerified, .tokensRevoked: break
        case .peersLost(let calls): agent.peersLost(calls, at: now)
        case .timeAdvanced:
            agent.advance(to: now)
            while let deadline = deadlines.popDue(at: now.instant) { expire(deadline, at: now) }
        }
        return drain(at: now)
    }

    /// The directory as it is from now on. Calls go by their group as it is, but for its codec; they end where it was
    /// removed or disabled or allows their kind or tier no more, and lose those who are members no more or have not the
    /// right to what they do in it.
    public mutating func replaceDirectory(_ directory: DirectorySnapshot, at now: Now) -> [FunctionAction] {
        // What was decided depends on groups only: of a few changed ones nothing else is looked at.
        let changes = directory.changes(since: self.directory)
        let changed = changes?.groups
        let rerouted = directory.partners == self.directory.partners ? changes?.users : nil
        self.directory = directory
        let concerned = changed.map { $0.compactMap { calls.index(forKey: $0) }.sorted().map { calls.keys[$0] } }
        for id in concerned ?? Array(calls.keys) { reviseCall(of: id, at: now) }
        reviseAffiliations(with: changed, at: now)
        reviseAffiliationObservers(of: rerouted, at: now)
        return drain(at: now)
    }

    mutating func drain(at now: Now) -> [FunctionAction] {
        while let event = agent.nextEvent() { process(event, at: now) }
        for output in agent.takeOutputs() { actions.append(.sip(output)) }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    private mutating func process(_ event: UserAgentEvent, at now: Now) {
        switch event {
        case .invited(let session, let request, let origin): invited(session, request, origin, at: now)
        case .progressed: break
        case .established(let session, let response): answered(session, response, at: now)
        case .acknowledged(let session, _): acknowledged(session, at: now)
        case .rejected(let session, let response): refused(session, response, at: now)
        case .modified(let session, let request, let transaction): modified(session, request, transaction, at: now)
        case .modificationAnswered(let session, let response): modificationAnswered(session, response, at: now)
        case .ended(let session, let end): ended(session, end, at: now)
        case .requestReceived(let request, let transaction, let origin):
            received(request, transaction, origin, at: now)
        case .requestInSession(_, let request, let transaction):
            // INFO of a package we did not offer (RFC 6086 4.2.2); nothing else has a place in a group call yet.
            agent.answer(transaction, status: request.method == .info ? 469 : 405, at: now)
        case .answered: break
        case .subscribed(let subscription, let request):
            if affiliationObservers[subscription] != nil {
                affiliationObserverRefreshed(subscription, request, at: now)
            } else {
                observerRefreshed(subscription, request, at: now)
            }
        case .notified: break
        case .subscriptionEnded(let subscription, _):
            affiliationObservers.remove(subscription)
            observerLeft(subscription)
        }
    }

    private mutating func expire(_ deadline: Deadline, at now: Now) {
        switch deadline {
        case .startWait(let group): startWaitOver(group, at: now)
        case .acknowledgement(let group): acknowledgementOver(group, at: now)
        case .duration(let group): release(group, .maximumDuration, at: now)
        case .ringing(let session): ringingOver(session, at: now)
        case .conference(let group): notifyObservers(of: group, at: now)
        }
    }

    private mutating func received(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) {
        guard origin == .system else { return agent.answer(transaction, status: 403, at: now) }
        switch (request.method, request.headers.eventPackage) {
        case (.publish, "presence"): published(request, transaction, at: now)
        case (.subscribe, "presence"): affiliationObserverArrived(request, transaction, at: now)
        case (.subscribe, "conference"): observerArrived(request, transaction, at: now)
        case (.publish, _), (.subscribe, _):
            var headers = Headers()
            headers.append(.allowEvents, "presence")
            headers.append(.allowEvents, "conference")
            agent.answer(transaction, status: 489, headers: headers, at: now)
        default: agent.answer(transaction, status: 405, at: now)
        }
    }

    mutating func command(_ command: MediaCommand) { actions.append(.media(command)) }
    mutating func note(_ name: String, _ fields: [Observation.Field]) {
        actions.append(.note(Observation(name, fields)))
    }

    private var ownParticipatingURI: SIPURI {
        SIPURI(system.services.participating.value) ?? SIPURI(user: "mcptt-participating", host: system.domain)
    }

    /// The service identity of this function as a URI.
    var ownURI: SIPURI {
        SIPURI(system.services.controllingGroup.value) ?? SIPURI(user: "mcptt-controlling-group", host: system.domain)
    }
}

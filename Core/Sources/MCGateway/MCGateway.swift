public import CallControl
public import MCFoundation
public import Policy
import SIP
import SIPUserAgent

/// The MC gateway server (TS 24.379 6.8): exit point towards partner systems and entry point from them. A back-to-back
/// user agent with a media anchor: neither side learns the other's contacts, routes, calls or addresses.
public struct MCGateway: Sendable {
    let settings: GatewaySettings
    let media: MediaPlane
    /// Names this run of the process: a partner that sees another one knows that we forgot what it told us.
    let epoch: String
    var directory: DirectorySnapshot
    var identities: BorderIdentities
    var agent: UserAgent
    var random: SeededGenerator
    var actions: [FunctionAction] = []

    var sessions: [UInt64: BorderSession] = [:]
    var ends: [SessionID: (session: UInt64, side: BorderSide)] = [:]
    var sessionsByLeg: [LegID: UInt64] = [:]
    var sessionsPerPartner = PartnerTally()
    var memberships = Memberships()
    var pendingPerPartner = PartnerTally()
    var lastSession: UInt64 = 0
    var legNumbers: NumberedCounter
    /// Requests carried to the other side whose answer is due.
    var carried: [ClientTransactionID: CarriedRequest] = [:]
    var heartbeats: [ClientTransactionID: MCSystemID] = [:]
    var subscriptions = BorderSubscriptions()
    /// Which partner an outside dialog leads to, by its Call-ID.
    var partnersByCallID: [String: MCSystemID] = [:]
    /// Sorted by system.
    var watches: [(system: MCSystemID, watch: PartnerWatch)] = []
    /// Another process of the system speaks for it at the border.
    var isResting = false

    /// A request outside or inside of a session that waits for the far side.
    struct CarriedRequest: Sendable {
        var transaction: ServerTransactionID
        var crossing: Crossing
        var partner: MCSystemID
    }

    /// `number` is that of the function in its cell; `key` is shared by every gateway of the system; `random` is
    /// seeded anew for every start.
    public init(
        number: UInt8, settings: GatewaySettings, key: SessionIdentityKey, media: MediaPlane,
        directory: DirectorySnapshot, random: SeededGenerator, at now: Now
    ) {
        legNumbers = NumberedCounter(number: number)
        self.settings = settings
        self.media = media
        self.directory = directory
        var random = random
        epoch = random.token(16)
        identities = BorderIdentities(seal: SessionIdentitySeal(key: key), system: directory.system)
        var limits = UserAgentLimits()
        limits.sessions = 2 * settings.limits.sessions
        limits.subscriptions = 2 * settings.limits.subscriptions
        // Each subscription has a SUBSCRIBE and a NOTIFY at most, each session a request to either side. What partners
        // leave unanswered does not keep heartbeats from others.
        limits.outstandingRequests =
            settings.limits.pendingRequests + 2 * (settings.limits.subscriptions + settings.limits.sessions) + 1_000
        limits.pendingRequests = settings.limits.pendingRequests
        agent = UserAgent(number: number, random: random.fork(), limits: limits)
        self.random = random
        updateWatches(at: now)
    }

    public var nextDeadline: Instant? {
        let watched = watches.map(\.watch.nextDeadline).min()
        return [watched, agent.nextDeadline].compactMap { $0 }.min()
    }

    public mutating func handle(_ event: FunctionEvent, at now: Now) -> [FunctionAction] {
        switch event {
        case .sip(let input):
            agent.handle(input, at: now)
        case .media(let event):
            handle(event, at: now)
        case .peersLost(let calls):
            agent.peersLost(calls, at: now)
        case .timeAdvanced:
            agent.advance(to: now)
            beat(at: now)
        case .partnerStateChanged, .registrationChanged, .tokenVerified, .tokensRevoked:
            break
        }
        return drain(at: now)
    }

    /// Another process of the system speaks for it at the border from now on: no partner is watched.
    public mutating func rest() {
        isResting = true
        watches = []
    }

    /// From now on this one does. Its boot epoch is news for partners: they say again who is affiliated.
    public mutating func wake(at now: Now) -> [FunctionAction] {
        isResting = false
        updateWatches(at: now)
        beat(at: now)
        return drain(at: now)
    }

    /// Partners and agreements as they are from now on. Sessions of a partner that is gone end, and those that their
    /// agreement covers no more.
    public mutating func replaceDirectory(_ directory: DirectorySnapshot, at now: Now) -> [FunctionAction] {
        let hasOtherPartners = directory.partners != self.directory.partners
        self.directory = directory
        identities = BorderIdentities(seal: identities.seal, system: directory.system)
        updateWatches(at: now)
        if hasOtherPartners {
            endUncoveredSessions(at: now)
            endUncoveredSubscriptions(at: now)
        }
        return drain(at: now)
    }

    /// What the gateway knows of a partner.
    public func state(of partner: MCSystemID) -> PartnerState {
        watches.first { $0.system == partner }?.watch.state ?? .lost
    }

    /// Sessions across the border that stand or are being set up.
    public var sessionCount: Int { sessions.count }

    public var population: FunctionPopulation {
        FunctionPopulation(
            calls: sessions.count, sessions: agent.sessionCount,
            references: ends.count + sessionsByLeg.count + carried.count)
    }

    private mutating func drain(at now: Now) -> [FunctionAction] {
        pump(at: now)
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// Lets the user agent's events act and its outputs leave, in order.
    mutating func pump(at now: Now) {
        flush()
        while let event = agent.nextEvent() {
            handle(event, at: now)
            flush()
        }
    }

    func flushTarget(of request: SIPRequest) -> Partner? {
        request.headers.callID.flatMap { partnersByCallID[$0] }.flatMap { directory.partner($0) }
    }

    /// Outside dialogs lead to the partner's gateway, whatever its contacts look like.
    mutating func flush() {
        for output in agent.takeOutputs() {
            switch output {
            case .send(let request, let transaction):
                actions.append(.sip(.send(routed(request), transaction)))
            case .acknowledge(let request):
                actions.append(.sip(.acknowledge(routed(request))))
            case .cancel, .respond:
                actions.append(.sip(output))
            }
        }
    }

    private func routed(_ request: SIPRequest) -> SIPRequest {
        guard let partner = flushTarget(of: request), let route = route(to: partner) else { return request }
        var request = request
        request.headers.prepend(.route, route)
        return request
    }

    /// The gateway of the partner that is in use, as the topmost Route: the layer below turns it into a connection.
    func route(to partner: Partner) -> String? {
        guard !partner.gateways.isEmpty else { return nil }
        let index = (watches.first { $0.system == partner.system }?.watch.gateway ?? 0) % partner.gateways.count
        let target = partner.gateways[index]
        return "<sip:\(target.host):\(target.port);transport=tls;lr>"
    }

    func observe(_ name: String, _ fields: [Observation.Field] = []) -> FunctionAction {
        .note(Observation(name, fields))
    }

    private mutating func handle(_ event: UserAgentEvent, at now: Now) {
        switch event {
        case .invited(let session, let request, let origin): invited(session, request, origin, at: now)
        case .progressed(let session, let response): progressed(session, response, at: now)
        case .established(let session, let response): established(session, response, at: now)
        case .acknowledged: break
        case .rejected(let session, let response): rejected(session, response, at: now)
        case .modified(let session, let request, let transaction):
            modified(session, request, transaction, at: now)
        case .modificationAnswered(let session, let response): modificationAnswered(session, response, at: now)
        case .ended(let session, let end): ended(session, end, at: now)
        case .requestReceived(let request, let transaction, let origin):
            requestReceived(request, transaction, origin, at: now)
        case .requestInSession(let session, let request, let transaction):
            requestInSession(session, request, transaction, at: now)
        case .answered(let transaction, let response): answered(transaction, response, at: now)
        case .subscribed(let subscription, let request): subscribed(subscription, request, at: now)
        case .notified(let subscription, let request): notified(subscription, request, at: now)
        case .subscriptionEnded(let subscription, let status):
            subscriptionEnded(subscription, status: status, at: now)
        }
    }
}

public import MCFoundation
import SIP

/// The transaction layer of RFC 3261 17 with the corrections of RFC 6026: four kinds of machines, matched by branch.
///
/// The server transaction identifiers it mints have the uppermost bit clear, so that who delivers requests as values
/// inside a process can mint others that have it set.
public struct TransactionLayer: Sendable {
    let sentBy: SentBy
    let limits: TransactionLimits
    let timers: TransactionTimers
    var random: SeededGenerator
    var deadlines = DeadlineQueue<TransactionTimerKey>()
    var clients = Slab<ClientTransaction>()
    var clientByID: [ClientTransactionID: Int] = [:]
    var clientByKey: [ClientKey: Int] = [:]
    var servers = Slab<ServerTransaction>()
    var serverByID: [ServerTransactionID: Int] = [:]
    var serverByKey: [ServerKey: Int] = [:]
    /// Requests outside of dialogs: the same by another way is a merged one.
    var serverByOrigin: [OriginKey: Int] = [:]
    var flows: [FlowID: Flow] = [:]
    var actions: [TransactionAction] = []
    private var lastServerID: UInt64 = 0

    struct Flow: Sendable {
        var transport: TransportKind
        var target: Target?
        /// Transactions that hold on to the flow: none, and its end needs no search.
        var servers = 0
        var clients = 0
    }

    /// `sentBy` stands in the Via of what we send; `random` mints branches.
    public init(
        sentBy: SentBy, random: SeededGenerator, limits: TransactionLimits = .init(),
        timers: TransactionTimers = .init()
    ) {
        self.sentBy = sentBy
        self.random = random
        self.limits = limits
        self.timers = timers
    }

    /// When `.timeAdvanced` is due; nil where no transaction waits for time.
    public var nextDeadline: Instant? { deadlines.first }

    /// Transactions that are kept, for gauges.
    public var clientTransactionCount: Int { clients.count }
    public var serverTransactionCount: Int { servers.count }

    public mutating func handle(_ event: TransactionEvent, at now: Now) -> [TransactionAction] {
        switch event {
        case .received(.request(let request), let flow, let transport, let source, let isKnown):
            learn(flow, transport)
            received(
                request, flow: flow, transport: transport, source: source, isKnown: isKnown, at: now.instant)
        case .received(.response(let response), let flow, let transport, _, _):
            learn(flow, transport)
            received(response, over: transport, at: now.instant)
        case .send(let request, let id, let hop):
            send(request, id: id, hop: hop, at: now.instant)
        case .acknowledge(let request, let hop):
            guard let transport = transport(of: hop) else { break }
            var request = request
            pushVia(on: &request, transport: transport, branch: mintBranch())
            actions.append(.transmit(.request(request), hop))
        case .cancel(let id):
            cancel(id, at: now.instant)
        case .respond(let response, let id):
            respond(response, id: id, at: now.instant)
        case .flowOpened(let flow, let transport, let target):
            flows[flow] = Flow(transport: transport, target: target)
        case .flowClosed(let flow):
            closed(flow)
        case .targetFailed(let target):
            failClients { $0.hop == .target(target) }
        case .timeAdvanced:
            while let key = deadlines.popDue(at: now.instant) {
                switch key.side {
                case .client: clientTimerFired(key.place, key.timer, at: now.instant)
                case .server: serverTimerFired(key.place, key.timer, at: now.instant)
                }
            }
        }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    // MARK: Flows

    private mutating func learn(_ flow: FlowID, _ transport: TransportKind) {
        if flows[flow] == nil { flows[flow] = Flow(transport: transport, target: nil) }
    }

    func transport(of hop: NextHop) -> TransportKind? {
        switch hop {
        case .flow(let flow), .beside(let flow, _): flows[flow]?.transport
        case .target(let target): target.transport
        }
    }

    private mutating func closed(_ flow: FlowID) {
        guard let gone = flows.removeValue(forKey: flow) else { return }
        if gone.clients > 0 || gone.target != nil {
            failClients { client in
                client.hop == .flow(flow) || gone.target.map { client.hop == .target($0) } ?? false
            }
        }
        guard gone.servers > 0 else { return }
        for place in servers.allPlaces where servers[place]?.flow == flow {
            switch servers[place]?.state {
            // NOTSPEC: RFC 3261 18.2.2 would connect to the address in Via. Clients behind NAT do not listen, and a
            // peer must not be able to name where we connect to: the answer is lost, the request stays cancellable.
            case .inviteProceeding, .trying: servers[place]?.hop = nil
            case .accepted, .inviteCompleted, .confirmed, .completed: removeServer(place)
            case nil: break
            }
        }
    }

    private mutating func failClients(where concerned: (ClientTransaction) -> Bool) {
        for place in clients.allPlaces {
            guard let client = clients[place], concerned(client) else { continue }
            removeClient(place)
            if client.awaitsFinal, let id = client.id { actions.append(.deliver(.failed(id, .transport))) }
        }
    }

    // MARK: Via

    mutating func mintBranch() -> String { ServerKey.magicCookie + random.token(26) }

    func pushVia(on request: inout SIPRequest, transport: TransportKind, branch: String) {
        var via = Via(transport: transport.viaName, host: sentBy.host, port: sentBy.port(transport))
        via.parameters.setFlag("rport")
        via.branch = branch
        request.headers.prepend(.via, via.description)
    }

    mutating func mintServerID() -> ServerTransactionID {
        lastServerID += 1
        return ServerTransactionID(lastServerID)
    }
}

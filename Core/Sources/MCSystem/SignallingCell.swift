import CallControl
import ControllingFunction
import DequeModule
import DocumentNotification
public import MCFoundation
import MCGateway
import ParticipatingFunction
public import Policy
import Registrar
import SIP
import SIPUserAgent

/// One signalling cell: transactions, edge, router and the functions of an MC system, as one value that its driver
/// owns. Bytes, flows and the time go in; bytes, media commands and observations come out.
public struct SignallingCell: Sendable {
    let settings: CellSettings
    var directory: DirectorySnapshot
    var random: SeededGenerator
    var flows = FlowTable()
    /// One layer a side, so that what partners see in Via is not what clients see.
    var access: TransactionLayer
    var interconnection: TransactionLayer
    var registrar: Registrar
    var participating: ParticipatingFunction
    var controlling: ControllingFunction
    var gateway: MCGateway
    var documents: DocumentNotification
    var transactions = InternalTransactions()
    /// Where a CANCEL goes to: INVITEs from outside that have no final answer yet.
    var invitations: [ServerTransactionID: FunctionID] = [:]
    /// What functions are to be told, in the order in which it happened. A function never acts inside another's turn.
    var queue: Deque<(FunctionID, FunctionEvent)> = []
    var actions: [CellAction] = []
    /// Set where the system is about to end: when those who come now may come again.
    var drain: Drain?
    /// Set where another process of the system takes this one's place, or this one takes that one's.
    var succession: Succession?
    /// Whose octets this turn is about, and when.
    private var turn: (source: IPAddress?, at: Instant)
    private var refusalNotes: RefusalNotes
    /// What came in that was not served.
    public internal(set) var counters = CellCounters()

    /// `random` gives tags, branches, tokens and the boot epoch: it is seeded anew for every start of a process.
    public init(settings: CellSettings, directory: DirectorySnapshot, random: SeededGenerator, at now: Now) {
        self.settings = settings
        self.directory = directory
        var random = random
        access = TransactionLayer(sentBy: settings.access, random: random.fork())
        interconnection = TransactionLayer(sentBy: settings.interconnection, random: random.fork())
        registrar = Registrar(settings: settings.registrar, directory: directory, random: random.fork())
        participating = ParticipatingFunction(
            system: directory.system, directory: directory, random: random.fork(),
            number: FunctionID.participating.rawValue, settings: settings.participating)
        controlling = ControllingFunction(
            system: directory.system, directory: directory, media: settings.media, random: random.fork(),
            number: FunctionID.controlling.rawValue, settings: settings.controlling)
        gateway = MCGateway(
            number: FunctionID.gateway.rawValue, settings: settings.gateway, key: settings.sessionIdentityKey,
            media: settings.media, directory: directory, random: random.fork(), at: now)
        documents = DocumentNotification(
            system: directory.system, directory: directory, random: random.fork(),
            number: FunctionID.documents.rawValue, settings: settings.documents)
        self.random = random
        if settings.isSuccessor { gateway.rest() }
        turn = (nil, now.instant)
        refusalNotes = RefusalNotes(limit: settings.limits.notedRefusals)
    }

    /// When `.timeAdvanced` is to be told at the latest.
    public var nextDeadline: Instant? {
        [
            access.nextDeadline, interconnection.nextDeadline, registrar.nextDeadline, transactions.nextDeadline,
            participating.nextDeadline, controlling.nextDeadline, gateway.nextDeadline, documents.nextDeadline,
            succession?.nextDeadline,
        ].compactMap { $0 }.min()
    }

    public var population: CellPopulation {
        CellPopulation(
            participating: participating.population, controlling: controlling.population,
            gateway: gateway.population, documents: documents.population, transactions: transactions.count,
            invitations: invitations.count, connections: flows.clientConnections, registrations: registrar.count,
            affiliatedClients: controlling.affiliatedClientCount)
    }

    /// Whether the call of a group stands in this process, or is being set up.
    public func hasCall(of group: MCPTTGroupID) -> Bool { controlling.hasCall(of: group) }

    /// Whether a client counts as affiliated with a group that this system owns.
    public func isAffiliated(_ user: MCPTTID, client: MCPTTClientID, with group: MCPTTGroupID) -> Bool {
        controlling.isAffiliated(user, client: client, with: group)
    }

    /// Whether a client that this system serves is told that it is affiliated with a group.
    public func confirmsAffiliation(_ user: MCPTTID, client: MCPTTClientID, with group: MCPTTGroupID) -> Bool {
        participating.confirmsAffiliation(user, client: client, with: group)
    }

    /// Carries out one event. The actions are to be carried out in order.
    public mutating func handle(_ event: CellEvent, at now: Now) -> [CellAction] {
        turn = (source(of: event), now.instant)
        switch event {
        case .flowOpened(let flow, let description): opened(flow, description, at: now)
        case .flowClosed(let flow): closed(flow, at: now)
        case .received(let flow, let octets): received(octets, from: flow, at: now)
        case .targetFailed(let target):
            tell(target == succession?.target ? .succession : .interconnection, .targetFailed(target), at: now)
        case .certificateRefused(let refusal): certificateRefused(refusal)
        case .media(let event): media(event)
        case .tokenVerified(let job, let verdict): verified(job, verdict)
        case .tokensRevoked(let tokens):
            queue.append((.participating, .tokensRevoked(tokens)))
            queue.append((.documents, .tokensRevoked(tokens)))
        case .documentsFound(let id, let found):
            take(documents.documentsFound(id, found, at: now), from: .documents, at: now)
        case .documentsChanged(let changes):
            take(documents.documentsChanged(changes, at: now), from: .documents, at: now)
        case .directoryReplaced(let directory): replace(directory, at: now)
        case .drainBegan(let retryAfter): begin(Drain(retryAfter: retryAfter))
        case .successionBegan(let predecessor): succeed(predecessor, at: now)
        case .listenersClosed: listenersClosed(at: now)
        case .timeAdvanced: advance(at: now)
        }
        carryOutTurns(at: now)
        if succession != nil {
            continueSuccession(at: now)
            carryOutTurns(at: now)
        }
        actions += documents.takeLookUps().map { .lookUpDocuments($0) }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    private func source(of event: CellEvent) -> IPAddress? {
        switch event {
        case .flowOpened(_, let description): description.remote.address
        case .received(let flow, _), .flowClosed(let flow): flows[flow]?.description.remote.address
        case .certificateRefused(let refusal): refusal.remote
        case .targetFailed, .media, .tokenVerified, .tokensRevoked, .documentsFound, .documentsChanged,
            .directoryReplaced, .drainBegan, .successionBegan, .listenersClosed, .timeAdvanced:
            nil
        }
    }

    private mutating func advance(at now: Now) {
        for face in [CellFace.access, .interconnection, .succession] { tell(face, .timeAdvanced, at: now) }
        succession?.agent.advance(to: now)
        carryOut(registrar.handle(.timeAdvanced, at: now), at: now)
        for overdue in transactions.takeOverdue(at: now) {
            queue.append((overdue.from, .sip(.failed(overdue.client, .timeout))))
            note("cell.function-silent", [.init("function", "\(overdue.to)")])
        }
        for function in FunctionID.allCases where deadline(of: function).map({ $0 <= now.instant }) ?? false {
            queue.append((function, .timeAdvanced))
        }
    }

    private func deadline(of function: FunctionID) -> Instant? {
        switch function {
        case .participating: participating.nextDeadline
        case .controlling: controlling.nextDeadline
        case .gateway: gateway.nextDeadline
        case .documents: documents.nextDeadline
        }
    }

    private mutating func replace(_ directory: DirectorySnapshot, at now: Now) {
        // A partner that was cut off is a stranger from this moment on.
        if directory.partners != self.directory.partners { classifyFlows(by: directory) }
        self.directory = directory
        carryOut(registrar.handle(.directoryReplaced(directory), at: now), at: now)
        take(participating.replaceDirectory(directory, at: now), from: .participating, at: now)
        take(controlling.replaceDirectory(directory, at: now), from: .controlling, at: now)
        take(gateway.replaceDirectory(directory, at: now), from: .gateway, at: now)
        take(documents.replaceDirectory(directory, at: now), from: .documents, at: now)
    }

    private mutating func classifyFlows(by directory: DirectorySnapshot) {
        var table = flows
        let changed = table.classify { peer(of: $0, in: directory) }
        flows = table
        for flow in changed { actions.append(.close(flow)) }
    }

    /// The media cell answers to whoever minted the leg or call; the others do not know it.
    private mutating func media(_ event: MediaEvent) {
        let owner: UInt64
        switch event {
        case .callInactive(let call), .talkerChanged(let call, _, _), .participantMisbehaves(let call, _),
            .callRefused(let call, _):
            owner = call.value >> 56
        case .legRefused(let leg, _), .legAmbiguous(let leg): owner = leg.value >> 56
        }
        guard let function = FunctionID(rawValue: UInt8(owner)) else { return note("cell.media-unknown") }
        queue.append((function, .media(event)))
    }

    // MARK: Turns of the functions

    /// Tells functions what is due until none has anything more to say. What one says to another waits its turn.
    mutating func carryOutTurns(at now: Now) {
        var turns = 0
        while let (function, event) = queue.popFirst() {
            turns += 1
            guard turns <= settings.limits.internalMessagesPerEvent else {
                queue.removeAll()
                return note("cell.loop-cut")
            }
            switch function {
            case .participating: take(participating.handle(event, at: now), from: function, at: now)
            case .controlling: take(controlling.handle(event, at: now), from: function, at: now)
            case .gateway: take(gateway.handle(event, at: now), from: function, at: now)
            case .documents: take(documents.handle(event, at: now), from: function, at: now)
            }
        }
    }

    mutating func take(_ wishes: [FunctionAction], from function: FunctionID, at now: Now) {
        for wish in wishes {
            switch wish {
            case .sip(let output): send(output, from: function, at: now)
            case .media(let command): actions.append(.media(command))
            case .partnerStateChanged(let system, let state):
                for other in FunctionID.allCases where other != function {
                    queue.append((other, .partnerStateChanged(system, state)))
                }
            case .registrationChanged(let identity, let change):
                for other in FunctionID.allCases where other != function {
                    queue.append((other, .registrationChanged(identity, change)))
                }
            case .withdrawRegistration(let identity, let device): withdraw(device, of: identity, at: now)
            case .verify(let job): actions.append(.verify(job))
            case .note(let observation): say(observation, by: function)
            }
        }
    }

    /// A verdict goes to the function that asked.
    private mutating func verified(_ job: TokenJobID, _ verdict: TokenVerdict) {
        guard let function = FunctionID(ClientTransactionID(job.value)) else { return }
        queue.append((function, .tokenVerified(job, verdict)))
    }

    /// The device is told by its connection, where nobody else is behind it.
    private mutating func withdraw(_ device: RegisteredContact, of identity: PublicUserIdentity, at now: Now) {
        carryOut(registrar.handle(.deviceWithdrawn(identity, device), at: now), at: now)
        guard let flow = device.flow, flows[flow] != nil, registrar.identities(of: flow).isEmpty else { return }
        actions.append(.close(flow))
    }

    mutating func note(_ name: String, _ fields: [Observation.Field] = []) { say(Observation(name, fields)) }

    private mutating func say(_ observation: Observation, by function: FunctionID? = nil) {
        guard RefusalNotes.covers(observation) else { return actions.append(.note(observation)) }
        switch observation.name {
        case "registration.challenged": counters.challengedRegistrations += 1
        case "registration.refused": counters.refusedRegistrations += 1
        case "request.refused", "call.refused", "border.refused", "authorisation.refused":
            if let function { counters.refusals.count(function) }
        default: break
        }
        if let said = refusalNotes.said(observation, of: turn.source, at: turn.at) {
            actions.append(.note(said))
        } else {
            counters.unsaidRefusals += 1
        }
    }

    mutating func carryOut(_ wishes: [RegistrarAction], at now: Now) {
        for wish in wishes {
            switch wish {
            case .respond(let response, let transaction): respond(response, transaction, at: now)
            case .registrationChanged(let identity, let change):
                for function in FunctionID.allCases {
                    queue.append((function, .registrationChanged(identity, change)))
                }
            case .note(let observation): say(observation)
            case .expectKeepAlive(let flow, let silence): actions.append(.expectKeepAlive(flow, silence))
            }
        }
    }
}

import CallControl
import MCFoundation
import Policy
import Registrar
import SIP
import SIPUserAgent

/// The sides of a cell, each with a transaction layer and addresses of its own.
enum CellFace: Hashable, Sendable {
    case access, interconnection
    /// Towards the other process of a succession.
    case succession

    /// Stands in the server transaction identifiers of the side, below the mark of internal ones.
    var mark: UInt64 {
        switch self {
        case .access: 0
        case .interconnection: 1 << 62
        case .succession: 1 << 61
        }
    }

    static let marks = CellFace.interconnection.mark | CellFace.succession.mark

    init(_ transaction: ServerTransactionID) {
        self =
            switch transaction.value & Self.marks {
            case CellFace.interconnection.mark: .interconnection
            case CellFace.succession.mark: .succession
            default: .access
            }
    }
}

// Flows, octets and the transaction layers.
extension SignallingCell {
    func peer(of description: FlowDescription, in directory: DirectorySnapshot) -> FlowPeer {
        if description.isOutbound {
            // The driver verified the name that the target asks for.
            if let target = description.target, target == succession?.target { return .sibling }
            let partner = description.target.flatMap { directory.partner(target: $0) }
            return partner.map { .partner($0.system) } ?? .stranger
        }
        // A partner is one on the side of partners only: on the other side a certificate makes nobody more than a client.
        guard description.face == .interconnection else { return .client }
        if description.certificateNames.contains(where: directory.system.domains.contains) { return .sibling }
        return directory.partner(certificateNames: description.certificateNames).map { .partner($0.system) }
            ?? .stranger
    }

    func face(of peer: FlowPeer) -> CellFace {
        switch peer {
        case .client: .access
        case .partner, .stranger: .interconnection
        case .sibling: .succession
        }
    }

    mutating func opened(_ flow: FlowID, _ description: FlowDescription, at now: Now) {
        guard flows.count < settings.limits.flows else {
            actions.append(.close(flow))
            counters.cutFlows += 1
            return note("edge.flow-refused")
        }
        let peer = peer(of: description, in: directory)
        switch peer {
        case .partner where succession?.hasBorder == false:
            // One process at a time speaks for the system at its border.
            return actions.append(.close(flow))
        case .sibling: siblingOpened(flow, isOutbound: description.isOutbound, at: now)
        case .partner, .client, .stranger: break
        }
        flows.open(flow, description, peer: peer, face: face(of: peer), token: random.token(20))
        tell(
            face(of: peer), .flowOpened(flow, transport: description.transport, target: description.target), at: now)
    }

    mutating func closed(_ flow: FlowID, at now: Now) {
        guard let closed = flows.close(flow) else { return }
        tell(closed.face, .flowClosed(flow), at: now)
        siblingClosed(flow, at: now)
        carryOut(registrar.handle(.flowClosed(flow), at: now), at: now)
    }

    mutating func received(_ octets: [UInt8], from flow: FlowID, at now: Now) {
        guard let source = flows[flow] else { return }
        do throws(SIPParseError) {
            let message = try SIPMessage.parse(octets, limits: settings.messages)
            guard source.peer != .stranger else { return refuse(strangersMessage: message, flow: flow, source: source) }
            tell(
                source.face,
                .received(
                    message, flow: flow, transport: source.description.transport, source: source.description.remote,
                    isKnown: source.peer != .client || !registrar.identities(of: flow).isEmpty),
                at: now)
        } catch {
            malformed(error, flow: flow, source: source)
        }
    }

    /// Somebody who says that he is a partner cannot prove it. What clients show is for the log of the driver.
    mutating func certificateRefused(_ refusal: PeerCertificateRefusal) {
        guard refusal.isBorder else { return }
        var fields: [Observation.Field] = [.init("cause", refusal.reason)]
        if let name = refusal.target?.serverName,
            let partner = directory.partners.first(where: { $0.gateways.contains { $0.serverName == name } })
        {
            fields.append(.init("partner", partner.system.value))
        }
        if let remote = refusal.remote { fields.append(.init("remote", remote.description, isPersonal: true)) }
        note("partner.certificateRefused", fields)
    }

    /// A stranger on the border side is told so once, without any state kept for it.
    private mutating func refuse(strangersMessage message: SIPMessage, flow: FlowID, source: FlowTable.Flow) {
        counters.strangersMessages += 1
        guard flows.turnAway(flow) else { return }
        note("edge.stranger", [.init("remote", source.description.remote.description, isPersonal: true)])
        if case .request(let request) = message, request.method != .ack {
            answerWithoutState(request, status: 403, flow: flow)
        }
        actions.append(.close(flow))
    }

    /// Octets that are no message we can serve: answered where the codec says how, and counted. A peer that goes on
    /// like that is cut off.
    private mutating func malformed(_ error: SIPParseError, flow: FlowID, source: FlowTable.Flow) {
        counters.malformedMessages += 1
        let count = flows.countMalformed(flow)
        note("edge.malformed", [.init("diagnosis", error.diagnosis)])
        if let status = error.status, let request = error.partial, request.method != .ack {
            answerWithoutState(request, status: status, flow: flow)
        }
        guard count == settings.limits.malformedPerFlow, source.description.transport.isReliable else { return }
        counters.cutFlows += 1
        note("edge.flow-cut", [.init("cause", "malformed")])
        actions.append(.close(flow))
    }

    private mutating func answerWithoutState(_ request: SIPRequest, status: Int, flow: FlowID) {
        guard let source = flows[flow]?.description else { return }
        var request = request
        let hop = request.markSource(source.remote, flow: flow, transport: source.transport)
        let response = request.response(status, toTag: random.token(10))
        actions.append(.transmit(SIPMessage.response(response).serialized(), hop))
    }

    // MARK: The transaction layers

    mutating func tell(_ face: CellFace, _ event: TransactionEvent, at now: Now) {
        switch face {
        case .access: take(access.handle(event, at: now), from: face, at: now)
        case .interconnection: take(interconnection.handle(event, at: now), from: face, at: now)
        case .succession: take(succession?.layer.handle(event, at: now) ?? [], from: face, at: now)
        }
    }

    private mutating func take(_ wishes: [TransactionAction], from face: CellFace, at now: Now) {
        for wish in wishes {
            switch wish {
            case .transmit(let message, let hop):
                // Partners are of the trust domain; a client is nobody that asserted identities are shown to against the
                // wish of who they are.
                let shown = face == .access ? message.withoutPrivateIdentity : message
                actions.append(.transmit(shown.serialized(), hop))
            case .deliver(let delivery): deliver(delivery, from: face, at: now)
            }
        }
    }

    private mutating func deliver(_ delivery: TransactionDelivery, from face: CellFace, at now: Now) {
        switch delivery {
        case .request(let request, let transaction, let flow):
            requestArrived(request, ServerTransactionID(transaction.value | face.mark), flow, at: now)
        case .acknowledgement(let request, let flow):
            acknowledgementArrived(request, flow)
        case .cancelled(let transaction):
            let marked = ServerTransactionID(transaction.value | face.mark)
            if let function = invitations[marked] { queue.append((function, .sip(.cancelled(marked)))) }
        case .response(let response, let transaction):
            guard let function = FunctionID(transaction) else {
                return besideAnswered(.response(response, transaction), at: now)
            }
            if face == .succession, isDecidedHere(response, transaction, at: now) { return }
            queue.append((function, .sip(.response(cleaned(response, from: face), transaction))))
        case .failed(let transaction, let failure):
            guard let function = FunctionID(transaction) else {
                return besideAnswered(.failed(transaction, failure), at: now)
            }
            // Where the connection broke, what was sent is decided here once the succession is over.
            if face == .succession, succession?.sent[transaction] != nil {
                if failure == .transport { return }
                succession?.sent[transaction] = nil
            }
            queue.append((function, .sip(.failed(transaction, failure))))
        }
    }

    /// A client asserts nothing (RFC 3325 5). What a partner asserts is the gateway's to judge.
    private func cleaned(_ response: SIPResponse, from face: CellFace) -> SIPResponse {
        guard face == .access else { return response }
        var response = response
        response.headers.remove(.pAssertedIdentity)
        response.headers.remove(.pAssertedService)
        return response
    }

    /// The answer of a function or of the edge itself, to wherever the request came from.
    mutating func respond(_ response: SIPResponse, _ transaction: ServerTransactionID, at now: Now) {
        if InternalTransactions.isInternal(transaction) {
            return respondInternally(response, transaction)
        }
        if !response.isProvisional { invitations[transaction] = nil }
        let face = CellFace(transaction)
        let plain = ServerTransactionID(transaction.value & ~CellFace.marks)
        tell(face, .respond(response, plain), at: now)
    }
}

import CallControl
import MCFoundation
import Policy
import Registrar
import SIP
import SIPUserAgent

/// Where a message of a function goes (RFC 3261 16.5 and 16.6): the topmost Route first, else the Request-URI.
enum MessageDestination: Hashable {
    case function(FunctionID)
    /// Down the flow of a client, or of the other process of a succession; the request as it is to leave.
    case client(FlowID, SIPRequest)
    case partner(Target, SIPRequest)
    /// The flow it was for is gone.
    case unreachable
    /// Nobody here or at a partner has that name.
    case unknown
}

extension SignallingCell {
    mutating func send(_ output: SIPOutput, from function: FunctionID, at now: Now) {
        switch output {
        case .send(let request, let transaction): send(request, transaction, from: function, at: now)
        case .acknowledge(let request): acknowledge(request, from: function, at: now)
        case .cancel(let transaction): cancel(transaction, at: now)
        case .respond(let response, let transaction): respond(response, transaction, at: now)
        }
    }

    private mutating func send(
        _ request: SIPRequest, _ transaction: ClientTransactionID, from function: FunctionID, at now: Now
    ) {
        switch destination(of: request, from: function) {
        case .function(let receiver):
            if isForOther(request, receiver) {
                return sendBeside(request, transaction, from: function, to: receiver, at: now)
            }
            sendInternally(request, transaction, from: function, to: receiver, at: now)
            if receiver == .controlling || receiver == .gateway { mirror(request, at: now) }
        case .client(let flow, let onward):
            if flow == succession?.link { succession?.keepAccount(of: request) }
            tell(flows[flow]?.face ?? .access, .send(onward, transaction, .flow(flow)), at: now)
        case .partner(let target, let onward):
            tell(.interconnection, .send(onward, transaction, .target(target)), at: now)
        case .unreachable:
            queue.append((function, .sip(.failed(transaction, .transport))))
        case .unknown:
            queue.append((function, .sip(.response(request.response(404, toTag: random.token(10)), transaction))))
        }
    }

    private mutating func acknowledge(_ request: SIPRequest, from function: FunctionID, at now: Now) {
        switch destination(of: request, from: function) {
        case .function(let receiver):
            var request = request
            request.headers.prepend(.via, internalVia(branch: "ack\(request.headers.cseq?.number ?? 0)"))
            guard case .request(let read)? = carried(.request(request)) else { return }
            queue.append((receiver, .sip(.acknowledgement(read))))
        case .client(let flow, let onward):
            tell(flows[flow]?.face ?? .access, .acknowledge(onward, .flow(flow)), at: now)
        case .partner(let target, let onward):
            tell(.interconnection, .acknowledge(onward, .target(target)), at: now)
        case .unreachable, .unknown: break
        }
    }

    private mutating func cancel(_ transaction: ClientTransactionID, at now: Now) {
        guard let server = transactions.server(of: transaction), let open = transactions.transaction(server) else {
            guard succession?.sent[transaction] == nil else { return tell(.succession, .cancel(transaction), at: now) }
            // The gateway's requests leave on the border side unless they stay in the cell.
            return tell(FunctionID(transaction) == .gateway ? .interconnection : .access, .cancel(transaction), at: now)
        }
        queue.append((open.to, .sip(.cancelled(server))))
    }

    func destination(of request: SIPRequest, from function: FunctionID) -> MessageDestination {
        if let route = request.headers.routes.first {
            if function == .gateway, let target = target(of: route.uri) {
                var onward = request
                onward.headers.removeFirst(.route)
                return .partner(target, onward)
            }
            if let token = route.uri.user, let flow = flows.flow(token: token) {
                var onward = request
                onward.headers.removeFirst(.route)
                return .client(flow, leaving(onward, over: flow))
            }
            return .unreachable
        }
        let uri = request.uri
        if let role = directory.system.services.role(user: uri.user, host: uri.host) {
            guard let receiver = FunctionID(role, isFromClient: false), receiver != function else { return .unknown }
            return .function(receiver)
        }
        if let partner = directory.partner(domain: uri.host) {
            guard function == .gateway else { return .function(.gateway) }
            return partner.gateways.first.map { .partner($0.target, request) } ?? .unreachable
        }
        let preferences = CallerPreferences(request.headers)
        guard let binding = registrar.binding(for: uri, preferring: preferences) else {
            return isUser(uri) ? .unreachable : .unknown
        }
        var onward = request
        onward.uri = binding.contact.uri
        for proxy in binding.path.reversed() { onward.headers.prepend(.route, proxy.description) }
        return .client(binding.flow, leaving(onward, over: binding.flow))
    }

    /// Later requests of the dialog come and go over the same flow (RFC 5626 5.3).
    private func leaving(_ request: SIPRequest, over flow: FlowID) -> SIPRequest {
        guard [.invite, .subscribe, .refer].contains(request.method), let known = flows[flow],
            request.headers.to?.tag == nil
        else { return request }
        var request = request
        request.headers.prepend(.recordRoute, flowRoute(known).description)
        return request
    }

    private func isUser(_ uri: SIPURI) -> Bool {
        var address = uri
        address.parameters = Parameters()
        return directory.user(publicIdentity: PublicUserIdentity(address.description)) != nil
    }

    /// The partner's gateway that a Route of ours names.
    private func target(of uri: SIPURI) -> Target? {
        for partner in directory.partners {
            if let gateway = partner.gateways.first(where: { $0.host == uri.host && $0.port == uri.port }) {
                return gateway.target
            }
        }
        return nil
    }

    // MARK: Inside the cell

    mutating func sendInternally(
        _ request: SIPRequest, _ client: ClientTransactionID, from: FunctionID, to: FunctionID, at now: Now
    ) {
        guard transactions.count < settings.limits.internalTransactions else {
            return queue.append((from, .sip(.failed(client, .transport))))
        }
        var request = request
        // Answers copy it, and what is written to octets needs it (RFC 3261 8.1.1.7).
        request.headers.prepend(.via, internalVia(branch: "\(client.value)"))
        guard case .request(let read)? = carried(.request(request)) else {
            return queue.append((from, .sip(.response(request.response(400, toTag: random.token(10)), client))))
        }
        let server = transactions.open(client, from: from, to: to, isInvite: request.method == .invite, at: now)
        queue.append((to, .sip(.request(read, server, .system))))
    }

    private func internalVia(branch: String) -> String {
        "SIP/2.0/TCP cell\(settings.cell).invalid;branch=z9hG4bK\(branch)"
    }

    mutating func respondInternally(_ response: SIPResponse, _ server: ServerTransactionID) {
        guard let open = transactions.transaction(server) else { return }
        if !response.isProvisional { transactions.close(server) }
        guard case .response(var read)? = carried(.response(response)) else {
            return queue.append((open.from, .sip(.failed(open.client, .transport))))
        }
        read.headers.removeFirst(.via)
        queue.append((open.from, .sip(.response(read, open.client))))
    }

    /// The message as the other function gets it: itself, or what is read from its octets.
    private mutating func carried(_ message: SIPMessage) -> SIPMessage? {
        guard settings.serializesInternally else { return message }
        do throws(SIPParseError) {
            return try SIPMessage.parse(message.serialized())
        } catch {
            note("cell.message-unreadable", [.init("diagnosis", error.diagnosis)])
            return nil
        }
    }
}

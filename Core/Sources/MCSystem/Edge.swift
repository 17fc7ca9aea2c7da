import CallControl
import MCDocuments
import MCFoundation
import Policy
import Registrar
import SIP
import SIPUserAgent

/// What the edge lets in, before any function looks at it.
enum EdgeCapabilities {
    static let methods: [Method] = [
        .invite, .ack, .cancel, .bye, .register, .options, .subscribe, .notify, .publish, .message, .info, .update,
        .prack, .refer,
    ]
    static let bodyTypes = [
        MIMEType.sessionDescription, MIMEType.mcpttInfo, MIMEType.resourceLists, MIMEType.presence,
        MIMEType.poCSettings, MIMEType.affiliationCommand, MIMEType.floorRequest, MIMEType.locationInfo,
        MIMEType.mbmsUsageInfo, MIMEType.regroup, MIMEType.signed, MIMEType.conferenceInfo, MIMEType.simpleFilter,
        MIMEType.mikey, "message/sipfrag", "application/vnd.3gpp.mcptt-ue-init-config+xml",
    ]
    static let server = RequestCapabilities(
        role: .userAgent, schemes: ["sip", "sips"], methods: methods, extensions: UserAgent.commonExtensions,
        bodyTypes: bodyTypes, answerTypes: [])
    static let registrar = RequestCapabilities(
        role: .registrar, schemes: ["sip", "sips"], methods: methods, extensions: UserAgent.commonExtensions,
        bodyTypes: bodyTypes, answerTypes: [])
    static let proxy = RequestCapabilities(
        role: .proxy, schemes: ["sip", "sips"], methods: methods, extensions: UserAgent.commonExtensions)
}

// Requests that come in from clients and partners.
extension SignallingCell {
    mutating func requestArrived(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ flow: FlowID, at now: Now
    ) {
        guard let source = flows[flow] else { return }
        // Functions of this system: each looks at what it is asked.
        if source.peer == .sibling { return siblingsRequest(request, transaction, flow, at: now) }
        let isRegister = request.method == .register
        let element = isRegister ? EdgeCapabilities.registrar : EdgeCapabilities.server
        if let refusal = RequestValidation.refusal(of: request, by: element)
            ?? (isRegister || request.method == .options && addressesEdge(request.uri)
                ? nil : RequestValidation.refusal(of: request, by: EdgeCapabilities.proxy))
        {
            return refuse(request, transaction, flow, refusal.status, refusal.headers, cause: "validation", at: now)
        }
        if let drain, wouldBegin(request, over: flow) {
            counters.drainedRequests += 1
            return refuse(request, transaction, flow, 503, drain.headers, cause: "draining", at: now)
        }
        switch source.peer {
        case .partner(let system):
            guard !isRegister else {
                return refuse(request, transaction, flow, 403, cause: "partner-register", at: now)
            }
            let onward = enter(request)
            accept(onward, transaction, for: .gateway, from: .partner(system, flow))
        case .client:
            if isRegister {
                register(request, transaction, flow, source, at: now)
            } else {
                fromClient(request, transaction, flow, source, at: now)
            }
        case .stranger, .sibling:
            refuse(request, transaction, flow, 403, cause: "stranger", at: now)
        }
    }

    /// Routes that name this edge have done their duty (RFC 3261 16.4); one hop is used up.
    func enter(_ request: SIPRequest) -> SIPRequest {
        var request = request
        while let route = request.headers.routes.first, isOurs(route.uri) { request.headers.removeFirst(.route) }
        if let hops = request.headers.integer(.maxForwards), hops > 0 {
            request.headers.set(.maxForwards, "\(hops - 1)")
        }
        return request
    }

    /// True for a Route that this cell wrote: by a flow's token, or by the name of one of its sides.
    func isOurs(_ uri: SIPURI) -> Bool {
        if let user = uri.user, flows.flow(token: user) != nil { return true }
        let host = uri.host.lowercased()
        return host == settings.access.host.lowercased() || host == settings.interconnection.host.lowercased()
            || directory.system.domains.contains(host)
    }

    mutating func accept(
        _ request: SIPRequest, _ transaction: ServerTransactionID, for function: FunctionID, from origin: RequestOrigin
    ) {
        if request.method == .invite { invitations[transaction] = function }
        queue.append((function, .sip(.request(request, transaction, origin))))
    }

    mutating func refuse(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ flow: FlowID, _ status: Int,
        _ headers: Headers = .init(), cause: String, at now: Now
    ) {
        var response = request.response(status, toTag: random.token(10))
        for (name, value) in headers.all { response.headers.append(name, value) }
        respond(response, transaction, at: now)
        counters.refusedRequests += 1
        note(
            "edge.refused",
            [.init("status", "\(status)"), .init("method", request.method.description), .init("cause", cause)])
    }

    // MARK: Clients

    /// The way back over a flow: what stands in Path and Record-Route.
    func flowRoute(_ flow: FlowTable.Flow, isOutbound: Bool = false) -> NameAddress {
        let transport = flow.description.transport
        var uri = SIPURI(user: flow.token, host: settings.access.host, port: accessPort(transport))
        uri.parameters["transport"] = transport.rawValue
        uri.parameters.setFlag("lr")
        if isOutbound { uri.parameters.setFlag("ob") }
        return NameAddress(uri: uri)
    }

    private func accessPort(_ transport: TransportKind) -> UInt16? {
        switch transport {
        case .udp: settings.access.udpPort
        case .tcp: settings.access.tcpPort
        case .tls: settings.access.tlsPort
        }
    }

    private mutating func register(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ flow: FlowID, _ source: FlowTable.Flow, at now: Now
    ) {
        var service = flowRoute(source)
        service.uri.user = nil
        let hop = RegistrationHop(
            flow: flow, path: flowRoute(source, isOutbound: true), serviceRoute: service,
            isFirstHop: request.headers.values(.via).count == 1)
        carryOut(registrar.handle(.registerReceived(request, transaction, hop), at: now), at: now)
    }

    private mutating func fromClient(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ flow: FlowID, _ source: FlowTable.Flow, at now: Now
    ) {
        if request.method == .options, addressesEdge(request.uri) {
            return answerOptions(request, transaction, at: now)
        }
        guard let identity = identity(of: request, over: flow) else {
            return refuse(request, transaction, flow, 403, cause: "not-registered", at: now)
        }
        var onward = enter(request)
        guard onward.headers.routes.isEmpty else {
            return refuse(request, transaction, flow, 403, cause: "foreign-route", at: now)
        }
        onward.assert(identity)
        if [.invite, .subscribe, .refer].contains(request.method) {
            onward.headers.prepend(.recordRoute, flowRoute(source).description)
        }
        let role = directory.system.services.role(user: request.uri.user, host: request.uri.host)
        guard let role, let function = FunctionID(role, isFromClient: true) else {
            // A call from device to device is nothing that a mission critical system switches: everything goes by the
            // service identities. An identity of nobody is another matter.
            let isKnown = role != nil || registrar.binding(for: request.uri) != nil
            return refuse(request, transaction, flow, isKnown ? 403 : 404, cause: "target", at: now)
        }
        accept(onward, transaction, for: function, from: .user(identity, flow))
    }

    /// OPTIONS to the edge itself (RFC 3261 11).
    private func addressesEdge(_ uri: SIPURI) -> Bool { uri.user == nil && isOurs(uri) }

    private mutating func answerOptions(_ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now) {
        var response = request.response(200, toTag: random.token(10))
        for method in EdgeCapabilities.methods { response.headers.append(.allow, method.description) }
        for type in EdgeCapabilities.bodyTypes { response.headers.append(.accept, type) }
        for option in UserAgent.commonExtensions { response.headers.append(.supported, option) }
        respond(response, transaction, at: now)
    }

    /// The user of a flow. Where several registered over it, the one that the request prefers (RFC 3325 9.2), else the
    /// one in From; a request of none of them is nobody's.
    private func identity(of request: SIPRequest, over flow: FlowID) -> PublicUserIdentity? {
        let identities = registrar.identities(of: flow)
        guard identities.count != 1 else { return identities.first }
        let hints = request.headers.addresses(.pPreferredIdentity) + [request.headers.from].compactMap { $0 }
        for hint in hints {
            let match = identities.first { SIPURI($0.value)?.isEquivalent(to: hint.uri) ?? false }
            if let match { return match }
        }
        return nil
    }

    /// ACK to a 2xx; what it does not find a dialog for is dropped, as no answer is due.
    mutating func acknowledgementArrived(_ request: SIPRequest, _ flow: FlowID) {
        guard let source = flows[flow] else { return }
        switch source.peer {
        case .partner: queue.append((.gateway, .sip(.acknowledgement(enter(request)))))
        case .client:
            let role = directory.system.services.role(user: request.uri.user, host: request.uri.host)
            guard let function = role.flatMap({ FunctionID($0, isFromClient: true) }),
                !registrar.identities(of: flow).isEmpty
            else { return }
            queue.append((function, .sip(.acknowledgement(enter(request)))))
        case .sibling:
            guard let function = siblingsFunction(request.uri) else { return }
            queue.append((function, .sip(.acknowledgement(enter(request)))))
        case .stranger: break
        }
    }
}

extension FunctionID {
    /// Clients speak to the participating function, and subscribe to documents; the other functions are for functions.
    init?(_ role: ServiceRole, isFromClient: Bool) {
        switch role {
        case .participating, .preEstablished: self = .participating
        case .controllingGroup, .controllingPrivate:
            guard !isFromClient else { return nil }
            self = .controlling
        case .gateway:
            guard !isFromClient else { return nil }
            self = .gateway
        case .documents:
            guard isFromClient else { return nil }
            self = .documents
        }
    }
}

extension SIPRequest {
    /// Nothing that a client asserts counts; what the edge knows does (RFC 3325 5).
    mutating func assert(_ identity: PublicUserIdentity) {
        headers.remove(.pAssertedIdentity)
        headers.remove(.pAssertedService)
        guard let uri = SIPURI(identity.value) else { return }
        headers.append(.pAssertedIdentity, NameAddress(uri: uri).description)
    }
}

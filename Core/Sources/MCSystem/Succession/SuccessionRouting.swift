import CallControl
import ControllingFunction
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SIP
import SIPUserAgent

// Which of the two processes of a succession a request between functions is for.
extension SignallingCell {
    /// True where the function that it is for does not decide it here but in the other process. Within a dialog a Route
    /// says so.
    func isForOther(_ request: SIPRequest, _ receiver: FunctionID) -> Bool {
        guard let succession, succession.isUnderWay, succession.link != nil, request.headers.to?.tag == nil else {
            return false
        }
        switch receiver {
        case .controlling:
            // Both are told.
            guard request.method != .publish else { return false }
            return switch succession.role {
            case .predecessor: !hasCall(of: request)
            case .successor: !hasCall(of: request) && mayHaveCall(of: request, succession)
            }
        case .participating:
            guard let (user, client) = servedClient(of: request) else { return false }
            return !participating.serves(user, client: client)
        case .gateway: return !succession.hasBorder
        case .documents: return false
        }
    }

    /// Whether the call that a request to the controlling function is about stands here.
    private func hasCall(of request: SIPRequest) -> Bool {
        if let token = SessionIdentity.token(request.uri) { return controlling.hasSession(token) }
        return group(of: request).map { controlling.hasCall(of: $0) } ?? false
    }

    private func mayHaveCall(of request: SIPRequest, _ succession: Succession) -> Bool {
        if SessionIdentity.token(request.uri) != nil { return true }
        return group(of: request).map { succession.callsElsewhere.contains($0) } ?? false
    }

    private func group(of request: SIPRequest) -> MCPTTGroupID? {
        (try? CallBody(reading: request))?.information?.requestURI.map { MCPTTGroupID($0) }
    }

    /// Whom an invitation or a publication is about.
    private func servedClient(of request: SIPRequest) -> (MCPTTID, MCPTTClientID?)? {
        guard let information = (try? CallBody(reading: request))?.information, let user = information.requestURI
        else { return nil }
        return (MCPTTID(user), information.clientID)
    }

    // MARK: There

    mutating func sendBeside(
        _ request: SIPRequest, _ transaction: ClientTransactionID, from: FunctionID, to: FunctionID, at now: Now
    ) {
        guard let link = succession?.link, let flow = flows[link] else {
            return queue.append((from, .sip(.failed(transaction, .transport))))
        }
        if request.method == .invite { succession?.sent[transaction] = .init(request: request, from: from, to: to) }
        succession?.keepAccount(of: request)
        var onward = request
        if request.beginsDialog { onward.headers.prepend(.recordRoute, flowRoute(flow).description) }
        tell(.succession, .send(onward, transaction, .flow(link)), at: now)
    }

    /// Who wants to be affiliated is told to the controlling functions of both. What the successor tells partners of a
    /// device that came over its predecessor hears too, which else would take it back when the device seems gone.
    mutating func mirror(_ request: SIPRequest, at now: Now) {
        guard succession?.isUnderWay == true, succession?.link != nil, request.isAffiliationPublication,
            directory.partner(domain: request.uri.host) == nil || succession?.role == .successor
        else { return }
        var copy = SIPRequest(method: .publish, uri: request.uri)
        if let from = request.headers.from { copy.headers.append(.from, "<\(from.uri)>") }
        for (name, value) in request.headers.all where !Self.ofTheWay.contains(name) {
            copy.headers.append(name, value)
        }
        copy.body = request.body
        sendBeside(copy, at: now)
    }

    /// A copy is a request of its own.
    private static let ofTheWay: [HeaderName] = [.via, .from, .callID, .cseq, .maxForwards, .contentLength]

    // MARK: Here

    mutating func siblingsRequest(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ flow: FlowID, at now: Now
    ) {
        guard let source = flows[flow] else { return }
        guard flow == succession?.link else {
            return refuse(request, transaction, flow, 403, cause: "no-succession", at: now)
        }
        if request.method == .message { return wordArrived(request, transaction, at: now) }
        succession?.keepAccount(of: request)
        var onward = enter(request)
        if request.beginsDialog { onward.headers.prepend(.recordRoute, flowRoute(source).description) }
        guard let function = siblingsFunction(request.uri) else {
            return refuse(request, transaction, flow, 404, cause: "target", at: now)
        }
        if function == .controlling, !controllingHears(onward, transaction, at: now) { return }
        if function == .gateway, !gatewayHears(onward, transaction, at: now) { return }
        accept(onward, transaction, for: function, from: .system)
    }

    /// What a request of the other process addresses: a function, or a partner by way of the gateway.
    func siblingsFunction(_ uri: SIPURI) -> FunctionID? {
        if let role = directory.system.services.role(user: uri.user, host: uri.host) {
            return FunctionID(role, isFromClient: false)
        }
        return directory.partner(domain: uri.host) == nil ? nil : .gateway
    }

    /// False where it was answered here.
    private mutating func controllingHears(
        _ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now
    ) -> Bool {
        guard request.headers.to?.tag == nil else { return true }
        if request.method == .publish {
            published(request, at: now)
            respond(request.response(200, toTag: random.token(10)), transaction, at: now)
            return false
        }
        if request.method == .invite, succession?.role == .predecessor, !hasCall(of: request) {
            // It ended while the request was on its way; the successor knows by now, and begins one of its own.
            respond(request.response(410, toTag: random.token(10)), transaction, at: now)
            return false
        }
        return true
    }

    /// False where it was answered here: partners are connected with the other process by now, so that it was a copy, or was
    /// on its way when they went.
    private mutating func gatewayHears(
        _ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now
    ) -> Bool {
        guard succession?.role == .predecessor, request.isAffiliationPublication else { return true }
        if let (user, client) = servedClient(of: request), let client {
            take(participating.handedOver(user, client: client, at: now), from: .participating, at: now)
        }
        guard succession?.hasBorder == false else { return true }
        respond(request.response(503, toTag: random.token(10)), transaction, at: now)
        return false
    }

    private mutating func published(_ request: SIPRequest, at now: Now) {
        if let (user, client) = servedClient(of: request), let client, participating.serves(user, client: client) {
            // What the predecessor says of a device that has come over is of the past; one that went is the successor's.
            guard succession?.role == .predecessor else { return }
            take(participating.handedOver(user, client: client, at: now), from: .participating, at: now)
        }
        take(controlling.publishedElsewhere(request, at: now), from: .controlling, at: now)
    }

    /// True where the answer was only that the call is not over there any more, so that it is decided here.
    mutating func isDecidedHere(_ response: SIPResponse, _ transaction: ClientTransactionID, at now: Now) -> Bool {
        guard !response.isProvisional, let sent = succession?.sent.removeValue(forKey: transaction) else {
            return false
        }
        if !response.isSuccess, let call = sent.request.headers.callID { succession?.dialogs.remove(call) }
        guard response.status == 410, sent.to == .controlling, succession?.role == .successor else { return false }
        sendInternally(sent.request, transaction, from: sent.from, to: .controlling, at: now)
        return true
    }
}

extension Succession {
    /// Which sessions the other process takes part in.
    mutating func keepAccount(of request: SIPRequest) {
        guard let call = request.headers.callID else { return }
        if request.method == .bye { dialogs.remove(call) }
        if request.method == .invite, request.beginsDialog { dialogs.insert(call) }
    }
}

extension SIPRequest {
    fileprivate var isAffiliationPublication: Bool {
        method == .publish && headers.eventPackage == "presence" && headers.to?.tag == nil
    }

    /// Later requests of the dialog that it begins go by the same way.
    var beginsDialog: Bool { [.invite, .subscribe, .refer].contains(method) && headers.to?.tag == nil }
}

import CallControl
import MCFoundation
import Policy
import SIP
import SIPUserAgent

// Requests outside and inside of sessions: each is carried over and waits for the far side's answer.
extension MCGateway {
    mutating func requestReceived(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) {
        if request.method == .options, case .partner(let system, _) = origin, identities.origin(of: request.uri) == nil
        {
            return heartbeatReceived(request, transaction, from: system, at: now)
        }
        do throws(BorderRefusal) {
            switch request.method {
            case .message, .publish, .refer, .options:
                try carry(request, transaction, origin, at: now)
            case .subscribe:
                try subscribe(request, transaction, origin, at: now)
            case .invite, .ack, .bye, .cancel, .register, .notify, .info, .update, .prack, .other:
                throw BorderRefusal(405, cause: "method")
            }
        } catch {
            agent.answer(transaction, status: error.status, headers: headers(refusing: error), at: now)
            actions.append(note(error, request, origin))
        }
    }

    private mutating func carry(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) throws(BorderRefusal) {
        let route = try route(request, from: origin)
        guard mayWait(for: route.partner.system) else { throw BorderRefusal(503, cause: "limit") }
        let onward = try crossed(request, over: route)
        let client = agent.send(onward, at: now)
        flush()
        if route.crossing == .leaving, let callID = onward.headers.callID { partnersByCallID[callID] = nil }
        wait(
            for: client,
            CarriedRequest(transaction: transaction, crossing: route.crossing, partner: route.partner.system))
    }

    private func mayWait(for partner: MCSystemID) -> Bool {
        carried.count < settings.limits.pendingRequests
            && pendingPerPartner[partner] < settings.limits.pendingRequestsPerPartner
    }

    private mutating func wait(for client: ClientTransactionID, _ request: CarriedRequest) {
        carried[client] = request
        pendingPerPartner.add(request.partner)
    }

    /// INFO, MESSAGE, REFER and the like inside a session.
    mutating func requestInSession(
        _ session: SessionID, _ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let (id, side) = ends[session], let state = sessions[id] else {
            return agent.answer(transaction, status: 481, at: now)
        }
        guard mayWait(for: state.partner) else {
            return agent.answer(transaction, status: 503, at: now)
        }
        guard let request = admitted(request, in: state, from: side, transaction, at: now) else { return }
        let crossing: Crossing = side == .inside ? .leaving : .entering
        var headers = Headers()
        headers.copy(BorderHeaders.inSession + BorderHeaders.body, from: request.headers)
        copyReferTo(from: request.headers, to: &headers, over: crossing, partner: state.partner)
        let client = agent.request(
            in: state[side.other].session, method: request.method, headers: headers, body: request.body, at: now)
        wait(
            for: client, CarriedRequest(transaction: transaction, crossing: crossing, partner: state.partner))
    }

    /// The request as it may cross; nil where it was refused.
    mutating func admitted(
        _ request: SIPRequest, in state: BorderSession, from side: BorderSide, _ transaction: ServerTransactionID,
        at now: Now
    ) -> SIPRequest? {
        do throws(BorderRefusal) {
            guard let partner = directory.partner(state.partner) else { throw BorderRefusal(403, cause: "origin") }
            let rules = BorderRules(
                directory: directory, partner: partner, crossing: side == .inside ? .leaving : .entering)
            try rules.check(
                try BorderSubject(request), inside: state.admitted, fromMember: side == state.memberSide)
        } catch {
            agent.answer(transaction, status: error.status, headers: headers(refusing: error), at: now)
            let origin: RequestOrigin = side == .inside ? .system : .partner(state.partner, FlowID(0))
            actions.append(note(error, request, origin))
            return nil
        }
        var onward = request
        onward.removeAccessToken(boundary: random.token(16))
        return onward
    }

    mutating func answered(_ transaction: ClientTransactionID, _ response: SIPResponse, at now: Now) {
        if heartbeatAnswered(transaction, response, at: now) { return }
        guard let request = carried.removeValue(forKey: transaction) else { return }
        pendingPerPartner.remove(request.partner)
        let headers = crossedBack(response, of: request.crossing, partner: request.partner)
        agent.answer(
            request.transaction, status: response.status, headers: headers, body: response.body, at: now)
    }
}

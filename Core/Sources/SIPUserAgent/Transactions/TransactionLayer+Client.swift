import MCFoundation
import SIP

extension TransactionLayer {
    mutating func send(_ request: SIPRequest, id: ClientTransactionID, hop: NextHop, at now: Instant) {
        guard clientByID[id] == nil else {
            preconditionFailure("client transaction identifier used twice")
        }
        guard clients.count < limits.clientTransactions, let transport = transport(of: hop) else {
            actions.append(.deliver(.failed(id, .transport)))
            return
        }
        var request = request
        let branch = mintBranch()
        pushVia(on: &request, transport: transport, branch: branch)
        start(request, id: id, branch: branch, hop: hop, isReliable: transport.isReliable, at: now)
    }

    private mutating func start(
        _ request: SIPRequest, id: ClientTransactionID?, branch: String, hop: NextHop, isReliable: Bool, at now: Instant
    ) {
        let key = ClientKey(branch: branch, method: request.method)
        let place = clients.insert(
            ClientTransaction(
                id: id, key: key, hop: hop, isReliable: isReliable, request: request,
                state: request.method == .invite ? .calling(interval: timers.t1) : .trying(interval: timers.t1)))
        clientByKey[key] = place
        if let id { clientByID[id] = place }
        if case .flow(let flow) = hop { flows[flow]?.clients += 1 }
        // Timer A or E, Timer B or F.
        if !isReliable { deadlines.set(.client(place, .retransmission), at: now + timers.t1) }
        deadlines.set(.client(place, .stateEnd), at: now + timers.timeout)
        actions.append(.transmit(.request(request), hop))
    }

    mutating func cancel(_ id: ClientTransactionID, at now: Instant) {
        guard let place = clientByID[id], let client = clients[place] else { return }
        switch client.state {
        case .calling: clients[place]?.cancellation = .waiting
        case .inviteProceeding: sendCancel(place, at: now)
        // A final response makes CANCEL void; other methods are not cancelled (RFC 3261 9.1).
        case .accepted, .inviteCompleted, .trying, .proceeding, .completed: break
        }
    }

    private mutating func sendCancel(_ place: Int, at now: Instant) {
        guard let client = clients[place] else { return }
        if client.cancellation == .sent { return }
        clients[place]?.cancellation = .sent
        // RFC 3261 9.1: without final response within 64*T1 the INVITE is considered cancelled.
        deadlines.set(.client(place, .stateEnd), at: now + timers.timeout)
        start(
            client.cancellationRequest(), id: nil, branch: client.key.branch, hop: client.hop,
            isReliable: client.isReliable, at: now)
    }

    mutating func received(_ response: SIPResponse, over transport: TransportKind, at now: Instant) {
        // What names another sender, or passed one on the way, is not for us (RFC 3261 18.1.2 and 8.1.3.3).
        let vias = response.headers.vias
        guard vias.count == 1, let via = vias.first, via.port == sentBy.port(transport),
            via.host.lowercased() == sentBy.host.lowercased()
        else { return }
        guard let branch = via.branch, let method = response.headers.cseq?.method,
            let place = clientByKey[ClientKey(branch: branch, method: method)], let client = clients[place]
        else { return }
        switch client.state {
        case .calling, .inviteProceeding:
            inviteAnswered(response, place, client, at: now)
        case .accepted:
            if response.isSuccess { deliver(response, to: client) }
        case .inviteCompleted(let acknowledgement):
            if response.status >= 300 { actions.append(.transmit(.request(acknowledgement), client.hop)) }
        case .trying, .proceeding:
            answered(response, place, client, at: now)
        case .completed:
            break
        }
    }

    private mutating func deliver(_ response: SIPResponse, to client: ClientTransaction) {
        guard let id = client.id else { return }
        var response = response
        response.headers.removeFirst(.via)
        actions.append(.deliver(.response(response, id)))
    }

    private mutating func inviteAnswered(
        _ response: SIPResponse, _ place: Int, _ client: ClientTransaction, at now: Instant
    ) {
        deadlines.cancel(.client(place, .retransmission))
        if response.isProvisional {
            if case .calling = client.state { clients[place]?.state = .inviteProceeding }
            if client.cancellation != .sent { deadlines.set(.client(place, .stateEnd), at: now + timers.c) }
            deliver(response, to: client)
            if case .waiting = client.cancellation { sendCancel(place, at: now) }
        } else if response.isSuccess {
            clients[place]?.state = .accepted
            // Timer M (RFC 6026 7.2).
            deadlines.set(.client(place, .stateEnd), at: now + timers.timeout)
            deliver(response, to: client)
        } else {
            let acknowledgement = client.acknowledgement(to: response)
            actions.append(.transmit(.request(acknowledgement), client.hop))
            deliver(response, to: client)
            if client.isReliable {
                removeClient(place)
            } else {
                clients[place]?.state = .inviteCompleted(acknowledgement: acknowledgement)
                deadlines.set(.client(place, .stateEnd), at: now + timers.d)
            }
        }
    }

    private mutating func answered(_ response: SIPResponse, _ place: Int, _ client: ClientTransaction, at now: Instant)
    {
        if response.isProvisional {
            clients[place]?.state = .proceeding
            deliver(response, to: client)
            return
        }
        deadlines.cancel(.client(place, .retransmission))
        deliver(response, to: client)
        if client.isReliable {
            removeClient(place)
        } else {
            clients[place]?.state = .completed
            // Timer K.
            deadlines.set(.client(place, .stateEnd), at: now + timers.t4)
        }
    }

    mutating func clientTimerFired(_ place: Int, _ timer: TransactionTimerKey.Timer, at now: Instant) {
        guard let client = clients[place] else { return }
        switch (timer, client.state) {
        case (.retransmission, .calling(let interval)):
            // Timer A doubles without bound; Timer B ends it.
            clients[place]?.state = .calling(interval: interval * 2)
            deadlines.set(.client(place, .retransmission), at: now + interval * 2)
            actions.append(.transmit(.request(client.request), client.hop))
        case (.retransmission, .trying(let interval)):
            let next = min(interval * 2, timers.t2)
            clients[place]?.state = .trying(interval: next)
            deadlines.set(.client(place, .retransmission), at: now + next)
            actions.append(.transmit(.request(client.request), client.hop))
        case (.retransmission, .proceeding):
            deadlines.set(.client(place, .retransmission), at: now + timers.t2)
            actions.append(.transmit(.request(client.request), client.hop))
        case (.stateEnd, .inviteProceeding) where client.cancellation != .sent:
            // Timer C (RFC 3261 16.8): who rings without end is cancelled, and has 64*T1 to say so.
            sendCancel(place, at: now)
        case (.stateEnd, _):
            removeClient(place)
            if client.awaitsFinal, let id = client.id { actions.append(.deliver(.failed(id, .timeout))) }
        case (.retransmission, .inviteProceeding), (.retransmission, .accepted), (.retransmission, .inviteCompleted),
            (.retransmission, .completed), (.trying, _):
            break
        }
    }

    mutating func removeClient(_ place: Int) {
        guard let client = clients[place] else { return }
        deadlines.cancel(.client(place, .retransmission))
        deadlines.cancel(.client(place, .stateEnd))
        clients.remove(place)
        clientByKey[client.key] = nil
        if let id = client.id { clientByID[id] = nil }
        if case .flow(let flow) = client.hop { flows[flow]?.clients -= 1 }
    }
}

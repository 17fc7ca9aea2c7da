public import MCFoundation
public import SIP

extension TransactionLayer {
    mutating func received(
        _ request: SIPRequest, flow: FlowID, transport: TransportKind, source: SocketAddress, isKnown: Bool,
        at now: Instant
    ) {
        var request = request
        let hop = request.markSource(source, flow: flow, transport: transport)
        let matching: Method = request.method == .ack ? .invite : request.method
        guard let key = ServerKey(request, method: matching) else { return }
        if let place = serverByKey[key], let server = servers[place] {
            if request.method == .ack {
                acknowledged(request, place, server, at: now)
            } else {
                repeated(server)
            }
        } else if request.method == .ack {
            actions.append(.deliver(.acknowledgement(request, flow)))
        } else if !admits(request, flow: flow, isKnown: isKnown) {
            // Statelessly: whoever floods us costs no memory. ACK to it finds no transaction and goes up to nobody.
            var refusal = request.response(503, toTag: key.statelessTag)
            refusal.headers.append(.retryAfter, String(limits.retryAfterSeconds))
            actions.append(.transmit(.response(refusal), hop))
        } else if request.method == .cancel {
            cancelled(request, key: key, flow: flow, hop: hop, isReliable: transport.isReliable, at: now)
        } else if let origin = OriginKey(request), serverByOrigin[origin] != nil {
            // RFC 3261 8.2.2.2: it came by two ways, and is served once.
            let place = start(
                request, id: nil, key: key, flow: flow, hop: hop, isReliable: transport.isReliable, at: now)
            answer(request.response(482, toTag: key.statelessTag), place, at: now)
        } else {
            let id = mintServerID()
            let place = start(
                request, id: id, key: key, flow: flow, hop: hop, isReliable: transport.isReliable, at: now)
            if request.method == .invite { deadlines.set(.server(place, .trying), at: now + timers.trying) }
            actions.append(.deliver(.request(request, id, flow)))
        }
    }

    /// What the reserve is for, nobody has who proved nothing.
    private func admits(_ request: SIPRequest, flow: FlowID, isKnown: Bool) -> Bool {
        let share = isKnown ? limits.serverTransactionsPerFlow : limits.serverTransactionsPerUnknownFlow
        if let holds = flows[flow]?.servers, holds >= share { return false }
        let privileged =
            isKnown
            && (request.method == .cancel || request.headers.to?.tag != nil || request.headers.has(.resourcePriority))
        let room = limits.serverTransactions - (privileged ? 0 : limits.reservedServerTransactions)
        return servers.count < room
    }

    private mutating func start(
        _ request: SIPRequest, id: ServerTransactionID?, key: ServerKey, flow: FlowID, hop: NextHop, isReliable: Bool,
        at now: Instant
    ) -> Int {
        let origin = id == nil ? nil : OriginKey(request)
        let place = servers.insert(
            ServerTransaction(
                id: id, key: key, origin: origin, flow: flow, hop: hop, isReliable: isReliable,
                trying: request.method == .invite ? request.response(100) : nil,
                state: request.method == .invite ? .inviteProceeding(last: nil) : .trying(last: nil)))
        serverByKey[key] = place
        if let origin { serverByOrigin[origin] = place }
        if let id { serverByID[id] = place }
        flows[flow]?.servers += 1
        if request.method != .invite {
            // The client's Timer F has run out by then, and a late 408 would only do harm (RFC 4320 4.2).
            deadlines.set(.server(place, .stateEnd), at: now + timers.timeout)
        }
        return place
    }

    private mutating func repeated(_ server: ServerTransaction) {
        guard let hop = server.hop else { return }
        switch server.state {
        case .inviteProceeding(let last?), .trying(let last?), .inviteCompleted(let last, _), .completed(let last):
            actions.append(.transmit(.response(last), hop))
        case .inviteProceeding(nil), .trying(nil), .accepted, .confirmed:
            break
        }
    }

    private mutating func acknowledged(
        _ request: SIPRequest, _ place: Int, _ server: ServerTransaction, at now: Instant
    ) {
        switch server.state {
        case .inviteCompleted:
            if server.key.isRFC2543, request.headers.to?.tag != server.toTag { return }
            deadlines.cancel(.server(place, .retransmission))
            if server.isReliable {
                removeServer(place)
            } else {
                servers[place]?.state = .confirmed
                // Timer I.
                deadlines.set(.server(place, .stateEnd), at: now + timers.t4)
            }
        case .accepted:
            actions.append(.deliver(.acknowledgement(request, server.flow)))
        case .inviteProceeding, .confirmed, .trying, .completed:
            break
        }
    }

    private mutating func cancelled(
        _ request: SIPRequest, key: ServerKey, flow: FlowID, hop: NextHop, isReliable: Bool, at now: Instant
    ) {
        let target = ServerKey(request, method: .invite).flatMap { serverByKey[$0] }
        let place = start(request, id: nil, key: key, flow: flow, hop: hop, isReliable: isReliable, at: now)
        guard let target, let invite = servers[target] else {
            answer(request.response(481, toTag: key.statelessTag), place, at: now)
            return
        }
        answer(request.response(200, toTag: invite.toTag ?? key.statelessTag), place, at: now)
        if case .inviteProceeding = invite.state, let id = invite.id {
            actions.append(.deliver(.cancelled(id)))
        }
    }

    mutating func respond(_ response: SIPResponse, id: ServerTransactionID, at now: Instant) {
        guard let place = serverByID[id] else { return }
        answer(response, place, at: now)
    }

    private mutating func answer(_ response: SIPResponse, _ place: Int, at now: Instant) {
        guard let server = servers[place] else { return }
        if let tag = response.headers.to?.tag { servers[place]?.toTag = tag }
        switch server.state {
        case .inviteProceeding:
            deadlines.cancel(.server(place, .trying))
            transmit(response, server)
            if response.isProvisional {
                servers[place]?.state = .inviteProceeding(last: response)
            } else if server.hop == nil {
                removeServer(place)
            } else if response.isSuccess {
                servers[place]?.state = .accepted
                // Timer L (RFC 6026 7.1).
                deadlines.set(.server(place, .stateEnd), at: now + timers.timeout)
            } else {
                servers[place]?.state = .inviteCompleted(response, interval: timers.t1)
                // Timers G and H.
                if !server.isReliable { deadlines.set(.server(place, .retransmission), at: now + timers.t1) }
                deadlines.set(.server(place, .stateEnd), at: now + timers.timeout)
            }
        case .accepted:
            if response.isSuccess { transmit(response, server) }
        case .trying:
            transmit(response, server)
            if response.isProvisional {
                servers[place]?.state = .trying(last: response)
            } else if server.isReliable || server.hop == nil {
                removeServer(place)
            } else {
                servers[place]?.state = .completed(response)
                // Timer J.
                deadlines.set(.server(place, .stateEnd), at: now + timers.timeout)
            }
        case .inviteCompleted, .confirmed, .completed:
            break
        }
    }

    private mutating func transmit(_ response: SIPResponse, _ server: ServerTransaction) {
        if let hop = server.hop { actions.append(.transmit(.response(response), hop)) }
    }

    mutating func serverTimerFired(_ place: Int, _ timer: TransactionTimerKey.Timer, at now: Instant) {
        guard let server = servers[place] else { return }
        switch (timer, server.state) {
        case (.trying, .inviteProceeding(nil)):
            guard let trying = server.trying else { return }
            servers[place]?.state = .inviteProceeding(last: trying)
            transmit(trying, server)
        case (.retransmission, .inviteCompleted(let response, let interval)):
            let next = min(interval * 2, timers.t2)
            servers[place]?.state = .inviteCompleted(response, interval: next)
            deadlines.set(.server(place, .retransmission), at: now + next)
            transmit(response, server)
        case (.stateEnd, _):
            removeServer(place)
        case (.trying, _), (.retransmission, _):
            break
        }
    }

    mutating func removeServer(_ place: Int) {
        guard let server = servers[place] else { return }
        for timer in [TransactionTimerKey.Timer.retransmission, .stateEnd, .trying] {
            deadlines.cancel(.server(place, timer))
        }
        servers.remove(place)
        serverByKey[server.key] = nil
        if let origin = server.origin { serverByOrigin[origin] = nil }
        if let id = server.id { serverByID[id] = nil }
        flows[server.flow]?.servers -= 1
    }
}

extension SIPRequest {
    /// Marks the topmost Via with where the request came from, and says where answers go (RFC 3261 18.2, RFC 3581 4).
    /// Without a readable Via nothing is marked.
    @discardableResult
    public mutating func markSource(_ source: SocketAddress, flow: FlowID, transport: TransportKind) -> NextHop {
        guard var via = headers.topVia else { return .flow(flow) }
        let asked = via.parameters.has("rport")
        // What a peer wrote there itself is not believed.
        via.parameters["received"] = nil
        if asked || IPAddress(via.host) != source.address { via.parameters["received"] = source.address.description }
        if asked { via.parameters["rport"] = String(source.port) }
        headers.removeFirst(.via)
        headers.prepend(.via, via.description)
        let port = via.port ?? 5060
        guard transport == .udp, !asked, port != source.port else { return .flow(flow) }
        return .beside(flow, port: port)
    }
}

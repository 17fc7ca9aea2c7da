import CallControl
import MCDocuments
import MCFoundation
import Policy
import SIP
import SIPUserAgent

/// A client's subscription to the participants of a call, carried to the controlling function (TS 24.379 10.1.3.3).
struct RelayedSubscription: Sendable {
    let key: ClientKey
    var stage: Stage
    /// The last document, for a subscriber that refreshes.
    var lastNotice: (headers: Headers, body: [UInt8])?

    enum Stage: Sendable {
        /// The controlling function has not notified yet; the client waits for its answer. Becomes `standing`.
        case asking(ServerTransactionID, expires: UInt32)
        case standing(SubscriptionID)
    }
}

extension ParticipatingFunction {
    mutating func relay(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ user: User, _ flow: FlowID, at now: Now
    ) throws(Refusal) {
        var body = try CallBody(reading: request)
        var information = body.information ?? MCPTTInfo()
        try information.requireReadable()
        let client = try caller(information, user, flow)
        information.clientID = client
        guard let uri = relayedIdentity(request.uri) else { throw Refusal(.groupCallDoesNotExist) }
        guard relays.count < settings.limits.relayedSubscriptions else { throw Refusal(status: 503) }
        information.callingUserID = user.mcpttID
        information.accessToken = nil
        body.information = information
        let expires = request.headers.integer(.expires) ?? 3_600
        var out = SIPRequest(method: .subscribe, uri: uri)
        out.headers.append(.from, "<\(ownURI)>")
        out.headers.append(.to, "<\(uri)>")
        out.headers.append(.contact, ServiceHeaders.contact(ownURI))
        out.headers.append(.event, "conference")
        out.headers.append(.expires, "\(expires)")
        out.headers.append(.accept, MIMEType.conferenceInfo)
        out.headers.append(.pAssertedIdentity, "<\(ownURI)>")
        out.headers.append(.pAssertedService, ServiceHeaders.serviceIdentifier)
        out.headers.copy([.acceptContact, .rejectContact], from: request.headers)
        out.body = body.write(into: &out.headers)
        let inner = agent.subscribe(out, at: now)
        relays[inner] = RelayedSubscription(
            key: ClientKey(user: user.mcpttID, client: client), stage: .asking(transaction, expires: expires))
    }

    mutating func relayNotified(_ inner: SubscriptionID, _ request: SIPRequest, at now: Now) {
        guard let relay = relays[inner] else { return }
        let outer: SubscriptionID
        switch relay.stage {
        case .asking(let transaction, let expires):
            var headers = Headers()
            headers.append(.contact, ServiceHeaders.contact(ownURI))
            outer = agent.acceptSubscription(transaction, expires: expires, headers: headers, at: now)
            relays[inner]?.stage = .standing(outer)
            relaysByOuter[outer] = inner
        case .standing(let subscription): outer = subscription
        }
        let headers = request.headers.bodyDescription
        relays[inner]?.lastNotice = (headers, request.body)
        let isOver = request.headers[.subscriptionState]?.lowercased().hasPrefix("terminated") ?? false
        agent.notify(
            outer, state: isOver ? .terminated(reason: "noresource") : .active(expires: nil), headers: headers,
            body: request.body, at: now)
        if isOver { forgetRelay(inner) }
    }

    /// Either side's subscription is gone.
    mutating func relayEnded(_ subscription: SubscriptionID, _ status: Int?, at now: Now) {
        if let inner = relaysByOuter[subscription] {
            agent.unsubscribe(inner, at: now)
            return forgetRelay(inner)
        }
        guard let relay = relays[subscription] else { return }
        switch relay.stage {
        case .asking(let transaction, _):
            let status = status ?? 480
            var headers = Headers()
            // The user agent tells the number only; the warnings of these two are fixed (TS 24.379 10.1.3.4).
            let warning: MCPTTWarning? =
                switch status {
                case 403: .conferenceEventsNotAllowed
                case 404: .groupCallDoesNotExist
                case 480: .conferenceEventsNotAllowedInBroadcast
                default: nil
                }
            if let warning { headers.append(.warning, warning.headerValue(agent: system.domain)) }
            agent.answer(transaction, status: status, headers: headers, at: now)
        case .standing(let outer):
            agent.notify(outer, state: .terminated(reason: "noresource"), at: now)
        }
        forgetRelay(subscription)
    }

    /// The client refreshed, or wants no more.
    mutating func relayRefreshed(_ outer: SubscriptionID, _ request: SIPRequest, at now: Now) {
        guard let inner = relaysByOuter[outer], let relay = relays[inner] else { return }
        let isLast = request.headers.integer(.expires) == 0
        agent.notify(
            outer, state: isLast ? .terminated(reason: "timeout") : .active(expires: nil),
            headers: relay.lastNotice?.headers ?? Headers(), body: relay.lastNotice?.body ?? [], at: now)
        guard isLast else { return }
        agent.unsubscribe(inner, at: now)
        forgetRelay(inner)
    }

    /// The client is not to be told any more.
    mutating func endRelays(of key: ClientKey, at now: Now) {
        for inner in relays.keys.sorted() {
            guard let relay = relays[inner], relay.key == key else { continue }
            switch relay.stage {
            case .asking(let transaction, _): refuse(transaction, Refusal(.userUnknown), at: now)
            case .standing(let outer): agent.notify(outer, state: .terminated(reason: "rejected"), at: now)
            }
            agent.unsubscribe(inner, at: now)
            forgetRelay(inner)
        }
    }

    private mutating func forgetRelay(_ inner: SubscriptionID) {
        guard let relay = relays.removeValue(forKey: inner) else { return }
        if case .standing(let outer) = relay.stage { relaysByOuter[outer] = nil }
    }
}

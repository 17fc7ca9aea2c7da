import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// Telling a user's clients what he is affiliated with (TS 24.379 9.2.2.2.5).
extension ParticipatingFunction {
    mutating func observerArrived(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ user: User, _ flow: FlowID, at now: Now
    ) throws(Refusal) {
        let body = try CallBody(reading: request)
        try body.information?.requireReadable()
        guard body.information?.requestURI ?? user.mcpttID.value == user.mcpttID.value else {
            throw Refusal(.functionNotAllowed)
        }
        guard let served = users[user.mcpttID], !served.clients.isEmpty else { throw Refusal(.userUnknown) }
        let client = body.information?.clientID ?? served.client(on: flow)
        guard !settings.authorisation.requiresToken || client.map({ isBound($0, of: user.mcpttID, over: flow) }) == true
        else { throw Refusal(.userUnknown) }
        let expires = request.headers.integer(.expires) ?? 3_600
        guard served.observers.count < settings.limits.observersPerUser else { throw Refusal(status: 503) }
        var headers = Headers()
        headers.append(.contact, ServiceHeaders.contact(ownURI))
        let subscription = agent.acceptSubscription(transaction, expires: expires, headers: headers, at: now)
        if expires > 0 {
            users[user.mcpttID]?.observers.append(subscription)
            observedUsers[subscription] = AffiliationObserver(user: user.mcpttID, client: client)
        }
        notify(subscription, of: user.mcpttID, isLast: expires == 0, at: now)
    }

    mutating func observerRefreshed(
        _ subscription: SubscriptionID, _ user: MCPTTID, _ request: SIPRequest, at now: Now
    ) {
        let isLast = request.headers.integer(.expires) == 0
        notify(subscription, of: user, isLast: isLast, at: now)
        if isLast { observerLeft(subscription) }
    }

    mutating func observerLeft(_ subscription: SubscriptionID) {
        guard let user = observedUsers.removeValue(forKey: subscription)?.user else { return }
        users[user]?.observers.removeAll { $0 == subscription }
    }

    /// `refused`: per client the groups that are not and will not be; they are said once.
    mutating func notifyObservers(
        of user: MCPTTID, refused: OrderedDictionary<MCPTTClientID, [MCPTTGroupID]> = [:], at now: Now
    ) {
        for subscription in users[user]?.observers ?? [] {
            notify(subscription, of: user, refused: refused, isLast: false, at: now)
        }
    }

    private mutating func notify(
        _ subscription: SubscriptionID, of user: MCPTTID,
        refused: OrderedDictionary<MCPTTClientID, [MCPTTGroupID]> = [:], isLast: Bool, at now: Now
    ) {
        guard let served = users[user] else { return }
        let clients = served.clients.map { id, client in
            let standing = client.groups.map { GroupAffiliation(group: $0.key, status: $0.value.status) }
            let gone = (refused[id] ?? []).filter { client.groups[$0] == nil }
            return AffiliationDocument.ClientStatus(
                client: id, groups: standing + gone.map { GroupAffiliation(group: $0, status: .deaffiliated) })
        }
        let document = AffiliationDocument(entity: user, clients: clients, publicationID: served.publicationID)
        var headers = Headers()
        let body = CallBody.write([BodyPart(type: MIMEType.presence, body: document.serialized())], into: &headers)
        agent.notify(
            subscription, state: isLast ? .terminated(reason: "timeout") : .active(expires: nil), headers: headers,
            body: body, at: now)
    }
}

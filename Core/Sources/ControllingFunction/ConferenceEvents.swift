import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// Who takes part, told to those who ask (TS 24.379 10.1.3.4, RFC 4575).
extension ControllingFunction {
    mutating func observerArrived(_ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now) {
        do throws(Refusal) {
            let body = try CallBody(reading: request)
            guard let token = SessionIdentity.token(request.uri), let id = groupsByToken[token], let call = calls[id]
            else { throw Refusal(.groupCallDoesNotExist) }
            guard let user = body.information?.callingUserID, call.maySee(user) else {
                throw Refusal(.conferenceEventsNotAllowed)
            }
            guard call.broadcaster == nil else { throw Refusal(.conferenceEventsNotAllowedInBroadcast) }
            guard call.observers.count < settings.limits.observersPerCall else { throw Refusal(status: 503) }
            var headers = Headers()
            headers.append(.contact, ServiceHeaders.contact(call.identity, isFocus: true))
            let expires = request.headers.integer(.expires) ?? 3_600
            let subscription = agent.acceptSubscription(transaction, expires: expires, headers: headers, at: now)
            if expires > 0 {
                calls[id]?.observers[subscription] = user
                groupsBySubscription[subscription] = id
            }
            notify(subscription, of: id, isLast: expires == 0, at: now)
        } catch {
            agent.answer(
                transaction, status: error.status, headers: error.responseHeaders(agent: system.domain), at: now)
        }
    }

    mutating func observerRefreshed(_ subscription: SubscriptionID, _ request: SIPRequest, at now: Now) {
        guard let id = groupsBySubscription[subscription] else { return }
        let isLast = request.headers.integer(.expires) == 0
        notify(subscription, of: id, isLast: isLast, at: now)
        if isLast { observerLeft(subscription) }
    }

    mutating func observerLeft(_ subscription: SubscriptionID) {
        guard let id = groupsBySubscription.removeValue(forKey: subscription) else { return }
        calls[id]?.observers.removeValue(forKey: subscription)
    }

    /// Who takes part no more is told no more (TS 24.379 10.1.3.4), and who may not, by the group or by his entry, from
    /// now on.
    mutating func dropObservers(of id: MCPTTGroupID, at now: Now) {
        guard let call = calls[id] else { return }
        for (subscription, user) in call.observers where !call.maySee(user) {
            agent.notify(subscription, state: .terminated(reason: "rejected"), at: now)
            observerLeft(subscription)
        }
    }

    /// Changes are bundled: a group of hundreds that begins is one notification, not hundreds.
    mutating func conferenceChanged(_ id: MCPTTGroupID, at now: Now) {
        guard calls[id]?.observers.isEmpty == false, deadlines[.conference(id)] == nil else { return }
        deadlines.set(.conference(id), at: now.instant + settings.conferenceInterval)
    }

    mutating func notifyObservers(of id: MCPTTGroupID, at now: Now) {
        for subscription in calls[id]?.observers.keys ?? [] { notify(subscription, of: id, isLast: false, at: now) }
    }

    private mutating func notify(_ subscription: SubscriptionID, of id: MCPTTGroupID, isLast: Bool, at now: Now) {
        calls[id]?.conferenceVersion += 1
        guard let call = calls[id] else { return }
        var clientsByUser: OrderedDictionary<MCPTTID, [MCPTTClientID]> = [:]
        for participant in call.participants.values where participant.hasAnswered {
            clientsByUser[participant.key.user, default: []].append(participant.key.client)
        }
        let document = ConferenceInfo(
            entity: id.value, version: call.conferenceVersion,
            users: clientsByUser.map { user, clients in
                ConferenceInfo.User(
                    entity: user.value, displayText: directory.user(user)?.displayName,
                    endpoints: clients.map { .init(entity: $0.value, status: "connected") })
            })
        var headers = Headers()
        let body = CallBody.write(
            [BodyPart(type: MIMEType.conferenceInfo, body: document.serialized())], into: &headers)
        agent.notify(
            subscription, state: isLast ? .terminated(reason: "timeout") : .active(expires: nil), headers: headers,
            body: body, at: now)
    }
}

import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// Who is told when this system, as owner of groups, takes an affiliation back.
struct AffiliationObservers: Sendable {
    struct Observer: Sendable {
        var user: MCPTTID
        /// The system that serves the user.
        var system: MCSystemID
        /// What was taken from his clients since the subscription began, the last of it where it is much.
        var withdrawn: OrderedDictionary<MCPTTClientID, OrderedSet<MCPTTGroupID>> = [:]
    }

    // Looked up only.
    private var observers: [SubscriptionID: Observer] = [:]
    private var subscriptionsByUser: [MCPTTID: [SubscriptionID]] = [:]
    private var countsBySystem: [MCSystemID: Int] = [:]

    subscript(_ subscription: SubscriptionID) -> Observer? { observers[subscription] }

    /// In the order in which they arrived.
    func subscriptions(of user: MCPTTID) -> [SubscriptionID] { subscriptionsByUser[user] ?? [] }

    func count(from system: MCSystemID) -> Int { countsBySystem[system] ?? 0 }

    mutating func add(_ subscription: SubscriptionID, _ observer: Observer) {
        observers[subscription] = observer
        subscriptionsByUser[observer.user, default: []].append(subscription)
        countsBySystem[observer.system, default: 0] += 1
    }

    mutating func remove(_ subscription: SubscriptionID) {
        guard let observer = observers.removeValue(forKey: subscription) else { return }
        let left = subscriptions(of: observer.user).filter { $0 != subscription }
        subscriptionsByUser[observer.user] = left.isEmpty ? nil : left
        let count = count(from: observer.system) - 1
        countsBySystem[observer.system] = count > 0 ? count : nil
    }

    mutating func note(_ groups: [MCPTTGroupID], withdrawnFrom client: MCPTTClientID, for subscription: SubscriptionID)
    {
        var known = observers[subscription]?.withdrawn[client] ?? []
        for group in groups {
            known.remove(group)
            known.append(group)
        }
        known.removeFirst(max(0, known.count - Self.remembered))
        observers[subscription]?.withdrawn[client] = known
    }

    /// A client was granted what had been taken from it, or is affiliated with nothing any more. Returns who was told
    /// otherwise of what it was granted.
    mutating func settle(
        _ client: MCPTTClientID, of user: MCPTTID, granted: [MCPTTGroupID], isGone: Bool
    ) -> [SubscriptionID] {
        var corrected: [SubscriptionID] = []
        for subscription in subscriptions(of: user) {
            guard var known = observers[subscription]?.withdrawn[client] else { continue }
            let count = known.count
            known.subtract(granted)
            if known.count < count { corrected.append(subscription) }
            observers[subscription]?.withdrawn[client] = isGone || known.isEmpty ? nil : known
        }
        return corrected
    }

    /// In the order in which they began.
    var all: [SubscriptionID] { observers.keys.sorted() }

    private static let remembered = 64
}

/// Telling the system that serves a user what became of his affiliations with groups of ours (TS 24.379 9.2.2.3.5): at
/// once what he has, later whenever it is taken from him. What his own publications change their answers have told.
extension ControllingFunction {
    mutating func affiliationObserverArrived(
        _ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now
    ) {
        do throws(Refusal) {
            let body = try CallBody(reading: request)
            // He asks for himself: what others are affiliated with is nobody's affair who serves them not.
            guard let user = body.information?.callingUserID, body.information?.requestURI == user.value else {
                throw Refusal(.invalidCombination)
            }
            guard let serving = directory.routing.route(of: user)?.serving else { throw Refusal(.userUnknown) }
            let limits = settings.limits
            guard affiliationObservers.subscriptions(of: user).count < limits.affiliationObserversPerUser,
                serving == system.id
                    || affiliationObservers.count(from: serving) < limits.affiliationObserversPerPartner
            else { throw Refusal(status: 503) }
            var headers = Headers()
            headers.append(.contact, ServiceHeaders.contact(ownURI))
            let expires = request.headers.integer(.expires) ?? 3_600
            let subscription = agent.acceptSubscription(transaction, expires: expires, headers: headers, at: now)
            affiliationObservers.add(subscription, .init(user: user, system: serving))
            notifyAffiliations(subscription, isLast: expires == 0, at: now)
        } catch {
            agent.answer(
                transaction, status: error.status, headers: error.responseHeaders(agent: system.domain), at: now)
        }
    }

    mutating func affiliationObserverRefreshed(_ subscription: SubscriptionID, _ request: SIPRequest, at now: Now) {
        notifyAffiliations(subscription, isLast: request.headers.integer(.expires) == 0, at: now)
    }

    /// Groups of ours took a client's affiliation back.
    mutating func withdraw(_ groups: [MCPTTGroupID], from key: ClientKey, at now: Now) {
        for subscription in affiliationObservers.subscriptions(of: key.user) {
            affiliationObservers.note(groups, withdrawnFrom: key.client, for: subscription)
            notifyAffiliations(subscription, isLast: false, at: now)
        }
    }

    /// What a client's own publication brought. Who was told that it was taken from it is told that it is not.
    mutating func settle(_ key: ClientKey, _ granted: [MCPTTGroupID], at now: Now) {
        let isGone = affiliations.entry(key) == nil
        let corrected = affiliationObservers.settle(key.client, of: key.user, granted: granted, isGone: isGone)
        for subscription in corrected { notifyAffiliations(subscription, isLast: false, at: now) }
    }

    /// Whoever serves a user no more is told of him no more. `users`: those whose way may have changed; nil: any.
    mutating func reviseAffiliationObservers(of users: [MCPTTID]?, at now: Now) {
        let concerned = users?.flatMap { affiliationObservers.subscriptions(of: $0) } ?? affiliationObservers.all
        for subscription in concerned {
            guard let observer = affiliationObservers[subscription],
                directory.routing.route(of: observer.user)?.serving != observer.system
            else { continue }
            agent.notify(subscription, state: .terminated(reason: "rejected"), at: now)
            affiliationObservers.remove(subscription)
        }
    }

    private mutating func notifyAffiliations(_ subscription: SubscriptionID, isLast: Bool, at now: Now) {
        guard let observer = affiliationObservers[subscription] else { return }
        var groups: OrderedDictionary<MCPTTClientID, [GroupAffiliation]> = [:]
        for (client, standing) in affiliations.clients(of: observer.user) {
            groups[client] = standing.map { GroupAffiliation(group: $0, status: .affiliated) }
        }
        for (client, withdrawn) in observer.withdrawn {
            let key = ClientKey(user: observer.user, client: client)
            groups[client, default: []] += withdrawn.filter { !affiliations.isAffiliated(key, with: $0) }
                .map { GroupAffiliation(group: $0, status: .deaffiliated) }
        }
        var document = Self.document(observer.user, groups).serialized()
        if document.count > settings.limits.affiliationNoticeOctets {
            let taken = groups.mapValues { $0.filter { $0.status == .deaffiliated } }
            document = Self.document(observer.user, taken).serialized()
        }
        var headers = Headers()
        let body = CallBody.write([BodyPart(type: MIMEType.presence, body: document)], into: &headers)
        agent.notify(
            subscription, state: isLast ? .terminated(reason: "timeout") : .active(expires: nil), headers: headers,
            body: body, at: now)
        if isLast { affiliationObservers.remove(subscription) }
    }

    private static func document(
        _ user: MCPTTID, _ groups: OrderedDictionary<MCPTTClientID, [GroupAffiliation]>
    ) -> AffiliationDocument {
        AffiliationDocument(entity: user, clients: groups.map { .init(client: $0.key, groups: $0.value) })
    }
}

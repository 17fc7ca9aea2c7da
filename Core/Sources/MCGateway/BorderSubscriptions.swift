import CallControl
import MCFoundation
import Policy
import SIP
import SIPUserAgent

/// Subscriptions across the border: one as notifier towards who asked, one as subscriber towards who knows.
struct BorderSubscriptions: Sendable {
    struct Pair: Sendable {
        let crossing: Crossing
        let partner: MCSystemID
        /// What it was let through for.
        let admitted: AdmittedCall
        let callID: String
        /// The SUBSCRIBE that waits for what the far side says.
        var waiting: ServerTransactionID?
        var accepted: SubscriptionID?
        let far: SubscriptionID
        let expires: UInt32
    }

    var pairs: [SubscriptionID: Pair] = [:]
    /// The far subscription of one that we accepted.
    var farByAccepted: [SubscriptionID: SubscriptionID] = [:]
    var perPartner = PartnerTally()
}

extension MCGateway {
    mutating func subscribe(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) throws(BorderRefusal) {
        let route = try route(request, from: origin)
        guard subscriptions.pairs.count < settings.limits.subscriptions,
            subscriptions.perPartner[route.partner.system] < settings.limits.subscriptionsPerPartner
        else {
            throw BorderRefusal(503, cause: "limit")
        }
        let onward = try crossed(request, over: route)
        let far = agent.subscribe(onward, at: now)
        flush()
        subscriptions.pairs[far] = BorderSubscriptions.Pair(
            crossing: route.crossing, partner: route.partner.system, admitted: route.admitted,
            callID: (route.crossing == .leaving ? onward : request).headers.callID ?? "", waiting: transaction,
            far: far, expires: request.headers.integer(.expires) ?? 3_600)
        subscriptions.perPartner.add(route.partner.system)
        if route.crossing == .entering, let callID = request.headers.callID {
            partnersByCallID[callID] = route.partner.system
        }
    }

    /// NOTIFY of the far side. The first also says that the subscription was accepted (RFC 6665 4.1.2.4).
    mutating func notified(_ subscription: SubscriptionID, _ request: SIPRequest, at now: Now) {
        guard var pair = subscriptions.pairs[subscription] else { return }
        if let transaction = pair.waiting {
            var headers = Headers()
            // RFC 6665 4.1.2.1: where refreshes go; the dialog says which subscription is meant.
            if let own = SIPURI(directory.system.services.gateway.value) { headers.append(.contact, "<\(own)>") }
            let accepted = agent.acceptSubscription(transaction, expires: pair.expires, headers: headers, at: now)
            pair.waiting = nil
            pair.accepted = accepted
            subscriptions.farByAccepted[accepted] = subscription
            subscriptions.pairs[subscription] = pair
        }
        guard let accepted = pair.accepted else { return }
        var headers = Headers()
        headers.copy(BorderHeaders.body, from: request.headers)
        let state = request.headers[.subscriptionState] ?? "active"
        if state.hasPrefix("terminated") {
            agent.notify(
                accepted, state: .terminated(reason: "noresource"), headers: headers, body: request.body, at: now)
            forget(subscription)
        } else if state.hasPrefix("pending") {
            agent.notify(accepted, state: .pending(expires: nil), headers: headers, body: request.body, at: now)
        } else {
            agent.notify(accepted, state: .active(expires: nil), headers: headers, body: request.body, at: now)
        }
    }

    /// Refreshes are each side's own affair; the end is passed on.
    mutating func subscribed(_ subscription: SubscriptionID, _ request: SIPRequest, at now: Now) {
        guard let far = subscriptions.farByAccepted[subscription] else { return }
        guard request.headers.integer(.expires) == 0 else { return }
        agent.unsubscribe(far, at: now)
        agent.notify(subscription, state: .terminated(reason: "timeout"), at: now)
        forget(far)
    }

    mutating func subscriptionEnded(_ subscription: SubscriptionID, status: Int?, at now: Now) {
        if let far = subscriptions.farByAccepted[subscription] {
            agent.unsubscribe(far, at: now)
            return forget(far)
        }
        guard let pair = subscriptions.pairs[subscription] else { return }
        if let transaction = pair.waiting {
            agent.answer(transaction, status: status ?? 480, at: now)
        } else if let accepted = pair.accepted {
            agent.notify(accepted, state: .terminated(reason: "noresource"), at: now)
        }
        forget(subscription)
    }

    /// Whoever asked is told that there is nothing more to come; he may ask again (RFC 6665 4.4.1).
    mutating func endSubscriptions(of partner: MCSystemID, at now: Now) {
        for far in farSubscriptions where subscriptions.pairs[far]?.partner == partner {
            end(far, status: 503, reason: "noresource", at: now)
        }
    }

    /// The agreement may have been narrowed since the SUBSCRIBE was let through. That a user is served elsewhere the
    /// notifier sees.
    mutating func endUncoveredSubscriptions(at now: Now) {
        for far in farSubscriptions {
            guard let pair = subscriptions.pairs[far], let partner = directory.partner(pair.partner) else { continue }
            let rules = BorderRules(directory: directory, partner: partner, crossing: pair.crossing)
            do throws(BorderRefusal) {
                try rules.requireAgreement(to: pair.admitted)
            } catch {
                end(far, status: 403, reason: "rejected", at: now)
            }
        }
    }

    /// In the order in which they began.
    private var farSubscriptions: [SubscriptionID] { subscriptions.pairs.keys.sorted { $0.value < $1.value } }

    private mutating func end(_ far: SubscriptionID, status: Int, reason: String, at now: Now) {
        guard let pair = subscriptions.pairs[far] else { return }
        if let transaction = pair.waiting { agent.answer(transaction, status: status, at: now) }
        if let accepted = pair.accepted { agent.notify(accepted, state: .terminated(reason: reason), at: now) }
        agent.unsubscribe(far, at: now)
        forget(far)
    }

    private mutating func forget(_ far: SubscriptionID) {
        flush()
        guard let pair = subscriptions.pairs.removeValue(forKey: far) else { return }
        if let accepted = pair.accepted { subscriptions.farByAccepted[accepted] = nil }
        subscriptions.perPartner.remove(pair.partner)
        partnersByCallID[pair.callID] = nil
    }
}

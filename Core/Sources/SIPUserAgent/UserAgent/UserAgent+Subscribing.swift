public import MCFoundation
public import SIP

/// The subscriber's side (RFC 6665 4.1).
extension UserAgent {
    /// Sends a SUBSCRIBE and keeps the subscription alive until it is terminated. `request` brings Request-URI, From,
    /// To, Contact, Event; Expires is 3600 where it is missing.
    public mutating func subscribe(_ request: SIPRequest, at now: Now) -> SubscriptionID {
        let id = SubscriptionID(mint())
        var request = request
        complete(&request)
        if !request.headers.has(.expires) { request.headers.append(.expires, "3600") }
        guard let dialog = Dialog(calling: request), let event = request.headers[.event] else {
            tell(.subscriptionEnded(id, status: 400))
            return id
        }
        guard subscriptions.count < limits.subscriptions, outstanding.count < limits.outstandingRequests else {
            tell(.subscriptionEnded(id, status: 503))
            return id
        }
        let subscriber = Subscription.Subscriber(
            template: request, expires: request.headers.integer(.expires) ?? 3600)
        subscriptions[id] = Subscription(
            id: id, dialog: dialog, contacts: request.headers.values(.contact), event: event,
            role: .subscriber(subscriber))
        owners[dialog.key] = .subscription(id)
        let transaction = dispatch(request, .subscribe(id), at: now)
        withSubscriber(id) { $0.inFlight = transaction }
        return id
    }

    /// Ends a subscription of ours. The last NOTIFY still comes, then `.subscriptionEnded`.
    public mutating func unsubscribe(_ id: SubscriptionID, at now: Now) {
        guard case .subscriber(let subscriber)? = subscriptions[id]?.role, !subscriber.isEnding else { return }
        withSubscriber(id) {
            $0.isEnding = true
            $0.expires = 0
        }
        deadlines.cancel(.subscriptionRefresh(id))
        // Before the first answer there is no dialog to end it in.
        if subscriber.inFlight == nil { sendSubscribe(id, at: now) }
    }

    mutating func withSubscriber(_ id: SubscriptionID, _ change: (inout Subscription.Subscriber) -> Void) {
        guard case .subscriber(var subscriber)? = subscriptions[id]?.role else { return }
        change(&subscriber)
        subscriptions[id]?.role = .subscriber(subscriber)
    }

    private mutating func sendSubscribe(_ id: SubscriptionID, at now: Now) {
        guard case .subscriber(let subscriber)? = subscriptions[id]?.role,
            var request = subscriptions[id]?.dialog.request(.subscribe)
        else { return }
        var headers = subscriber.template.headers
        // The filter of the first SUBSCRIBE stays in force.
        headers.remove(.contentType)
        headers.set(.expires, String(subscriber.expires))
        UserAgent.fill(&request, headers, [])
        let transaction = dispatch(request, .subscribe(id), at: now)
        withSubscriber(id) { $0.inFlight = transaction }
    }

    mutating func refreshSubscription(_ id: SubscriptionID, at now: Now) {
        guard case .subscriber(let subscriber)? = subscriptions[id]?.role, subscriber.inFlight == nil else { return }
        sendSubscribe(id, at: now)
    }

    /// RFC 6665 4.1.2.2: these end the subscription even where they answer a refresh.
    private static let fatal: Set<Int> = [404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]

    mutating func subscribeAnswered(
        _ id: SubscriptionID, _ response: SIPResponse, _ request: SIPRequest, at now: Now
    ) {
        guard case .subscriber(let subscriber)? = subscriptions[id]?.role, let subscription = subscriptions[id] else {
            return
        }
        withSubscriber(id) { $0.inFlight = nil }
        if response.isSuccess {
            if subscription.dialog.remoteTag.isEmpty {
                let sequence = subscription.dialog.remoteSequence
                subscriptions[id]?.dialog = subscription.dialog.answered(by: response)
                subscriptions[id]?.dialog.remoteSequence = sequence
            } else {
                subscriptions[id]?.dialog.refreshTarget(response.headers)
            }
            withSubscriber(id) { $0.isConfirmed = true }
            let asked = request.headers.integer(.expires) ?? subscriber.expires
            if subscriber.isEnding, asked > 0 { return sendSubscribe(id, at: now) }
            let granted = min(response.headers.integer(.expires) ?? asked, asked)
            if granted == 0 || !subscriber.isNotified {
                // Timer N (RFC 6665 4.1.2.4): the NOTIFY must follow.
                deadlines.set(.subscriptionEnd(id), at: now.instant + limits.timers.timeout)
                if granted > 0 { scheduleRefresh(id, granted, at: now) }
            } else {
                lasts(id, granted, at: now)
            }
            return
        }
        if response.status == 423, subscriber.intervalRetries < limits.intervalRetries,
            let minimum = response.headers.integer(.minExpires), minimum > subscriber.expires, !subscriber.isEnding
        {
            withSubscriber(id) {
                $0.expires = minimum
                $0.intervalRetries += 1
            }
            return sendSubscribe(id, at: now)
        }
        if subscriber.isEnding || !subscriber.isConfirmed || UserAgent.fatal.contains(response.status) {
            tell(.subscriptionEnded(id, status: response.status))
            return removeSubscription(id)
        }
        // The subscription lasts until it expires; until then we try again.
        deadlines.set(.subscriptionRefresh(id), at: now.instant + .seconds(30))
    }

    /// The subscription lasts so many seconds from now.
    private mutating func lasts(_ id: SubscriptionID, _ seconds: UInt32, at now: Now) {
        deadlines.set(.subscriptionEnd(id), at: now.instant + .seconds(Int64(seconds)))
        scheduleRefresh(id, seconds, at: now)
    }

    /// TS 24.229 5.1.1.3: 600 s before the end, or at half-time of what lasts 1200 s or less.
    private mutating func scheduleRefresh(_ id: SubscriptionID, _ seconds: UInt32, at now: Now) {
        let after = seconds > 1200 ? Duration.seconds(Int64(seconds) - 600) : .seconds(Int64(seconds)) / 2
        deadlines.set(.subscriptionRefresh(id), at: now.instant + after)
    }

    mutating func received(
        _ request: SIPRequest, in id: SubscriptionID, _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let subscription = subscriptions[id], let sequence = request.headers.cseq?.number else {
            return refuse(request, transaction, 481)
        }
        let remoteTag = request.headers.from?.tag ?? ""
        switch (subscription.role, request.method) {
        case (.subscriber, .notify):
            if subscription.dialog.remoteTag.isEmpty { subscriptions[id]?.dialog.adopt(notifier: request) }
            guard subscriptions[id]?.dialog.remoteTag == remoteTag else { return refuse(request, transaction, 481) }
            guard subscriptions[id]?.dialog.admits(sequence) == true else { return refuse(request, transaction, 500) }
            notified(request, id, subscription, transaction, at: now)
        case (.notifier(let notifier), .subscribe):
            guard subscription.dialog.remoteTag == remoteTag else { return refuse(request, transaction, 481) }
            guard subscriptions[id]?.dialog.admits(sequence) == true else { return refuse(request, transaction, 500) }
            resubscribed(request, id, notifier, transaction, at: now)
        default:
            refuse(request, transaction, 481)
        }
    }

    private mutating func notified(
        _ request: SIPRequest, _ id: SubscriptionID, _ subscription: Subscription, _ transaction: ServerTransactionID,
        at now: Now
    ) {
        guard let state = request.headers[.subscriptionState].flatMap({ SubscriptionState($0) }) else {
            return refuse(request, transaction, 400)
        }
        guard let event = request.headers[.event],
            Subscription.package(event) == Subscription.package(subscription.event)
        else { return refuse(request, transaction, 489) }
        refuse(request, transaction, 200)
        subscriptions[id]?.dialog.refreshTarget(request.headers)
        let isFirst = if case .subscriber(let subscriber) = subscription.role { !subscriber.isNotified } else { false }
        withSubscriber(id) { $0.isNotified = true }
        tell(.notified(id, request))
        if state.isTerminated {
            tell(.subscriptionEnded(id, status: nil))
            return removeSubscription(id)
        }
        guard case .subscriber(let subscriber)? = subscriptions[id]?.role, !subscriber.isEnding else { return }
        if let seconds = state.expires {
            lasts(id, seconds, at: now)
        } else if isFirst {
            lasts(id, subscriber.expires, at: now)
        }
    }

    mutating func removeSubscription(_ id: SubscriptionID) {
        guard let subscription = subscriptions.removeValue(forKey: id) else { return }
        owners[subscription.dialog.key] = nil
        deadlines.cancel(.subscriptionRefresh(id))
        deadlines.cancel(.subscriptionEnd(id))
    }
}

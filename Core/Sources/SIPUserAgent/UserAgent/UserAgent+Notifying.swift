public import MCFoundation
public import SIP

/// The notifier's side (RFC 6665 4.2).
extension UserAgent {
    /// Answers a SUBSCRIBE that was handed up with 200 and keeps the subscription. A NOTIFY is due at once: `notify`.
    /// `expires` is the longest time that will be granted now and at refreshes; `headers` brings Contact.
    public mutating func acceptSubscription(
        _ transaction: ServerTransactionID, expires: UInt32, headers: Headers = .init(), at now: Now
    ) -> SubscriptionID {
        let id = SubscriptionID(mint())
        guard let entry = pending[transaction] else {
            tell(.subscriptionEnded(id, status: 481))
            return id
        }
        guard case .outside = entry.purpose, entry.request.method == .subscribe else {
            // NOTSPEC: a subscription that shares the dialog of a session (RFC 6665 4.5.2 discourages it) is refused.
            answer(transaction, status: 403, at: now)
            tell(.subscriptionEnded(id, status: 403))
            return id
        }
        guard subscriptions.count < limits.subscriptions else {
            answer(transaction, status: 503, headers: retryAfter(limits.retryAfterSeconds), at: now)
            tell(.subscriptionEnded(id, status: 503))
            return id
        }
        guard let dialog = Dialog(answering: entry.request, localTag: entry.toTag),
            let event = entry.request.headers[.event]
        else {
            answer(transaction, status: 400, at: now)
            tell(.subscriptionEnded(id, status: 400))
            return id
        }
        _ = takePending(transaction)
        let granted = min(entry.request.headers.integer(.expires) ?? expires, expires)
        let notifier = Subscription.Notifier(
            granted: expires, expiry: now.instant + .seconds(Int64(granted)), isEnding: granted == 0)
        subscriptions[id] = Subscription(
            id: id, dialog: dialog, contacts: headers.values(.contact), event: event, role: .notifier(notifier))
        owners[dialog.key] = .subscription(id)
        setEnd(id, notifier, at: now)
        confirm(entry.request, id, transaction, granted: granted, headers: headers)
        return id
    }

    private mutating func confirm(
        _ request: SIPRequest, _ id: SubscriptionID, _ transaction: ServerTransactionID, granted: UInt32,
        headers: Headers
    ) {
        guard let subscription = subscriptions[id] else { return }
        var response = request.response(200, toTag: subscription.dialog.localTag)
        UserAgent.fill(&response, headers, [])
        response.headers.set(.expires, String(granted))
        if !response.headers.has(.contact) {
            for contact in subscription.contacts { response.headers.append(.contact, contact) }
        }
        put(.respond(response, transaction))
    }

    /// A subscription that its subscriber ended waits only for the last NOTIFY.
    private mutating func setEnd(_ id: SubscriptionID, _ notifier: Subscription.Notifier, at now: Now) {
        let end = notifier.isEnding ? now.instant + limits.timers.timeout : notifier.expiry
        deadlines.set(.subscriptionEnd(id), at: end)
    }

    private mutating func withNotifier(_ id: SubscriptionID, _ change: (inout Subscription.Notifier) -> Void) {
        guard case .notifier(var notifier)? = subscriptions[id]?.role else { return }
        change(&notifier)
        subscriptions[id]?.role = .notifier(notifier)
    }

    mutating func resubscribed(
        _ request: SIPRequest, _ id: SubscriptionID, _ notifier: Subscription.Notifier,
        _ transaction: ServerTransactionID, at now: Now
    ) {
        guard !notifier.isTerminated else { return refuse(request, transaction, 481) }
        var notifier = notifier
        let granted = min(request.headers.integer(.expires) ?? notifier.granted, notifier.granted)
        notifier.expiry = now.instant + .seconds(Int64(granted))
        notifier.isEnding = granted == 0
        subscriptions[id]?.role = .notifier(notifier)
        subscriptions[id]?.dialog.refreshTarget(request.headers)
        setEnd(id, notifier, at: now)
        confirm(request, id, transaction, granted: granted, headers: Headers())
        tell(.subscribed(id, request))
    }

    /// Sends a NOTIFY, after the answer to the one before. After `.terminated` the subscription is gone.
    public mutating func notify(
        _ id: SubscriptionID, state: NotifiedState, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) {
        guard case .notifier(let notifier)? = subscriptions[id]?.role, !notifier.isTerminated else { return }
        guard notifier.queue.count < limits.queuedNotifications else {
            tell(.subscriptionEnded(id, status: 503))
            return removeSubscription(id)
        }
        withNotifier(id) {
            $0.queue.append(.init(state: state, headers: headers, body: body))
            if case .terminated = state { $0.isTerminated = true }
        }
        if case .terminated = state { deadlines.cancel(.subscriptionEnd(id)) }
        sendNotification(id, at: now)
    }

    private mutating func sendNotification(_ id: SubscriptionID, at now: Now) {
        guard case .notifier(let notifier)? = subscriptions[id]?.role, notifier.inFlight == nil,
            let next = notifier.queue.first, var request = subscriptions[id]?.dialog.request(.notify),
            let subscription = subscriptions[id]
        else { return }
        UserAgent.fill(&request, next.headers, next.body)
        request.headers.set(.event, subscription.event)
        request.headers.set(.subscriptionState, stateText(next.state, notifier, at: now))
        if !request.headers.has(.contact) {
            for contact in subscription.contacts { request.headers.append(.contact, contact) }
        }
        let transaction = dispatch(request, .notify(id), at: now)
        withNotifier(id) {
            $0.queue.removeFirst()
            $0.inFlight = transaction
        }
    }

    private func stateText(_ state: NotifiedState, _ notifier: Subscription.Notifier, at now: Now) -> String {
        let remaining = max(0, (notifier.expiry - now.instant).wholeNanoseconds / 1_000_000_000)
        switch state {
        case .active(let expires): return "active;expires=\(expires.map(Int64.init) ?? remaining)"
        case .pending(let expires): return "pending;expires=\(expires.map(Int64.init) ?? remaining)"
        case .terminated(let reason): return "terminated;reason=\(reason)"
        }
    }

    mutating func notifyAnswered(_ id: SubscriptionID, _ response: SIPResponse, at now: Now) {
        guard case .notifier(let notifier)? = subscriptions[id]?.role else { return }
        withNotifier(id) { $0.inFlight = nil }
        let isLast = notifier.isTerminated && notifier.queue.isEmpty
        if isLast { return removeSubscription(id) }
        guard response.isSuccess else {
            // RFC 6665 4.2.2: a subscriber that does not take notifications has none.
            if !notifier.isTerminated { tell(.subscriptionEnded(id, status: response.status)) }
            return removeSubscription(id)
        }
        subscriptions[id]?.dialog.refreshTarget(response.headers)
        sendNotification(id, at: now)
    }

    /// The end of a subscription of either side is reached.
    mutating func subscriptionOver(_ id: SubscriptionID, at now: Now) {
        switch subscriptions[id]?.role {
        case .subscriber(let subscriber):
            tell(.subscriptionEnded(id, status: subscriber.isEnding ? nil : 408))
            removeSubscription(id)
        case .notifier(let notifier):
            if notifier.isEnding { return removeSubscription(id) }
            notify(id, state: .terminated(reason: "timeout"), at: now)
            if subscriptions[id] != nil { tell(.subscriptionEnded(id, status: nil)) }
        case nil:
            break
        }
    }
}

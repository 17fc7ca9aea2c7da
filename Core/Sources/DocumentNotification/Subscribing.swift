import Administration
import CallControl
import ConfigurationDocuments
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// Who is told of which documents.
struct Watcher: Sendable {
    var user: MCPTTID
    var subscription: XCAPSubscription
    /// By which he subscribed; nil where no tokens are asked for.
    var tokenID: AccessTokenID?
}

/// A SUBSCRIBE that waits, first for the verdict on its token, then for the documents. Is answered exactly once.
struct WaitingWatcher: Sendable {
    var transaction: ServerTransactionID
    var watcher: Watcher
    /// In seconds.
    var expires: UInt32
    /// The token's end.
    var authorisedUntil: UTCTime?
    /// Set for a subscription that there is already, which only wants to be told again.
    var refreshes: SubscriptionID?
}

extension DocumentNotification {
    /// SUBSCRIBE with a list of documents (RFC 5875 4.3) from a client that the edge knows.
    mutating func received(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) throws(Refusal) {
        guard case .user(let identity, _) = origin else { throw Refusal(status: 403) }
        guard request.method == .subscribe else { throw Refusal(status: 405) }
        guard request.headers.eventPackage == "xcap-diff" else {
            var headers = Headers()
            headers.append(.allowEvents, "xcap-diff")
            throw Refusal(status: 489, headers: headers)
        }
        guard let user = directory.user(publicIdentity: identity), user.servingSystem == system.id else {
            throw Refusal(.userUnknown)
        }
        let body = try CallBody(reading: request)
        try body.information?.requireReadable()
        guard let subscription = try subscription(of: request) else { throw Refusal(status: 400) }
        guard watchers.count < settings.limits.subscriptions,
            watchersByUser[user.mcpttID, default: []].count < settings.limits.subscriptionsPerUser,
            verifying.count + lookingUp.count < settings.limits.waiting,
            waitingPerUser[user.mcpttID, default: 0] < settings.limits.waitingPerUser
        else { throw comeAgain }
        let wish = WaitingWatcher(
            transaction: transaction, watcher: Watcher(user: user.mcpttID, subscription: subscription),
            expires: request.headers.integer(.expires) ?? 3_600)
        guard settings.authorisation.requiresToken else { return lookUp(wish, at: now) }
        guard let token = body.information?.accessToken, !token.isEmpty,
            token.utf8.count <= settings.limits.tokenOctets
        else { throw Refusal(.serviceAuthorisationFailed) }
        let job = TokenJobID(numbers.next())
        verifying[job] = wish
        waitingPerUser[user.mcpttID, default: 0] += 1
        deadlines.set(.verification(job), at: now.instant + settings.authorisation.verificationLimit)
        actions.append(
            .verify(
                TokenJob(
                    id: job, token: AccessToken(token), acceptedScopes: settings.authorisation.acceptedScopes,
                    audience: settings.authorisation.audience, use: .documents)))
    }

    /// nil where the request brings no list.
    private func subscription(of request: SIPRequest) throws(Refusal) -> XCAPSubscription? {
        guard let part = request.part(MIMEType.resourceLists) else { return nil }
        var limits = XCAPLimits()
        limits.subscribedTargets = settings.limits.targets
        do throws(DocumentError) {
            return try XCAPSubscription(parsing: part.body, root: root, limits: limits)
        } catch {
            throw Refusal(status: error.reason == .tooLarge ? 413 : 400)
        }
    }

    // MARK: Waiting

    mutating func takeVerifying(_ job: TokenJobID) -> WaitingWatcher? {
        guard let wish = verifying.removeValue(forKey: job) else { return nil }
        deadlines.cancel(.verification(job))
        stopsWaiting(wish)
        return wish
    }

    private mutating func stopsWaiting(_ wish: WaitingWatcher) {
        let left = waitingPerUser[wish.watcher.user, default: 1] - 1
        waitingPerUser[wish.watcher.user] = left > 0 ? left : nil
    }

    /// The pool does its part; that it is our user, and still in time, is for us to see.
    mutating func tokenVerified(_ job: TokenJobID, _ verdict: TokenVerdict, at now: Now) {
        guard var wish = takeVerifying(job) else { return }
        switch verdict {
        case .refused(.unavailable): refuse(wish.transaction, comeAgain, at: now)
        case .granted(let grant)
        where grant.mcpttID == wish.watcher.user && grant.expires > now.utc
            && grant.scopes.contains(where: settings.authorisation.acceptedScopes.contains):
            wish.watcher.tokenID = grant.tokenID
            wish.authorisedUntil = grant.expires
            lookUp(wish, at: now)
        case .granted, .refused: refuse(wish.transaction, Refusal(.serviceAuthorisationFailed), at: now)
        }
    }

    private mutating func lookUp(_ wish: WaitingWatcher, at now: Now) {
        let id = DocumentLookUpID(numbers.next())
        lookingUp[id] = wish
        waitingPerUser[wish.watcher.user, default: 0] += 1
        deadlines.set(.lookUp(id), at: now.instant + settings.lookUpLimit)
        lookUps.append(DocumentLookUp(id: id, user: wish.watcher.user, subscription: wish.watcher.subscription))
    }

    mutating func lookUpOver(_ id: DocumentLookUpID, at now: Now) {
        guard let wish = lookingUp.removeValue(forKey: id) else { return }
        stopsWaiting(wish)
        actions.append(.note(Observation("documents.unanswered")))
        // A subscription that stands goes on; its subscriber is told with the next change.
        if wish.refreshes == nil { refuse(wish.transaction, comeAgain, at: now) }
    }

    mutating func found(_ id: DocumentLookUpID, _ documents: [FoundDocument], at now: Now) {
        guard let wish = lookingUp.removeValue(forKey: id) else { return }
        deadlines.cancel(.lookUp(id))
        stopsWaiting(wish)
        let diff = documents.map { XCAPDiff.DocumentChange($0.uri, from: nil, to: $0.etag) }
        if let standing = wish.refreshes {
            guard watchers[standing] != nil else { return }
            return notify(standing, diff, at: now)
        }
        var headers = Headers()
        headers.append(.contact, "<\(ownURI)>")
        let expires = min(wish.expires, settings.longestExpires)
        let subscription = agent.acceptSubscription(
            wish.transaction, expires: expires, headers: headers, at: now)
        guard expires > 0 else { return notify(subscription, diff, isLast: true, at: now) }
        watchers[subscription] = wish.watcher
        watchersByUser[wish.watcher.user, default: []].append(subscription)
        if let until = wish.authorisedUntil {
            let left = until.microseconds - now.utc.microseconds
            deadlines.set(.authorisation(subscription), at: now.instant + .microseconds(max(0, left)))
        }
        notify(subscription, diff, at: now)
    }

    /// SUBSCRIBE within the dialog: everything is told again, of a new list where one comes (RFC 5875 4.7), or it ends.
    mutating func refreshed(_ id: SubscriptionID, _ request: SIPRequest, at now: Now) {
        guard let watcher = watchers[id] else { return }
        if request.headers.integer(.expires) == 0 {
            notify(id, [], isLast: true, at: now)
            return forget(id)
        }
        // A list that cannot be read changes nothing: the request was answered already.
        if let wanted = try? subscription(of: request) { watchers[id]?.subscription = wanted }
        guard verifying.count + lookingUp.count < settings.limits.waiting,
            waitingPerUser[watcher.user, default: 0] < settings.limits.waitingPerUser
        else { return notify(id, [], at: now) }
        lookUp(
            WaitingWatcher(
                transaction: ServerTransactionID(0), watcher: watchers[id] ?? watcher, expires: 0, refreshes: id),
            at: now)
    }

    var comeAgain: Refusal {
        .noRoom(retryAfterSeconds: settings.authorisation.retryAfterSeconds)
    }
}

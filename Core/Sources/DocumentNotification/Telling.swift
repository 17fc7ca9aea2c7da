import Administration
import CallControl
import ConfigurationDocuments
import MCDocuments
import MCFoundation
import OrderedCollections
import SIP
import SIPUserAgent

extension DocumentNotification {
    /// Costs as much as there are readers of what changed, not as there are subscribers.
    mutating func tell(_ changes: [DocumentChange], at now: Now) {
        var told: OrderedDictionary<SubscriptionID, [XCAPDiff.DocumentChange]> = [:]
        for change in changes {
            for user in change.concerned {
                guard let subscriptions = watchersByUser[user], let seen = change.seen(by: user) else { continue }
                let addresses = [change.uri, change.uri.inTree(of: user)].compactMap { $0 }
                for id in subscriptions {
                    guard let watcher = watchers[id] else { continue }
                    for uri in addresses where watcher.subscription.covers(uri) {
                        told[id, default: []].append(.init(uri, from: seen.previousETag, to: seen.newETag))
                    }
                }
            }
        }
        for (id, diff) in told { notify(id, diff, at: now) }
    }

    mutating func notify(
        _ id: SubscriptionID, _ changes: [XCAPDiff.DocumentChange], isLast: Bool = false, at now: Now
    ) {
        var headers = Headers()
        let diff = XCAPDiff(root: root, documents: changes)
        let body = CallBody.write([BodyPart(type: XCAPDiff.contentType, body: diff.serialized())], into: &headers)
        agent.notify(
            id, state: isLast ? .terminated(reason: "timeout") : .active(expires: nil), headers: headers, body: body,
            at: now)
    }

    /// The subscriber is told nothing of documents any more.
    mutating func end(_ id: SubscriptionID, reason: String, at now: Now) {
        guard watchers[id] != nil else { return }
        agent.notify(id, state: .terminated(reason: reason), at: now)
        forget(id)
    }

    mutating func forget(_ id: SubscriptionID) {
        guard let watcher = watchers.removeValue(forKey: id) else { return }
        deadlines.cancel(.authorisation(id))
        watchersByUser[watcher.user]?.removeAll { $0 == id }
        if watchersByUser[watcher.user]?.isEmpty == true { watchersByUser[watcher.user] = nil }
    }

    /// Whoever subscribed by such a token is told nothing more. What waits may have been judged before.
    mutating func tokensRevoked(_ tokens: RevokedTokens, at now: Now) {
        for (id, watcher) in watchers {
            guard let token = watcher.tokenID else { continue }
            let isRevoked =
                switch tokens {
                case .these(let ids): ids.contains(token)
                case .all(let user): watcher.user == user
                }
            if isRevoked { end(id, reason: "rejected", at: now) }
        }
        for job in verifying.keys.sorted() {
            if let wish = takeVerifying(job) { refuse(wish.transaction, comeAgain, at: now) }
        }
        for id in lookingUp.keys.sorted() where lookingUp[id]?.watcher.tokenID != nil { lookUpOver(id, at: now) }
    }
}

extension DocumentChange {
    /// Everybody who could read it before or can now, each once, sorted.
    fileprivate var concerned: [MCPTTID] {
        switch (formerReaders, readers) {
        case (.nobody, .nobody): []
        case (.one(let user), .nobody), (.nobody, .one(let user)): [user]
        case (.some(let users), .nobody), (.nobody, .some(let users)): users
        case (.one(let old), .one(let new)): old == new ? [old] : [old, new].sorted()
        case (.some(let old), .some(let new)) where old == new: old
        case (.some(let old), .some(let new)): merged(old, new)
        case (.one(let one), .some(let some)), (.some(let some), .one(let one)): merged([one], some)
        }
    }

    private func merged(_ first: [MCPTTID], _ second: [MCPTTID]) -> [MCPTTID] {
        var all: [MCPTTID] = []
        for user in (first + second).sorted() where all.last != user { all.append(user) }
        return all
    }
}

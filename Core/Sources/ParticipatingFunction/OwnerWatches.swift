import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// A subscription of ours at a partner: what it, as owner of groups, does to the affiliations of one of our users.
struct OwnerWatch: Hashable, Sendable {
    var user: MCPTTID
    var owner: MCSystemID
}

/// A partner may take a user of ours out of its group: it tells us by NOTIFY, for our directory does not know (TS 24.379
/// 9.2.2.2.8, 9.2.2.3.5). One subscription for each user and partner, as one publication names all groups of a client. Of
/// groups of our own the directory tells us.
extension ParticipatingFunction {
    /// Subscribes where the user is, or wants to be, affiliated with groups of the owner, and where he is not, ends it.
    mutating func reviseWatch(of user: MCPTTID, at owner: MCSystemID, _ now: Now) {
        guard owner != system.id else { return }
        let clients = users[user]?.clients ?? [:]
        let isNeeded = clients.values.contains { client in
            client.groups.values.contains { $0.owner == owner && $0.state != .deaffiliating }
        }
        switch (users[user]?.watches[owner], isNeeded) {
        case (_?, true): break
        case (_, false): endWatch(of: user, at: owner, now)
        case (nil, true):
            // A lost partner is asked when it is back and everything is published to it again; one that ended it or refused
            // it, when its time has come.
            guard !lostPartners.contains(owner), deadlines[.watch(user, owner)] == nil else { return }
            watch(user, at: owner, now)
        }
    }

    private mutating func watch(_ user: MCPTTID, at owner: MCSystemID, _ now: Now) {
        guard let service = directory.services(of: owner)?.controllingGroup, let uri = SIPURI(service.value) else {
            return
        }
        let request = AffiliationSubscription(user: user).request(from: ownURI, to: uri)
        let subscription = agent.subscribe(request, at: now)
        watches[subscription] = OwnerWatch(user: user, owner: owner)
        users[user]?.watches[owner] = subscription
    }

    /// The partner was gone, began anew or is reached by another way: what was agreed with it leads nowhere, and it may know
    /// now what it refused before.
    mutating func endWatch(of user: MCPTTID, at owner: MCSystemID, _ now: Now) {
        deadlines.cancel(.watch(user, owner))
        guard let subscription = users[user]?.watches.removeValue(forKey: owner) else { return }
        watches[subscription] = nil
        agent.unsubscribe(subscription, at: now)
    }

    /// The partner ended it, or refused it: it is made anew later, for what is missed meanwhile shows then.
    mutating func watchEnded(_ subscription: SubscriptionID, _ status: Int?, at now: Now) {
        guard let watch = watches.removeValue(forKey: subscription) else { return }
        users[watch.user]?.watches[watch.owner] = nil
        deadlines.set(.watch(watch.user, watch.owner), at: now.instant + apart(pause(after: status)))
    }

    /// nil: it was accepted once.
    private func pause(after status: Int?) -> Duration {
        switch status {
        case nil, 408?, 480?, 481?: settings.watchRetry
        // There is no room now, for one user of thousands.
        case 503?: settings.watchRetryWithoutRoom
        case let status? where (400..<500).contains(status) || status >= 600 || status == 501 || status == 505:
            settings.watchRetryAfterRefusal
        default: settings.watchRetry
        }
    }

    /// Up to half as much more, so that thousands of users do not ask in the same instant.
    mutating func apart(_ pause: Duration) -> Duration {
        pause + .nanoseconds(Int64(random.next() % UInt64(max(2, pause.wholeNanoseconds) / 2)))
    }

    /// What the owner took back is gone. Where it says otherwise than we know, a message of one side crossed one of the
    /// other, or it forgot: the set is published again, and the answer decides.
    mutating func ownerNotified(_ watch: OwnerWatch, _ request: SIPRequest, at now: Now) {
        guard let part = request.part(MIMEType.presence), let document = try? AffiliationDocument(parsing: part.body),
            document.entity == watch.user
        else { return }
        var ended: OrderedDictionary<MCPTTClientID, [MCPTTGroupID]> = [:]
        for (id, client) in users[watch.user]?.clients ?? [:] {
            let told = document.clients.filter { $0.client == id }.flatMap(\.groups)
                .filter { self.owner(of: $0.group, for: watch.user) == watch.owner }
            let groups = client.groups.filter { $0.value.owner == watch.owner }
            let gone = told.filter { $0.status == .deaffiliated && groups[$0.group]?.state == .affiliated }.map(\.group)
            for group in gone { users[watch.user]?.clients[id]?.groups[group] = nil }
            if !gone.isEmpty { ended[id] = gone }
            if isInDoubt(groups.filter { !gone.contains($0.key) }, told) {
                askAgain(ClientKey(user: watch.user, client: id), watch.owner, at: now)
            }
        }
        guard !ended.isEmpty else { return }
        notifyObservers(of: watch.user, refused: ended, at: now)
        note(
            "affiliation.endedByOwner",
            [
                .init("user", watch.user.value, isPersonal: true), .init("owner", watch.owner.value),
                .init("groups", "\(ended.values.reduce(0) { $0 + $1.count })"),
            ])
        reviseWatch(of: watch.user, at: watch.owner, now)
    }

    /// Not at once: a message that is on its way may settle it, and an owner that never agrees must not keep us busy.
    private mutating func askAgain(_ key: ClientKey, _ owner: MCSystemID, at now: Now) {
        guard deadlines[.publication(key, owner)] == nil else { return }
        deadlines.set(.publication(key, owner), at: now.instant + apart(settings.watchRetry))
    }

    /// Whether an owner holds something else of a client than we do.
    private func isInDoubt(
        _ known: OrderedDictionary<MCPTTGroupID, Affiliation>, _ told: [GroupAffiliation]
    ) -> Bool {
        let theirs = OrderedSet(told.filter { $0.status == .affiliated }.map(\.group))
        let refused = OrderedSet(told.filter { $0.status == .deaffiliated }.map(\.group))
        return known.contains { group, affiliation in
            switch affiliation.state {
            case .affiliated: !theirs.contains(group)
            case .affiliating: refused.contains(group)
            case .deaffiliating: false
            }
        } || theirs.contains { known[$0] == nil }
    }
}

import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// Whose set goes to which owner of groups.
struct PublicationTarget: Hashable, Sendable {
    var key: ClientKey
    var owner: MCSystemID
}

/// A publication without answer yet.
struct SentPublication: Sendable {
    var target: PublicationTarget
    var groups: [MCPTTGroupID]
}

/// Telling the owners of groups who wants to be in (TS 24.379 9.2.2.2.6). An owner gets, per user and client, the whole
/// set of its groups each time, so that what was lost is healed by saying it again.
extension ParticipatingFunction {
    mutating func publishAll(_ key: ClientKey, at now: Now) {
        let groups = users[key.user]?.clients[key.client]?.groups ?? [:]
        let owners = OrderedSet(groups.values.map(\.owner))
        for owner in owners.sorted() { publish(key, to: owner, at: now) }
    }

    mutating func publish(_ key: ClientKey, to owner: MCSystemID, at now: Now) {
        let target = PublicationTarget(key: key, owner: owner)
        deadlines.cancel(.publication(key, owner))
        reviseWatch(of: key.user, at: owner, now)
        guard !lostPartners.contains(owner) else {
            // Said when it is back; also that a client left meanwhile.
            if owedPublications.count >= settings.limits.owedPublications { owedPublications.removeFirst() }
            owedPublications.append(target)
            return
        }
        guard let service = directory.services(of: owner)?.controllingGroup, let uri = SIPURI(service.value) else {
            return
        }
        let groups = (users[key.user]?.clients[key.client]?.groups ?? [:])
            .filter { $0.value.owner == owner && $0.value.state != .deaffiliating }.map(\.key)
        let request = AffiliationPublication(
            user: key.user, client: key.client, groups: groups, publicationID: users[key.user]?.publicationID
        ).request(from: ownURI, to: uri)
        publications[agent.send(request, at: now)] = SentPublication(target: target, groups: groups)
    }

    mutating func ownerAnswered(_ publication: SentPublication, _ response: SIPResponse, at now: Now) {
        let (key, owner) = (publication.target.key, publication.target.owner)
        if response.isSuccess {
            settle(publication, refused: Self.refusedGroups(response), at: now)
        } else if response.status == 408 || response.status >= 500 {
            deadlines.set(.publication(key, owner), at: now.instant + settings.publicationRetry)
        } else {
            note(
                "affiliation.refusedByOwner",
                [
                    .init("user", key.user.value, isPersonal: true), .init("owner", owner.value),
                    .init("status", "\(response.status)"),
                    .init("warning", MCPTTWarning.codes(in: response.headers).map { "\($0)" }.joined(separator: ",")),
                ])
            settle(publication, refused: publication.groups, at: now)
        }
    }

    /// The owner decided: what it granted stands, what it refused is removed, what was taken back is gone.
    private mutating func settle(_ publication: SentPublication, refused: [MCPTTGroupID], at now: Now) {
        let (key, owner) = (publication.target.key, publication.target.owner)
        guard var groups = users[key.user]?.clients[key.client]?.groups else { return }
        let before = groups
        for id in publication.groups where groups[id]?.owner == owner && groups[id]?.state == .affiliating {
            if refused.contains(id) { groups[id] = nil } else { groups[id]?.state = .affiliated }
        }
        for id in publication.groups where groups[id]?.owner == owner && refused.contains(id) { groups[id] = nil }
        groups.removeAll {
            $0.value.owner == owner && $0.value.state == .deaffiliating && !publication.groups.contains($0.key)
        }
        guard groups != before else { return }
        users[key.user]?.clients[key.client]?.groups = groups
        reviseWatch(of: key.user, at: owner, now)
        notifyObservers(
            of: key.user, refused: [key.client: refused.filter { publication.groups.contains($0) }], at: now)
    }

    /// The groups that an owner refused while it granted others, from the document in its 200.
    private static func refusedGroups(_ response: SIPResponse) -> [MCPTTGroupID] {
        guard let part = response.part(MIMEType.presence),
            let document = try? AffiliationDocument(parsing: part.body)
        else { return [] }
        return document.clients.flatMap { client in
            client.groups.filter { $0.status == .deaffiliated }.map(\.group)
        }
    }

    /// What was to be said of a client is another process's affair now.
    mutating func forgetPublications(of key: ClientKey) {
        for owner in [system.id] + directory.partners.map(\.system) { deadlines.cancel(.publication(key, owner)) }
        owedPublications.removeAll { $0.key == key }
        publications = publications.filter { $0.value.target.key != key }
    }

    // MARK: Partners

    /// A partner went away: what it knew of our users is uncertain and its calls are over. It came back, or started
    /// anew: it hears everything again.
    mutating func partnerChanged(_ partner: MCSystemID, _ state: PartnerState, at now: Now) {
        switch state {
        case .lost:
            if !lostPartners.contains(partner) { lostPartners.append(partner) }
            hangUpCalls(of: partner, at: now)
            for id in Array(users.keys) where unsettle(id, owner: partner) { notifyObservers(of: id, at: now) }
        case .reachable(let epoch):
            if let known = partnerEpochs.updateValue(epoch, forKey: partner), known != epoch {
                hangUpCalls(of: partner, at: now)
            }
            lostPartners.removeAll { $0 == partner }
            let owed = owedPublications.filter { $0.owner == partner }
            owedPublications.removeAll { $0.owner == partner }
            for id in Array(users.keys) {
                endWatch(of: id, at: partner, now)
                if unsettle(id, owner: partner) { notifyObservers(of: id, at: now) }
                for (client, served) in users[id]?.clients ?? [:]
                where served.groups.values.contains(where: { $0.owner == partner }) {
                    publish(ClientKey(user: id, client: client), to: partner, at: now)
                }
            }
            for target in owed where users[target.key.user]?.clients[target.key.client] == nil {
                publish(target.key, to: partner, at: now)
            }
        }
    }

    /// Not at once: a partner needs its moment to see that we began anew, and would forget what came before.
    mutating func sayAgain(to partner: MCSystemID, at now: Now) {
        for (id, user) in users {
            endWatch(of: id, at: partner, now)
            for (client, served) in user.clients where served.groups.values.contains(where: { $0.owner == partner }) {
                deadlines.set(
                    .publication(ClientKey(user: id, client: client), partner),
                    at: now.instant + apart(settings.publicationRetry * 2))
            }
        }
    }

    private mutating func hangUpCalls(of partner: MCSystemID, at now: Now) {
        for id in Array(users.keys) {
            for call in users[id]?.calls ?? [] where calls[call]?.home == partner {
                hangUp(call, reason: "SIP;cause=503;text=\"partner system lost\"", at: now)
            }
        }
    }

    /// What an owner confirmed is to be confirmed again. False where there was nothing.
    private mutating func unsettle(_ id: MCPTTID, owner: MCSystemID) -> Bool {
        var changed = false
        for (client, served) in users[id]?.clients ?? [:] {
            for (group, affiliation) in served.groups
            where affiliation.owner == owner && affiliation.state == .affiliated {
                users[id]?.clients[client]?.groups[group]?.state = .affiliating
                changed = true
            }
        }
        return changed
    }
}

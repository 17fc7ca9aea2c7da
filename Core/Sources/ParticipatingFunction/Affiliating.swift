import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// What a client of ours wants to be affiliated with (TS 24.379 9.2.2.2).
extension ParticipatingFunction {
    /// PUBLISH of a client: the complete set of that client. The 200 says that it was understood; what became of it
    /// is told by NOTIFY.
    mutating func affiliationPublished(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ user: User, _ flow: FlowID, at now: Now
    ) throws(Refusal) {
        let before = try conditional(request, \.affiliationTag, user, flow)
        if let before, request.body.isEmpty {
            return try affiliationRefreshed(request, transaction, .init(user: user.mcpttID, client: before), at: now)
        }
        let body = try CallBody(reading: request)
        try body.information?.requireReadable()
        guard let part = request.part(MIMEType.presence) else { throw Refusal(.invalidCombination) }
        let document: AffiliationDocument
        do throws(DocumentError) {
            document = try AffiliationDocument(parsing: part.body)
        } catch {
            throw Refusal(status: error.reason == .tooLarge ? 413 : 400)
        }
        // Affiliating others needs a right of its own, which nobody has yet.
        guard document.entity == user.mcpttID, body.information?.requestURI ?? user.mcpttID.value == user.mcpttID.value
        else { throw Refusal(.functionNotAllowed) }
        guard document.clients.count == 1, let tuple = document.clients.first else {
            throw Refusal(.invalidCombination)
        }
        let key = ClientKey(user: user.mcpttID, client: tuple.client)
        guard before ?? key.client == key.client else { throw Refusal(status: 412) }
        guard isBound(key.client, of: key.user, over: flow) else { throw Refusal(.userUnknown) }
        let expires = request.headers.integer(.expires) ?? .max
        let groups: [MCPTTGroupID]
        switch expires {
        case 0: groups = []
        case .max: groups = tuple.groups.map(\.group)
        default: throw Self.tooBrief
        }
        let maximum = self.maximum(\.affiliationsN2, of: user)
        guard groups.count <= settings.limits.groupsPerRequest, countAfter(key, groups) <= maximum else {
            throw Refusal(.tooManyAffiliations)
        }
        publicationAccepted(transaction, \.affiliationTag, of: key, expires: expires, at: now)
        users[key.user]?.publicationID = document.publicationID
        affiliate(key, with: groups, at: now)
    }

    /// What the client published before stands, or is taken back.
    private mutating func affiliationRefreshed(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ key: ClientKey, at now: Now
    ) throws(Refusal) {
        let expires = request.headers.integer(.expires) ?? .max
        guard expires == 0 || expires == .max else { throw Self.tooBrief }
        publicationAccepted(transaction, \.affiliationTag, of: key, expires: expires, at: now)
        if expires == 0 { affiliate(key, with: [], at: now) }
    }

    /// How many groups the user would be affiliated with, over all clients: N2.
    private func countAfter(_ key: ClientKey, _ groups: [MCPTTGroupID]) -> Int {
        var all = OrderedSet(groups)
        for (id, client) in users[key.user]?.clients ?? [:] where id != key.client {
            all.formUnion(client.groups.filter { $0.value.state != .deaffiliating }.map(\.key))
        }
        return all.count
    }

    /// Replaces the set of a client and tells the owners that it concerns.
    mutating func affiliate(_ key: ClientKey, with wanted: [MCPTTGroupID], at now: Now) {
        guard var groups = users[key.user]?.clients[key.client]?.groups else { return }
        var owners = OrderedSet(groups.values.map(\.owner))
        var refused: [MCPTTGroupID] = []
        let wantedSet = OrderedSet(wanted)
        for id in groups.keys where !wantedSet.contains(id) { groups[id]?.state = .deaffiliating }
        for id in wantedSet {
            guard let owner = owner(of: id, for: key.user) else {
                refused.append(id)
                groups[id] = nil
                continue
            }
            owners.append(owner)
            if groups[id]?.state != .affiliated || groups[id]?.owner != owner {
                groups[id] = Affiliation(owner: owner, state: .affiliating)
            }
        }
        users[key.user]?.clients[key.client]?.groups = groups
        for id in refused {
            note(
                "affiliation.refused",
                [.init("user", key.user.value, isPersonal: true), .init("group", id.value, isPersonal: true)])
        }
        notifyObservers(of: key.user, refused: [key.client: refused], at: now)
        for owner in owners.sorted() { publish(key, to: owner, at: now) }
    }

    /// The system that owns a group, if there is one and our agreement with it covers the user and the group.
    func owner(of group: MCPTTGroupID, for user: MCPTTID) -> MCSystemID? {
        guard let owner = directory.controllingGroup(for: group)?.system else { return nil }
        guard owner != system.id else { return owner }
        guard let agreement = directory.partner(owner)?.agreement, agreement.groupsUsed.admits(group),
            agreement.usersReleased.admits(user)
        else { return nil }
        return owner
    }

    /// N2 holds for affiliations that come with a call, too: 486 "102" before the call is made, for the owner of the
    /// group does not know what the user has elsewhere (TS 24.379 9.2.2.2.11).
    func checkAffiliation(_ user: User, _ client: MCPTTClientID, _ group: MCPTTGroupID) throws(Refusal) {
        let key = ClientKey(user: user.mcpttID, client: client)
        guard let groups = users[key.user]?.clients[client]?.groups else { return }
        let standing = groups.filter { $0.value.state != .deaffiliating }.map(\.key)
        guard !standing.contains(group) else { return }
        guard countAfter(key, standing + [group]) <= maximum(\.affiliationsN2, of: user) else {
            throw Refusal(.tooManyAffiliations)
        }
    }

    /// Joining a chat group or declaring an emergency made the client affiliated (TS 24.379 9.2.2.2.11): the owner
    /// knows already.
    mutating func noteImplicitAffiliation(_ key: ClientKey, _ group: MCPTTGroupID, owner: MCSystemID, at now: Now) {
        guard let client = users[key.user]?.clients[key.client], client.groups[group]?.state != .affiliated else {
            return
        }
        users[key.user]?.clients[key.client]?.groups[group] = Affiliation(owner: owner, state: .affiliated)
        reviseWatch(of: key.user, at: owner, now)
        notifyObservers(of: key.user, at: now)
    }
}

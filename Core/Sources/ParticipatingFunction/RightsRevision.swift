import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// The directory changed: what a user may no more ends, though it had begun when he might. Where there is too much, what
/// is most urgent and then what is oldest stays.
extension ParticipatingFunction {
    mutating func revise(_ user: User, at now: Now) {
        let id = user.mcpttID
        // A telephone that is none any more has no token; as a client it has to present one.
        for (client, served) in users[id]?.clients ?? [:] where served.isLegacy && !user.endpoint.isLegacy {
            dropClient(ClientKey(user: id, client: client), .withdrawn, at: now)
        }
        reviseProfiles(user)
        reviseCalls(user, at: now)
        reviseMaxima(user, at: now)
        if !user.endpoint.isLegacy { reviseAffiliations(user, at: now) }
    }

    /// A call of a client needs what its INVITE needed (TS 24.379 10.1.1.3.1), and what it declared in it. One to which he
    /// was invited needs nothing else.
    private mutating func reviseCalls(_ known: User, at now: Now) {
        for id in users[known.mcpttID]?.calls ?? [] {
            guard let call = calls[id] else { continue }
            let user = self.user(known, as: call.client)
            var mayGoOn = Self.mayCall(call.declaredTier, user.rights)
            if case .byClient(let kind) = call.asked, (try? authorise(kind, user)) == nil { mayGoOn = false }
            guard !mayGoOn else { continue }
            hangUp(id, reason: "SIP;cause=403;text=\"right withdrawn\"", at: now)
            note(
                "call.rightWithdrawn",
                Observation.call(call.reference) + [.init("user", user.mcpttID.value, isPersonal: true)])
        }
    }

    /// N6 and N4, where they were lowered.
    private mutating func reviseMaxima(_ user: User, at now: Now) {
        let reason = "SIP;cause=486;text=\"maximum of calls lowered\""
        let ranked = rankedCalls(of: user.mcpttID)
        for id in ranked.dropFirst(maximum(\.groupCallsN6, of: user)) { hangUp(id, reason: reason, at: now) }
        for client in users[user.mcpttID]?.clients.keys ?? [] {
            let own = rankedCalls(of: user.mcpttID).filter { calls[$0]?.concerns(client) == true }
            let maximum = self.user(user, as: client).maxima.groupCallsPerClientN4
            for id in own.dropFirst(max(maximum, 0)) {
                leave(id, client, reason: reason, at: now)
            }
        }
    }

    /// The most urgent first, of equal ones the oldest.
    private func rankedCalls(of user: MCPTTID) -> [CallID] {
        let all = (users[user]?.calls ?? []).compactMap { calls[$0] }
        return all.enumerated().sorted { left, right in
            left.element.urgency == right.element.urgency
                ? left.offset < right.offset : left.element.urgency > right.element.urgency
        }.map(\.element.id)
    }

    /// N2, where it was lowered: over all clients the groups that were named first stay.
    private mutating func reviseAffiliations(_ user: User, at now: Now) {
        let clients = users[user.mcpttID]?.clients ?? [:]
        let maximum = self.maximum(\.affiliationsN2, of: user)
        var kept: OrderedSet<MCPTTGroupID> = []
        for (id, client) in clients {
            let wanted = client.groups.filter { $0.value.state != .deaffiliating }.map(\.key)
            let staying = wanted.filter { group in
                guard !kept.contains(group) else { return true }
                guard kept.count < maximum else { return false }
                kept.append(group)
                return true
            }
            guard staying.count < wanted.count else { continue }
            note(
                "affiliation.rightWithdrawn",
                [
                    .init("user", user.mcpttID.value, isPersonal: true),
                    .init("groups", "\(wanted.count - staying.count)"),
                ])
            affiliate(ClientKey(user: user.mcpttID, client: id), with: staying, at: now)
        }
    }

    // MARK: Members

    /// Who is no member of a group of ours any more is affiliated no more, and is told so. The owner, which is this
    /// system, decides the same by the same directory, without a word.
    ///
    /// - Parameter changed: the groups that may have other members than in `old`; nil: any.
    mutating func reviseMemberships(since old: DirectorySnapshot, of changed: [MCPTTGroupID]?, at now: Now) {
        guard let changed else {
            for id in Array(users.keys) {
                endMemberships(of: id, at: now)
                leaveUncoveredGroups(id, at: now)
            }
            return
        }
        for id in changed {
            let remaining = directory.group(id)
            for member in old.group(id)?.members ?? [] where remaining?.member(member.mcpttID) == nil {
                endMemberships(of: member.mcpttID, at: now)
            }
        }
    }

    private mutating func endMemberships(of id: MCPTTID, at now: Now) {
        var ended: OrderedDictionary<MCPTTClientID, [MCPTTGroupID]> = [:]
        for (client, served) in users[id]?.clients ?? [:] {
            let gone = Array(served.groups.keys).filter { group in
                served.groups[group]?.owner == system.id && directory.group(group)?.member(id) == nil
            }
            guard !gone.isEmpty else { continue }
            for group in gone { users[id]?.clients[client]?.groups[group] = nil }
            ended[client] = gone
        }
        guard !ended.isEmpty else { return }
        notifyObservers(of: id, refused: ended, at: now)
        note("affiliation.membershipEnded", [.init("user", id.value, isPersonal: true)])
    }

    /// Groups of partners that the agreement covers no more are taken back.
    private mutating func leaveUncoveredGroups(_ id: MCPTTID, at now: Now) {
        for (client, served) in users[id]?.clients ?? [:] {
            let wanted = served.groups.filter { $0.value.state != .deaffiliating }
            guard wanted.contains(where: { $0.value.owner != system.id && owner(of: $0.key, for: id) == nil }) else {
                continue
            }
            affiliate(ClientKey(user: id, client: client), with: Array(wanted.keys), at: now)
        }
    }
}

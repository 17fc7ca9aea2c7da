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
        reviseCalls(user, at: now)
        reviseMaxima(user, at: now)
        if !user.endpoint.isLegacy { reviseAffiliations(user, at: now) }
    }

    /// A call of a client needs what its INVITE needed (TS 24.379 10.1.1.3.1). One to which he was invited needs nothing.
    private mutating func reviseCalls(_ user: User, at now: Now) {
        for id in users[user.mcpttID]?.calls ?? [] {
            guard let call = calls[id], case .byClient(let type) = call.asked else { continue }
            let mayGoOn =
                Self.mayCall(call.tier, user.rights)
                && (try? authorise(type, user, isRejoining: type == nil)) != nil
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
        for id in ranked.dropFirst(max(user.maxima.groupCallsN6, 0)) { hangUp(id, reason: reason, at: now) }
        guard ranked.count > user.maxima.groupCallsPerClientN4 else { return }
        for client in users[user.mcpttID]?.clients.keys ?? [] {
            let own = rankedCalls(of: user.mcpttID).filter { calls[$0]?.concerns(client) == true }
            for id in own.dropFirst(max(user.maxima.groupCallsPerClientN4, 0)) {
                leave(id, client, reason: reason, at: now)
            }
        }
    }

    /// The most urgent first, of equal ones the oldest.
    private func rankedCalls(of user: MCPTTID) -> [CallID] {
        let all = (users[user]?.calls ?? []).compactMap { calls[$0] }
        return all.enumerated().sorted { left, right in
            left.element.tier == right.element.tier
                ? left.offset < right.offset : left.element.tier > right.element.tier
        }.map(\.element.id)
    }

    /// N2, where it was lowered: over all clients the groups that were named first stay.
    private mutating func reviseAffiliations(_ user: User, at now: Now) {
        let clients = users[user.mcpttID]?.clients ?? [:]
        var kept: OrderedSet<MCPTTGroupID> = []
        for (id, client) in clients {
            let wanted = client.groups.filter { $0.value.state != .deaffiliating }.map(\.key)
            let staying = wanted.filter { group in
                guard !kept.contains(group) else { return true }
                guard kept.count < user.maxima.affiliationsN2 else { return false }
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
}

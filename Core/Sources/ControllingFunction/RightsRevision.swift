import CallControl
import FloorControl
import MCFoundation
import OrderedCollections
import Policy
import SDP
import SIPUserAgent

/// The directory changed while calls are up: what their INVITEs would be refused for now ends (TS 24.379 10.1.1.4.2 with
/// the group document of TS 24.481 as it is).
extension ControllingFunction {
    mutating func reviseCall(of id: MCPTTGroupID, at now: Now) {
        guard let call = calls[id] else { return }
        guard let group = directory.group(id), group.isEnabled else { return release(id, .groupRemoved, at: now) }
        guard group.kind == call.group.kind, Self.allows(call.tier, group) else {
            return release(id, .rightWithdrawn, at: now)
        }
        guard call.group != call.followed(group) else { return }
        calls[id]?.follow(group)
        if let settings = calls[id]?.floorSettings, settings != call.floorSettings {
            command(.configureCall(call.media, settings))
        }
        if group.maximumDuration != call.group.maximumDuration { limitDuration(of: id) }
        dropObservers(of: id, at: now)
        setUp(id) { setUp in setUp.missingRequired.removeAll { group.member($0)?.isRequired != true } }
        var leaving: [SessionID] = []
        for (session, participant) in call.participants {
            guard let member = group.member(participant.key.user), Self.mayStay(participant, as: member) else {
                leaving.append(session)
                continue
            }
            if member != participant.member { change(session, to: member, in: id) }
        }
        leaving += surplus(of: id, beside: leaving)
        remove(leaving, from: id, at: now)
    }

    private static func allows(_ tier: CallTier, _ group: Group) -> Bool {
        switch tier {
        case .normal: true
        case .imminentPeril: group.emergency.allowsImminentPerilCalls
        case .emergency: group.emergency.allowsEmergencyCalls
        }
    }

    /// Who began a prearranged call needed the right to begin it, and does not lose what he has done; who came in needs
    /// the right to be in.
    private static func mayStay(_ participant: Participant, as member: Member) -> Bool {
        if participant.isJoiner, !member.mayJoin { return false }
        return participant.tier == .normal || member.mayCallInEmergency
    }

    /// More than the group allows now: those who came last leave, but nobody who declared an emergency.
    private func surplus(of id: MCPTTGroupID, beside leaving: [SessionID]) -> [SessionID] {
        guard let call = calls[id] else { return [] }
        let staying = call.participants.filter { !leaving.contains($0.key) }
        let tooMany = staying.count - call.group.maximumParticipants
        guard tooMany > 0 else { return [] }
        return staying.filter { $0.value.tier == .normal }.keys.suffix(tooMany).map { $0 }
    }

    /// Rights and priority of the floor follow the directory: a talker who may only listen now is cut off by floor control
    /// (TS 24.380 6.3.4.5).
    private mutating func change(
        _ session: SessionID, to member: Member, in id: MCPTTGroupID
    ) {
        calls[id]?.set(member, of: session)
        describeFloor(of: session, in: id)
    }

    /// What floor control knows of a participant is said anew: his rights or his tier are others.
    mutating func describeFloor(of session: SessionID, in id: MCPTTGroupID) {
        guard let call = calls[id], let current = call.participants[session], let floor = current.floor else { return }
        var parameters = floor.parameters
        parameters.priority = parameters.priority.map { min($0, current.member.priority) }
        let description = floorDescription(current, parameters, hasFloor: floor.hasFloor)
        switch current.state {
        case .invited, .calling: break
        case .waiting: calls[id]?.set(.waiting(description), of: session)
        case .joined: command(.join(call.media, current.leg.id, description))
        }
    }

    private mutating func remove(_ sessions: [SessionID], from id: MCPTTGroupID, at now: Now) {
        guard !sessions.isEmpty, let call = calls[id] else { return }
        if case .settingUp(let setUp) = call.phase, sessions.contains(setUp.caller) {
            return release(id, .rightWithdrawn, at: now)
        }
        for session in sessions {
            agent.end(session, at: now)
            forget(session, in: id)
            guard let participant = call.participants[session], participant.hasAnswered else { continue }
            noteLeaving(participant, call, "right withdrawn")
        }
        note("call.rightWithdrawn", call.fields + [.init("participants", "\(sessions.count)")])
        afterLeaving(id, at: now)
    }
}

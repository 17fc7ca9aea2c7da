import CallControl
import FloorControl
import MCFoundation
import OrderedCollections
import Policy
import SIPUserAgent

/// What an INVITE to the controlling function asks for.
struct CallRequest: Sendable {
    var caller: ClientKey
    var groupID: MCPTTGroupID
    /// From `<session-type>`; nil when the request names a session and so needs none.
    var kind: Group.Kind?
    /// The token of the session identity in the Request-URI: the caller rejoins.
    var sessionToken: String?
    var tier: CallTier
    /// Only the caller is to talk.
    var isBroadcast = false
    var asksForAlert = false
}

/// What the checks found out on their way.
struct Admission: Sendable {
    var group: Group
    var member: Member
    var system: MCSystemID
    /// A call of the group is up or being set up.
    var isRunning: Bool
    /// The caller's client becomes affiliated by this request (TS 24.379 9.2.2.3.6).
    var affiliates: Bool
    /// A session of the same client in the same call, which the new one replaces.
    var replaces: SessionID?
}

extension ControllingFunction {
    /// The checks on the group document in the order of TS 24.379 10.1.1.4.2 and 10.1.2.4.1.1: the first that fails
    /// is the answer.
    func admit(_ request: CallRequest) throws(Refusal) -> Admission {
        let running = calls[request.groupID]
        if let token = request.sessionToken, running?.token != token {
            throw Refusal(.groupCallDoesNotExist)
        }
        guard let group = directory.group(request.groupID) else { throw Refusal(.groupDoesNotExist) }
        guard group.isEnabled else { throw Refusal(.groupDisabled) }
        guard let member = group.member(request.caller.user),
            let system = directory.routing.route(of: request.caller.user)?.serving
        else { throw Refusal(.notGroupMember) }
        // OPEN: what becomes of a call that was up when its group was regrouped; here it goes on and may be joined.
        if group.regroupedInto != nil, running == nil { throw Refusal(.groupIsRegrouped) }
        switch (request.kind, group.kind) {
        case (.chat, .prearranged): throw Refusal(.groupIsPrearranged)
        case (.prearranged, .chat): throw Refusal(.groupIsChat)
        case (nil, _), (.chat, .chat), (.prearranged, .prearranged): break
        }
        if group.kind == .prearranged, running == nil {
            guard member.mayInitiate else { throw Refusal(.notAuthorisedToInitiateGroupCall) }
        } else {
            guard member.mayJoin else { throw Refusal(.notAuthorisedToJoinGroupCall) }
        }
        if request.isBroadcast {
            // A call of all cannot become one of a single talker, nor does a place to meet have an initiator.
            guard group.kind == .prearranged, running == nil || running?.initiator == request.caller else {
                throw Refusal(.functionNotAllowed)
            }
        }
        let isAffiliated = isAffiliated(request.caller, with: group)
        guard isAffiliated || group.kind == .chat || request.tier > .normal else { throw Refusal(.notAffiliated) }
        try checkTier(request.tier, group, member)
        let replaced = running?.session(of: request.caller)
        let others = (running?.participants.count ?? 0) - (replaced == nil ? 0 : 1)
        guard others < min(group.maximumParticipants, settings.limits.participantsPerCall) else {
            throw Refusal(.tooManyParticipants)
        }
        // The last check: nothing was begun for a call that there is no room for.
        guard running != nil || calls.count < settings.limits.calls else { throw Refusal.noRoom() }
        return Admission(
            group: group, member: member, system: system, isRunning: running != nil, affiliates: !isAffiliated,
            replaces: replaced)
    }

    /// Both the group's rule and the member's own must allow the tier (TS 24.379 6.3.3.1.13).
    func checkTier(_ tier: CallTier, _ group: Group, _ member: Member) throws(Refusal) {
        let isAllowed =
            switch tier {
            case .normal: true
            case .imminentPeril: group.emergency.allowsImminentPerilCalls && member.mayCallInEmergency
            case .emergency: group.emergency.allowsEmergencyCalls && member.mayCallInEmergency
            }
        guard isAllowed else { throw Refusal(status: 403) }
    }
}

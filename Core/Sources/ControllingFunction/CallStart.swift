import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SDP
import SIP
import SIPUserAgent

extension ControllingFunction {
    /// The first INVITE of a group without a call (TS 24.379 10.1.1.4.2 prearranged, 10.1.2.4.1.1 chat).
    mutating func begin(
        _ session: SessionID, _ caller: Participant, _ request: CallRequest, _ group: Group,
        _ offer: SpeechOffer, at now: Now
    ) {
        let token = SessionIdentity.token(
            reference: random.token(SessionIdentity.referenceLength), secret: random.token(20))
        guard let identity = SessionIdentity.uri(service: system.services.controllingGroup.value, token: token) else {
            preconditionFailure("the service identity of this function is no SIP URI")
        }
        let mediaCall = MediaCallID(numbers.next(in: media.cell(of: group.id)))
        let required = group.members.filter { $0.isRequired && $0.mcpttID != caller.key.user }.map(\.mcpttID)
        var call = GroupCall(
            group: group, media: mediaCall, identity: identity, token: token, initiator: caller.key,
            broadcaster: request.isBroadcast ? caller.leg.id : nil, tier: request.tier, payloadType: offer.payloadType,
            floorRules: settings.floor,
            phase: .settingUp(.init(caller: session, missingRequired: group.kind == .chat ? [] : required)))
        call.insert(caller, session)
        calls[group.id] = call
        groupsBySession[session] = group.id
        groupsByMedia[call.media] = group.id
        groupsByToken[token] = group.id
        command(.openCall(call.media, call.floorSettings))
        command(.openLeg(caller.leg.id, face: .access, floorSSRC: caller.leg.floorSSRC))
        command(.connectLeg(caller.leg.id, LegRemote(offer)))
        if group.kind == .prearranged {
            for key in affiliatedClients(of: group) { invite(key, to: group.id, at: now) }
            deadlines.set(.startWait(group.id), at: now.instant + settings.startWait)
            if !required.isEmpty {
                deadlines.set(.acknowledgement(group.id), at: now.instant + group.acknowledgement.timeout)
            }
        }
        proceed(group.id, at: now)
    }

    mutating func startWaitOver(_ id: MCPTTGroupID, at now: Now) {
        setUp(id) { $0.isWaitOver = true }
        proceed(id, at: now)
    }

    /// TNG1 ran out (TS 24.379 6.3.3.5).
    mutating func acknowledgementOver(_ id: MCPTTGroupID, at now: Now) {
        setUp(id) { $0.isAcknowledgementOver = true }
        proceed(id, at: now)
    }

    mutating func setUp(_ id: MCPTTGroupID, _ change: (inout GroupCall.SetUp) -> Void) {
        guard case .settingUp(var setUp)? = calls[id]?.phase else { return }
        change(&setUp)
        calls[id]?.phase = .settingUp(setUp)
    }

    /// Decides whether a call that is being set up starts, waits or fails.
    mutating func proceed(_ id: MCPTTGroupID, at now: Now) {
        guard let call = calls[id], case .settingUp(let setUp) = call.phase else { return }
        var warning: MCPTTWarning?
        if !setUp.missingRequired.isEmpty {
            let mayStillAnswer = call.participants.values.contains {
                !$0.hasAnswered && setUp.missingRequired.contains($0.key.user)
            }
            if mayStillAnswer && !setUp.isAcknowledgementOver { return }
            switch call.group.acknowledgement.onTimeout {
            case .abandon: return fail(id, Refusal(.abandonedWithoutRequiredMembers), .abandoned, at: now)
            case .proceed: warning = .proceededWithoutRequiredMembers
            }
        }
        let invited = call.invitedCount
        if invited > 0, !setUp.isWaitOver { return }
        // While somebody may still answer, the initiator is not left talking to nobody.
        let needed = max(call.group.minimumToStart, invited > 0 ? 2 : 1)
        if call.answeredUserCount >= needed {
            start(id, setUp.caller, warning, at: now)
        } else if invited == 0 {
            fail(id, Refusal(status: 480), .nobodyAnswered, at: now)
        }
    }

    /// The initiator gets his 200 and everybody who answered joins, the initiator first: the floor is his if he asked
    /// for it (TS 24.380 6.3.2.2).
    private mutating func start(
        _ id: MCPTTGroupID, _ caller: SessionID, _ warning: MCPTTWarning?, at now: Now
    ) {
        calls[id]?.phase = .running
        deadlines.cancel(.startWait(id))
        deadlines.cancel(.acknowledgement(id))
        guard let call = calls[id] else { return }
        calls[id]?.began = now.instant
        limitDuration(of: id)
        accept(caller, in: id, isNewCall: true, warning, at: now)
        for (session, participant) in call.participants where session != caller {
            if case .waiting(let description) = participant.state {
                calls[id]?.set(.joined(nil), of: session)
                command(.join(call.media, participant.leg.id, description))
            }
        }
        note(
            "call.started",
            call.fields + (call.participants[caller]?.fields ?? []) + [
                .init("participants", "\(call.answeredCount)"), .init("invited", "\(call.invitedCount)"),
            ])
        for (session, participant) in call.participants where session != caller {
            if case .waiting = participant.state { noteJoining(participant, call) }
        }
        conferenceChanged(id, at: now)
    }

    /// Somebody else than the initiator takes part from now on.
    mutating func noteJoining(_ participant: Participant, _ call: GroupCall) {
        note("call.joined", call.fields + participant.fields)
    }

    private mutating func fail(_ id: MCPTTGroupID, _ refusal: Refusal, _ cause: ReleaseCause, at now: Now) {
        guard case .settingUp(let setUp)? = calls[id]?.phase else { return }
        agent.reject(
            setUp.caller, status: refusal.status, headers: refusal.responseHeaders(agent: system.domain), at: now)
        forget(setUp.caller, in: id)
        release(id, cause, at: now)
    }

    /// An INVITE to a call that is up or being set up: the caller joins (TS 24.379 10.1.1.4.2 step 4, 10.1.2.4.1.1).
    mutating func join(
        _ session: SessionID, _ participant: Participant, to id: MCPTTGroupID, _ offer: SpeechOffer, at now: Now
    ) {
        calls[id]?.insert(participant, session)
        groupsBySession[session] = id
        command(.openLeg(participant.leg.id, face: .access, floorSSRC: participant.leg.floorSSRC))
        command(.connectLeg(participant.leg.id, LegRemote(offer)))
        raiseTier(id, to: participant, at: now)
        setUp(id) { setUp in setUp.missingRequired.removeAll { $0 == participant.key.user } }
        let isPrearranged = calls[id]?.group.kind == .prearranged
        accept(session, in: id, isNewCall: false, isPrearranged ? .sessionAlreadyExists : nil, at: now)
        proceed(id, at: now)
        conferenceChanged(id, at: now)
    }
}

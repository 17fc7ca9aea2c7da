import CallControl
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

extension ControllingFunction {
    /// TNG3: how long the call may last, from its beginning on (TS 24.379 10.1.1.4.2).
    mutating func limitDuration(of id: MCPTTGroupID) {
        guard let call = calls[id], let began = call.began else { return }
        if let limit = call.group.maximumDuration {
            deadlines.set(.duration(id), at: began + limit)
        } else {
            deadlines.cancel(.duration(id))
        }
    }

    /// A participant's session is gone: he hung up, cancelled, or is reached no more.
    mutating func ended(_ session: SessionID, _ end: SessionEnd, at now: Now) {
        guard let id = groupsBySession[session], let call = calls[id], let participant = call.participants[session]
        else { return }
        if case .settingUp(let setUp) = call.phase, setUp.caller == session {
            forget(session, in: id)
            return release(id, .callerGone, at: now)
        }
        let hungUp = if case .byPeer(let bye) = end { ServiceHeaders.isRequestedByUser(bye.headers) } else { false }
        forget(session, in: id)
        if participant.hasAnswered { noteLeaving(participant, call, Self.cause(of: end)) }
        let isMissed = call.broadcaster != nil || (hungUp && call.group.release.whenInitiatorLeaves)
        if participant.key == call.initiator, isMissed { return release(id, .initiatorLeft, at: now) }
        afterLeaving(id, at: now)
    }

    /// A BYE with another Reason (RFC 3326) is of a function on the way, not of the user: his right or his border is gone.
    private static func cause(of end: SessionEnd) -> String {
        switch end {
        case .byPeer(let bye):
            bye.headers.has(.reason) && !ServiceHeaders.isRequestedByUser(bye.headers) ? "ended for him" : "hung up"
        case .cancelled: "hung up"
        case .sessionExpired, .notAcknowledged, .peerGone: "unreachable"
        }
    }

    /// A call that lost participants goes on, or ends by the rules of its group (TS 24.379 6.3.8.1).
    mutating func afterLeaving(_ id: MCPTTGroupID, at now: Now) {
        guard let call = calls[id] else { return }
        dropObservers(of: id, at: now)
        guard case .running = call.phase else { return proceed(id, at: now) }
        let users = call.answeredUserCount
        switch call.group.kind {
        case .chat:
            // A chat group is a place where one waits for others.
            if users == 0 { return release(id, .alone, at: now) }
        case .prearranged:
            // Whom nobody has joined yet is not left by anybody: his call ends by inactivity.
            let isLeft = users == 1 && call.invitedCount == 0 && call.wasShared
            if users == 0 || (isLeft && call.group.release.whenAlone) { return release(id, .alone, at: now) }
            if users < call.group.minimumToStart { return release(id, .belowMinimum, at: now) }
        }
        conferenceChanged(id, at: now)
    }

    mutating func mediaChanged(_ event: MediaEvent, at now: Now) {
        switch event {
        case .callInactive(let media):
            // T4 (TS 24.380 6.3.4.3.4).
            guard let id = groupsByMedia[media], calls[id]?.group.release.onInactivity == true else { return }
            release(id, .inactivity, at: now)
        case .talkerChanged(let media, _, let talker):
            guard let id = groupsByMedia[media] else { return }
            note(
                "talker.changed",
                [
                    .init("group", id.value, isPersonal: true),
                    .init("user", talker?.value ?? "", isPersonal: true),
                ])
            // A broadcast is over when its initiator has released the floor (TS 24.379 10.1.1.4.6).
            if talker == nil, calls[id]?.broadcaster != nil { release(id, .broadcastOver, at: now) }
        case .participantMisbehaves(let media, let leg):
            // The media cell does not forward him: nothing is gained by releasing a device that only sends stray audio.
            guard let id = groupsByMedia[media],
                let participant = calls[id]?.participants.values.first(where: { $0.leg.id == leg })
            else { return }
            note("participant.misbehaves", (calls[id]?.fields ?? []) + participant.fields)
        case .legRefused(let leg, .ambiguous): separate(leg, isCut: true, at: now)
        case .legAmbiguous(let leg): separate(leg, isCut: false, at: now)
        case .legRefused(let leg, let why): legRefused(leg, why, at: now)
        case .callRefused(let media, let why):
            guard let id = groupsByMedia[media] else { return }
            note("call.refusedByMedia", (calls[id]?.fields ?? []) + [.init("why", "\(why)")])
            release(id, .mediaRefused, at: now)
        }
    }

    /// A client without media is no participant.
    mutating func legRefused(_ leg: LegID, _ why: MediaRefusal, at now: Now) {
        guard let (id, session) = place(of: leg), let call = calls[id] else { return }
        note(
            "participant.refusedByMedia",
            call.fields + (call.participants[session]?.fields ?? []) + [.init("why", "\(why)")])
        if case .settingUp(let setUp) = call.phase, setUp.caller == session {
            return release(id, .mediaRefused, at: now)
        }
        var headers = Headers()
        headers.append(.reason, ReleaseCause.mediaRefused.reasonHeader)
        agent.end(session, headers: headers, at: now)
        forget(session, in: id)
        afterLeaving(id, at: now)
    }

    /// Ends a call for all: BYE, CANCEL or refusal, as each session's state demands.
    mutating func release(_ id: MCPTTGroupID, _ cause: ReleaseCause, at now: Now) {
        guard let call = calls.removeValue(forKey: id) else { return }
        command(.closeCall(call.media))
        var headers = Headers()
        headers.append(.reason, cause.reasonHeader)
        for (session, participant) in call.participants {
            agent.end(session, headers: headers, at: now)
            close(session, participant)
        }
        for observer in call.observers.keys {
            agent.notify(observer, state: .terminated(reason: "noresource"), at: now)
            groupsBySubscription[observer] = nil
        }
        groupsByMedia[call.media] = nil
        groupsByToken[call.token] = nil
        for deadline in [Deadline.startWait(id), .acknowledgement(id), .duration(id), .conference(id)] {
            deadlines.cancel(deadline)
        }
        note(
            "call.released",
            call.fields + [.init("cause", cause.rawValue), .init("participants", "\(call.answeredCount)")])
    }

    /// Somebody takes part no more, and the call goes on or ends because of it.
    mutating func noteLeaving(_ participant: Participant, _ call: GroupCall, _ cause: String) {
        note("call.left", call.fields + participant.fields + [.init("cause", cause)])
    }

    /// Takes a client out of the media cell and the tables; its session is the caller's affair.
    mutating func forget(_ session: SessionID, in id: MCPTTGroupID) {
        guard let participant = calls[id]?.remove(session), let media = calls[id]?.media else { return }
        if participant.isJoined { command(.leave(media, participant.leg.id)) }
        close(session, participant)
    }

    private mutating func close(_ session: SessionID, _ participant: Participant) {
        command(.closeLeg(participant.leg.id))
        ssrcs.release(participant.leg.audioSSRC)
        ssrcs.release(participant.leg.floorSSRC)
        groupsBySession[session] = nil
        deadlines.cancel(.ringing(session))
    }

    // MARK: Partners

    /// A partner went away or came back. The home call goes on without its members; they come back by affiliating
    /// again, as their participating function publishes all it has.
    mutating func partnerChanged(_ partner: MCSystemID, _ state: PartnerState, at now: Now) {
        switch state {
        case .lost:
            partners[partner, default: PartnerView(isLost: false, epoch: nil)].isLost = true
            for id in Array(calls.keys) { removeMembers(of: partner, from: id, at: now) }
        case .reachable(let epoch):
            let known = partners[partner]
            partners[partner] = PartnerView(isLost: false, epoch: epoch)
            if let before = known?.epoch, before != epoch {
                affiliations.forget(system: partner)
                for id in Array(calls.keys) { removeMembers(of: partner, from: id, at: now) }
            } else if known?.isLost == true {
                // It may not have noticed that we lost it, and so has no reason to say again who is affiliated.
                for id in Array(calls.keys) { inviteMembers(of: partner, to: id, at: now) }
            }
        }
    }

    private mutating func inviteMembers(of partner: MCSystemID, to id: MCPTTGroupID, at now: Now) {
        guard let group = calls[id]?.group, group.kind == .prearranged else { return }
        for key in affiliatedClients(of: group) where affiliations.entry(key)?.system == partner {
            invite(key, to: id, at: now)
        }
    }

    private mutating func removeMembers(of partner: MCSystemID, from id: MCPTTGroupID, at now: Now) {
        guard let call = calls[id] else { return }
        let gone: OrderedDictionary<SessionID, Participant> = call.participants.filter { $0.value.system == partner }
        guard !gone.isEmpty else { return }
        if case .settingUp(let setUp) = call.phase, gone[setUp.caller] != nil {
            return release(id, .callerGone, at: now)
        }
        for (session, participant) in gone {
            agent.end(session, at: now)
            forget(session, in: id)
            if participant.hasAnswered { noteLeaving(participant, call, "partner gone") }
        }
        note(
            "call.partnerMembersGone",
            call.fields + [.init("partner", partner.value), .init("members", "\(gone.count)")])
        afterLeaving(id, at: now)
    }
}

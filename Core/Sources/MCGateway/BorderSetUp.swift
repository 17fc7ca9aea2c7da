import CallControl
import MCDocuments
import MCFoundation
import Policy
import SDP
import SIP
import SIPUserAgent

// Setting up a session across the border: INVITE in on one side, out on the other, one media leg on each.
extension MCGateway {
    mutating func invited(_ session: SessionID, _ request: SIPRequest, _ origin: RequestOrigin, at now: Now) {
        do throws(BorderRefusal) {
            try carry(invitation: request, session, origin, at: now)
        } catch {
            agent.reject(session, status: error.status, headers: headers(refusing: error), at: now)
            actions.append(note(error, request, origin))
        }
    }

    private mutating func carry(
        invitation request: SIPRequest, _ session: SessionID, _ origin: RequestOrigin, at now: Now
    ) throws(BorderRefusal) {
        let route = try route(request, from: origin)
        let partner = route.partner.system
        try checkCaller(route, at: now)
        guard sessions.count < settings.limits.sessions,
            sessionsPerPartner[partner] < settings.limits.sessionsPerPartner
        else { throw BorderRefusal(503, cause: "limit") }
        guard let offer = request.part(MIMEType.sessionDescription).flatMap({ BorderDescription($0.body) }) else {
            throw BorderRefusal(488, cause: "description")
        }
        let far: BorderSide = route.crossing == .leaving ? .outside : .inside
        // In the family of the offer, so that an owner who asks for another one gets it on the far side too.
        let cell = media[route.admitted.group]
        guard let ports = cell.ports(far.face, like: offer.remote.audio.address) ?? cell.ports(far.face) else {
            throw BorderRefusal(488, cause: "media")
        }
        var onward = try crossed(request, over: route)
        let floorSSRC = offer.remote.floorSSRC ?? mintFloorSSRC()
        let trunk =
            far == .outside
            ? (route.partner.offersTrunks ? trunk(over: route) : nil) : offer.remote.trunk
        var near = BorderEnd(session: session, sdpSession: mintSDPSession())
        near.description = offer
        var end = BorderEnd(session: session, sdpSession: mintSDPSession())
        end.floorSSRC = floorSSRC
        let description = offer.rewritten(
            ports: ports, sessionID: end.sdpSession, version: end.sdpVersion, floorSSRC: floorSSRC,
            trunk: far == .outside ? trunk : nil)
        onward.replaceDescription(description, boundary: random.token(16))
        end.leg = openLeg(far, for: route.admitted.group, floorSSRC: floorSSRC)
        end.session = agent.invite(onward, at: now)
        lastSession += 1
        let callID = (far == .outside ? onward.headers.callID : request.headers.callID) ?? ""
        sessions[lastSession] = BorderSession(
            crossing: route.crossing, partner: partner, admitted: route.admitted, inside: far == .inside ? end : near,
            outside: far == .outside ? end : near, trunk: trunk, outsideCallID: callID)
        let known = Observation.call(meantBy: request)
        sessions[lastSession]?.reference = known.first?.value
        partnersByCallID[callID] = partner
        ends[session] = (lastSession, far.other)
        ends[end.session] = (lastSession, far)
        if let leg = end.leg { sessionsByLeg[leg] = lastSession }
        sessionsPerPartner.add(partner)
        if let membership = membership(lastSession) { memberships.add(membership) }
        actions.append(
            observe(
                "border.session-started",
                known + [.init("partner", partner.value), .init("crossing", route.crossing == .leaving ? "out" : "in")]
                    + route.admitted.fields))
    }

    /// The owner of a group vouches for who calls, but of a user of ours we know ourselves whether he is in its call.
    private func checkCaller(_ route: CrossingRoute, at now: Now) throws(BorderRefusal) {
        let admitted = route.admitted
        guard route.crossing == .entering, admitted.role != .controllingGroup, let caller = admitted.caller,
            let group = admitted.group, directory.user(caller) != nil
        else { return }
        let claimed = Membership(partner: route.partner.system, group: group, user: caller)
        guard memberships.isKnown(claimed, at: now) else {
            throw BorderRefusal(403, route.crossing.warning, cause: "assertion-caller")
        }
    }

    /// What a session says of a user of ours: that he takes part in a call of the partner's group.
    private func membership(_ id: UInt64) -> Membership? {
        guard let state = sessions[id], state.memberSide == .inside, let user = state.admitted.member,
            let group = state.admitted.group
        else { return nil }
        return Membership(partner: state.partner, group: group, user: user)
    }

    mutating func progressed(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let (id, side) = ends[session], let state = sessions[id], side != state.caller else { return }
        var headers = crossedBack(response, of: state.crossing, partner: state.partner, group: state.admitted.group)
        // The description comes with the final answer; a leg that is not connected yet could play nothing.
        for name in BorderHeaders.body { headers.remove(name) }
        agent.ring(state[state.caller].session, status: response.status, headers: headers, at: now)
    }

    mutating func established(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let (id, side) = ends[session], var state = sessions[id], side != state.caller else { return }
        let near = state.caller
        guard let answer = response.part(MIMEType.sessionDescription).flatMap({ BorderDescription($0.body) }),
            let offer = state[near].description, answer.remote.protection == offer.remote.protection,
            let ports = ports(near, of: state, like: offer)
        else {
            agent.reject(state[near].session, status: 488, at: now)
            agent.end(session, at: now)
            return forget(id, at: now)
        }
        let floorSSRC = answer.remote.floorSSRC ?? mintFloorSSRC()
        state[near].floorSSRC = floorSSRC
        state[near].leg = openLeg(near, for: state.admitted.group, floorSSRC: floorSSRC)
        state[side].description = answer
        if let leg = state[near].leg { sessionsByLeg[leg] = id }
        // A trunk is one only where the partner's gateway knows it too.
        if side == .outside, answer.remote.trunk != state.trunk { state.trunk = nil }
        connect(.inside, of: &state)
        connect(.outside, of: &state)
        if let inside = state.inside.leg, let outside = state.outside.leg {
            actions.append(.media(.relay(inside: inside, outside: outside)))
        }
        var response = response
        response.replaceDescription(
            answer.rewritten(
                ports: ports, sessionID: state[near].sdpSession, version: state[near].sdpVersion,
                floorSSRC: floorSSRC, trunk: near == .outside ? state.trunk : nil), boundary: random.token(16))
        state.isEstablished = true
        if state.reference == nil {
            // Towards the owner of the group, who tells the call only now.
            state.reference = response.headers.contacts.first.flatMap { SessionIdentity.reference(of: $0.uri) }
            actions.append(observe("border.session-answered", state.fields))
        }
        sessions[id] = state
        let headers = crossedBack(response, of: state.crossing, partner: state.partner, group: state.admitted.group)
        agent.accept(state[near].session, headers: headers, body: response.body, at: now)
    }

    mutating func rejected(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let (id, side) = ends[session], let state = sessions[id], side != state.caller else { return }
        let headers = crossedBack(response, of: state.crossing, partner: state.partner, group: state.admitted.group)
        agent.reject(
            state[state.caller].session, status: response.status, headers: headers, body: response.body, at: now)
        forget(id, at: now)
    }

    mutating func ended(_ session: SessionID, _ end: SessionEnd, at now: Now) {
        guard let (id, side) = ends[session], let state = sessions[id] else { return }
        var headers = Headers()
        if case .byPeer(let request) = end { headers.copy([.reason], from: request.headers) }
        agent.end(state[side.other].session, headers: headers, at: now)
        forget(id, at: now)
    }

    /// Ends every session and subscription with a partner, towards both sides: the inside must know at once, and a partner
    /// that is there after all should not keep a dialog that leads nowhere.
    mutating func endSessions(of partner: MCSystemID, cause: String, at now: Now) {
        for id in sessions.keys.sorted() where sessions[id]?.partner == partner {
            endSession(id, status: 503, cause: cause, at: now)
        }
        endSubscriptions(of: partner, at: now)
    }

    /// The agreement may have been narrowed since the INVITE was let through.
    mutating func endUncoveredSessions(at now: Now) {
        for id in sessions.keys.sorted() {
            guard let state = sessions[id], let partner = directory.partner(state.partner) else { continue }
            let rules = BorderRules(directory: directory, partner: partner, crossing: state.crossing)
            do throws(BorderRefusal) {
                try rules.requireAgreement(to: state.admitted)
            } catch {
                endSession(id, status: 403, cause: error.cause, at: now)
            }
        }
    }

    private mutating func endSession(_ id: UInt64, status: Int, cause: String, at now: Now) {
        guard let state = sessions[id] else { return }
        var headers = Headers()
        headers.append(.reason, "SIP;cause=\(status);text=\"\(cause)\"")
        for side in [BorderSide.inside, .outside] {
            if !state.isEstablished, side == state.caller {
                agent.reject(state[side].session, status: status, headers: headers, at: now)
            } else {
                agent.end(state[side].session, headers: headers, at: now)
            }
        }
        flush()
        forget(id, at: now)
    }

    /// Closes the legs and lets go of everything that belongs to a session. What the user agent still has to send for
    /// it leaves first, while the way to the partner is known.
    mutating func forget(_ id: UInt64, at now: Now) {
        flush()
        let membership = membership(id)
        guard let state = sessions.removeValue(forKey: id) else { return }
        if let membership { memberships.remove(membership, at: now) }
        for side in [BorderSide.inside, .outside] {
            ends[state[side].session] = nil
            if let leg = state[side].leg {
                sessionsByLeg[leg] = nil
                actions.append(.media(.closeLeg(leg)))
            }
        }
        partnersByCallID[state.outsideCallID] = nil
        sessionsPerPartner.remove(state.partner)
        actions.append(observe("border.session-ended", state.fields))
    }
}

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
    /// Answers a client that called us, and lets it join as soon as the call runs.
    mutating func accept(
        _ session: SessionID, in id: MCPTTGroupID, isNewCall: Bool, _ warning: MCPTTWarning?, at now: Now
    ) {
        guard let call = calls[id], let participant = call.participants[session],
            case .calling(let offer, let offered) = participant.state
        else { return }
        let wishes = FloorControlParameters(
            queueing: call.group.queueDepth > 0, priority: participant.member.priority,
            granted: isNewCall && offer.floorParameters.implicitRequest && !participant.member.isReceiveOnly,
            implicitRequest: !participant.member.isReceiveOnly, ssrc: participant.leg.audioSSRC,
            floorSSRC: participant.leg.floorSSRC)
        let answer = SpeechAnswer(
            to: offer, audio: participant.leg.ports.audio, floor: participant.leg.ports.floor, floorParameters: wishes)
        let description: SessionDescription
        do throws(SpeechNegotiationError) {
            description = try answer.session(answering: offered, id: participant.leg.id.value & 0xffff_ffff)
        } catch {
            agent.reject(session, status: 488, at: now)
            forget(session, in: id)
            return
        }
        var headers = answerHeaders(call)
        if let warning { headers.append(.warning, warning.headerValue(agent: system.domain)) }
        // Alerts are not served: the call goes on, and an INFO says that the alert does not (TS 24.379 6.3.3.1.19).
        if participant.owed != nil {
            headers.append(.warning, MCPTTWarning.informationPending.headerValue(agent: system.domain))
        }
        var body = CallBody(sessionDescription: description.serialized())
        if call.tier > .normal { body.information = MCPTTInfo(tier: call.tier) }
        calls[id]?.told(session)
        if call.broadcaster != nil { body.information = body.information ?? MCPTTInfo() }
        if call.broadcaster != nil { body.information?.broadcastIndicator = true }
        let octets = body.write(into: &headers)
        let floor = floorDescription(
            participant, answer.floorParameters, hasFloor: answer.floor != nil,
            implicitRequest: offer.floorParameters.implicitRequest)
        calls[id]?.set(
            NegotiatedFloor(parameters: answer.floorParameters, hasFloor: answer.floor != nil), of: session)
        if case .running = call.phase {
            calls[id]?.set(.joined(description), of: session)
            command(.join(call.media, participant.leg.id, floor))
            // The initiator's start of the call is a record of its own.
            if !isNewCall { noteJoining(participant, call) }
        } else {
            calls[id]?.set(.waiting(floor), of: session)
        }
        agent.accept(session, headers: headers, body: octets, at: now)
    }

    /// TS 24.379 6.3.3.2.2: the 200 to an inviting participating function. What is said of the session timer is the wish;
    /// the user agent writes what RFC 4028 9 makes of it.
    func answerHeaders(_ call: GroupCall) -> Headers {
        var headers = Headers()
        headers.append(.contact, ServiceHeaders.contact(call.identity, isFocus: true))
        headers.append(.sessionExpires, SessionTimers.header(refresher: .uac))
        for tag in ["tdialog", "norefersub", "explicitsub", "nosub"] { headers.append(.supported, tag) }
        headers.append(.pAssertedIdentity, "<\(ownURI)>")
        return headers
    }

    func floorDescription(
        _ participant: Participant, _ negotiated: FloorControlParameters, hasFloor: Bool, implicitRequest: Bool = false
    ) -> FloorParticipantDescription {
        let isReceiveOnly = participant.member.isReceiveOnly || !hasFloor
        return FloorParticipantDescription(
            mcpttID: participant.key.user, maxPriority: negotiated.priority ?? participant.member.priority,
            defaultPriority: participant.member.priority, tier: participant.tier, isQueueing: negotiated.queueing,
            isReceiveOnly: isReceiveOnly, isImplicitRequest: implicitRequest && !isReceiveOnly,
            audioSSRC: participant.leg.audioSSRC, floorSSRC: participant.leg.floorSSRC)
    }

    /// The client has its 200: what was put off until then is said.
    mutating func acknowledged(_ session: SessionID, at now: Now) {
        guard let id = groupsBySession[session] else { return }
        if let owed = calls[id]?.takeOwed(session) { inform(session, owed, at: now) }
    }

    /// An INFO with the state of the call (TS 24.379 6.3.3.1.19, 6.3.3.1.21).
    mutating func inform(_ session: SessionID, _ information: MCPTTInfo, at now: Now) {
        var headers = Headers()
        headers.append(.infoPackage, ServiceHeaders.infoPackage)
        let body = CallBody(information: information).write(into: &headers)
        headers.append(.contentDisposition, "Info-Package")
        agent.request(in: session, method: .info, headers: headers, body: body, at: now)
    }

    // MARK: Inviting

    /// Invites one affiliated client (TS 24.379 6.3.3.1.2), unless he is in already, cannot be reached or is too many.
    /// `isIPv6`: a second try, in that address family, because the first was not the client's.
    mutating func invite(_ key: ClientKey, to id: MCPTTGroupID, isIPv6: Bool? = nil, at now: Now) {
        guard let call = calls[id], call.session(of: key) == nil, let member = call.group.member(key.user),
            let entry = affiliations.entry(key), partners[entry.system]?.isLost != true,
            let target = directory.participating(for: key.user)?.identity, let uri = SIPURI(target.value),
            call.participants.count < min(call.group.maximumParticipants, settings.limits.participantsPerCall)
        else { return }
        let leg = makeLeg(in: id, isIPv6: isIPv6 ?? entry.isIPv6)
        let offer = SpeechOffer(
            audio: leg.ports.audio, floor: leg.ports.floor,
            floorParameters: FloorControlParameters(
                queueing: call.group.queueDepth > 0, priority: member.priority, floorSSRC: leg.floorSSRC),
            codec: SpeechCodec(call.group.speech), payloadType: call.payloadType)
        let description = offer.session(id: leg.id.value & 0xffff_ffff)
        let request = invitation(uri, call, key, description)
        command(.openLeg(leg.id, face: .access, floorSSRC: leg.floorSSRC))
        let session = agent.invite(request, at: now)
        calls[id]?.insert(
            Participant(
                key: key, member: member, system: entry.system, leg: leg, tier: .normal,
                state: .invited(description), isSecondTry: isIPv6 != nil), session)
        calls[id]?.told(session)
        groupsBySession[session] = id
        deadlines.set(.ringing(session), at: now.instant + settings.ringLimit)
    }

    private func invitation(
        _ uri: SIPURI, _ call: GroupCall, _ key: ClientKey, _ description: SessionDescription
    ) -> SIPRequest {
        var request = SIPRequest(method: .invite, uri: uri)
        request.headers.append(.from, "<\(ownURI)>")
        request.headers.append(.to, "<\(uri)>")
        request.headers.append(.contact, ServiceHeaders.contact(call.identity, isFocus: true))
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        request.headers.append(.pAssertedIdentity, "<\(ownURI)>")
        request.headers.append(.pAssertedService, ServiceHeaders.serviceIdentifier)
        for tag in ["timer", "tdialog", "norefersub"] { request.headers.append(.supported, tag) }
        request.headers.append(.sessionExpires, SessionTimers.header())
        request.headers.append(.minSE, "\(SessionTimers.minimumSeconds)")
        request.headers.append(.resourcePriority, ResourcePriority.headerValue(call.tier))
        var information = MCPTTInfo(tier: call.tier)
        information.sessionType = call.group.kind == .chat ? .chat : .prearranged
        information.requestURI = key.user.value
        information.callingUserID = call.announcedCaller
        information.callingGroupID = call.group.id
        if call.broadcaster != nil { information.broadcastIndicator = true }
        // NOTSPEC: TS 24.379 invites the user; naming the client lets each of his clients have a leg of its own.
        information.clientID = key.client
        request.body = CallBody(information: information, sessionDescription: description.serialized())
            .write(into: &request.headers)
        return request
    }

    /// An invited client answered.
    mutating func answered(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let id = groupsBySession[session], let call = calls[id], let participant = call.participants[session],
            case .invited(let sent) = participant.state
        else { return agent.end(session, at: now) }
        deadlines.cancel(.ringing(session))
        let answer = Self.speechAnswer(response, to: sent)
        let family = answer?.audio.address.isIPv6
        if let family, family != participant.leg.ports.audio.address.isIPv6 {
            agent.end(session, at: now)
            return tryAgain(session, participant, in: id, isIPv6: family, at: now)
        }
        guard let answer else {
            var headers = Headers()
            headers.append(.reason, "SIP;cause=488;text=\"Not Acceptable Here\"")
            agent.end(session, headers: headers, at: now)
            forget(session, in: id)
            return afterLeaving(id, at: now)
        }
        let floor = floorDescription(participant, answer.floorParameters, hasFloor: answer.floor != nil)
        calls[id]?.set(
            NegotiatedFloor(parameters: answer.floorParameters, hasFloor: answer.floor != nil), of: session)
        affiliations.learn(participant.key, isIPv6: answer.audio.address.isIPv6)
        command(.connectLeg(participant.leg.id, LegRemote(answer)))
        if case .running = call.phase {
            calls[id]?.set(.joined(nil), of: session)
            command(.join(call.media, participant.leg.id, floor))
            noteJoining(participant, call)
            conferenceChanged(id, at: now)
            tellTier(session, in: id, at: now)
        } else {
            calls[id]?.set(.waiting(floor), of: session)
            tellTier(session, in: id, at: now)
            setUp(id) { setUp in setUp.missingRequired.removeAll { $0 == participant.key.user } }
            proceed(id, at: now)
        }
    }

    private static func speechAnswer(
        _ response: SIPResponse, to sent: SessionDescription
    ) -> SpeechAnswer? {
        guard let octets = response.part(MIMEType.sessionDescription)?.body,
            let description = try? SessionDescription(parsing: octets)
        else { return nil }
        return try? SpeechAnswer(reading: description, to: sent)
    }

    /// An invited client refused, or was not reached.
    mutating func refused(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let id = groupsBySession[session], let call = calls[id], let participant = call.participants[session]
        else { return }
        if response.status == 488 {
            let isIPv6 = participant.leg.ports.audio.address.isIPv6
            return tryAgain(session, participant, in: id, isIPv6: !isIPv6, at: now)
        }
        note(
            "invitation.refused",
            call.fields + participant.fields + [
                .init("status", "\(response.status)"),
                .init("warning", MCPTTWarning.codes(in: response.headers).map { "\($0)" }.joined(separator: ",")),
            ])
        forget(session, in: id)
        afterLeaving(id, at: now)
    }

    /// Where a client is, only its answer shows: what it cannot take in one address family it is offered in the other,
    /// if we have that. Otherwise it has refused.
    private mutating func tryAgain(
        _ session: SessionID, _ participant: Participant, in id: MCPTTGroupID, isIPv6: Bool, at now: Now
    ) {
        forget(session, in: id)
        if !participant.isSecondTry, media[id].ports(.access, isIPv6: isIPv6) != nil {
            invite(participant.key, to: id, isIPv6: isIPv6, at: now)
        }
        guard calls[id]?.session(of: participant.key) == nil else { return }
        note(
            "invitation.refused",
            (calls[id]?.fields ?? []) + participant.fields + [.init("status", "488"), .init("warning", "")])
        afterLeaving(id, at: now)
    }

    mutating func ringingOver(_ session: SessionID, at now: Now) {
        guard let id = groupsBySession[session] else { return }
        agent.end(session, at: now)
        forget(session, in: id)
        afterLeaving(id, at: now)
    }
}

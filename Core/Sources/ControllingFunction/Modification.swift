import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SDP
import SIP
import SIPUserAgent

/// re-INVITE and UPDATE of who takes part: other addresses for his media, another tier for all.
extension ControllingFunction {
    /// What a modification comes to, once everything that could refuse it was looked at.
    private struct Modification {
        var wish: TierWish
        var asksForAlert: Bool
        var offered: SessionDescription
        var offer: SpeechOffer
    }

    mutating func modified(
        _ session: SessionID, _ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let id = groupsBySession[session], let call = calls[id], let participant = call.participants[session],
            participant.isJoined
        else { return agent.answer(transaction, status: 481, at: now) }
        do throws(Refusal) {
            let modification = try read(request, participant, in: call)
            let description = try answer(modification, participant, session, in: id)
            connect(session, in: id, to: LegRemote(modification.offer))
            change(modification.wish, by: session, in: id)
            accept(transaction, modification, description, session, in: id, at: now)
            tellTier(in: id, at: now)
        } catch {
            refuse(transaction, error, request, participant, in: call, at: now)
        }
    }

    private func read(
        _ request: SIPRequest, _ participant: Participant, in call: GroupCall
    ) throws(Refusal) -> Modification {
        let body = try CallBody(reading: request)
        var wish = TierWish.asItIs
        if let information = body.information {
            try information.requireReadable()
            try information.requireCoherentIndicators()
            let isBroadcast = call.broadcaster != nil
            guard information.broadcastIndicator ?? isBroadcast == isBroadcast else {
                throw Refusal(.functionNotAllowed)
            }
            wish = try self.wish(information, of: participant, in: call)
        }
        try ResourcePriority.require(atMost: max(call.tier, wish.declared), in: request.headers)
        // The group's codec and the call's payload type stay, and so does the family of the addresses.
        guard let octets = body.sessionDescription, let offered = try? SessionDescription(parsing: octets),
            let offer = try? SpeechOffer(reading: offered, accepting: [SpeechCodec(call.group.speech)]),
            offer.payloadType == call.payloadType,
            offer.audio.address.isIPv6 == participant.leg.ports.audio.address.isIPv6
        else { throw Refusal(status: 488) }
        return Modification(
            wish: wish, asksForAlert: body.information?.alertIndicator == true, offered: offered, offer: offer)
    }

    private mutating func answer(
        _ modification: Modification, _ participant: Participant, _ session: SessionID, in id: MCPTTGroupID
    ) throws(Refusal) -> SessionDescription {
        let wishes = FloorControlParameters(
            queueing: calls[id].map { $0.group.queueDepth > 0 } ?? false, priority: participant.member.priority,
            floorSSRC: participant.leg.floorSSRC)
        let answer = SpeechAnswer(
            to: modification.offer, audio: participant.leg.ports.audio, floor: participant.leg.ports.floor,
            floorParameters: wishes)
        let version = calls[id]?.nextDescriptionVersion(in: session) ?? 1
        do throws(SpeechNegotiationError) {
            return try answer.session(
                answering: modification.offered, id: participant.leg.id.value & 0xffff_ffff, version: version)
        } catch {
            throw Refusal(status: 488)
        }
    }

    private mutating func accept(
        _ transaction: ServerTransactionID, _ modification: Modification, _ description: SessionDescription,
        _ session: SessionID, in id: MCPTTGroupID, at now: Now
    ) {
        guard let call = calls[id] else { return }
        var headers = answerHeaders(call)
        headers.remove(.sessionExpires)
        var body = CallBody(sessionDescription: description.serialized())
        body.information = call.tierNews(for: session)
        calls[id]?.told(session)
        var owed: MCPTTInfo?
        if modification.asksForAlert { owed = .alertDenied }
        if modification.wish == .outranked {
            owed = owed ?? MCPTTInfo()
            owed?.emergencyIndicator = true
            owed?.imminentPerilIndicator = false
            body.information = body.information ?? MCPTTInfo(tier: call.tier)
        }
        if owed != nil { headers.append(.warning, MCPTTWarning.informationPending.headerValue(agent: system.domain)) }
        let octets = body.write(into: &headers)
        agent.answer(transaction, status: 200, headers: headers, body: octets, at: now)
        if let owed { inform(session, owed, at: now) }
    }

    private mutating func refuse(
        _ transaction: ServerTransactionID, _ refusal: Refusal, _ request: SIPRequest, _ participant: Participant,
        in call: GroupCall, at now: Now
    ) {
        let asked = (try? CallBody(reading: request))?.information
        var headers = refusal.responseHeaders(agent: system.domain)
        var body: [UInt8] = []
        if refusal.status == 403, let told = asked?.indicators(asIn: call.tier) {
            body = CallBody(information: told).write(into: &headers)
        }
        agent.answer(transaction, status: refusal.status, headers: headers, body: body, at: now)
        note(
            "request.refused",
            call.fields + participant.fields + [
                .init("method", request.method.description), .init("status", "\(refusal.status)"),
                .init("warning", refusal.warning.map { "\($0.code)" } ?? ""),
            ])
    }

    /// A participant answered a re-INVITE of ours: where its media is may have changed with it.
    mutating func modificationAnswered(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let id = groupsBySession[session], let call = calls[id], let participant = call.participants[session]
        else { return }
        guard response.isSuccess else {
            note("call.tierUnconfirmed", call.fields + participant.fields + [.init("status", "\(response.status)")])
            // A later one is out, which names the ports that are his now and says what the call is in.
            guard !agent.isModifying(session) else { return }
            // What he was to be told does not depend on media that he will not have.
            if participant.leg.isCut {
                endIfCut(participant.leg, at: now)
            } else {
                informOfTier(session, in: call, at: now)
            }
            return
        }
        let knowsPorts = wasTold(participant.leg, in: session)
        guard let octets = response.part(MIMEType.sessionDescription)?.body,
            let description = try? SessionDescription(parsing: octets),
            let answer = try? SpeechAnswer(reading: description, to: offer(participant, in: call).session(id: 0)),
            answer.audio.address.isIPv6 == participant.leg.ports.audio.address.isIPv6
        else {
            // He may send to the ports that he was told of, where the media cell does not look for him.
            return !knowsPorts || participant.leg.pair == participant.leg.servedPair
                ? () : legRefused(participant.leg.id, .ambiguous, at: now)
        }
        if knowsPorts {
            connect(session, in: id, to: LegRemote(answer))
        } else if !participant.leg.isCut {
            // He answered what named the former ports: there he is, until he has been told of the others.
            command(.connectLeg(participant.leg.id, LegRemote(answer)))
        }
    }

    /// Whether what he last agreed to named the ports that are his now.
    private func wasTold(_ leg: Participant.Leg, in session: SessionID) -> Bool {
        guard let octets = agent.localDescription(of: session),
            let told = try? SpeechOffer(reading: SessionDescription(parsing: octets))
        else { return false }
        return told.audio == leg.ports.audio
    }

    /// What we offer a participant whose session stands.
    func offer(_ participant: Participant, in call: GroupCall) -> SpeechOffer {
        SpeechOffer(
            audio: participant.leg.ports.audio, floor: participant.leg.ports.floor,
            floorParameters: FloorControlParameters(
                queueing: call.group.queueDepth > 0, priority: participant.member.priority,
                floorSSRC: participant.leg.floorSSRC),
            codec: SpeechCodec(call.group.speech), payloadType: call.payloadType)
    }
}

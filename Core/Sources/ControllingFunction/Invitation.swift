import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SDP
import SIP
import SIPUserAgent

/// What stands in an INVITE to the controlling function, read before anything is decided.
struct IncomingCall: Sendable {
    var request: CallRequest
    /// Octets of the offer as a description, for writing the answer beside it.
    var offered: SessionDescription
}

extension ControllingFunction {
    mutating func invited(_ session: SessionID, _ request: SIPRequest, _ origin: RequestOrigin, at now: Now) {
        do throws(Refusal) {
            guard origin == .system else { throw Refusal(status: 403) }
            let incoming = try read(request)
            let admission = try admit(incoming.request)
            let offer = try speechOffer(incoming, admission.group)
            if admission.affiliates {
                affiliateImplicitly(incoming.request.caller, admission.group.id, admission.system, at: now)
            }
            affiliations.learn(incoming.request.caller, isIPv6: offer.audio.address.isIPv6)
            let participant = enter(incoming.request, admission, offer, incoming.offered)
            if let replaced = admission.replaces {
                // The client lost its session and comes again: the new one takes the place.
                handOver(replaced, to: participant, in: admission.group.id)
                agent.end(replaced, at: now)
                forget(replaced, in: admission.group.id)
            }
            if calls[admission.group.id] != nil {
                join(session, participant, to: admission.group.id, offer, at: now)
            } else {
                begin(session, participant, incoming.request, admission.group, offer, at: now)
            }
        } catch {
            refuse(session, error, request, at: now)
        }
    }

    /// In a broadcast call the only one who may talk is who he was before.
    private mutating func handOver(_ replaced: SessionID, to participant: Participant, in id: MCPTTGroupID) {
        guard let broadcaster = calls[id]?.broadcaster,
            calls[id]?.participants[replaced]?.leg.id == broadcaster
        else { return }
        calls[id]?.broadcaster = participant.leg.id
        if let call = calls[id] { command(.configureCall(call.media, call.floorSettings)) }
    }

    private func read(_ request: SIPRequest) throws(Refusal) -> IncomingCall {
        let body = try CallBody(reading: request)
        guard let information = body.information else { throw Refusal(.invalidCombination) }
        try information.requireReadable()
        // The codec of the group can be judged only once the group is known; that there is speech at all, before
        // (TS 24.379 10.1.1.4.2).
        let description = try Self.speech(body)
        guard ServiceHeaders.acceptsService(request.headers) else { throw Refusal(status: 403) }
        guard !ServiceHeaders.isFocus(request.headers) else { throw Refusal(.isfocusAlreadyAssigned) }
        try information.requireCoherentIndicators()
        try ResourcePriority.require(atMost: information.tier, in: request.headers)
        let token = SessionIdentity.token(request.uri)
        if let token, groupsByToken[token] == nil { throw Refusal(.groupCallDoesNotExist) }
        guard let user = information.callingUserID, let client = information.clientID else {
            throw Refusal(.invalidCombination)
        }
        let named = information.requestURI.map { MCPTTGroupID($0) }
        guard let groupID = token.flatMap({ groupsByToken[$0] }) ?? named else { throw Refusal(.invalidCombination) }
        // Whoever let the client in judged it by the group that it named.
        guard named == nil || named == groupID else { throw Refusal(.groupCallDoesNotExist) }
        let kind: Group.Kind? =
            switch information.sessionType {
            case .prearranged?: .prearranged
            case .chat?: .chat
            case nil where token != nil: nil
            default: throw Refusal(.functionNotAllowed)
            }
        return IncomingCall(
            request: CallRequest(
                caller: ClientKey(user: user, client: client), groupID: groupID, kind: kind, sessionToken: token,
                tier: information.tier, isBroadcast: information.broadcastIndicator == true,
                asksForAlert: information.alertIndicator == true),
            offered: description)
    }

    private static func speech(_ body: CallBody) throws(Refusal) -> SessionDescription {
        guard let octets = body.sessionDescription else { throw Refusal(status: 488) }
        let description: SessionDescription
        do throws(SDPError) {
            description = try SessionDescription(parsing: octets)
        } catch {
            throw Refusal(status: 400)
        }
        guard (try? SpeechOffer(reading: description)) != nil else { throw Refusal(status: 488) }
        return description
    }

    /// The offer in the group's codec profile and, in a running call, with the call's payload type.
    private func speechOffer(_ incoming: IncomingCall, _ group: Group) throws(Refusal) -> SpeechOffer {
        do throws(SpeechNegotiationError) {
            let offer = try SpeechOffer(reading: incoming.offered, accepting: [SpeechCodec(group.speech)])
            if let call = calls[group.id], call.payloadType != offer.payloadType { throw .noCommonCodec }
            guard media[group.id].ports(.access, like: offer.audio.address) != nil else { throw .noAddress }
            return offer
        } catch {
            throw Refusal(status: 488)
        }
    }

    /// Opens the leg of a client that called us.
    private mutating func enter(
        _ request: CallRequest, _ admission: Admission, _ offer: SpeechOffer, _ offered: SessionDescription
    ) -> Participant {
        Participant(
            key: request.caller, member: admission.member, system: admission.system,
            leg: makeLeg(in: admission.group.id, isIPv6: offer.audio.address.isIPv6), tier: request.tier,
            state: .calling(offer, offered), owed: request.asksForAlert ? .alertDenied : nil,
            isJoiner: admission.isRunning || admission.group.kind == .chat)
    }

    mutating func makeLeg(in group: MCPTTGroupID, isIPv6: Bool?) -> Participant.Leg {
        // Who calls was checked to have a family of ours, and every cell has an access side.
        let cell = media[group]
        guard let ports = cell.ports(.access, isIPv6: isIPv6) ?? cell.access.first else {
            preconditionFailure("a media cell without access ports")
        }
        return Participant.Leg(
            id: LegID(numbers.next(in: media.cell(of: group))), audioSSRC: ssrcs.allocate(),
            floorSSRC: ssrcs.allocate(), ports: ports)
    }

    /// The incident that somebody was kept out of, where there is one.
    private func incident(_ asked: MCPTTInfo?, _ request: SIPRequest) -> [Observation.Field] {
        let id =
            SessionIdentity.token(request.uri).flatMap { groupsByToken[$0] }
            ?? asked?.requestURI.map { MCPTTGroupID($0) }
        return id.flatMap { calls[$0] }?.incident ?? []
    }

    private mutating func refuse(_ session: SessionID, _ refusal: Refusal, _ request: SIPRequest, at now: Now) {
        var headers = refusal.responseHeaders(agent: system.domain)
        var body: [UInt8] = []
        let asked = try? CallBody(reading: request).information
        if refusal.status == 403, let denied = asked?.indicators(asIn: .normal) {
            body = CallBody(information: denied).write(into: &headers)
        }
        agent.reject(session, status: refusal.status, headers: headers, body: body, at: now)
        note(
            "call.refused",
            RefusedCall.fields(asked, user: asked?.callingUserID, isInvitation: false) + incident(asked, request) + [
                .init("status", "\(refusal.status)"), .init("warning", refusal.warning.map { "\($0.code)" } ?? ""),
            ])
    }
}

extension SpeechCodec {
    init(_ profile: SpeechProfile) {
        self =
            switch profile {
            case .amrWB(let octetAligned): .amrWB(octetAlign: octetAligned)
            case .opus: .opus
            }
    }
}

import CallControl
import MCDocuments
import MCFoundation
import Policy
import SIP
import SIPUserAgent

// The media legs of a session across the border.
extension MCGateway {
    /// Both legs of a session are in the media cell of its group: a relay joins legs of one cell.
    mutating func openLeg(_ side: BorderSide, for group: MCPTTGroupID?, floorSSRC: UInt32) -> LegID {
        let leg = LegID(legNumbers.next(in: media.cell(of: group)))
        actions.append(.media(.openLeg(leg, face: side.face, floorSSRC: floorSSRC)))
        return leg
    }

    /// Points the leg of a side to where its peer wants media now, and moves it to the ports that the peer was told of.
    /// Only the outside is a trunk.
    mutating func connect(_ side: BorderSide, of state: inout BorderSession) {
        guard let leg = state[side].leg, var remote = state[side].description?.remote else { return }
        remote.trunk = side == .outside ? state.trunk : nil
        if side == .outside, let partner = directory.partner(state.partner) { remote.dialect = partner.floorDialect }
        // What the peer said answered a description with the former ports as long as its move is still to come.
        if !state.movesToCome.contains(side) {
            if state[side].pair != state[side].servedPair {
                actions.append(.media(.moveLeg(leg, pair: state[side].pair)))
                state[side].servedPair = state[side].pair
            }
            state[side].isCut = false
        } else if state[side].isCut {
            return
        }
        actions.append(.media(.connectLeg(leg, remote)))
    }

    /// For an end that states none.
    mutating func mintFloorSSRC() -> UInt32 { UInt32(truncatingIfNeeded: random.next() >> 16) | 1 }

    /// Session identifiers of SDP are shown as decimal numbers below 2^62 (RFC 8866 5.2 asks for no more than digits).
    mutating func mintSDPSession() -> UInt64 { random.next() >> 2 }

    /// All legs of the calls of one group with one partner share a trunk, whoever of the two gateways offered the leg:
    /// both work out the same name. nil for calls without a group: they have one leg.
    func trunk(over route: CrossingRoute) -> TrunkID? {
        guard let group = route.admitted.group, !group.value.isEmpty else { return nil }
        let pair = [directory.system.id.value, route.partner.system.value].sorted()
        let hash = StableHash.of("\(group.value) \(pair[0]) \(pair[1])")
        return TrunkID(String(hash, radix: 16))
    }

    mutating func handle(_ event: MediaEvent, at now: Now) {
        switch event {
        case .legRefused(let leg, .ambiguous): separate(leg, isCut: true, at: now)
        case .legAmbiguous(let leg): separate(leg, isCut: false, at: now)
        case .legRefused(let leg, let refusal): legRefused(leg, refusal, at: now)
        case .callInactive, .talkerChanged, .participantMisbehaves, .callRefused: break
        }
    }

    mutating func legRefused(_ leg: LegID, _ refusal: MediaRefusal, at now: Now) {
        guard let id = sessionsByLeg[leg], let state = sessions[id] else { return }
        actions.append(observe("border.leg-refused", state.fields + [.init("cause", "\(refusal)")]))
        var headers = Headers()
        headers.append(.reason, "SIP;cause=503;text=\"media\"")
        for side in [BorderSide.inside, .outside] {
            if !state.isEstablished, side == state.caller {
                agent.reject(state[side].session, status: 503, headers: headers, at: now)
            } else {
                agent.end(state[side].session, headers: headers, at: now)
            }
        }
        forget(id, at: now)
    }

    // MARK: Modification

    /// re-INVITE or UPDATE of one end becomes one towards the other.
    mutating func modified(
        _ session: SessionID, _ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let (id, side) = ends[session], var state = sessions[id] else {
            return agent.answer(transaction, status: 481, at: now)
        }
        guard state.isEstablished, state.modification == nil, state.moving == nil else {
            return agent.answer(transaction, status: 491, at: now)
        }
        guard let request = admitted(request, in: state, from: side, transaction, at: now) else { return }
        let far = side.other
        var headers = Headers()
        headers.copy(BorderHeaders.inSession + BorderHeaders.body, from: request.headers)
        let crossing: Crossing = far == .outside ? .leaving : .entering
        if let contact = shownContact(
            of: request.headers, to: crossing, partner: state.partner, group: state.admitted.group)
        {
            headers.append(.contact, contact)
        }
        var onward = SIPRequest(method: request.method, uri: request.uri, headers: headers, body: request.body)
        var offered = state[side].description
        let said = request.part(MIMEType.sessionDescription)
        if let said {
            guard let offer = BorderDescription(said.body) else {
                return agent.answer(transaction, status: 488, at: now)
            }
            offered = offer
        }
        // An offer that only the answer would bring is not asked of the far end: it gets what this end last said.
        guard let offer = offered, let floorSSRC = state[far].floorSSRC,
            let ports = ports(far, of: state, like: state[far].description)
        else { return agent.answer(transaction, status: 488, at: now) }
        state[far].sdpVersion += 1
        onward.replaceDescription(
            offer.rewritten(
                ports: ports, sessionID: state[far].sdpSession, version: state[far].sdpVersion,
                floorSSRC: offer.remote.floorSSRC ?? floorSSRC, trunk: far == .outside ? state.trunk : nil,
                isRepeated: said == nil),
            boundary: random.token(16))
        state.modification = .init(by: side, transaction: transaction, offer: offer)
        sessions[id] = state
        agent.reinvite(state[far].session, headers: onward.headers, body: onward.body, at: now)
    }

    mutating func modificationAnswered(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let (id, side) = ends[session], var state = sessions[id] else { return }
        if state.moving == side { return moveAnswered(id, side, response, at: now) }
        guard let modification = state.modification, modification.by == side.other else { return }
        let near = side.other
        state.modification = nil
        let crossing: Crossing = side == .outside ? .leaving : .entering
        let headers = crossedBack(response, of: crossing, partner: state.partner, group: state.admitted.group)
        var answer = response
        answer.headers = headers
        if response.isSuccess {
            guard let description = response.part(MIMEType.sessionDescription).flatMap({ BorderDescription($0.body) }),
                description.remote.protection == modification.offer.remote.protection,
                let floorSSRC = state[near].floorSSRC,
                let ports = ports(near, of: state, like: modification.offer)
            else {
                // Nothing that could be passed on, or nothing that answers what was offered (RFC 3264 6). The far end
                // took it for agreed: it is told how things stand.
                agent.answer(modification.transaction, status: 488, at: now)
                if !state.movesToCome.contains(side) { state.movesToCome.append(side) }
                sessions[id] = state
                return moveNext(id, at: now)
            }
            // Not before: a change that is refused leaves both ends as they were (RFC 3261 14.1).
            state[near].description = modification.offer
            state[side].description = description
            state[near].sdpVersion += 1
            answer.replaceDescription(
                description.rewritten(
                    ports: ports, sessionID: state[near].sdpSession, version: state[near].sdpVersion,
                    floorSSRC: description.remote.floorSSRC ?? floorSSRC,
                    trunk: near == .outside ? state.trunk : nil), boundary: random.token(16))
            // The answer tells the end that asked of its other ports, should it be given some.
            state.movesToCome.removeAll { $0 == near }
            connect(.inside, of: &state)
            connect(.outside, of: &state)
        }
        sessions[id] = state
        agent.answer(
            modification.transaction, status: response.status, headers: answer.headers, body: answer.body, at: now)
        moveNext(id, at: now)
    }
}

extension SIPRequest {
    /// The token proves a user to his own system and is nobody else's.
    mutating func removeAccessToken(boundary: String) {
        var parts = self.parts
        guard let index = parts.firstIndex(where: { $0.contentType.matches(MIMEType.mcpttInfo) }),
            var info = try? MCPTTInfo(parsing: parts[index].body), info.accessToken != nil
        else { return }
        info.accessToken = nil
        parts[index].body = info.serialized()
        setBody(parts, boundary: boundary)
    }

    /// Puts this session description in the place of the one in the body; adds it where there is none.
    mutating func replaceDescription(_ octets: [UInt8], boundary: String) {
        setBody(parts.replacingDescription(octets), boundary: boundary)
    }
}

extension SIPResponse {
    mutating func replaceDescription(_ octets: [UInt8], boundary: String) {
        setBody(parts.replacingDescription(octets), boundary: boundary)
    }
}

extension [BodyPart] {
    func replacingDescription(_ octets: [UInt8]) -> [BodyPart] {
        var result = self
        if let index = firstIndex(where: { $0.contentType.matches(MIMEType.sessionDescription) }) {
            result[index].body = octets
        } else {
            result.append(BodyPart(contentType: ContentType("application", "sdp"), body: octets))
        }
        return result
    }
}

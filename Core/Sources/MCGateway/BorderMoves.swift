import CallControl
import MCDocuments
import MCFoundation
import Policy
import SIP
import SIPUserAgent

// An end whose packets for one session look like those for another gets ports of its own for it.
extension MCGateway {
    /// The ports that an end is shown, in the address family of what it said.
    func ports(_ side: BorderSide, of state: BorderSession, like said: BorderDescription?) -> MediaPorts? {
        media[state.admitted.group].ports(side.face, like: said?.remote.audio.address, pair: state[side].pair)
    }

    /// `isCut`: the media cell does not serve the leg as it is. Otherwise only its speech is not known for what it is.
    mutating func separate(_ leg: LegID, isCut: Bool, at now: Now) {
        guard let id = sessionsByLeg[leg], var state = sessions[id] else { return }
        let side: BorderSide = state.inside.leg == leg ? .inside : .outside
        if state.moving == side || state.movesToCome.contains(side) {
            // It gets ports of its own already.
            if isCut { sessions[id]?[side].isCut = true }
            return
        }
        // Ports that it refused once may be offered again.
        state[side].pair = state[side].servedPair + 1
        guard state.isEstablished, ports(side, of: state, like: state[side].description) != nil else {
            if isCut { legRefused(leg, .ambiguous, at: now) }
            return
        }
        state[side].isCut = isCut
        state.movesToCome.append(side)
        actions.append(observe("border.leg-moved", state.fields + [.init("pair", "\(state[side].pair)")]))
        sessions[id] = state
        moveNext(id, at: now)
    }

    /// One thing at a time: the far end's answer to a modification is written with the ports of the moment.
    mutating func moveNext(_ id: UInt64, at now: Now) {
        guard var state = sessions[id], state.modification == nil, state.moving == nil,
            let side = state.movesToCome.first
        else { return }
        state.movesToCome.removeAll { $0 == side }
        guard let shown = state[side.other].description, let floorSSRC = state[side].floorSSRC,
            let ports = ports(side, of: state, like: state[side].description)
        else {
            sessions[id] = state
            if state[side].isCut, let leg = state[side].leg { return legRefused(leg, .ambiguous, at: now) }
            return moveNext(id, at: now)
        }
        state.moving = side
        state[side].sdpVersion += 1
        let description = shown.rewritten(
            ports: ports, sessionID: state[side].sdpSession, version: state[side].sdpVersion, floorSSRC: floorSSRC,
            trunk: side == .outside ? state.trunk : nil, isRepeated: true)
        var headers = Headers()
        let body = CallBody(sessionDescription: description).write(into: &headers)
        sessions[id] = state
        agent.reinvite(state[side].session, headers: headers, body: body, at: now)
    }

    /// The end answered: what it sends to the new ports is known from now on.
    mutating func moveAnswered(_ id: UInt64, _ side: BorderSide, _ response: SIPResponse, at now: Now) {
        guard var state = sessions[id] else { return }
        state.moving = nil
        if response.isSuccess {
            // An end that agreed without saying where it is sends to ports where the media cell does not look for it.
            state[side].isCut = true
            if let description = response.part(MIMEType.sessionDescription).flatMap({ BorderDescription($0.body) }),
                description.remote.protection == state[side.other].description?.remote.protection
            {
                state[side].description = description
                connect(side, of: &state)
            }
        }
        sessions[id] = state
        if state[side].isCut, let leg = state[side].leg { return legRefused(leg, .ambiguous, at: now) }
        moveNext(id, at: now)
    }
}

import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// A client whose packets for one call look like those for another gets ports of its own for it: what it sends there is
/// told apart by where it arrives.
extension ControllingFunction {
    /// `isCut`: the media cell does not serve the leg as it is. Otherwise only its speech is not known for what it is.
    mutating func separate(_ leg: LegID, isCut: Bool, at now: Now) {
        guard let (id, session) = place(of: leg), let participant = calls[id]?.participants[session] else { return }
        if participant.leg.pair != participant.leg.servedPair, agent.isModifying(session) {
            // He is being told of ports of his own already.
            if isCut { calls[id]?.cut(session) }
            return
        }
        // Ports that he refused once may be offered again.
        let pair = participant.leg.servedPair + 1
        guard
            let ports = media[id].ports(.access, isIPv6: participant.leg.ports.audio.address.isIPv6, pair: pair)
        else {
            if isCut { legRefused(leg, .ambiguous, at: now) }
            return
        }
        calls[id]?.move(session, to: ports, pair: pair, isCut: isCut)
        note("participant.moved", (calls[id]?.fields ?? []) + participant.fields + [.init("pair", "\(pair)")])
        switch participant.state {
        case .calling(let offer, _):
            // The answer that names the ports is not written yet.
            connect(session, in: id, to: LegRemote(offer))
        case .waiting, .joined: reoffer(session, in: id, at: now)
        case .invited: legRefused(leg, .ambiguous, at: now)
        }
    }

    /// Points the media cell to where a client is, who was told of the ports that are his.
    mutating func connect(_ session: SessionID, in id: MCPTTGroupID, to remote: LegRemote) {
        guard let leg = calls[id]?.participants[session]?.leg else { return }
        if leg.pair != leg.servedPair { command(.moveLeg(leg.id, pair: leg.pair)) }
        command(.connectLeg(leg.id, remote))
        calls[id]?.connected(session)
    }

    /// A re-INVITE that says how the call is and where our media is now.
    private mutating func reoffer(_ session: SessionID, in id: MCPTTGroupID, at now: Now) {
        guard let call = calls[id] else { return }
        // It takes the place of one that waits to be sent, and so says what that would have said.
        var information = call.tierNews(for: session) ?? MCPTTInfo(tier: call.tier)
        if call.tier == .normal {
            information.emergencyIndicator = false
            information.imminentPerilIndicator = false
        }
        calls[id]?.told(session)
        reinvite(session, in: id, information, at: now)
    }

    /// He did not take the new ports: without media he is no participant.
    mutating func endIfCut(_ leg: Participant.Leg, at now: Now) {
        if leg.isCut { legRefused(leg.id, .ambiguous, at: now) }
    }

    func place(of leg: LegID) -> (MCPTTGroupID, SessionID)? {
        for (id, call) in calls {
            if let session = call.participants.first(where: { $0.value.leg.id == leg })?.key { return (id, session) }
        }
        return nil
    }
}

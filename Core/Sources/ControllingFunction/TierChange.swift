import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SDP
import SIP
import SIPUserAgent

/// What a participant asks of the tier of a call that is up.
enum TierWish: Hashable, Sendable {
    case asItIs
    /// An emergency or imminent peril: his, and the call's where it is less.
    case declare(CallTier)
    /// Imminent peril in a call that is an emergency: it stays one (TS 24.379 6.3.3.1.13).
    case outranked
    /// What the call is in is over, whoever declared it.
    case callOff

    var declared: CallTier {
        switch self {
        case .declare(let tier): tier
        case .outranked: .imminentPeril
        case .asItIs, .callOff: .normal
        }
    }
}

/// A running call becomes an emergency or imminent peril, or is brought back: by re-INVITE of who takes part, or by who
/// comes in and declares it. All others are told by re-INVITE (TS 24.379 10.1.1.4.7, 6.3.3.1.13 to 15).
///
/// OPEN: the state of an emergency ends with the call. Where it outlives it, TNG2 and MESSAGE end it.
extension ControllingFunction {
    /// - Throws: 403 where the group's rule or the member's own does not allow it.
    func wish(
        _ information: MCPTTInfo, of participant: Participant, in call: GroupCall
    ) throws(Refusal) -> TierWish {
        let tier = information.tier
        guard tier > .normal else {
            let isOver =
                call.tier == .emergency && information.emergencyIndicator == false
                || call.tier == .imminentPeril && information.imminentPerilIndicator == false
            return isOver ? .callOff : .asItIs
        }
        if call.tier == .emergency, tier == .imminentPeril {
            // An emergency is called off by itself, not by something else that is said with it.
            guard information.emergencyIndicator != false else { throw Refusal(.invalidCombination) }
            return .outranked
        }
        do throws(Refusal) {
            // By the group as it is: rules of emergencies do not wait for the next call.
            try checkTier(tier, directory.group(call.group.id) ?? call.group, participant.member)
        } catch {
            // What is so already may be said again by anybody.
            guard tier == call.tier else { throw error }
            return .asItIs
        }
        return .declare(tier)
    }

    mutating func change(_ wish: TierWish, by session: SessionID, in id: MCPTTGroupID) {
        switch wish {
        case .asItIs, .outranked: break
        case .declare(let tier): declare(tier, by: session, in: id)
        case .callOff: callOff(by: session, in: id)
        }
    }

    private mutating func declare(_ tier: CallTier, by session: SessionID, in id: MCPTTGroupID) {
        guard let participant = calls[id]?.participants[session] else { return }
        if participant.tier < tier {
            calls[id]?.set(tier, of: session)
            describeFloor(of: session, in: id)
        }
        raise(id, to: tier, by: participant)
    }

    /// Whoever comes in may bring a tier with him.
    mutating func raiseTier(_ id: MCPTTGroupID, to participant: Participant, at now: Now) {
        raise(id, to: participant.tier, by: participant)
        tellTier(in: id, at: now)
    }

    private mutating func raise(_ id: MCPTTGroupID, to tier: CallTier, by participant: Participant) {
        guard let current = calls[id]?.tier, tier > current else { return }
        calls[id]?.tier = tier
        calls[id]?.declarer = participant.key.user
        guard let call = calls[id] else { return }
        command(.configureCall(call.media, call.floorSettings))
        note("call.tierRaised", call.fields + participant.fields)
    }

    private mutating func callOff(by session: SessionID, in id: MCPTTGroupID) {
        guard let call = calls[id], let participant = call.participants[session] else { return }
        calls[id]?.tier = .normal
        calls[id]?.declarer = nil
        if let settings = calls[id]?.floorSettings { command(.configureCall(call.media, settings)) }
        for (session, participant) in call.participants where participant.tier > .normal {
            calls[id]?.set(.normal, of: session)
            describeFloor(of: session, in: id)
        }
        // The end belongs to what ends: it is said of the call as it was.
        note("call.tierLowered", call.fields + participant.fields)
    }

    // MARK: Telling

    mutating func tellTier(in id: MCPTTGroupID, at now: Now) {
        for session in calls[id]?.participants.keys ?? [] { tellTier(session, in: id, at: now) }
    }

    /// By re-INVITE, whom the last message told otherwise. Whose own request is under way is told by its answer, and who
    /// has not answered yet, when he has.
    mutating func tellTier(_ session: SessionID, in id: MCPTTGroupID, at now: Now) {
        guard let call = calls[id], call.participants[session]?.isInSession == true,
            var information = call.tierNews(for: session)
        else { return }
        calls[id]?.told(session)
        information.callingUserID = call.declarer
        reinvite(session, in: id, information, at: now)
    }

    /// By INFO, for whom the re-INVITE that said it was refused.
    mutating func informOfTier(_ session: SessionID, in call: GroupCall, at now: Now) {
        var information = MCPTTInfo()
        information.emergencyIndicator = call.tier == .emergency
        information.imminentPerilIndicator = call.tier == .imminentPeril
        information.callingUserID = call.declarer
        inform(session, information, at: now)
    }

    /// A re-INVITE of ours to a client in the call, with what we offer it.
    mutating func reinvite(
        _ session: SessionID, in id: MCPTTGroupID, _ information: MCPTTInfo, at now: Now
    ) {
        guard let call = calls[id], let participant = call.participants[session] else { return }
        var information = information
        information.callingGroupID = id
        var headers = Headers()
        headers.append(.contact, ServiceHeaders.contact(call.identity, isFocus: true))
        headers.append(.pAssertedIdentity, "<\(ownURI)>")
        headers.append(.resourcePriority, ResourcePriority.headerValue(call.tier))
        let version = calls[id]?.nextDescriptionVersion(in: session) ?? 1
        let description = offer(participant, in: call)
            .session(id: participant.leg.id.value & 0xffff_ffff, version: version)
        let body = CallBody(information: information, sessionDescription: description.serialized())
            .write(into: &headers)
        agent.reinvite(session, headers: headers, body: body, at: now)
    }
}

extension GroupCall {
    /// What the tier is now, for a client that was told another one: what is so, and what is so no more.
    func tierNews(for session: SessionID) -> MCPTTInfo? {
        guard let told = participants[session]?.toldTier, told != tier else { return nil }
        var information = MCPTTInfo(tier: tier)
        switch told {
        case .normal: break
        case .imminentPeril: information.imminentPerilIndicator = false
        case .emergency: information.emergencyIndicator = false
        }
        return information
    }
}

extension MCPTTInfo {
    /// Alerts are not served.
    static var alertDenied: MCPTTInfo {
        var information = MCPTTInfo()
        information.alertIndicator = false
        return information
    }
}

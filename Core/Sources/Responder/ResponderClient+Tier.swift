import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import SDP
import SIP
import SIPUserAgent

/// Emergency and imminent peril in a call that stands (TS 24.379 10.1.1.2.1, 10.1.1.2.3).
extension ResponderClient {
    /// Declares a tier, or calls off what the call is in.
    mutating func changeTier(of handle: CallHandle, to tier: CallTier, at now: Now) {
        guard let call = calls[handle], case .established = call.phase, let session = call.session,
            let audio = call.audio, let remote = call.remote
        else { return notify(.changeRefused(handle, status: 481, warning: nil)) }
        guard call.change == nil else { return notify(.changeRefused(handle, status: 491, warning: nil)) }
        guard tier != call.tier else { return notify(.callChanged(handle, tier, by: settings.mcpttID)) }
        var information = MCPTTInfo(tier: tier)
        // Less than there is ends what there is; more stands for itself.
        if tier < call.tier {
            switch call.tier {
            case .normal: break
            case .imminentPeril: information.imminentPerilIndicator = false
            case .emergency: information.emergencyIndicator = false
            }
        }
        calls[handle]?.descriptionVersion += 1
        let offer = SpeechOffer(
            audio: audio, floor: remote.floor == nil ? nil : call.floorAddress,
            floorParameters: floorParameters(call, requestsFloor: false), codec: remote.codec,
            payloadType: remote.payloadType)
        let description = offer.session(id: call.descriptionID, version: call.descriptionVersion + 1)
        calls[handle]?.change = ResponderCall.Change(tier: tier, offer: description)
        var headers = contactHeaders
        if tier > .normal { headers.append(.resourcePriority, ResourcePriority.headerValue(tier)) }
        let body = CallBody(information: information, sessionDescription: description.serialized())
            .write(into: &headers)
        userAgent.reinvite(session, headers: headers, body: body, at: now)
    }

    mutating func changeAnswered(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let handle = handle(of: session), let change = calls[handle]?.change else { return }
        calls[handle]?.change = nil
        let information = (try? CallBody(reading: response))?.information
        guard response.isSuccess else {
            if let information { followTier(handle, information) }
            let warning = response.headers.warnings.compactMap(\.mcpttCode).first
            return notify(.changeRefused(handle, status: response.status, warning: warning))
        }
        // An answer that says nothing of the tier agrees.
        followTier(handle, information ?? MCPTTInfo(tier: change.tier), to: change.tier)
        calls[handle]?.declaredTier = change.tier
        if let answer = Self.answer(in: response, to: change.offer) { move(handle, to: Self.remote(answer), at: now) }
    }

    /// The server said what the call is in.
    ///
    /// - Parameter asked: the tier that we asked for, where this answers it.
    mutating func followTier(_ handle: CallHandle, _ information: MCPTTInfo, to asked: CallTier? = nil) {
        let isSaid = information.emergencyIndicator != nil || information.imminentPerilIndicator != nil
        guard var call = calls[handle], let tier = isSaid ? information.tier : asked, tier != call.tier else { return }
        call.tier = tier
        call.declaredTier = min(call.declaredTier, tier)
        call.floor.reconfigure(floorSettings(call))
        calls[handle] = call
        let declarer = tier == asked ? settings.mcpttID : information.callingUserID
        notify(.callChanged(handle, tier, by: declarer))
    }
}

import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import SDP
import SIP
import SIPUserAgent

/// Calls that this client originates, joins and leaves (TS 24.379 10.1.1.2.1 and 10.1.2.2.1).
extension ResponderClient {
    mutating func startCall(_ request: CallRequest, at now: Now) {
        let handle = newHandle()
        notify(.calling(handle, request.group))
        guard isReady else {
            return notify(.callFailed(handle, status: 480, warning: nil))
        }
        guard calls.count < settings.limits.calls else {
            return notify(.callFailed(handle, status: 486, warning: nil))
        }
        var call = newCall(.preparing(request), group: request.group, kind: request.kind, tier: request.tier)
        call.declaredTier = request.tier
        if request.isBroadcast { call.floor.reconfigure(floorSettings(call, isBroadcastInitiator: true)) }
        calls[handle] = call
        actions.append(.openMedia(handle))
    }

    mutating func newHandle() -> CallHandle {
        lastHandle += 1
        return CallHandle(lastHandle)
    }

    mutating func newCall(
        _ phase: ResponderCall.Phase, group: MCPTTGroupID?, kind: GroupCallKind, tier: CallTier
    ) -> ResponderCall {
        // SSRC 0 means "none" to some receivers.
        let floorSSRC = max(1, UInt32(truncatingIfNeeded: random.next()))
        let audioSSRC = max(1, UInt32(truncatingIfNeeded: random.next()))
        let floor = FloorParticipant(settings: FloorParticipantSettings(ssrc: floorSSRC))
        var call = ResponderCall(
            phase: phase, kind: kind, tier: tier, descriptionID: random.next() >> 2, floor: floor,
            audioSSRC: audioSSRC)
        call.group = group
        call.floor.reconfigure(floorSettings(call))
        return call
    }

    func floorSettings(_ call: ResponderCall, isBroadcastInitiator: Bool? = nil) -> FloorParticipantSettings {
        var floor = call.floor.settings
        floor.priority = settings.floorPriority(in: call.group)
        floor.acceptsQueuedGrants = settings.acceptsQueuedGrants
        floor.timers = settings.floorTimers
        floor.isBroadcastInitiator = isBroadcastInitiator ?? floor.isBroadcastInitiator
        floor.indicator =
            switch call.tier {
            case .normal: floor.isBroadcastInitiator ? .broadcastGroupCall : .normalCall
            case .imminentPeril: .imminentPerilCall
            case .emergency: .emergencyCall
            }
        return floor
    }

    mutating func mediaReady(_ handle: CallHandle, audio: SocketAddress, floor: SocketAddress, at now: Now) {
        guard calls[handle] != nil else {
            // The call ended while the sockets were on their way.
            actions.append(.closeMedia(handle))
            return
        }
        calls[handle]?.audio = audio
        calls[handle]?.floorAddress = floor
        switch calls[handle]?.phase {
        case .preparing(let request): invite(handle, request, at: now)
        case .accepting: accept(handle, at: now)
        case .inviting, .ringing, .established, nil: break
        }
    }

    mutating func mediaFailed(_ handle: CallHandle, at now: Now) {
        guard let call = calls.removeValue(forKey: handle) else { return }
        rejoinEnded(handle, 480, at: now)
        if let session = call.session { userAgent.reject(session, status: 480, at: now) }
        notify(.callEnded(handle, .mediaFailed))
    }

    func floorParameters(_ call: ResponderCall, requestsFloor: Bool) -> FloorControlParameters {
        FloorControlParameters(
            queueing: settings.isQueueing, priority: settings.floorPriority(in: call.group), granted: true,
            implicitRequest: requestsFloor, ssrc: call.audioSSRC, floorSSRC: call.floor.settings.ssrc)
    }

    private mutating func invite(_ handle: CallHandle, _ wish: CallRequest, at now: Now) {
        guard let call = calls[handle], let audio = call.audio else { return }
        let offer = SpeechOffer(
            audio: audio, floor: call.floorAddress,
            floorParameters: floorParameters(call, requestsFloor: wish.requestsFloor),
            codec: settings.codec(of: call.group),
            payloadType: settings.payloadType)
        let description = offer.session(id: call.descriptionID, version: call.descriptionVersion)
        var information = MCPTTInfo(
            sessionType: wish.kind == .chat ? .chat : .prearranged, requestURI: wish.group.value,
            emergencyIndicator: wish.tier == .emergency ? true : nil, clientID: settings.clientID)
        if wish.tier == .imminentPeril { information.imminentPerilIndicator = true }
        if wish.isBroadcast { information.broadcastIndicator = true }
        var request = serviceRequest(.invite, to: wish.session)
        request.headers.append(.contact, dialogContact)
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        for tag in ["timer", "tdialog", "norefersub", "explicitsub", "nosub"] {
            request.headers.append(.supported, tag)
        }
        request.headers.append(.sessionExpires, SessionTimers.header(settings.sessionInterval, refresher: .uac))
        if wish.tier > .normal {
            request.headers.append(.resourcePriority, ResourcePriority.headerValue(wish.tier))
        }
        let body = CallBody(information: information, sessionDescription: description.serialized())
        request.body = body.write(into: &request.headers)
        calls[handle]?.phase = .inviting(wish, offer: description)
        calls[handle]?.session = userAgent.invite(request, at: now)
    }

    mutating func established(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let handle = handle(of: session), case .inviting(let wish, let offer)? = calls[handle]?.phase else {
            return userAgent.end(session, at: now)
        }
        guard let answer = Self.answer(in: response, to: offer) else {
            // A 200 whose description is of no use: the call cannot be had (RFC 3261 13.2.2.4).
            userAgent.end(session, at: now)
            closeCall(handle, at: now)
            rejoinEnded(handle, 488, at: now)
            return notify(.callFailed(handle, status: 488, warning: nil))
        }
        let parameters = answer.floorParameters
        if let assigned = parameters.ssrc { calls[handle]?.audioSSRC = assigned }
        calls[handle]?.joinedAt = now.instant
        rejoinEnded(handle, response.status, at: now)
        calls[handle]?.sessionIdentity = response.headers.contacts.first?.uri.onlySIP
        begin(handle, Self.remote(answer), at: now)
        // Others may have declared what we have not.
        if let information = (try? CallBody(reading: response))?.information { followTier(handle, information) }
        if let call = calls[handle], let lost = call.restores {
            calls[handle]?.declaredTier = min(lost.tier, call.tier)
        }
        let isTaken = wish.requestsFloor && (parameters.implicitRequest || parameters.granted)
        tellFloor(handle, .sessionEstablished(implicitRequest: isTaken, granted: parameters.granted), at: now)
        catchUpWithButton(of: handle, at: now)
    }

    static func answer(in response: SIPResponse, to offer: SessionDescription) -> SpeechAnswer? {
        guard let octets = response.part(MIMEType.sessionDescription)?.body,
            let description = try? SessionDescription(parsing: octets)
        else { return nil }
        return try? SpeechAnswer(reading: description, to: offer)
    }

    /// The other side of an offer of ours: it says its own direction.
    static func remote(_ answer: SpeechAnswer) -> RemoteMedia {
        RemoteMedia(
            audio: answer.audio, floor: answer.floor, codec: answer.codec, payloadType: answer.payloadType,
            direction: MediaDirection(sends: answer.direction.receives, receives: answer.direction.sends))
    }

    /// Media of a call that stands goes elsewhere, if it does.
    mutating func move(_ handle: CallHandle, to remote: RemoteMedia, at now: Now) {
        guard calls[handle]?.remote != remote else { return }
        calls[handle]?.remote = remote
        actions.append(.connectMedia(handle, remote))
        keepMediaAlive(handle, at: now)
    }

    /// The call stands: media flows as far as the floor allows.
    mutating func begin(_ handle: CallHandle, _ remote: RemoteMedia, at now: Now) {
        calls[handle]?.phase = .established
        calls[handle]?.remote = remote
        calls[handle]?.remoteOffer = nil
        actions.append(.connectMedia(handle, remote))
        keepMediaAlive(handle, at: now)
        guard let call = calls[handle] else { return }
        notify(
            .callStarted(
                handle,
                CallFacts(group: call.group, session: call.sessionIdentity, hasFloorControl: remote.floor != nil)))
    }

    mutating func rejected(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let handle = handle(of: session), let call = calls[handle] else { return }
        closeCall(handle, at: now)
        rejoinEnded(handle, response.status, at: now)
        let warning = response.headers.warnings.compactMap(\.mcpttCode).first
        if warning == MCPTTWarning.groupCallDoesNotExist.code { restore(call, at: now) }
        notify(.callFailed(handle, status: response.status, warning: warning))
        authorisationLost(warning, at: now)
    }

    mutating func leave(_ handle: CallHandle, at now: Now) {
        guard let call = calls[handle] else { return }
        if let session = call.session {
            if call.isIncoming {
                userAgent.reject(session, status: 480, at: now)
            } else {
                var headers = Headers()
                headers.append(.reason, ServiceHeaders.userRequestedRelease)
                userAgent.end(session, headers: headers, at: now)
            }
        }
        closeCall(handle, at: now)
        // Whoever leaves while it is tried does not want to be brought back.
        rejoins.removeAll { $0.attempt == handle }
        notify(.callEnded(handle, .left))
    }

    mutating func ended(_ session: SessionID, _ end: SessionEnd, at now: Now) {
        guard let handle = handle(of: session), let call = calls[handle] else { return }
        closeCall(handle, at: now)
        if case .byPeer(let bye) = end { cutOff(call, bye, at: now) }
        let reason: CallEndReason =
            switch end {
            case .byPeer(let bye): Self.saysUnavailable(bye) ? .connectionLost : .releasedByServer
            case .cancelled: .cancelled
            case .sessionExpired, .notAcknowledged, .peerGone: .sessionLost
            }
        notify(.callEnded(handle, reason))
    }

    /// Ends floor and media of a call and forgets it.
    mutating func closeCall(_ handle: CallHandle, at now: Now) {
        guard let call = calls[handle] else { return }
        tellFloor(handle, .sessionReleasing, at: now)
        calls.removeValue(forKey: handle)
        // Sockets that are still on their way are closed when they come.
        if call.audio != nil { actions.append(.closeMedia(handle)) }
    }

    func handle(of session: SessionID) -> CallHandle? {
        calls.first { $0.value.session == session }?.key
    }

    /// The flow is lost: calls that stand go on as media, those that ring cannot be answered any more.
    mutating func setCallsAdrift(at now: Now) {
        for handle in Array(calls.keys) {
            switch calls[handle]?.phase {
            case .established: calls[handle]?.adriftSince = now.instant
            case .ringing, .accepting:
                if let session = calls[handle]?.session { userAgent.reject(session, status: 480, at: now) }
                closeCall(handle, at: now)
                notify(.callEnded(handle, .connectionLost))
            // Their INVITE, or the one that follows, fails by itself.
            case .preparing, .inviting, nil: break
            }
        }
    }

    /// After a lost flow: the server's way to our dialogs went over it, so standing calls are joined anew.
    mutating func rejoinCalls(at now: Now) {
        for handle in Array(calls.keys) {
            guard let call = calls[handle], let since = call.adriftSince, let session = call.session else { continue }
            userAgent.end(session, at: now)
            closeCall(handle, at: now)
            notify(.callEnded(handle, .connectionLost))
            guard settings.rejoins, let group = call.group, let identity = call.sessionIdentity else { continue }
            // A call that stands is in what it is in: what was called off meanwhile is not declared again by coming back.
            startCall(CallRequest(group: group, kind: call.kind, session: identity), at: now)
            calls[CallHandle(lastHandle)]?.restores = .init(
                since: since, wasOurs: call.joinedAt != nil, tier: call.declaredTier)
        }
    }
}

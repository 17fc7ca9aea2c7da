import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import SDP
import SIP
import SIPUserAgent

/// Calls that come in (TS 24.379 10.1.1.2.2), and changes of calls that stand.
extension ResponderClient {
    mutating func invited(_ session: SessionID, _ request: SIPRequest, at now: Now) {
        do throws(Refusal) {
            try take(session, request, at: now)
        } catch {
            userAgent.reject(
                session, status: error.status, headers: error.responseHeaders(agent: settings.domain), at: now)
        }
    }

    private mutating func take(_ session: SessionID, _ request: SIPRequest, at now: Now) throws(Refusal) {
        let body = try CallBody(reading: request)
        guard ServiceHeaders.marksService(request.headers), let information = body.information else {
            throw Refusal(status: 403)
        }
        // TS 24.379 6.2.3.1: only a focus calls us into a group.
        guard ServiceHeaders.isFocus(request.headers) else { throw Refusal(.isfocusNotAssigned) }
        let description = try Self.description(body)
        let group = information.callingGroupID
        guard (try? SpeechOffer(reading: description, accepting: settings.codecs(of: group))) != nil else {
            throw Refusal(status: 488)
        }
        if let group { try makeRoom(for: group, at: now) }
        guard calls.count < settings.limits.calls else { throw Refusal(status: 486) }
        let tier = information.tier
        let needsAnswer = answersManually(request)
        var call = newCall(
            needsAnswer ? .ringing : .accepting, group: group,
            kind: information.sessionType == .chat ? .chat : .prearranged, tier: tier)
        call.session = session
        call.remoteOffer = description
        call.sessionIdentity = request.headers.contacts.first?.uri.onlySIP
        let handle = newHandle()
        calls[handle] = call
        notify(
            .called(
                handle, IncomingCall(group: group, caller: information.callingUserID, tier: tier),
                needsAnswer: needsAnswer))
        if needsAnswer {
            userAgent.ring(session, status: 180, headers: contactHeaders, at: now)
        } else {
            actions.append(.openMedia(handle))
        }
    }

    private static func description(_ body: CallBody) throws(Refusal) -> SessionDescription {
        guard let octets = body.sessionDescription, let description = try? SessionDescription(parsing: octets) else {
            throw Refusal(status: 488)
        }
        return description
    }

    /// The same group calls us again: what we believe to be in is gone at the server. While our own INVITE to the group
    /// is out, its answer will come, and this one is declined; so it is where the two crossed on the way, for as long
    /// as a message may remain in the network (T4 of RFC 3261 17): the server took ours in place of its own.
    private mutating func makeRoom(for group: MCPTTGroupID, at now: Now) throws(Refusal) {
        for handle in Array(calls.keys) where calls[handle]?.group == group {
            if let joinedAt = calls[handle]?.joinedAt, now.instant - joinedAt < settings.transactionTimers.t4 {
                throw Refusal(status: 486)
            }
            switch calls[handle]?.phase {
            case .preparing, .inviting: throw Refusal(status: 486)
            case .established, .ringing, .accepting: leave(handle, at: now)
            case nil: break
            }
        }
    }

    /// RFC 5373 as the participating function writes it; else what we settled ourselves.
    private func answersManually(_ request: SIPRequest) -> Bool {
        let mode = (request.headers[.privAnswerMode] ?? request.headers[.answerMode])?.prefix { $0 != ";" }
        switch mode?.lowercased() {
        case "auto": return false
        case "manual": return true
        default: return settings.answerMode == .manual
        }
    }

    var contactHeaders: Headers {
        var headers = Headers()
        headers.append(.contact, dialogContact)
        return headers
    }

    mutating func answerCall(_ handle: CallHandle, at now: Now) {
        guard calls[handle]?.phase == .ringing else { return }
        calls[handle]?.phase = .accepting
        actions.append(.openMedia(handle))
    }

    mutating func declineCall(_ handle: CallHandle, at now: Now) {
        guard let call = calls[handle], call.isIncoming, let session = call.session else { return }
        userAgent.reject(
            session, status: 480, headers: Refusal(.userDeclined).responseHeaders(agent: settings.domain), at: now)
        closeCall(handle, at: now)
        notify(.callEnded(handle, .declined))
    }

    /// 200 to the INVITE, once there are sockets.
    mutating func accept(_ handle: CallHandle, at now: Now) {
        guard let call = calls[handle], let session = call.session, let theirs = call.remoteOffer,
            let answered = answer(theirs, of: call)
        else { return }
        var headers = contactHeaders
        headers.append(.sessionExpires, SessionTimers.header(settings.sessionInterval, refresher: .uas))
        headers.append(.contentType, MIMEType.sessionDescription)
        userAgent.accept(session, headers: headers, body: answered.description, at: now)
        begin(handle, answered.remote, at: now)
        tellFloor(handle, .sessionEstablished(implicitRequest: false, granted: false), at: now)
        catchUpWithButton(of: handle, at: now)
    }

    private func answer(
        _ theirs: SessionDescription, of call: ResponderCall
    ) -> (description: [UInt8], remote: RemoteMedia)? {
        guard let audio = call.audio,
            let offer = try? SpeechOffer(reading: theirs, accepting: settings.codecs(of: call.group))
        else { return nil }
        let answer = SpeechAnswer(
            to: offer, audio: audio, floor: call.floorAddress,
            floorParameters: FloorControlParameters(
                queueing: settings.isQueueing, priority: settings.floorPriority(in: call.group), ssrc: call.audioSSRC,
                floorSSRC: call.floor.settings.ssrc))
        guard
            let description = try? answer.session(
                answering: theirs, id: call.descriptionID, version: call.descriptionVersion)
        else { return nil }
        let remote = RemoteMedia(
            audio: offer.audio, floor: offer.floor, codec: answer.codec, payloadType: answer.payloadType,
            direction: answer.direction)
        return (description.serialized(), remote)
    }

    /// re-INVITE or UPDATE of the server: another tier, other media (TS 24.379 10.1.1.2.3).
    mutating func modified(_ session: SessionID, _ request: SIPRequest, _ id: ServerTransactionID, at now: Now) {
        guard let handle = handle(of: session), let body = try? CallBody(reading: request) else {
            return userAgent.answer(id, status: 400, at: now)
        }
        var headers = contactHeaders
        guard let octets = body.sessionDescription else {
            // NOTSPEC: RFC 3261 14.2 has us offer in the 200 to a re-INVITE without offer.
            guard request.method == .update else { return userAgent.answer(id, status: 488, at: now) }
            if let information = body.information { followTier(handle, information) }
            return userAgent.answer(id, status: 200, headers: headers, at: now)
        }
        calls[handle]?.descriptionVersion += 1
        guard let call = calls[handle], let theirs = try? SessionDescription(parsing: octets),
            let answered = answer(theirs, of: call)
        else { return userAgent.answer(id, status: 488, at: now) }
        // What is refused changes nothing (RFC 3261 14.1).
        if let information = body.information { followTier(handle, information) }
        headers.append(.contentType, MIMEType.sessionDescription)
        userAgent.answer(id, status: 200, headers: headers, body: answered.description, at: now)
        move(handle, to: answered.remote, at: now)
    }

    /// INFO with the state of the call (TS 24.379 6.3.3.1.21 and following).
    mutating func answerInside(
        _ session: SessionID, _ request: SIPRequest, _ id: ServerTransactionID, at now: Now
    ) {
        guard request.method == .info else {
            return userAgent.answer(id, status: request.method == .message ? 200 : 405, at: now)
        }
        // RFC 6086 4.2.2
        guard request.headers[.infoPackage]?.lowercased() == ServiceHeaders.infoPackage else {
            var headers = Headers()
            headers.append(.recvInfo, ServiceHeaders.infoPackage)
            return userAgent.answer(id, status: 469, headers: headers, at: now)
        }
        userAgent.answer(id, status: 200, at: now)
        guard let handle = handle(of: session), let information = (try? CallBody(reading: request))?.information else {
            return
        }
        followTier(handle, information)
    }

    /// OPTIONS is how servers see whether we live; MESSAGE brings notifications that need no answer but 200.
    mutating func answerOutside(_ request: SIPRequest, _ id: ServerTransactionID, at now: Now) {
        switch request.method {
        case .options:
            var headers = contactHeaders
            headers.append(.accept, MIMEType.sessionDescription)
            headers.append(.accept, MIMEType.mcpttInfo)
            userAgent.answer(id, status: 200, headers: headers, at: now)
        case .message:
            userAgent.answer(id, status: 200, at: now)
        case .subscribe:
            userAgent.answer(id, status: 489, at: now)
        case .invite, .ack, .cancel, .bye, .register, .notify, .publish, .info, .update, .prack, .refer, .other:
            userAgent.answer(id, status: 405, at: now)
        }
    }
}

import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// What one side of a call says, said to the other.
extension ParticipatingFunction {
    mutating func enter(_ call: PassedCall, at now: Now) {
        calls[call.id] = call
        deadlines.set(.answer(call.id), at: now.instant + settings.answerLimit)
        for session in call.sessions { callsBySession[session] = call.id }
        users[call.user]?.calls.append(call.id)
    }

    mutating func forget(_ id: CallID) {
        guard let call = calls.removeValue(forKey: id) else { return }
        deadlines.cancel(.answer(id))
        for session in call.sessions { callsBySession[session] = nil }
        users[call.user]?.calls.removeAll { $0 == id }
    }

    private func call(of session: SessionID) -> PassedCall? {
        callsBySession[session].flatMap { calls[$0] }
    }

    // MARK: Set-up

    mutating func progressed(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let call = call(of: session) else { return }
        var headers = Headers()
        headers.copy(CopyingRole.responseHeaders, from: response.headers)
        switch call.stage {
        case .calling(let pair) where session == pair.serverSide:
            headers.append(.contact, ServiceHeaders.contact(presented(response.headers), isFocus: true))
            agent.ring(pair.clientSide, status: response.status, headers: headers, at: now)
        case .offering(let offering):
            headers.append(.contact, ServiceHeaders.contact(ownURI))
            agent.ring(offering.server, status: response.status, headers: headers, at: now)
        case .calling, .standing: break
        }
    }

    mutating func established(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let call = call(of: session) else { return agent.end(session, at: now) }
        switch call.stage {
        case .calling(let pair) where session == pair.serverSide: calleeAnswered(call, pair, response, at: now)
        case .offering(let offering): clientAnswered(call, offering, session, response, at: now)
        case .calling, .standing: break
        }
    }

    private mutating func calleeAnswered(
        _ call: PassedCall, _ pair: PassedCall.Pair, _ response: SIPResponse, at now: Now
    ) {
        var headers = response.headers.bodyDescription
        headers.append(.contact, ServiceHeaders.contact(presented(response.headers), isFocus: true))
        headers.copy(CopyingRole.responseHeaders + [.pAssertedIdentity], from: response.headers)
        headers.append(.sessionExpires, SessionTimers.header(refresher: .uac))
        for tag in ["tdialog", "norefersub", "explicitsub", "nosub"] { headers.append(.supported, tag) }
        calls[call.id]?.stage = .standing(pair)
        calls[call.id]?.reference = response.headers.contacts.first.flatMap { SessionIdentity.reference(of: $0.uri) }
        learnTier(of: call.id, from: response)
        deadlines.cancel(.answer(call.id))
        agent.accept(pair.clientSide, headers: headers, body: response.body, at: now)
        if call.affiliates {
            noteImplicitAffiliation(
                ClientKey(user: call.user, client: pair.client), call.group, owner: call.home, at: now)
        }
    }

    /// The first client that answers takes the call; the others are called off.
    private mutating func clientAnswered(
        _ call: PassedCall, _ offering: PassedCall.Offering, _ session: SessionID, _ response: SIPResponse, at now: Now
    ) {
        guard let client = offering.branches[session] else { return }
        for other in offering.branches.keys where other != session {
            agent.end(other, at: now)
            callsBySession[other] = nil
        }
        deadlines.cancel(.answer(call.id))
        calls[call.id]?.stage = .standing(.init(client: client, clientSide: session, serverSide: offering.server))
        var headers = response.headers.bodyDescription
        headers.append(.contact, ServiceHeaders.contact(ownURI))
        headers.copy(CopyingRole.responseHeaders, from: response.headers)
        headers.append(.pAssertedIdentity, "<\(ownURI)>")
        headers.append(.sessionExpires, SessionTimers.header(refresher: .uac))
        for tag in ["tdialog", "norefersub"] { headers.append(.supported, tag) }
        let isPlain = response.headers.contentType?.matches(MIMEType.sessionDescription) ?? false
        let body = isPlain ? Self.completed(response.body, to: offering.offer) : response.body
        agent.accept(offering.server, headers: headers, body: body, at: now)
    }

    mutating func rejected(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let call = call(of: session) else { return }
        var headers = response.headers.bodyDescription
        headers.copy(CopyingRole.responseHeaders, from: response.headers)
        // A redirection is for us to follow, and no function of ours sends one.
        let status = response.status < 400 ? 480 : response.status
        switch call.stage {
        case .calling(let pair):
            agent.reject(pair.clientSide, status: status, headers: headers, body: response.body, at: now)
            forget(call.id)
        case .offering(var offering):
            offering.branches[session] = nil
            callsBySession[session] = nil
            calls[call.id]?.stage = .offering(offering)
            guard offering.branches.isEmpty else { return }
            agent.reject(offering.server, status: status, headers: headers, body: response.body, at: now)
            forget(call.id)
        case .standing: break
        }
    }

    /// The other side rings and rings: whoever asked is told, and the other side is called off.
    mutating func nobodyAnswered(_ id: CallID, at now: Now) {
        guard let call = calls[id] else { return }
        switch call.stage {
        case .calling(let pair): agent.reject(pair.clientSide, status: 408, at: now)
        case .offering(let offering): agent.reject(offering.server, status: 408, at: now)
        case .standing: return
        }
        hangUp(id, reason: nil, at: now)
    }

    // MARK: End

    mutating func ended(_ session: SessionID, _ end: SessionEnd, at now: Now) {
        guard let call = call(of: session) else { return }
        var headers = Headers()
        switch end {
        case .byPeer(let request): headers.copy([.reason], from: request.headers)
        case .cancelled: break
        case .sessionExpired, .notAcknowledged, .peerGone:
            headers.append(.reason, "SIP;cause=408;text=\"Request Timeout\"")
        }
        for other in call.sessions where other != session { agent.end(other, headers: headers, at: now) }
        forget(call.id)
    }

    /// Ends a call on all sides.
    mutating func hangUp(_ id: CallID, reason: String?, at now: Now) {
        guard let call = calls[id] else { return }
        var headers = Headers()
        if let reason { headers.append(.reason, reason) }
        for session in call.sessions { agent.end(session, headers: headers, at: now) }
        forget(id)
    }

    /// A client leaves a call: it is called off where others of the user may still answer, else the call ends.
    mutating func leave(_ id: CallID, _ client: MCPTTClientID, reason: String?, at now: Now) {
        guard let call = calls[id], call.concerns(client) else { return }
        guard case .offering(var offering) = call.stage, offering.branches.values.contains(where: { $0 != client })
        else { return hangUp(id, reason: reason, at: now) }
        for (session, other) in offering.branches where other == client {
            agent.end(session, at: now)
            callsBySession[session] = nil
            offering.branches[session] = nil
        }
        calls[id]?.stage = .offering(offering)
    }

    // MARK: Inside the dialogs

    mutating func modified(
        _ session: SessionID, _ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let call = call(of: session), case .standing = call.stage, let other = call.other(than: session) else {
            return agent.answer(transaction, status: 481, at: now)
        }
        guard call.modification == nil else { return agent.answer(transaction, status: 491, at: now) }
        // An offer that comes only with the answer would have to be answered in the ACK, which ends at each side.
        guard !request.body.isEmpty else { return agent.answer(transaction, status: 488, at: now) }
        guard let passed = passed(request, in: call, by: session, transaction, at: now) else { return }
        calls[call.id]?.modification = .init(transaction: transaction, by: session, tier: passed.tier)
        agent.reinvite(other, headers: passed.headers, body: passed.body, at: now)
    }

    /// What one side says inside a call as the other gets it, and what tier it declares; nil where it was refused. A
    /// client is who it is and no other, and may not ask for more than its user may, as with the INVITE.
    private mutating func passed(
        _ request: SIPRequest, in call: PassedCall, by session: SessionID, _ transaction: ServerTransactionID,
        at now: Now
    ) -> (headers: Headers, body: [UInt8], tier: CallTier)? {
        var headers = request.headers.bodyDescription
        var body = request.body
        var tier = CallTier.normal
        do throws(Refusal) {
            var parts = request.parts
            // What cannot be taken apart cannot be looked at.
            guard request.body.isEmpty || !parts.isEmpty else { throw Refusal(status: 400) }
            if let index = parts.firstIndex(where: { $0.contentType.matches(MIMEType.mcpttInfo) }),
                var information = try CallBody(reading: request).information
            {
                try information.requireReadable()
                information.accessToken = nil
                if case .standing(let pair) = call.stage, session == pair.clientSide {
                    try authorise(&information, in: call)
                    information.callingUserID = call.user
                    information.clientID = pair.client
                    tier = information.tier
                } else {
                    calls[call.id]?.told(information)
                }
                parts[index].body = information.serialized()
                let kept = parts.indices.filter { !parts[$0].contentType.matches(MIMEType.mcpttInfo) || $0 == index }
                body = CallBody.write(kept.map { parts[$0] }, into: &headers)
            }
        } catch {
            refuse(request, error, in: call, transaction, at: now)
            return nil
        }
        headers.copy(CopyingRole.dialogHeaders.filter { $0 != .contentDisposition }, from: request.headers)
        return (headers, body, tier)
    }

    /// A client declares what its user may declare, and calls off what he may call off (TS 24.379 6.3.3.1.13, 6.3.3.1.14).
    /// What the call is not in cannot be called off: from whom may not, that is not passed on, for the call may have been
    /// raised meanwhile.
    private func authorise(_ information: inout MCPTTInfo, in call: PassedCall) throws(Refusal) {
        guard let known = directory.user(call.user) else { throw Refusal(.userUnknown) }
        let user = self.user(known, as: call.client)
        try authoriseTier(information, user)
        let mayCallOff =
            switch call.toldTier {
            case .normal: true
            case .imminentPeril: information.imminentPerilIndicator != false || user.rights.mayCancelImminentPeril
            case .emergency: information.emergencyIndicator != false || user.rights.mayCancelEmergency
            }
        guard mayCallOff else { throw Refusal(status: 403) }
        if information.emergencyIndicator == false, !user.rights.mayCancelEmergency {
            information.emergencyIndicator = nil
        }
        if information.imminentPerilIndicator == false, !user.rights.mayCancelImminentPeril {
            information.imminentPerilIndicator = nil
        }
    }

    private mutating func refuse(
        _ request: SIPRequest, _ refusal: Refusal, in call: PassedCall, _ transaction: ServerTransactionID, at now: Now
    ) {
        var headers = refusal.responseHeaders(agent: system.domain)
        var body: [UInt8] = []
        let asked = (try? CallBody(reading: request))?.information
        if refusal.status == 403, let told = asked?.indicators(asIn: call.toldTier) {
            body = CallBody(information: told).write(into: &headers)
        }
        agent.answer(transaction, status: refusal.status, headers: headers, body: body, at: now)
        note(
            "request.refused",
            Observation.call(call.reference) + [
                .init("method", request.method.description), .init("user", call.user.value, isPersonal: true),
                .init("group", call.group.value, isPersonal: true), .init("status", "\(refusal.status)"),
                .init("warning", refusal.warning.map { "\($0.code)" } ?? ""),
            ])
    }

    private mutating func learnTier(of id: CallID, from response: SIPResponse) {
        guard let information = (try? CallBody(reading: response))?.information else { return }
        calls[id]?.told(information)
    }

    mutating func modificationAnswered(_ session: SessionID, _ response: SIPResponse, at now: Now) {
        guard let call = call(of: session), let modification = call.modification, modification.by != session else {
            return
        }
        calls[call.id]?.modification = nil
        // What a client says of the tier is what it was told; what the controlling function says is so.
        if case .standing(let pair) = call.stage, response.isSuccess, session == pair.serverSide {
            calls[call.id]?.declared(modification.tier)
            learnTier(of: call.id, from: response)
        }
        var headers = response.headers.bodyDescription
        headers.copy(CopyingRole.responseHeaders, from: response.headers)
        agent.answer(
            modification.transaction, status: response.status, headers: headers, body: response.body, at: now)
    }

    /// INFO, MESSAGE and what else runs inside a dialog.
    mutating func carry(
        _ request: SIPRequest, in session: SessionID, _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let call = call(of: session), case .standing = call.stage, let other = call.other(than: session) else {
            return agent.answer(transaction, status: 481, at: now)
        }
        guard let passed = passed(request, in: call, by: session, transaction, at: now) else { return }
        let sent = agent.request(
            in: other, method: request.method, headers: passed.headers, body: passed.body, at: now)
        carried[sent] = transaction
    }
}

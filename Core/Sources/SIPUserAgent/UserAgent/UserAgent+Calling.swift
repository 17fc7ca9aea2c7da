public import MCFoundation
public import SIP

/// The caller's side of an INVITE session.
extension UserAgent {
    /// Sends an INVITE. `request` brings Request-URI, From, To, Contact, body, Route and Session-Expires where wanted,
    /// and every other header; From tag, Call-ID, CSeq, Max-Forwards and Allow are added where they are missing.
    public mutating func invite(_ request: SIPRequest, at now: Now) -> SessionID {
        let id = SessionID(mint())
        var request = request
        complete(&request)
        addAllow(&request.headers)
        if request.headers.has(.sessionExpires) { addSupported("timer", &request.headers) }
        guard let dialog = Dialog(calling: request) else {
            // From and To may be made of what a peer said, and so must not stop us.
            tell(.rejected(id, request.response(400)))
            return id
        }
        guard sessions.count < limits.sessions, outstanding.count + accepted.count < limits.outstandingRequests else {
            tell(.rejected(id, request.response(503)))
            return id
        }
        let transaction = ClientTransactionID(mint())
        var session = Session(
            id: id, isCaller: true, dialog: dialog, phase: .calling(.init(transaction: transaction, request: request)))
        session.contacts = request.headers.values(.contact)
        session.localDescription = Description(request.headers, request.body)
        session.minimumInterval = request.headers.integer(.minSE)
        sessions[id] = session
        owners[dialog.key] = .session(id)
        _ = dispatch(request, .invite(id), id: transaction, at: now)
        return id
    }

    mutating func progressed(_ id: SessionID, _ response: SIPResponse, at now: Now) {
        guard response.status > 100, let session = sessions[id], case .calling(var calling) = session.phase else {
            return
        }
        if let tag = response.headers.to?.tag {
            let index: Int
            if let known = calling.early.firstIndex(where: { $0.dialog.remoteTag == tag }) {
                index = known
                calling.early[index].dialog.refreshTarget(response.headers)
            } else {
                guard calling.early.count < limits.forks else { return }
                index = calling.early.count
                calling.early.append(.init(dialog: session.dialog.answered(by: response), lastReliable: nil))
            }
            if response.headers.lists("100rel", in: .require), let number = response.headers.integer(.rseq) {
                // RFC 3262 4: a repetition is dropped, and so is what is out of order.
                if let last = calling.early[index].lastReliable, number != last &+ 1 { return }
                calling.early[index].lastReliable = number
                acknowledgeProvisional(number, calling.early[index].dialog, calling.request, of: id, at: now)
            }
            sessions[id]?.phase = .calling(calling)
        }
        tell(id, .progressed(id, response))
    }

    /// PRACK (RFC 3262 7.1). Numbers run through all branches of the session.
    private mutating func acknowledgeProvisional(
        _ number: UInt32, _ dialog: Dialog, _ invite: SIPRequest, of id: SessionID, at now: Now
    ) {
        guard let cseq = invite.headers.cseq, var numbered = Optional(dialog) else { return }
        numbered.localSequence = sessions[id]?.dialog.localSequence ?? dialog.localSequence
        var prack = numbered.request(.prack)
        sessions[id]?.dialog.localSequence = numbered.localSequence
        prack.headers.append(.rack, "\(number) \(cseq.number) \(cseq.method)")
        _ = dispatch(prack, .provisionalAcknowledgement, at: now)
    }

    /// The peer answers a re-INVITE reliably first.
    mutating func acknowledgeProvisional(inModificationOf id: SessionID, _ response: SIPResponse, at now: Now) {
        guard response.headers.lists("100rel", in: .require), let number = response.headers.integer(.rseq),
            let session = sessions[id], let modification = session.modification, modification.method == .invite,
            modification.lastReliable.map({ number == $0 &+ 1 }) ?? true,
            let transaction = modification.transaction, let entry = outstanding[transaction]
        else { return }
        sessions[id]?.modification?.lastReliable = number
        acknowledgeProvisional(number, session.dialog, entry.request, of: id, at: now)
    }

    mutating func inviteAnswered(
        _ id: SessionID, _ response: SIPResponse, _ request: SIPRequest, _ transaction: ClientTransactionID, at now: Now
    ) {
        guard let session = sessions[id], case .calling(let calling) = session.phase else { return }
        guard response.isSuccess else {
            if response.status == 422, session.isOwned, retry(id, calling, response, at: now) { return }
            tell(id, .rejected(id, response))
            return remove(id)
        }
        var dialog = session.dialog.answered(by: response)
        let branch = calling.early.first { $0.dialog.remoteTag == dialog.remoteTag }
        dialog.remoteSequence = branch?.dialog.remoteSequence
        sessions[id]?.dialog = dialog
        sessions[id]?.phase = .established
        acknowledge(response, request, &dialog, transaction, at: now)
        guard session.isOwned else {
            // The 200 crossed the CANCEL (RFC 3261 9.1): the call is up and is ended at once.
            sayFarewell(id, Headers(), at: now)
            return remove(id)
        }
        sessions[id]?.peerAllowsUpdate = response.headers.lists("UPDATE", in: .allow)
        sessions[id]?.remoteDescription = Description(response.headers, response.body)
        startTimer(id, request: request, response: response, weAsked: true, at: now)
        tell(.established(id, response))
    }

    /// ACK to a 2xx of ours, kept for repetitions of the 2xx.
    mutating func acknowledge(
        _ response: SIPResponse, _ request: SIPRequest, _ dialog: inout Dialog, _ transaction: ClientTransactionID,
        at now: Now
    ) {
        let ack = acknowledgement(request, &dialog)
        accepted[transaction] = AcceptedInvite(request: request, acknowledgements: [(dialog.remoteTag, ack)])
        deadlines.set(.accepted(transaction), at: now.instant + limits.timers.timeout)
        put(.acknowledge(ack))
    }

    private func acknowledgement(_ request: SIPRequest, _ dialog: inout Dialog) -> SIPRequest {
        var ack = dialog.request(.ack, sequence: request.headers.cseq?.number ?? dialog.localSequence)
        // RFC 3261 13.2.2.4: the credentials of the INVITE.
        for name in [HeaderName.authorization, .proxyAuthorization] {
            for value in request.headers.values(name) { ack.headers.append(name, value) }
        }
        return ack
    }

    /// A 2xx after the first one: a repetition, or another branch of the fork, which is ended.
    mutating func acceptedAgain(_ response: SIPResponse, _ id: ClientTransactionID) {
        guard let known = accepted[id], let tag = response.headers.to?.tag else { return }
        if let ack = known.acknowledgements.first(where: { $0.tag == tag }) {
            return put(.acknowledge(ack.request))
        }
        guard known.acknowledgements.count < limits.forks,
            var dialog = Dialog(calling: known.request)?.answered(by: response)
        else { return }
        let ack = acknowledgement(known.request, &dialog)
        accepted[id]?.acknowledgements.append((tag, ack))
        put(.acknowledge(ack))
        // Nothing else is told to this branch, so that the numbers need not continue those of the session.
        let farewell = ClientTransactionID(mint())
        let bye = dialog.request(.bye)
        outstanding[farewell] = OutstandingRequest(request: bye, purpose: .farewell)
        put(.send(bye, farewell))
    }

    /// 422 (RFC 4028 7.3): the INVITE again, with what the peer demands.
    private mutating func retry(
        _ id: SessionID, _ calling: Session.Calling, _ response: SIPResponse, at now: Now
    ) -> Bool {
        guard calling.retries < limits.intervalRetries, let minimum = response.headers.integer(.minSE),
            let asked = SessionExpires(calling.request.headers), var cseq = calling.request.headers.cseq,
            minimum > (sessions[id]?.minimumInterval ?? 0)
        else { return false }
        var calling = calling
        // PRACKs have taken numbers too.
        cseq.number = max(cseq.number, sessions[id]?.dialog.localSequence ?? 0) + 1
        calling.retries += 1
        calling.early = []
        let seconds = max(asked.seconds, minimum)
        calling.request.headers.set(
            .sessionExpires, SessionExpires(seconds: seconds, refresher: asked.refresher).description)
        calling.request.headers.set(.minSE, String(minimum))
        calling.request.headers.set(.cseq, cseq.description)
        calling.transaction = ClientTransactionID(mint())
        sessions[id]?.minimumInterval = minimum
        sessions[id]?.dialog.localSequence = cseq.number
        sessions[id]?.phase = .calling(calling)
        _ = dispatch(calling.request, .invite(id), id: calling.transaction, at: now)
        return true
    }

    /// Ends a session whatever its state: CANCEL, a refusal or BYE. No event about the session comes afterwards.
    /// `headers` (such as Reason) go into BYE or refusal.
    public mutating func end(_ id: SessionID, headers: Headers = .init(), at now: Now) {
        guard let session = sessions[id], session.isOwned else { return }
        switch session.phase {
        case .calling(let calling):
            sessions[id]?.isOwned = false
            put(.cancel(calling.transaction))
            // RFC 3261 9.1; the layer below knows it too, but a function of the same process may stay silent.
            deadlines.set(
                .outstanding(calling.transaction), at: now.instant + limits.timers.timeout + limits.timers.t2)
        case .ringing:
            reject(id, status: 480, headers: headers, at: now)
        case .established:
            closePending(of: id)
            guard session.awaited == nil else {
                // RFC 3261 15: the callee says BYE only after ACK.
                sessions[id]?.isOwned = false
                sessions[id]?.farewell = headers
                return
            }
            sayFarewell(id, headers, at: now)
            remove(id)
        }
    }
}

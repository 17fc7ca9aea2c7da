public import MCFoundation
import SIP

extension UserAgent {
    /// Takes in what the layer below says.
    public mutating func handle(_ input: SIPInput, at now: Now) {
        switch input {
        case .request(let request, let transaction, let origin):
            received(request, transaction, origin, at: now)
        case .acknowledgement(let request):
            acknowledged(request, at: now)
        case .cancelled(let transaction):
            cancelled(transaction, at: now)
        case .response(let response, let id):
            received(response, id, at: now)
        case .failed(let id, let failure):
            guard let request = outstanding[id]?.request else { return }
            // RFC 3261 8.1.3.1
            received(request.response(failure == .timeout ? 408 : 503), id, at: now)
        }
    }

    private mutating func received(_ response: SIPResponse, _ id: ClientTransactionID, at now: Now) {
        guard let entry = outstanding[id] else {
            if response.isSuccess { acceptedAgain(response, id) }
            return
        }
        if response.isProvisional {
            switch entry.purpose {
            case .invite(let session): progressed(session, response, at: now)
            case .modification(let session):
                acknowledgeProvisional(inModificationOf: session, response, at: now)
            case .inSession, .provisionalAcknowledgement, .farewell, .outside, .subscribe, .notify: break
            }
            return
        }
        outstanding[id] = nil
        deadlines.cancel(.outstanding(id))
        switch entry.purpose {
        case .invite(let session):
            inviteAnswered(session, response, entry.request, id, at: now)
        case .modification(let session):
            modificationAnswered(session, response, entry.request, id, at: now)
        case .inSession(let session):
            if entry.request.method == .update { updateAnswered(session, response, entry.request, at: now) }
            tell(.answered(id, response))
            loseDialog(session, response.status, at: now)
        case .outside:
            tell(.answered(id, response))
        case .subscribe(let subscription):
            subscribeAnswered(subscription, response, entry.request, at: now)
        case .notify(let subscription):
            notifyAnswered(subscription, response, at: now)
        case .provisionalAcknowledgement, .farewell:
            break
        }
    }

    /// RFC 3261 12.2.1.2: 481 and 408 to a request inside a dialog end it.
    mutating func loseDialog(_ id: SessionID, _ status: Int, at now: Now) {
        guard status == 481 || status == 408, let session = sessions[id] else { return }
        guard case .established = session.phase else { return }
        tell(id, .ended(id, .peerGone(status)))
        closePending(of: id)
        if status == 408 { sayFarewell(id, Headers(), at: now) }
        remove(id)
    }

    /// Whoever was at the other end of these dialogs is gone and can be told nothing: their sessions end as with 481.
    public mutating func peersLost(_ callIDs: Set<String>, at now: Now) {
        let lost = sessions.filter { callIDs.contains($0.value.dialog.identity.callID) }.keys.sorted()
        for id in lost { loseDialog(id, 481, at: now) }
    }

    // MARK: Requests of the peer

    private mutating func received(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) {
        let unknown = request.headers.values(.require).filter { !$0.isEmpty && !extensions.contains($0.lowercased()) }
        guard unknown.isEmpty else {
            var headers = Headers()
            for tag in unknown { headers.append(.unsupported, tag) }
            return refuse(request, transaction, 420, headers)
        }
        guard let tag = request.headers.to?.tag else {
            return outsideOfDialog(request, transaction, origin, at: now)
        }
        let key = DialogKey(callID: request.headers.callID ?? "", localTag: tag)
        switch owners[key] {
        case .session(let id): received(request, in: id, transaction, at: now)
        case .subscription(let id): received(request, in: id, transaction, at: now)
        case nil: refuse(request, transaction, 481)
        }
    }

    private mutating func outsideOfDialog(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) {
        switch request.method {
        case .invite:
            invited(request, transaction, origin, at: now)
        case .bye, .update, .prack:
            refuse(request, transaction, 481)
        case .ack, .cancel, .register, .options, .subscribe, .notify, .publish, .message, .info, .refer, .other:
            guard handUp(request, transaction, .outside, toTag: random.token(16), at: now) else { return }
            tell(.requestReceived(request, transaction, origin))
        }
    }

    /// Keeps a request until its owner answers. False: there was no room, it is refused.
    mutating func handUp(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ purpose: PendingRequest.Purpose, toTag: String,
        at now: Now
    ) -> Bool {
        guard pending.count < limits.pendingRequests else {
            refuse(request, transaction, 503, retryAfter(limits.retryAfterSeconds))
            return false
        }
        pending[transaction] = PendingRequest(request: request, purpose: purpose, toTag: toTag)
        // An answer after Timer F of the client helps nobody.
        if request.method != .invite {
            deadlines.set(.pending(transaction), at: now.instant + limits.timers.timeout)
        }
        return true
    }

    mutating func takePending(_ transaction: ServerTransactionID) -> PendingRequest? {
        deadlines.cancel(.pending(transaction))
        return pending.removeValue(forKey: transaction)
    }

    private mutating func received(
        _ request: SIPRequest, in id: SessionID, _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let session = sessions[id], let sequence = request.headers.cseq?.number else {
            return refuse(request, transaction, 481)
        }
        let remoteTag = request.headers.from?.tag ?? ""
        if case .calling(let calling) = session.phase {
            return received(request, inEarly: id, calling, remoteTag: remoteTag, transaction, at: now)
        }
        guard session.dialog.remoteTag == remoteTag else { return refuse(request, transaction, 481) }
        guard sessions[id]?.dialog.admits(sequence) == true else { return refuse(request, transaction, 500) }
        guard session.isOwned || request.method == .bye else { return refuse(request, transaction, 481) }
        switch request.method {
        case .bye: byeReceived(request, in: id, transaction, at: now)
        case .prack: prackReceived(request, in: id, transaction, at: now)
        case .invite, .update: modificationReceived(request, in: id, transaction, at: now)
        case .ack, .cancel, .register, .options, .subscribe, .notify, .publish, .message, .info, .refer, .other:
            guard handUp(request, transaction, .inSession(id), toTag: session.dialog.localTag, at: now) else { return }
            tell(.requestInSession(id, request, transaction))
        }
    }

    /// The callee speaks before it answers.
    private mutating func received(
        _ request: SIPRequest, inEarly id: SessionID, _ calling: Session.Calling, remoteTag: String,
        _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let index = calling.early.firstIndex(where: { $0.dialog.remoteTag == remoteTag }),
            let sequence = request.headers.cseq?.number, sessions[id]?.isOwned == true
        else { return refuse(request, transaction, 481) }
        var calling = calling
        let inOrder = calling.early[index].dialog.admits(sequence)
        sessions[id]?.phase = .calling(calling)
        guard inOrder else { return refuse(request, transaction, 500) }
        switch request.method {
        case .update where request.body.isEmpty:
            // It offers nothing, so it only tells where the callee is (RFC 3311 5.1).
            calling.early[index].dialog.refreshTarget(request.headers)
            sessions[id]?.phase = .calling(calling)
            var response = request.response(200, toTag: calling.early[index].dialog.localTag)
            for contact in sessions[id]?.contacts ?? [] { response.headers.append(.contact, contact) }
            addAllow(&response.headers)
            put(.respond(response, transaction))
        case .invite, .update:
            // Our offer is open (RFC 3311 5.2).
            refuse(request, transaction, 491)
        case .bye, .prack, .ack, .cancel:
            refuse(request, transaction, 481)
        case .register, .options, .subscribe, .notify, .publish, .message, .info, .refer, .other:
            let tag = calling.early[index].dialog.localTag
            guard handUp(request, transaction, .inSession(id), toTag: tag, at: now) else { return }
            tell(.requestInSession(id, request, transaction))
        }
    }

    private mutating func byeReceived(
        _ request: SIPRequest, in id: SessionID, _ transaction: ServerTransactionID, at now: Now
    ) {
        refuse(request, transaction, 200)
        tell(id, .ended(id, .byPeer(request)))
        closePending(of: id)
        remove(id)
    }

    private mutating func cancelled(_ transaction: ServerTransactionID, at now: Now) {
        if let entry = pending[transaction] {
            // A re-INVITE: the session goes on as it was (RFC 3261 14.2).
            guard case .modification(let id) = entry.purpose else { return }
            _ = takePending(transaction)
            put(.respond(entry.request.response(487, toTag: entry.toTag), transaction))
            sessions[id]?.incoming = nil
            startWaiting(id, at: now)
        } else if let id = ringing[transaction] {
            guard let session = sessions[id], case .ringing(let ringing) = session.phase else { return }
            put(.respond(ringing.request.response(487, toTag: session.dialog.localTag), transaction))
            tell(id, .ended(id, .cancelled))
            remove(id)
        }
    }

    /// RFC 3261 15.1.2: what the peer asked and we have not answered ends with the dialog.
    mutating func closePending(of id: SessionID) {
        guard let session = sessions[id] else { return }
        if let transaction = session.incoming, let entry = takePending(transaction) {
            put(.respond(entry.request.response(487, toTag: entry.toTag), transaction))
        }
        if case .ringing(let ringing) = session.phase {
            let response = ringing.request.response(487, toTag: session.dialog.localTag)
            put(.respond(response, ringing.transaction))
        }
    }

    /// Forgets a session and all its deadlines.
    mutating func remove(_ id: SessionID) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        for timer in UserAgentTimer.all(of: id) { deadlines.cancel(timer) }
        owners[session.dialog.key] = nil
        if case .ringing(let ringing) = session.phase { self.ringing[ringing.transaction] = nil }
    }

    /// BYE, and nothing more is expected of the peer.
    mutating func sayFarewell(_ id: SessionID, _ headers: Headers, at now: Now) {
        guard var request = sessions[id]?.dialog.request(.bye) else { return }
        UserAgent.fill(&request, headers, [])
        _ = dispatch(request, .farewell, at: now)
    }
}

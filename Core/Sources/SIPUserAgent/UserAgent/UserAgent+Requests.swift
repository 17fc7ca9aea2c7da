public import MCFoundation
public import SIP

/// Requests without a session, and those inside one that do not change it.
extension UserAgent {
    /// Sends a request outside of dialogs (MESSAGE, PUBLISH, REGISTER, OPTIONS, REFER, ...). From tag, Call-ID, CSeq and
    /// Max-Forwards are added where they are missing. The final answer comes as `.answered`.
    @discardableResult
    public mutating func send(_ request: SIPRequest, at now: Now) -> ClientTransactionID {
        switch request.method {
        case .invite, .ack, .cancel: preconditionFailure("\(request.method) is not sent by itself")
        case .bye, .register, .options, .subscribe, .notify, .publish, .message, .info, .update, .prack, .refer, .other:
            break
        }
        var request = request
        complete(&request)
        return dispatchBounded(request, .outside, at: now)
    }

    /// Sends a request inside a session: INFO, MESSAGE, REFER, UPDATE, ... The final answer comes as `.answered`; 481
    /// where the session is gone, 405 for a method that is the user agent's own to send: who passes on what a peer
    /// asked for may hand over any.
    @discardableResult
    public mutating func request(
        in id: SessionID, method: Method, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) -> ClientTransactionID {
        switch method {
        case .invite, .ack, .cancel, .bye, .prack:
            let transaction = ClientTransactionID(mint())
            tell(.answered(transaction, SIPResponse(status: 405)))
            return transaction
        case .register, .options, .subscribe, .notify, .publish, .message, .info, .update, .refer, .other: break
        }
        guard let session = sessions[id], session.isOwned, session.hasDialog,
            var request = sessions[id]?.dialog.request(method)
        else {
            let transaction = ClientTransactionID(mint())
            tell(.answered(transaction, SIPResponse(status: 481)))
            return transaction
        }
        UserAgent.fill(&request, headers, body)
        if method == .update || method == .refer || method == .subscribe, !request.headers.has(.contact) {
            for contact in session.contacts { request.headers.append(.contact, contact) }
        }
        if method == .update {
            sessions[id]?.ownUpdates += 1
            if let timer = session.timer, !request.headers.has(.sessionExpires) {
                let interval = SessionExpires(seconds: timer.seconds, refresher: timer.weRefresh ? .uac : .uas)
                request.headers.append(.sessionExpires, interval.description)
                addSupported("timer", &request.headers)
            }
        }
        return dispatchBounded(request, .inSession(id), at: now)
    }

    private mutating func dispatchBounded(
        _ request: SIPRequest, _ purpose: OutstandingRequest.Purpose, at now: Now
    ) -> ClientTransactionID {
        guard outstanding.count < limits.outstandingRequests else {
            let transaction = ClientTransactionID(mint())
            if case .inSession(let id) = purpose, request.method == .update { sessions[id]?.ownUpdates -= 1 }
            tell(.answered(transaction, request.response(503)))
            return transaction
        }
        return dispatch(request, purpose, at: now)
    }

    /// Answers any request that was handed up. Nothing happens where it was cancelled or its dialog ended meanwhile.
    public mutating func answer(
        _ transaction: ServerTransactionID, status: Int, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) {
        guard let entry = pending[transaction] else { return }
        if status >= 200 { _ = takePending(transaction) }
        switch entry.purpose {
        case .modification(let id):
            answerModification(id, entry.request, transaction, status, headers, body, at: now)
        case .outside, .inSession:
            var response = entry.request.response(status, toTag: entry.toTag)
            UserAgent.fill(&response, headers, body)
            // RFC 4488 4: who asked for no subscription is told that there is none.
            if entry.request.method == .refer, response.isSuccess, !response.headers.has(.referSub),
                entry.request.headers[.referSub]?.prefix(while: { $0 != ";" && $0 != " " }).lowercased() == "false"
            {
                response.headers.append(.referSub, "false")
            }
            put(.respond(response, transaction))
        }
    }

    /// Does what the time demands. To be called once `nextDeadline` is reached.
    public mutating func advance(to now: Now) {
        while let timer = deadlines.popDue(at: now.instant) {
            switch timer {
            case .outstanding(let id): handle(.failed(id, .timeout), at: now)
            case .accepted(let id): accepted[id] = nil
            case .pending(let id): expirePending(id, at: now)
            case .success(let id): repeatSuccess(id, at: now)
            case .successEnd(let id): giveUpSuccess(id, at: now)
            case .provisional(let id): repeatProvisional(id, at: now)
            case .provisionalEnd(let id): giveUpProvisional(id, at: now)
            case .refresh(let id): refresh(id, at: now)
            case .expiry(let id): expire(id, at: now)
            case .again(let id): modifyAgain(id, at: now)
            case .subscriptionRefresh(let id): refreshSubscription(id, at: now)
            case .subscriptionEnd(let id): subscriptionOver(id, at: now)
            }
        }
    }

    private mutating func expirePending(_ transaction: ServerTransactionID, at now: Now) {
        guard let entry = pending.removeValue(forKey: transaction) else { return }
        if case .modification(let id) = entry.purpose, sessions[id]?.incoming == transaction {
            sessions[id]?.incoming = nil
            startWaiting(id, at: now)
        }
    }
}

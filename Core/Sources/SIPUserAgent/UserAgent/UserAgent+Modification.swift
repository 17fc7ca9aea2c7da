public import MCFoundation
public import SIP

/// re-INVITE and UPDATE, ours and the peer's.
extension UserAgent {
    /// Sends a re-INVITE as soon as no other modification is under way; it takes the place of one that still waits.
    /// 491 and 422 are tried again here, everything else comes as `.modificationAnswered`.
    public mutating func reinvite(_ id: SessionID, headers: Headers = .init(), body: [UInt8], at now: Now) {
        guard let session = sessions[id], session.isOwned, case .established = session.phase else { return }
        sessions[id]?.waiting = .init(purpose: .owner, method: .invite, headers: headers, body: body)
        startWaiting(id, at: now)
    }

    /// Whether a re-INVITE of the owner is out or waits to be sent.
    public func isModifying(_ id: SessionID) -> Bool {
        sessions[id]?.modification?.purpose == .owner || sessions[id]?.waiting != nil
    }

    /// What both sides last agreed that we said: the body of a session description. nil where none was exchanged.
    public func localDescription(of id: SessionID) -> [UInt8]? { sessions[id]?.localDescription?.body }

    /// RFC 3261 14.1: one INVITE at a time, whoever sent it.
    private func isBusy(_ session: Session) -> Bool {
        session.incoming != nil || session.awaited != nil || session.ownUpdates > 0
    }

    mutating func startWaiting(_ id: SessionID, at now: Now) {
        guard let session = sessions[id], session.isOwned, case .established = session.phase,
            session.modification == nil, !isBusy(session), let next = session.waiting
        else { return }
        sessions[id]?.waiting = nil
        sessions[id]?.modification = next
        sendModification(id, at: now)
    }

    /// The session interval is half over and we are the refresher (RFC 4028 10).
    mutating func refresh(_ id: SessionID, at now: Now) {
        guard let session = sessions[id], session.timer != nil, session.isOwned else { return }
        guard session.modification == nil, session.waiting == nil, !isBusy(session) else {
            // What is under way refreshes too, if it succeeds.
            return deadlines.set(.refresh(id), at: now.instant + limits.timers.t2)
        }
        var headers = Headers()
        var body: [UInt8] = []
        let byUpdate = session.peerAllowsUpdate || session.localDescription == nil
        if !byUpdate, let description = session.localDescription {
            headers.append(.contentType, Description.type)
            body = description.body
        }
        sessions[id]?.modification = .init(
            purpose: .refresh, method: byUpdate ? .update : .invite, headers: headers, body: body)
        sendModification(id, at: now)
    }

    private mutating func sendModification(_ id: SessionID, at now: Now) {
        guard let modification = sessions[id]?.modification,
            var request = sessions[id]?.dialog.request(modification.method), let session = sessions[id]
        else { return }
        UserAgent.fill(&request, modification.headers, modification.body)
        if request.headers.has(.contact) {
            sessions[id]?.contacts = request.headers.values(.contact)
        } else {
            for contact in session.contacts { request.headers.append(.contact, contact) }
        }
        addAllow(&request.headers)
        if let timer = session.timer, modification.intervalRetries > 0 || !request.headers.has(.sessionExpires) {
            let interval = SessionExpires(
                seconds: max(timer.seconds, session.minimumInterval ?? 0), refresher: timer.weRefresh ? .uac : .uas)
            request.headers.set(.sessionExpires, interval.description)
        }
        if request.headers.has(.sessionExpires) {
            addSupported("timer", &request.headers)
            if let minimum = session.minimumInterval { request.headers.set(.minSE, String(minimum)) }
        }
        let transaction = dispatch(request, .modification(id), at: now)
        sessions[id]?.modification?.transaction = transaction
    }

    mutating func modificationAnswered(
        _ id: SessionID, _ response: SIPResponse, _ request: SIPRequest, _ transaction: ClientTransactionID, at now: Now
    ) {
        if response.isSuccess, request.method == .invite, var dialog = Dialog(calling: request) {
            // Also where the session is gone: a 2xx without ACK would be repeated for half a minute.
            dialog.refreshTarget(response.headers)
            if let session = sessions[id] { dialog = session.dialog }
            dialog.refreshTarget(response.headers)
            acknowledge(response, request, &dialog, transaction, at: now)
        }
        guard let session = sessions[id], let modification = session.modification,
            modification.transaction == transaction
        else { return }
        if response.isSuccess {
            sessions[id]?.modification = nil
            applyAnswer(id, response, request, at: now)
        } else if response.status == 491, modification.glares < limits.glareRetries {
            sessions[id]?.modification?.glares += 1
            sessions[id]?.modification?.transaction = nil
            return deadlines.set(.again(id), at: now.instant + glareDelay(session))
        } else if response.status == 422, modification.intervalRetries < limits.intervalRetries,
            let minimum = response.headers.integer(.minSE), minimum > session.minimumInterval ?? 0
        {
            sessions[id]?.minimumInterval = minimum
            sessions[id]?.modification?.intervalRetries += 1
            return sendModification(id, at: now)
        } else if response.status == 481 || response.status == 408 {
            return loseDialog(id, response.status, at: now)
        } else {
            sessions[id]?.modification = nil
            if modification.purpose == .refresh { deadlines.set(.refresh(id), at: now.instant + .seconds(10)) }
        }
        if modification.purpose == .owner { tell(id, .modificationAnswered(id, response)) }
        startWaiting(id, at: now)
    }

    private mutating func applyAnswer(_ id: SessionID, _ response: SIPResponse, _ request: SIPRequest, at now: Now) {
        sessions[id]?.dialog.refreshTarget(response.headers)
        if let ours = Description(request.headers, request.body) { sessions[id]?.localDescription = ours }
        if let theirs = Description(response.headers, response.body) { sessions[id]?.remoteDescription = theirs }
        startTimer(id, request: request, response: response, weAsked: true, at: now)
    }

    /// RFC 3261 14.1: 2.1 to 4 s for the owner of the Call-ID, up to 2 s for the other, in steps of 10 ms.
    private mutating func glareDelay(_ session: Session) -> Duration {
        let steps = Int(random.next() % (session.isCaller ? 191 : 201))
        return .milliseconds((session.isCaller ? 2_100 : 0) + steps * 10)
    }

    /// The time after 491 is over.
    mutating func modifyAgain(_ id: SessionID, at now: Now) {
        guard let session = sessions[id], session.modification != nil else { return }
        if isBusy(session) {
            deadlines.set(.again(id), at: now.instant + glareDelay(session))
        } else {
            sendModification(id, at: now)
        }
    }

    /// An UPDATE that the owner sent by `request`.
    mutating func updateAnswered(_ id: SessionID, _ response: SIPResponse, _ request: SIPRequest, at now: Now) {
        guard let session = sessions[id] else { return }
        sessions[id]?.ownUpdates = max(session.ownUpdates - 1, 0)
        if response.isSuccess { applyAnswer(id, response, request, at: now) }
        startWaiting(id, at: now)
    }

    // MARK: The peer's

    mutating func modificationReceived(
        _ request: SIPRequest, in id: SessionID, _ transaction: ServerTransactionID, at now: Now
    ) {
        guard let session = sessions[id] else { return refuse(request, transaction, 481) }
        let offers = request.method == .invite || !request.body.isEmpty
        guard case .established = session.phase else {
            // The first offer is not answered yet (RFC 3261 14.2, RFC 3311 5.2).
            if offers { return refuse(request, transaction, 500, randomRetryAfter()) }
            return answerModification(id, request, transaction, 200, Headers(), [], at: now)
        }
        if tooShort(request) { return refuse(request, transaction, 422, minimumInterval()) }
        if offers {
            if session.incoming != nil { return refuse(request, transaction, 500, randomRetryAfter()) }
            if session.modification?.transaction != nil || session.ownUpdates > 0 || session.awaited != nil {
                return refuse(request, transaction, 491)
            }
        }
        if request.method == .update, request.body.isEmpty {
            return answerModification(id, request, transaction, 200, Headers(), [], at: now)
        }
        if let offer = Description(onlyPartOf: request), offer == session.remoteDescription,
            let local = session.localDescription
        {
            var headers = Headers()
            headers.append(.contentType, Description.type)
            return answerModification(id, request, transaction, 200, headers, local.body, at: now)
        }
        guard handUp(request, transaction, .modification(id), toTag: session.dialog.localTag, at: now) else { return }
        sessions[id]?.incoming = transaction
        tell(id, .modified(id, request, transaction))
    }

    mutating func answerModification(
        _ id: SessionID, _ request: SIPRequest, _ transaction: ServerTransactionID, _ status: Int, _ headers: Headers,
        _ body: [UInt8], at now: Now
    ) {
        guard let session = sessions[id] else { return }
        if sessions[id]?.incoming == transaction, status >= 200 { sessions[id]?.incoming = nil }
        var response = request.response(status, toTag: session.dialog.localTag)
        UserAgent.fill(&response, headers, body)
        guard (200..<300).contains(status) else {
            put(.respond(response, transaction))
            if status >= 300 { startWaiting(id, at: now) }
            return
        }
        noteContacts(headers, of: id)
        if !response.headers.has(.contact) {
            for contact in session.contacts { response.headers.append(.contact, contact) }
        }
        addAllow(&response.headers)
        sessions[id]?.dialog.refreshTarget(request.headers)
        if let theirs = Description(request.headers, request.body) { sessions[id]?.remoteDescription = theirs }
        if let ours = Description(headers, body) { sessions[id]?.localDescription = ours }
        answerTimer(id, request, &response, wish: SessionExpires(headers), at: now)
        if request.method == .invite {
            awaitAcknowledgement(id, response, transaction, request, isInitial: false, at: now)
        } else {
            put(.respond(response, transaction))
            startWaiting(id, at: now)
        }
    }
}

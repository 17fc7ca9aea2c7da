public import MCFoundation
public import SIP

/// The callee's side of an INVITE session.
extension UserAgent {
    mutating func invited(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ origin: RequestOrigin, at now: Now
    ) {
        guard sessions.count < limits.sessions else {
            return refuse(request, transaction, 503, retryAfter(limits.retryAfterSeconds))
        }
        let localTag = random.token(16)
        guard let dialog = Dialog(answering: request, localTag: localTag) else {
            return refuse(request, transaction, 400)
        }
        if tooShort(request) { return refuse(request, transaction, 422, minimumInterval()) }
        let id = SessionID(mint())
        var session = Session(
            id: id, isCaller: false, dialog: dialog,
            phase: .ringing(
                .init(
                    transaction: transaction, request: request,
                    needsReliable: request.headers.lists("100rel", in: .require),
                    // RFC 3262 3: chosen at random, below 2^31.
                    lastReliable: UInt32(random.next() % 0x7fff_0000))))
        session.remoteDescription = Description(request.headers, request.body)
        session.peerAllowsUpdate = request.headers.lists("UPDATE", in: .allow)
        sessions[id] = session
        owners[dialog.key] = .session(id)
        ringing[transaction] = id
        tell(.invited(id, request, origin))
    }

    /// RFC 4028 9: 422 only to who understands it.
    func tooShort(_ request: SIPRequest) -> Bool {
        guard let asked = SessionExpires(request.headers), request.headers.lists("timer", in: .supported) else {
            return false
        }
        return asked.seconds < limits.minimumSessionIntervalSeconds
    }

    func minimumInterval() -> Headers {
        var headers = Headers()
        headers.append(.minSE, String(limits.minimumSessionIntervalSeconds))
        return headers
    }

    /// Answers an INVITE provisionally; reliably where the peer requires it (RFC 3262).
    public mutating func ring(
        _ id: SessionID, status: Int = 180, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) {
        guard (100..<200).contains(status) else { preconditionFailure("ring with a final status") }
        guard let session = sessions[id], case .ringing(var ringing) = session.phase, ringing.heldAccept == nil else {
            return
        }
        var response = ringing.request.response(status, toTag: session.dialog.localTag)
        if status > 100 { noteContacts(headers, of: id) }
        UserAgent.fill(&response, headers, body)
        if status > 100, !response.headers.has(.contact) {
            for contact in session.contacts { response.headers.append(.contact, contact) }
        }
        guard status > 100, ringing.needsReliable else { return put(.respond(response, ringing.transaction)) }
        guard ringing.unacknowledged.count < limits.queuedProvisionals else { return }
        ringing.lastReliable += 1
        response.headers.append(.require, "100rel")
        response.headers.append(.rseq, String(ringing.lastReliable))
        let first = session.reliableNumbers?.range.lowerBound ?? ringing.lastReliable
        sessions[id]?.reliableNumbers = (first...ringing.lastReliable, ringing.request.headers.cseq?.number ?? 0)
        ringing.unacknowledged.append(
            .init(response: response, number: ringing.lastReliable, interval: limits.timers.t1))
        sessions[id]?.phase = .ringing(ringing)
        if let description = Description(response.headers, body) { sessions[id]?.localDescription = description }
        if ringing.unacknowledged.count == 1 { sendProvisional(id, at: now) }
    }

    /// Puts out the first reliable response and repeats it until PRACK (RFC 3262 3).
    private mutating func sendProvisional(_ id: SessionID, at now: Now) {
        guard case .ringing(let ringing)? = sessions[id]?.phase, let first = ringing.unacknowledged.first else {
            return
        }
        put(.respond(first.response, ringing.transaction))
        deadlines.set(.provisional(id), at: now.instant + first.interval)
        deadlines.set(.provisionalEnd(id), at: now.instant + limits.timers.timeout)
    }

    mutating func repeatProvisional(_ id: SessionID, at now: Now) {
        guard case .ringing(var ringing)? = sessions[id]?.phase, !ringing.unacknowledged.isEmpty else { return }
        ringing.unacknowledged[0].interval = ringing.unacknowledged[0].interval * 2
        sessions[id]?.phase = .ringing(ringing)
        put(.respond(ringing.unacknowledged[0].response, ringing.transaction))
        deadlines.set(.provisional(id), at: now.instant + ringing.unacknowledged[0].interval)
    }

    /// No PRACK within 64*T1 (RFC 3262 3).
    mutating func giveUpProvisional(_ id: SessionID, at now: Now) {
        tell(id, .ended(id, .notAcknowledged))
        reject(id, status: 504, at: now)
    }

    mutating func prackReceived(
        _ request: SIPRequest, in id: SessionID, _ transaction: ServerTransactionID, at now: Now
    ) {
        let words = request.headers[.rack].map(UserAgent.words) ?? []
        guard let session = sessions[id], let sent = session.reliableNumbers, words.count == 3,
            let number = UInt32(words[0]), sent.range.contains(number), UInt32(words[1]) == sent.invite,
            words[2] == "INVITE"
        else { return refuse(request, transaction, 481) }
        guard case .ringing(var ringing) = session.phase else {
            // RFC 3262 3: after the final answer a PRACK is late, not wrong.
            return refuse(request, transaction, statusOfPRACK(request, in: id))
        }
        guard ringing.unacknowledged.first?.number == number else { return refuse(request, transaction, 481) }
        ringing.unacknowledged.removeFirst()
        let held = ringing.unacknowledged.isEmpty ? ringing.heldAccept : nil
        if held != nil { ringing.heldAccept = nil }
        sessions[id]?.phase = .ringing(ringing)
        deadlines.cancel(.provisional(id))
        deadlines.cancel(.provisionalEnd(id))
        refuse(request, transaction, statusOfPRACK(request, in: id))
        sendProvisional(id, at: now)
        if let held { accept(id, headers: held.headers, body: held.body, at: now) }
    }

    /// PRACK is the user agent's own affair, whatever it carries: its description is the answer to an offer that we
    /// made in the provisional response, or an offer of its own, which we do not take (RFC 3262 5).
    private mutating func statusOfPRACK(_ request: SIPRequest, in id: SessionID) -> Int {
        guard let session = sessions[id], let description = Description(request.headers, request.body) else {
            return 200
        }
        // The INVITE brought no offer and we have made one: this is its answer.
        guard session.remoteDescription == nil, session.localDescription != nil else { return 488 }
        sessions[id]?.remoteDescription = description
        return 200
    }

    static func words(_ text: String) -> [String] {
        text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    }

    /// Answers an INVITE with 200. `headers` brings Contact and, where wanted, Session-Expires; what is answered of
    /// the latter follows RFC 4028 9. The 200 is repeated until ACK.
    public mutating func accept(_ id: SessionID, headers: Headers, body: [UInt8], at now: Now) {
        guard let session = sessions[id], case .ringing(var ringing) = session.phase else { return }
        if ringing.unacknowledged.contains(where: { !$0.response.body.isEmpty }) {
            ringing.heldAccept = (headers, body)
            sessions[id]?.phase = .ringing(ringing)
            return
        }
        noteContacts(headers, of: id)
        var response = ringing.request.response(200, toTag: session.dialog.localTag)
        UserAgent.fill(&response, headers, body)
        addAllow(&response.headers)
        answerTimer(id, ringing.request, &response, wish: SessionExpires(headers), at: now)
        if let description = Description(headers, body) { sessions[id]?.localDescription = description }
        deadlines.cancel(.provisional(id))
        deadlines.cancel(.provisionalEnd(id))
        self.ringing[ringing.transaction] = nil
        sessions[id]?.phase = .established
        awaitAcknowledgement(id, response, ringing.transaction, ringing.request, isInitial: true, at: now)
    }

    mutating func noteContacts(_ headers: Headers, of id: SessionID) {
        let values = headers.values(.contact)
        if !values.isEmpty { sessions[id]?.contacts = values }
    }

    /// Refuses an INVITE. No event about the session comes afterwards.
    public mutating func reject(
        _ id: SessionID, status: Int, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) {
        guard (300..<700).contains(status) else { preconditionFailure("reject without a failure status") }
        guard let session = sessions[id], case .ringing(let ringing) = session.phase else { return }
        var response = ringing.request.response(status, toTag: session.dialog.localTag)
        UserAgent.fill(&response, headers, body)
        put(.respond(response, ringing.transaction))
        remove(id)
    }

    // MARK: 2xx until ACK

    mutating func awaitAcknowledgement(
        _ id: SessionID, _ response: SIPResponse, _ transaction: ServerTransactionID, _ request: SIPRequest,
        isInitial: Bool, at now: Now
    ) {
        sessions[id]?.awaited = Session.AwaitedAcknowledgement(
            transaction: transaction, response: response, sequence: request.headers.cseq?.number ?? 0,
            interval: limits.timers.t1, isInitial: isInitial)
        put(.respond(response, transaction))
        deadlines.set(.success(id), at: now.instant + limits.timers.t1)
        deadlines.set(.successEnd(id), at: now.instant + limits.timers.timeout)
    }

    mutating func repeatSuccess(_ id: SessionID, at now: Now) {
        guard var awaited = sessions[id]?.awaited else { return }
        awaited.interval = min(awaited.interval * 2, limits.timers.t2)
        sessions[id]?.awaited = awaited
        put(.respond(awaited.response, awaited.transaction))
        deadlines.set(.success(id), at: now.instant + awaited.interval)
    }

    /// RFC 3261 13.3.1.4: the dialog stands, and is ended.
    mutating func giveUpSuccess(_ id: SessionID, at now: Now) {
        guard let session = sessions[id], session.awaited != nil else { return }
        tell(id, .ended(id, .notAcknowledged))
        closePending(of: id)
        sayFarewell(id, session.farewell ?? Headers(), at: now)
        remove(id)
    }

    mutating func acknowledged(_ request: SIPRequest, at now: Now) {
        guard let callID = request.headers.callID, let tag = request.headers.to?.tag,
            case .session(let id)? = owners[DialogKey(callID: callID, localTag: tag)], let session = sessions[id],
            session.dialog.remoteTag == request.headers.from?.tag ?? "", let awaited = session.awaited,
            awaited.sequence == request.headers.cseq?.number
        else { return }
        sessions[id]?.awaited = nil
        deadlines.cancel(.success(id))
        deadlines.cancel(.successEnd(id))
        if let farewell = session.farewell {
            sayFarewell(id, farewell, at: now)
            return remove(id)
        }
        if let description = Description(request.headers, request.body) {
            sessions[id]?.remoteDescription = description
        }
        // The ACK to a re-INVITE says something new only where it carries the answer.
        if awaited.isInitial || !request.body.isEmpty { tell(.acknowledged(id, request)) }
        startWaiting(id, at: now)
    }
}

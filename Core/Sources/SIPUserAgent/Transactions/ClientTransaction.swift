import SIP

/// A request of ours (RFC 3261 17.1, RFC 6026 7.2).
struct ClientTransaction: Sendable {
    enum State: Sendable {
        /// INVITE without answer. To proceeding, accepted, completed. `interval` is that of Timer A.
        case calling(interval: Duration)
        /// INVITE with provisional answer. To accepted, completed; cancelled when Timer C ends.
        case inviteProceeding
        /// INVITE with 2xx: further ones (retransmitted or of other branches) go up until Timer M.
        case accepted
        /// INVITE with 300 to 699: the ACK is repeated for every retransmission until Timer D.
        case inviteCompleted(acknowledgement: SIPRequest)
        /// Other request without answer. To proceeding, completed. `interval` is that of Timer E.
        case trying(interval: Duration)
        /// Other request with provisional answer. To completed.
        case proceeding
        /// Other request with final answer: retransmissions are absorbed until Timer K.
        case completed
    }

    enum Cancellation: Hashable, Sendable {
        case none
        /// RFC 3261 9.1: CANCEL waits for a provisional response.
        case waiting
        case sent
    }

    /// nil for a CANCEL of the layer itself: nobody waits for its answer.
    let id: ClientTransactionID?
    let key: ClientKey
    let hop: NextHop
    let isReliable: Bool
    /// As sent, with our Via.
    let request: SIPRequest
    var state: State
    var cancellation = Cancellation.none

    /// Whether the transaction user still waits for a final answer.
    var awaitsFinal: Bool {
        switch state {
        case .calling, .inviteProceeding, .trying, .proceeding: true
        case .accepted, .inviteCompleted, .completed: false
        }
    }

    /// ACK to a 300 to 699 (RFC 3261 17.1.1.3): same branch, To of the response.
    func acknowledgement(to response: SIPResponse) -> SIPRequest {
        var ack = followUp(.ack)
        if let to = response.headers[.to] { ack.headers.set(.to, to) }
        return ack
    }

    /// CANCEL (RFC 3261 9.1).
    func cancellationRequest() -> SIPRequest { followUp(.cancel) }

    private func followUp(_ method: Method) -> SIPRequest {
        var request = SIPRequest(method: method, uri: self.request.uri)
        if let via = self.request.headers[.via] { request.headers.append(.via, via) }
        request.headers.append(.maxForwards, "70")
        for name in [HeaderName.route, .from, .to, .callID] {
            for value in self.request.headers.values(name) { request.headers.append(name, value) }
        }
        if let cseq = self.request.headers.cseq {
            request.headers.append(.cseq, CSeq(cseq.number, method).description)
        }
        // RFC 3841 10: a CANCEL finds the same branches only if the preferences stand in it too.
        if method == .cancel {
            for name in [HeaderName.acceptContact, .rejectContact] {
                for value in self.request.headers.values(name) { request.headers.append(name, value) }
            }
        }
        return request
    }
}

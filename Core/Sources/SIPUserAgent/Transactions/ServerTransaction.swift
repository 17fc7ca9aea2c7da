import SIP

/// A request of a peer (RFC 3261 17.2, RFC 6026 7.1).
struct ServerTransaction: Sendable {
    enum State: Sendable {
        /// INVITE without final answer. To accepted, inviteCompleted.
        case inviteProceeding(last: SIPResponse?)
        /// INVITE answered 2xx by the transaction user, which repeats the 2xx itself until ACK. Until Timer L.
        case accepted
        /// INVITE answered 300 to 699, no ACK yet. To confirmed. `interval` is that of Timer G.
        case inviteCompleted(SIPResponse, interval: Duration)
        /// ACK arrived: further ones are absorbed until Timer I.
        case confirmed
        /// Other request without final answer. To completed.
        case trying(last: SIPResponse?)
        /// Other request with final answer, repeated for every retransmission until Timer J.
        case completed(SIPResponse)
    }

    /// nil for what the layer answers itself.
    let id: ServerTransactionID?
    let key: ServerKey
    /// nil inside of dialogs.
    let origin: OriginKey?
    let flow: FlowID
    /// nil once the flow is gone: answers can no longer leave.
    var hop: NextHop?
    let isReliable: Bool
    /// 100 of an INVITE, for the time in which nobody answers. Nothing else of the request is kept: what a peer sends
    /// must not cost memory for as long as a transaction lasts.
    let trying: SIPResponse?
    var state: State
    /// Of our responses, so that a CANCEL gets the same (RFC 3261 9.2).
    var toTag: String?
}

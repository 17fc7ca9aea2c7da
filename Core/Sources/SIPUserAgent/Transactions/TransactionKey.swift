import MCFoundation
import SIP

/// Response to client transaction: branch of the topmost Via and method of CSeq (RFC 3261 17.1.3).
struct ClientKey: Hashable, Sendable {
    var branch: String
    var method: Method
}

/// Request to server transaction (RFC 3261 17.2.3). An ACK is looked up as INVITE.
struct ServerKey: Hashable, Sendable {
    var branch: String
    var host: String
    var port: UInt16?
    var method: Method

    static let magicCookie = "z9hG4bK"

    /// nil where the request has no readable Via: the codec lets none through.
    init?(_ request: SIPRequest, method: Method) {
        guard let via = request.headers.topVia else { return nil }
        host = via.host.lowercased()
        port = via.port
        self.method = method
        if let branch = via.branch, branch.hasPrefix(ServerKey.magicCookie), branch != ServerKey.magicCookie {
            self.branch = branch
        } else {
            // Peers of RFC 2543: what RFC 3261 17.2.3 lists. The To tag is compared apart, because ACK carries ours.
            let parts = [
                request.uri.description, request.headers.from?.tag ?? "", request.headers.callID ?? "",
                request.headers.cseq.map { String($0.number) } ?? "", via.branch ?? "",
            ]
            branch = "2543 " + parts.joined(separator: "\n")
        }
    }

    var isRFC2543: Bool { branch.hasPrefix("2543 ") }

    /// The same in every answer to a retransmitted request (RFC 3261 8.2.7).
    var statelessTag: String {
        String(StableHash.of("\(branch) \(host) \(port ?? 0)"), radix: 36)
    }
}

/// What a request outside of dialogs has in common with itself where it arrives on two ways (RFC 3261 8.2.2.2).
struct OriginKey: Hashable, Sendable {
    var callID: String
    var fromTag: String
    var sequence: UInt32
    var method: Method

    /// nil for what belongs to a dialog, and for what is matched otherwise.
    init?(_ request: SIPRequest) {
        guard request.method != .ack, request.method != .cancel, request.headers.to?.tag == nil,
            let callID = request.headers.callID, let cseq = request.headers.cseq
        else { return nil }
        self.callID = callID
        fromTag = request.headers.from?.tag ?? ""
        sequence = cseq.number
        method = request.method
    }
}

/// One deadline of one transaction.
struct TransactionTimerKey: Hashable, Sendable {
    enum Side: Hashable, Sendable { case client, server }
    enum Timer: Hashable, Sendable {
        /// A, E, G.
        case retransmission
        /// B, D, F, H, I, J, K, L, M: each ends the state it belongs to.
        case stateEnd
        /// 200 ms until 100.
        case trying
    }

    var side: Side
    var place: Int
    var timer: Timer

    static func client(_ place: Int, _ timer: Timer) -> Self { .init(side: .client, place: place, timer: timer) }
    static func server(_ place: Int, _ timer: Timer) -> Self { .init(side: .server, place: place, timer: timer) }
}

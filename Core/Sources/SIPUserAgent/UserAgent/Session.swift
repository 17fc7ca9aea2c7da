import MCFoundation
import SIP

/// A session description as it stood in a message.
struct Description: Hashable, Sendable {
    static let type = "application/sdp"
    var body: [UInt8]

    init?(_ headers: Headers, _ body: [UInt8]) {
        guard !body.isEmpty,
            let part = SIPResponse(status: 200, headers: headers, body: body).part(Description.type)
        else { return nil }
        self.body = part.body
    }

    /// nil where the message carries anything else beside a description.
    init?(onlyPartOf request: SIPRequest) {
        guard request.parts.count == 1 else { return nil }
        self.init(request.headers, request.body)
    }
}

/// One INVITE session with all that hangs on it.
struct Session: Sendable {
    enum Phase: Sendable {
        /// We sent INVITE, no final answer. To established, or gone.
        case calling(Calling)
        /// We received INVITE and have not answered finally. To established, or gone.
        case ringing(Ringing)
        case established
    }

    struct Calling: Sendable {
        var transaction: ClientTransactionID
        var request: SIPRequest
        var early: [EarlyBranch] = []
        var retries = 0
    }

    /// One early dialog of a forked INVITE, and the last reliable response in it (RFC 3262 4).
    struct EarlyBranch: Sendable {
        var dialog: Dialog
        var lastReliable: UInt32?
    }

    struct Ringing: Sendable {
        var transaction: ServerTransactionID
        var request: SIPRequest
        var needsReliable: Bool
        var lastReliable: UInt32
        /// Reliable responses in order; the first is out and waits for its PRACK.
        var unacknowledged: [Provisional] = []
        /// 2xx that waits for the PRACK of a response with a description (RFC 3262 3).
        var heldAccept: (headers: Headers, body: [UInt8])?
    }

    struct Provisional: Sendable {
        var response: SIPResponse
        var number: UInt32
        var interval: Duration
    }

    /// A 2xx of ours that is repeated until its ACK (RFC 3261 13.3.1.4).
    struct AwaitedAcknowledgement: Sendable {
        var transaction: ServerTransactionID
        var response: SIPResponse
        var sequence: UInt32
        var interval: Duration
        var isInitial: Bool
    }

    /// A re-INVITE or UPDATE of ours.
    struct Modification: Sendable {
        enum Purpose: Hashable, Sendable {
            /// By `reinvite`.
            case owner
            /// RFC 4028.
            case refresh
        }

        var purpose: Purpose
        var method: Method
        var headers: Headers
        var body: [UInt8]
        var glares = 0
        var intervalRetries = 0
        var lastReliable: UInt32?
        /// nil while it waits to be sent again.
        var transaction: ClientTransactionID?
    }

    struct Timer: Sendable {
        var seconds: UInt32
        var weRefresh: Bool
        var expiry: Instant
    }

    let id: SessionID
    /// Who sent the first INVITE: the owner of the Call-ID (RFC 3261 14.1).
    let isCaller: Bool
    var dialog: Dialog
    var phase: Phase
    /// False once the owner ended it: what remains is between the peer and us.
    var isOwned = true
    /// Contact values of ours.
    var contacts: [String] = []
    var localDescription: Description?
    var remoteDescription: Description?
    var peerAllowsUpdate = false
    var timer: Timer?
    /// What we ask for in refreshes, raised by 422.
    var minimumInterval: UInt32?
    var awaited: AwaitedAcknowledgement?
    /// Ours in progress.
    var modification: Modification?
    /// Ours that waits for the end of another.
    var waiting: Modification?
    /// UPDATEs by `request` that have no answer yet.
    var ownUpdates = 0
    /// The peer's, handed up and not answered.
    var incoming: ServerTransactionID?
    /// BYE once ACK is there (RFC 3261 15).
    var farewell: Headers?

    /// RSeq of the reliable responses that went out, and CSeq of their INVITE: a late PRACK is still answered.
    var reliableNumbers: (range: ClosedRange<UInt32>, invite: UInt32)?

    /// Whether the peer has a tag, so that requests can be sent inside the dialog.
    var hasDialog: Bool {
        if case .calling = phase { false } else { true }
    }

    init(id: SessionID, isCaller: Bool, dialog: Dialog, phase: Phase) {
        self.id = id
        self.isCaller = isCaller
        self.dialog = dialog
        self.phase = phase
    }
}

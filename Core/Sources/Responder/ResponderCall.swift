import FloorControl
import MCFoundation
import SDP
import SIP
import SIPUserAgent

/// One call of the client.
struct ResponderCall: Sendable {
    enum Phase: Hashable, Sendable {
        /// Ours; sockets are on their way.
        case preparing(CallRequest)
        /// Ours; INVITE is out.
        case inviting(CallRequest, offer: SessionDescription)
        /// The server's; the user is asked.
        case ringing
        /// The server's; sockets are on their way.
        case accepting
        case established
    }

    var phase: Phase
    var group: MCPTTGroupID?
    var kind: GroupCallKind
    var tier: CallTier
    /// What of it we declared and nobody called off, as far as we know.
    var declaredTier = CallTier.normal
    /// Our re-INVITE for another tier, while it is under way.
    var change: Change?
    var session: SessionID?
    /// When our own INVITE was answered; nil where the server invited us.
    var joinedAt: Instant?
    /// Contact of the focus.
    var sessionIdentity: SIPURI?
    /// The server's description where it invited us.
    var remoteOffer: SessionDescription?
    var audio: SocketAddress?
    var floorAddress: SocketAddress?
    var remote: RemoteMedia?
    /// Set while there is a remote.
    var mediaKeepAliveDue: Instant?
    /// `o=` of our descriptions; the version grows with each.
    var descriptionID: UInt64
    var descriptionVersion: UInt64 = 0
    var floor: FloorParticipant
    /// Our own choice, until the server assigns one.
    var audioSSRC: UInt32
    /// The SSRC that the shell was told to talk with.
    var talkingSSRC: UInt32?
    /// Where the button was moved before the call stood: its last position.
    var isButtonDown: Bool?
    /// Since when the flow over which the server reaches our dialog is gone; media goes on.
    var adriftSince: Instant?
    /// The call that this attempt shall bring back.
    var restores: LostCall?
    /// How often it was tried to come back to this call.
    var rejoinFailures = 0

    struct Change: Sendable {
        var tier: CallTier
        var offer: SessionDescription
    }

    /// A call that was lost with its flow.
    struct LostCall: Sendable {
        var since: Instant
        /// We had called, or joined by ourselves.
        var wasOurs: Bool
        /// What we had declared in it.
        var tier: CallTier
    }

    var isIncoming: Bool {
        switch phase {
        case .ringing, .accepting: true
        case .preparing, .inviting, .established: false
        }
    }
}

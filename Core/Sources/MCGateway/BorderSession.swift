import CallControl
import MCFoundation
import SIPUserAgent

enum BorderSide: Hashable, Sendable {
    case inside, outside

    var other: BorderSide { self == .inside ? .outside : .inside }
    var face: MediaFace { self == .inside ? .access : .interconnection }
}

/// One of the two dialogs of a session across the border, with its media leg.
struct BorderEnd: Sendable {
    var session: SessionID
    var leg: LegID?
    /// What this end last said about its media.
    var description: BorderDescription?
    /// `o=` of what this end is shown.
    let sdpSession: UInt64
    var sdpVersion: UInt64 = 0
    /// The SSRC in floor messages that leave on this end's leg: the far end's.
    var floorSSRC: UInt32?
}

/// A session across the border: two dialogs back to back, two media legs joined by a relay.
struct BorderSession: Sendable {
    let crossing: Crossing
    let partner: MCSystemID
    var inside: BorderEnd
    var outside: BorderEnd
    /// The trunk that is offered to the partner, or that it offered.
    var trunk: TrunkID?
    /// Call-ID of the outside dialog.
    let outsideCallID: String
    var isEstablished = false
    var isRelayed = false
    /// A modification that one end asked for and the other has not answered.
    var modification: (by: BorderSide, transaction: ServerTransactionID)?

    /// The end that sent the INVITE.
    var caller: BorderSide { crossing == .leaving ? .inside : .outside }

    subscript(side: BorderSide) -> BorderEnd {
        get { side == .inside ? inside : outside }
        set {
            if side == .inside { inside = newValue } else { outside = newValue }
        }
    }
}

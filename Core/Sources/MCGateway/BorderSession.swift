import CallControl
import MCFoundation
import OrderedCollections
import Policy
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
    /// Which of our pairs of ports this end is shown, and which the media cell serves it at: another one until the end
    /// has been told.
    var pair: UInt8 = 0
    var servedPair: UInt8 = 0
    /// The media cell has let go of this end's addresses and waits for those of the new ports.
    var isCut = false
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
    /// What it was let through for.
    let admitted: AdmittedCall
    var inside: BorderEnd
    var outside: BorderEnd
    /// The trunk that is offered to the partner, or that it offered.
    var trunk: TrunkID?
    /// Call-ID of the outside dialog.
    let outsideCallID: String
    /// What records of all sides call the call; nil until the owner of the group has told.
    var reference: String?
    var isEstablished = false
    var isRelayed = false
    /// A modification that one end asked for and the other has not answered.
    var modification: Modification?
    /// The end that is being told of other ports of ours, and those that wait for it.
    var moving: BorderSide?
    var movesToCome: [BorderSide] = []

    struct Modification: Sendable {
        var by: BorderSide
        var transaction: ServerTransactionID
        /// What that end says of its media once the other has agreed.
        var offer: BorderDescription
    }

    /// What every record of the session says of it.
    var fields: [Observation.Field] {
        Observation.call(reference) + [.init("partner", partner.value)] + admitted.fields
    }

    /// The end that sent the INVITE.
    var caller: BorderSide { crossing == .leaving ? .inside : .outside }

    /// The end behind which the member is; behind the other one is the owner of the group.
    var memberSide: BorderSide { admitted.role == .controllingGroup ? caller : caller.other }

    subscript(side: BorderSide) -> BorderEnd {
        get { side == .inside ? inside : outside }
        set {
            if side == .inside { inside = newValue } else { outside = newValue }
        }
    }
}

/// A user of ours in a call of a partner's group.
struct Membership: Hashable, Sendable {
    var partner: MCSystemID
    var group: MCPTTGroupID
    var user: MCPTTID
}

/// Which of our users are in calls of partners. Who left counts for a while yet: an invitation that names him may be on
/// its way (64*T1 of RFC 3261).
struct Memberships: Sendable {
    // Looked up only.
    private var counts: [Membership: Int] = [:]
    /// In the order of leaving.
    private var departed: OrderedDictionary<Membership, Instant> = [:]
    private static let grace: Duration = .seconds(32)

    mutating func add(_ membership: Membership) { counts[membership, default: 0] += 1 }

    mutating func remove(_ membership: Membership, at now: Now) {
        let left = (counts[membership] ?? 0) - 1
        counts[membership] = left > 0 ? left : nil
        guard left <= 0 else { return }
        departed[membership] = nil
        departed[membership] = now.instant + Self.grace
        if departed.count > Self.maximumDeparted { departed.removeFirst() }
    }

    private static let maximumDeparted = 1_000

    func isKnown(_ membership: Membership, at now: Now) -> Bool {
        counts[membership] != nil || departed[membership].map { now.instant < $0 } ?? false
    }
}

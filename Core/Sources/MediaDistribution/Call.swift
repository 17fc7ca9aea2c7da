import CallControl
import FloorControl
import MCFoundation

/// A call: who takes part, who may talk, and where a talker's packets go. An object, so that the packet path changes it
/// in place; the cell alone refers to it.
final class Call {
    let id: MediaCallID
    var floor: FloorServer
    var tier: CallTier
    /// In the order in which they joined.
    var members: [LegID] = []
    /// Whose audio carries which SSRC; a client that chooses its own must not take another's.
    var ssrcs: [UInt32: LegID] = [:]
    var lists: [TalkerList] = []
    /// When the cell will look at the floor's deadlines again.
    var scheduled: Instant?
    var talker: LegID?
    /// Of its members' speech, all alike; nil while nobody is connected.
    var protection: MediaProtection?
    /// Packets forwarded since the floor changed hands.
    var packetsOfTalk = 0

    struct TalkerList {
        var talker: LegID
        var slot: UInt32
        var isStale: Bool
        /// Of each partner that gets the stream once, the first member: see `remindPartners`.
        var heralds: [LegID]
    }

    init(id: MediaCallID, settings: FloorSettings) {
        self.id = id
        floor = FloorServer(settings: settings)
        tier = settings.tier
    }

    func markListsStale() {
        for index in lists.indices {
            lists[index].isStale = true
        }
    }
}

/// The audio of one RTP stream that is known: whose it is, what was seen of it. An object for the same reason.
final class Source {
    enum Kind {
        /// A participant of a call of ours: the floor decides.
        case participant(LegID, MediaCallID)
        /// A client behind our gateway: its audio goes to the partner, where the floor is.
        case client(LegID)
        /// A partner's call: its audio goes to our clients on these trunks.
        case trunks([TrunkKey])
    }
    var kind: Kind
    var payloadType: UInt8
    var replay = ReplayWindow()
    /// Prepared destinations, for what is not a participant (a call keeps those).
    var slot: UInt32?
    var isStale = true
    var tier: CallTier
    /// Of the trunks that it comes in on.
    var floors: [BorderFloor] = []
    /// Of the client that sends it across the border.
    var talk: BorderTalk?

    init(kind: Kind, payloadType: UInt8, tier: CallTier) {
        self.kind = kind
        self.payloadType = payloadType
        self.tier = tier
    }
}

/// One stream per direction between two gateways: the partner's address and the identifier, or a single leg where
/// the partner does not know trunks.
struct TrunkKey: Hashable {
    enum Name: Hashable {
        case shared(TrunkID)
        case single(LegID)
    }
    var path: AddressKey
    var name: Name
}

/// Our clients on a trunk whose floor is the partner's.
struct Trunk {
    /// Outside legs, in the order in which they came.
    var legs: [LegID] = []
    /// Talkers of the partner's call that floor messages named, the newest last.
    var ssrcs: [UInt32] = []
    var payloadType: UInt8
    var tier: CallTier = .normal
    let floor: BorderFloor
}

struct DeadlineEntry: Comparable {
    var deadline: Instant
    var call: MediaCallID

    static func < (left: DeadlineEntry, right: DeadlineEntry) -> Bool {
        (left.deadline, left.call) < (right.deadline, right.call)
    }
}

import CallControl
import FloorControl
import MCFoundation

/// A remote address as seen on one of our sockets.
struct AddressKey: Hashable {
    var socket: UInt8
    var address: SocketAddress
}

/// What tells an RTP stream from another.
struct SourceKey: Hashable {
    var socket: UInt8
    var address: SocketAddress
    var ssrc: UInt32

    var addressKey: AddressKey { AddressKey(socket: socket, address: address) }
}

/// What tells the floor messages of one peer from those of another; `ssrc` is nil where the peer never said its own.
struct FloorKey: Hashable {
    var socket: UInt8
    var address: SocketAddress
    var ssrc: UInt32?

    var addressKey: AddressKey { AddressKey(socket: socket, address: address) }
}

/// An SSRC on a socket, wherever it comes from: for peers behind network address translation.
struct LatchKey: Hashable {
    var socket: UInt8
    var ssrc: UInt32
}

/// The two floor SSRCs of a leg, its own first. The leg that has them the other way round looks back at it.
struct SplicePair: Hashable {
    var own: UInt32
    var remote: UInt32

    var reversed: SplicePair { SplicePair(own: remote, remote: own) }
}

/// Where a leg's packets come from and go to now.
struct Path: Hashable {
    var socket: UInt8
    var address: SocketAddress
    /// The address came from a packet or was confirmed by one: it is not learned again.
    var isFixed = false

    var key: AddressKey { AddressKey(socket: socket, address: address) }
    var destination: ForwardDestination { ForwardDestination(socket: socket, address: address) }
    static func same(_ left: Path?, _ right: Path?) -> Bool { left?.key == right?.key }
}

extension IPAddress {
    /// Of the ranges that a translator hides (RFC 1918, RFC 6598, RFC 4193).
    var isPrivate: Bool {
        guard !isIPv6 else { return high >> 57 == 0xfc >> 1 }
        return low >> 24 == 10 || low >> 20 == 0xac1 || low >> 16 == 0xc0a8 || low >> 22 == 0x6440 >> 6
    }
}

/// Everything the cell's tables hold of one leg, so that it can be taken out again exactly.
struct Registration: Hashable {
    var audioAddress: AddressKey?
    var floorKey: FloorKey?
    /// What signalling said of the peer's floor messages, wherever the peer turned out to be: two legs of whom it says
    /// the same are one device's, and its messages of one are none of the other.
    var claimedFloor: FloorKey?
    /// The peer's stream: of a participant under its assigned SSRC, of a client behind our gateway once it is known.
    var source: SourceKey?
    /// The SSRCs by which the peer's address may be learned.
    var latches: [LatchKey] = []
    var trunk: TrunkKey?
}

struct Leg {
    let id: LegID
    let face: MediaFace
    /// Our SSRC in the floor messages that leave on this leg.
    let floorSSRC: UInt32
    /// Which of our pairs of ports is the leg's from the next connecting on, and which is it now.
    var pair: UInt8 = 0
    var connectedPair: UInt8 = 0
    /// Its owner was told that its packets cannot be told from another leg's.
    var isAmbiguous = false
    /// As signalling last said.
    var signalled: LegRemote?
    var audio: Path?
    var floor: Path?
    /// The remote is another leg of this cell, found or still to be found.
    var looksAtOurselves = false
    var splice: LegID?
    /// Gateway: the leg on the other side of the border.
    var relayPeer: LegID?
    var isOutside = false
    var call: MediaCallID?
    var participant: FloorParticipantDescription?
    /// The floor machine was told of it.
    var isOnFloor = false
    /// SSRC that was granted to the client behind our gateway, or that this one chose itself.
    var learnedSSRC: UInt32?
    /// SSRC that a participant chose itself instead of the one that it was assigned.
    var chosenSSRC: (assigned: UInt32, chosen: UInt32)?
    /// Gateway: `learnedSSRC` is one that the client chose itself.
    var isSSRCItsOwn = false
    /// Gateway: what the partner's floor control allows the client on this leg.
    var talk: BorderTalk?
    /// Of the call behind a relay, as its server's floor messages say.
    var relayTier: CallTier = .normal
    var registration = Registration()
    /// What was seen of the peer's stream when its address changed: an old packet stays old.
    var carriedReplay: (ssrc: UInt32, window: ReplayWindow)?
    var floorBudget: FloorBudget
    /// Of Floor Requests: each that is granted makes a message to everybody in the call, and another at its end.
    var requestBudget: FloorBudget

    init(id: LegID, face: MediaFace, floorSSRC: UInt32, limits: MediaLimits) {
        self.id = id
        self.face = face
        self.floorSSRC = floorSSRC
        floorBudget = FloorBudget(burst: limits.floorBurst, perSecond: limits.floorMessagesPerSecond)
        requestBudget = FloorBudget(burst: limits.floorRequestBurst, perSecond: limits.floorRequestsPerSecond)
    }

    /// How its peer wants floor messages written.
    var dialect: FloorDialect { signalled?.dialect ?? .current }

    /// Set while the remote is one of our own sockets.
    var splicePair: SplicePair? {
        guard looksAtOurselves, let remote = signalled?.floorSSRC else { return nil }
        return SplicePair(own: floorSSRC, remote: remote)
    }
}

/// How many floor messages a leg may still send; it fills up again with time.
struct FloorBudget {
    private var tokens: Int
    private var filled: Instant?
    private let burst: Int
    private let interval: Int64

    init(burst: Int, perSecond: Int) {
        tokens = burst
        self.burst = burst
        interval = 1_000_000_000 / Int64(perSecond)
    }

    mutating func take(_ wanted: Int, at now: Instant) -> Bool {
        if let last = filled {
            let earned = max(0, (now.nanoseconds - last.nanoseconds) / interval)
            if earned > 0 {
                tokens = Int(min(Int64(burst), Int64(tokens) + earned))
                filled = Instant(nanoseconds: last.nanoseconds + earned * interval)
            }
        } else {
            filled = now
        }
        guard tokens >= wanted else { return false }
        tokens -= wanted
        return true
    }
}

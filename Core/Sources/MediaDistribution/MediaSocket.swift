public import CallControl
public import MCFoundation

/// A datagram socket of the media cell. There is one per use, face and address family, so that batches of packets for
/// many peers leave through one system call, and a few more for peers that are ambiguous there.
public struct MediaSocket: Hashable, Sendable {
    public enum Use: Hashable, Sendable {
        case audio, floor
    }

    /// Names the socket in packets and lists; unique in the cell.
    public var id: UInt8
    public var use: Use
    public var face: MediaFace
    /// As our SDP shows it to peers.
    public var address: SocketAddress
    /// Counted within use, face and address family; those of use `audio` and `floor` with the same belong together.
    public var pair: UInt8

    public init(id: UInt8, use: Use, face: MediaFace, address: SocketAddress, pair: UInt8 = 0) {
        self.id = id
        self.use = use
        self.face = face
        self.address = address
        self.pair = pair
    }
}

/// Bounds on what peers and functions can make a media cell hold or do.
public struct MediaLimits: Hashable, Sendable {
    public var calls: Int
    public var legs: Int
    public var membersPerCall: Int
    /// Forward lists kept per call: talkers that may send in turn (dual floor, multi-talker) without a new list each.
    public var listsPerCall: Int
    /// SSRCs of talkers remembered per trunk; the oldest is forgotten.
    public var talkersPerTrunk: Int
    /// Octets of the longest floor datagram that is looked at.
    public var floorDatagramBytes: Int
    /// Octets of the longest audio packet that is forwarded.
    public var audioPacketBytes: Int
    /// Floor messages per second of one leg, in the long run.
    public var floorMessagesPerSecond: Int
    /// Floor messages of one leg at once.
    public var floorBurst: Int
    /// Floor Requests per second of one leg, in the long run: no thumb is faster.
    public var floorRequestsPerSecond: Int
    /// Floor Requests of one leg at once.
    public var floorRequestBurst: Int
    /// How long a stream across the border may be ahead of the floor message that announces it, and how long the last
    /// packets of a talk may be behind the one that ends it.
    public var overtakingTime: Duration
    /// Packets that may be ahead.
    public var overtakingPackets: Int
    /// How long a client of ours may send across the border after its floor was revoked or given back and the
    /// partner's next word is not there yet: T3 and the way.
    public var borderGrace: Duration

    public init(
        calls: Int = 4_096, legs: Int = 65_536, membersPerCall: Int = 10_000, listsPerCall: Int = 4,
        talkersPerTrunk: Int = 16, floorDatagramBytes: Int = 1_472, audioPacketBytes: Int = 1_472,
        floorMessagesPerSecond: Int = 20, floorBurst: Int = 40, floorRequestsPerSecond: Int = 2,
        floorRequestBurst: Int = 10, overtakingTime: Duration = .milliseconds(200), overtakingPackets: Int = 10,
        borderGrace: Duration = .milliseconds(3_200)
    ) {
        self.calls = calls
        self.legs = legs
        self.membersPerCall = membersPerCall
        self.listsPerCall = max(listsPerCall, 1)
        self.talkersPerTrunk = max(talkersPerTrunk, 1)
        self.floorDatagramBytes = floorDatagramBytes
        self.audioPacketBytes = audioPacketBytes
        self.floorMessagesPerSecond = max(floorMessagesPerSecond, 1)
        self.floorBurst = max(floorBurst, 1)
        self.floorRequestsPerSecond = max(floorRequestsPerSecond, 1)
        self.floorRequestBurst = max(floorRequestBurst, 1)
        self.overtakingTime = overtakingTime
        self.overtakingPackets = overtakingPackets
        self.borderGrace = borderGrace
    }
}

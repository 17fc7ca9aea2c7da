public import FloorControl
public import MCFoundation

/// A media leg: one peer's addresses, protection and state. It is an object of its own that a call owns for a while.
public struct LegID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    /// The number of the media cell that holds it (`NumberedCounter`).
    public var cell: UInt8 { UInt8(truncatingIfNeeded: value >> 48) }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// A call in a media cell. Never used twice, so that a late command finds nothing rather than the next call.
public struct MediaCallID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    /// The number of the media cell that holds it (`NumberedCounter`).
    public var cell: UInt8 { UInt8(truncatingIfNeeded: value >> 48) }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// All legs of one call that one gateway offers to one partner: they share one audio stream per direction.
public struct TrunkID: Hashable, Comparable, Sendable {
    public let value: String
    public init(_ value: String) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The side of the system a leg looks at: each has sockets and addresses of its own, so that partners never learn
/// those that the nation's own users see.
public enum MediaFace: Hashable, Sendable {
    case access, interconnection
}

/// How a leg's speech is protected (TS 33.180). Keys are never a server's: what is protected is forwarded as it is.
public enum MediaProtection: Hashable, Sendable {
    /// RTP in clear.
    case none
    /// SRTP under a key that clients alone share.
    case endToEnd
}

/// What is known of a leg's peer: where its media goes and how it wants it.
public struct LegRemote: Hashable, Sendable {
    public var audio: SocketAddress
    /// nil: the peer has no floor control (it answered `m=application` with port 0) and so only listens.
    public var floor: SocketAddress?
    /// The SSRC in the header of the peer's floor messages (`mc_floor_ssrc`); nil where the peer did not say.
    public var floorSSRC: UInt32?
    /// RTP payload type that was negotiated.
    public var payloadType: UInt8
    /// Set where the peer is a gateway that understands trunks: audio of the call goes there once.
    public var trunk: TrunkID?
    /// The direction of the audio that the peer stated says that it plays what it receives; false while it holds the
    /// call (RFC 3264 8.4).
    public var hears: Bool
    /// It says that the peer sends.
    public var speaks: Bool
    public var protection: MediaProtection
    /// The protocol release that it speaks in floor control, and what else of it differs from peer to peer.
    public var dialect: FloorDialect

    public init(
        audio: SocketAddress, floor: SocketAddress?, floorSSRC: UInt32?, payloadType: UInt8, trunk: TrunkID? = nil,
        hears: Bool = true, speaks: Bool = true, protection: MediaProtection = .none,
        dialect: FloorDialect = .current
    ) {
        self.audio = audio
        self.floor = floor
        self.floorSSRC = floorSSRC
        self.payloadType = payloadType
        self.trunk = trunk
        self.hears = hears
        self.speaks = speaks
        self.protection = protection
        self.dialect = dialect
    }
}

/// What functions ask of a media cell. Commands of one call are carried out in order; none is dropped.
public enum MediaCommand: Hashable, Sendable {
    case openCall(MediaCallID, FloorSettings)
    /// The settings of a running call changed (tier, limits).
    case configureCall(MediaCallID, FloorSettings)
    /// Every participant is told nothing more; legs stay until closed.
    case closeCall(MediaCallID)
    /// `floorSSRC` is our SSRC in floor messages on this leg, unique in the cell: it is the key by which two legs of
    /// the same cell that look at each other are found and spliced, without a socket between them.
    case openLeg(LegID, face: MediaFace, floorSSRC: UInt32)
    /// Given again when the peer's SDP changes; the same remote again changes nothing, so an address that was
    /// learned behind network address translation stays.
    case connectLeg(LegID, LegRemote)
    /// From the next `connectLeg` on, this pair of the cell's ports is the leg's (`MediaAddresses.ports`), whose SDP
    /// says so by then.
    case moveLeg(LegID, pair: UInt8)
    case closeLeg(LegID)
    /// The leg's peer becomes a floor participant of the call, once the leg leads to a peer: it may be joined before
    /// it is connected. Joining again replaces the description. `audioSSRC` is unique in the cell, not only in the
    /// call: on a trunk it is all that tells the talkers of several calls apart.
    case join(MediaCallID, LegID, FloorParticipantDescription)
    case leave(MediaCallID, LegID)
    /// Gateway: what arrives on one leg leaves on the other. `outside` looks at the partner.
    case relay(inside: LegID, outside: LegID)

    /// The number of the media cell that is to carry it out.
    public var cell: UInt8 {
        switch self {
        case .openCall(let call, _), .configureCall(let call, _), .closeCall(let call): call.cell
        case .join(let call, _, _), .leave(let call, _): call.cell
        case .openLeg(let leg, _, _), .connectLeg(let leg, _), .moveLeg(let leg, _), .closeLeg(let leg),
            .relay(let leg, _):
            leg.cell
        }
    }
}

/// What the media cell tells the functions. Nothing per packet.
public enum MediaEvent: Hashable, Sendable {
    /// T4 ran out: nobody talked for the hang time (TS 24.380 6.3.4.3.4). Call control decides on release.
    case callInactive(MediaCallID)
    case talkerChanged(MediaCallID, LegID?, MCPTTID?)
    /// A participant kept sending without permission or did not answer Revoke; local policy may release it.
    case participantMisbehaves(MediaCallID, LegID)
    /// The command could not be carried out; the leg is as it was before. Its owner releases it or tries otherwise.
    case legRefused(LegID, MediaRefusal)
    /// Speech of this leg cannot be told from that of another leg of the same peer; all else goes on. On other ports it
    /// could be.
    case legAmbiguous(LegID)
    case callRefused(MediaCallID, MediaRefusal)
}

/// Why the media cell did not do what was asked.
public enum MediaRefusal: Hashable, Sendable {
    /// One of the cell's bounds is reached.
    case limit
    /// Its packets could not be told from those of another leg: same remote address and same SSRC, at the same pair of
    /// our ports.
    case ambiguous
    /// Its number, SSRC or place in a relay is another's.
    case taken
    /// The cell has no socket of that face, address family and pair.
    case noSocket
    /// The others of its call, or whom it is relayed to, have their speech protected otherwise.
    case protection
}

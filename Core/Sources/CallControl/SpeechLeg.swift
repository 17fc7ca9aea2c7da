public import MCFoundation
public import SDP

extension LegRemote {
    /// Where a leg's media goes whose peer offered this.
    public init(_ offer: SpeechOffer) {
        self.init(
            audio: offer.audio, floor: offer.floor, floorSSRC: offer.floorParameters.floorSSRC,
            payloadType: offer.payloadType, trunk: offer.trunk.map { TrunkID($0) }, hears: offer.direction.receives,
            speaks: offer.direction.sends)
    }

    /// Where a leg's media goes whose peer answered this.
    public init(_ answer: SpeechAnswer) {
        self.init(
            audio: answer.audio, floor: answer.floor, floorSSRC: answer.floorParameters.floorSSRC,
            payloadType: answer.payloadType, trunk: answer.trunk.map { TrunkID($0) }, hears: answer.direction.receives,
            speaks: answer.direction.sends)
    }
}

/// Hands out synchronization sources that no other stream of this function has (TS 24.380 6.3.4.4.2: the server
/// assigns the audio SSRC of each talker, unique in the call).
public struct SSRCAllocator: Sendable {
    private var random: SeededGenerator
    private var taken: Set<UInt32> = []

    public init(random: SeededGenerator) {
        self.random = random
    }

    /// Never 0, which receivers of floor messages take for "none".
    public mutating func allocate() -> UInt32 {
        while true {
            let ssrc = UInt32(truncatingIfNeeded: random.next())
            if ssrc != 0, taken.insert(ssrc).inserted { return ssrc }
        }
    }

    public mutating func release(_ ssrc: UInt32) {
        taken.remove(ssrc)
    }

    /// How many are in use.
    public var count: Int { taken.count }
}

/// Mints identifiers whose upper eight bits are the number of the function, so that those of two functions of
/// one cell never meet.
public struct NumberedCounter: Sendable {
    private let prefix: UInt64
    private var last: UInt64 = 0

    public init(number: UInt8) {
        prefix = UInt64(number) << 56
    }

    /// `cell` is the number of the media cell that is to hold what is counted, if one is: it stands in bits 48 to 55.
    public mutating func next(in cell: UInt8 = 0) -> UInt64 {
        last += 1
        return prefix | UInt64(cell) << 48 | last
    }
}

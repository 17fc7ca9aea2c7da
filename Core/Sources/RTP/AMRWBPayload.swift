/// The RTP payload of AMR-WB (RFC 4867 4), one channel, without interleaving, CRC and robust sorting.
public struct AMRWBPayload: Hashable, Sendable {
    /// CMR: the mode that the sender would like to receive, 0 to 8; 15: no request.
    public var codecModeRequest: UInt8
    public var frames: [Frame]

    /// Frames of 20 ms in one packet that are read; the specification has no bound of its own.
    public static let maximumFrames = 12
    /// CMR without a request.
    public static let noRequest: UInt8 = 15

    /// 20 ms of speech.
    public struct Frame: Hashable, Sendable {
        /// FT: 0 to 8 speech, 9 comfort noise, 14 speech lost, 15 no data.
        public var type: UInt8
        /// Q: false where the frame was damaged on its way.
        public var isGood: Bool
        /// The speech bits, the first in the highest bit of the first octet, zeros behind the last.
        public var data: [UInt8]

        public init(type: UInt8, isGood: Bool = true, data: [UInt8]) {
            self.type = type
            self.isGood = isGood
            self.data = data
        }
    }

    /// Why octets are no payload.
    public enum ParseError: Error, Hashable, Sendable {
        case tooShort
        /// FT 10 to 13, which packets must not have.
        case frameType
        case tooManyFrames
        /// Octets after the last frame.
        case trailingOctets
    }

    public init(codecModeRequest: UInt8 = AMRWBPayload.noRequest, frames: [Frame]) {
        self.codecModeRequest = codecModeRequest
        self.frames = frames
    }

    /// Speech bits of a frame type (TS 26.201 table 2); nil for types that packets must not have.
    public static func bitCount(ofType type: UInt8) -> Int? {
        switch type {
        case 0: 132
        case 1: 177
        case 2: 253
        case 3: 285
        case 4: 317
        case 5: 365
        case 6: 397
        case 7: 461
        case 8: 477
        case 9: 40
        case 14, 15: 0
        default: nil
        }
    }

    public init(parsing payload: [UInt8], octetAligned: Bool) throws(ParseError) {
        var reader = BitReader(octets: payload)
        guard let request = reader.read(octetAligned ? 8 : 4) else { throw .tooShort }
        codecModeRequest = octetAligned ? request >> 4 : request
        frames = []
        var more = true
        while more {
            guard let entry = reader.read(octetAligned ? 8 : 6) else { throw .tooShort }
            guard frames.count < Self.maximumFrames else { throw .tooManyFrames }
            let bits = octetAligned ? entry >> 2 : entry
            more = bits & 0x20 != 0
            let type = bits >> 1 & 0x0f
            guard Self.bitCount(ofType: type) != nil else { throw .frameType }
            frames.append(Frame(type: type, isGood: bits & 1 != 0, data: []))
        }
        for index in frames.indices {
            guard let count = Self.bitCount(ofType: frames[index].type), let data = reader.take(bits: count) else {
                throw .tooShort
            }
            frames[index].data = data
            if octetAligned { reader.align() }
        }
        guard reader.remainingOctets == 0 else { throw .trailingOctets }
    }

    /// The payload as octets. Frames of types that packets must not have are left out; a frame's data is cut or filled
    /// with zeros to the length of its type. A payload without frames is not valid and says no data.
    public func serialized(octetAligned: Bool) -> [UInt8] {
        var written = frames.filter { Self.bitCount(ofType: $0.type) != nil }.prefix(Self.maximumFrames)
        if written.isEmpty { written = [Frame(type: 15, data: [])] }
        var writer = BitWriter()
        writer.write(codecModeRequest & 0x0f, 4)
        if octetAligned { writer.align() }
        for (index, frame) in written.enumerated() {
            let follows: UInt8 = index + 1 < written.count ? 0x20 : 0
            writer.write(follows | frame.type << 1 | (frame.isGood ? 1 : 0), 6)
            if octetAligned { writer.align() }
        }
        for frame in written {
            writer.write(frame.data, bits: Self.bitCount(ofType: frame.type) ?? 0)
            if octetAligned { writer.align() }
        }
        return writer.octets
    }
}

private struct BitReader {
    let octets: [UInt8]
    var position = 0

    init(octets: [UInt8]) {
        self.octets = octets
    }

    /// Whole octets after the one that was begun last.
    var remainingOctets: Int { octets.count - (position + 7) / 8 }

    mutating func align() { position = (position + 7) & ~7 }

    /// Up to eight bits, in the low end of the result.
    mutating func read(_ count: Int) -> UInt8? {
        guard position + count <= octets.count * 8 else { return nil }
        let (index, shift) = position.quotientAndRemainder(dividingBy: 8)
        let next = index + 1 < octets.count ? octets[index + 1] : 0
        let window = UInt16(octets[index]) << 8 | UInt16(next)
        position += count
        return UInt8(truncatingIfNeeded: (window << UInt16(shift)) >> UInt16(16 - count))
    }

    mutating func take(bits count: Int) -> [UInt8]? {
        guard position + count <= octets.count * 8 else { return nil }
        var taken: [UInt8] = []
        taken.reserveCapacity((count + 7) / 8)
        var left = count
        while left > 0 {
            let step = min(8, left)
            guard let bits = read(step) else { return nil }
            taken.append(bits << UInt8(8 - step))
            left -= step
        }
        return taken
    }
}

private struct BitWriter {
    var octets: [UInt8] = []
    var used = 0

    mutating func align() { used = (used + 7) & ~7 }

    /// The low `count` bits, at most eight.
    mutating func write(_ bits: UInt8, _ count: Int) {
        let (index, shift) = used.quotientAndRemainder(dividingBy: 8)
        let window = (UInt16(bits) << UInt16(16 - count)) >> UInt16(shift)
        if index == octets.count { octets.append(0) }
        octets[index] |= UInt8(window >> 8)
        if shift + count > 8 { octets.append(UInt8(window & 0xff)) }
        used += count
    }

    mutating func write(_ data: [UInt8], bits count: Int) {
        var left = count
        var index = 0
        while left > 0 {
            let step = min(8, left)
            let octet = index < data.count ? data[index] : 0
            write(octet >> UInt8(8 - step), step)
            left -= step
            index += 1
        }
    }
}

public import MCFoundation

/// What a receiver knows about one source: loss, jitter, duplicates, reordering (RFC 3550 A.1, A.3, A.8).
public struct ReceiverStatistics: Sendable {
    /// What a packet was to the sequence.
    public enum Verdict: Hashable, Sendable {
        /// In order, or after a gap.
        case accepted
        /// Behind one that came earlier, for the first time.
        case reordered
        /// The source is not valid yet (RFC 3550 A.1 probation).
        case onProbation
        /// Seen before.
        case duplicate
        /// Too far from the sequence; two in succession make the source start anew.
        case outOfRange
        /// The source started anew with this packet; counts begin again.
        case restarted
    }

    /// Sequence numbers that a gap may have before it counts as a restart.
    public static let maximumDropout = 3_000
    /// Sequence numbers that a packet may be late.
    public static let maximumMisorder = 100

    public let ssrc: UInt32
    /// Timestamp units per second.
    public let clockRate: UInt32
    private let minimumSequential: Int

    /// Packets that counted since the source was valid, duplicates too (RFC 3550 A.3).
    public private(set) var received: UInt64 = 0
    public private(set) var duplicates: UInt64 = 0
    public private(set) var reordered: UInt64 = 0
    /// Times the source started anew.
    public private(set) var restarts: UInt64 = 0

    private var started = false
    private var probation: Int
    private var baseSequence: Int64 = 0
    private var highestSequence: Int64 = 0
    private var badSequence: UInt16?
    /// Bit n set: the packet n before the highest came. Reaches back beyond `maximumMisorder`.
    private var seen: (UInt64, UInt64) = (0, 0)
    private var transit: Int64?
    /// Sixteen times the jitter, as A.8 keeps it.
    private var scaledJitter: Int64 = 0
    private var expectedBefore: Int64 = 0
    private var receivedBefore: Int64 = 0
    private var lastSenderReport: (middle: UInt32, at: Instant)?

    /// - Parameter minimumSequential: packets in order that make a source valid. RFC 3550 A.1 has 2; where signalling
    ///   named the SSRC, 1 counts from the first packet.
    public init(ssrc: UInt32, clockRate: UInt32, minimumSequential: Int = 1) {
        self.ssrc = ssrc
        self.clockRate = clockRate
        self.minimumSequential = minimumSequential
        probation = minimumSequential
    }

    /// Takes a packet's sequence number, timestamp and time of arrival into account.
    public mutating func receive(sequence: UInt16, timestamp: UInt32, at arrival: Instant) -> Verdict {
        let verdict = count(sequence)
        switch verdict {
        case .accepted, .reordered, .restarted: updateJitter(timestamp: timestamp, arrival: arrival)
        case .onProbation, .duplicate, .outOfRange: break
        }
        return verdict
    }

    private mutating func count(_ sequence: UInt16) -> Verdict {
        guard started else {
            start(at: sequence)
            return probation > 0 ? .onProbation : .accepted
        }
        let extended = SequenceArithmetic.extend(sequence, near: highestSequence)
        let step = extended - highestSequence
        if probation > 0 {
            guard step == 1 else {
                start(at: sequence)
                return probation > 0 ? .onProbation : .accepted
            }
            probation -= 1
            advance(to: extended)
            guard probation == 0 else { return .onProbation }
            baseSequence = extended
            received = 1
            return .accepted
        }
        if step > 0, step < Int64(Self.maximumDropout) {
            badSequence = nil
            advance(to: extended)
            received += 1
            return .accepted
        }
        if step <= 0, step > -Int64(Self.maximumMisorder) {
            received += 1
            guard mark(back: Int(-step)) else {
                duplicates += 1
                return .duplicate
            }
            reordered += 1
            // One that set out before the first we saw moves the base, or it would count as one too many.
            baseSequence = min(baseSequence, extended)
            return .reordered
        }
        // Two packets in succession after a jump: the other side started anew (RFC 3550 A.1).
        if badSequence == sequence {
            restart(at: sequence)
            return .restarted
        }
        badSequence = sequence &+ 1
        return .outOfRange
    }

    private mutating func start(at sequence: UInt16) {
        started = true
        probation = minimumSequential - 1
        baseSequence = Int64(sequence)
        highestSequence = Int64(sequence)
        seen = (1, 0)
        received = probation > 0 ? 0 : 1
    }

    private mutating func restart(at sequence: UInt16) {
        let fresh = ReceiverStatistics(ssrc: ssrc, clockRate: clockRate, minimumSequential: minimumSequential)
        let (restarts, report) = (restarts, lastSenderReport)
        self = fresh
        start(at: sequence)
        probation = 0
        received = 1
        self.restarts = restarts + 1
        lastSenderReport = report
    }

    private mutating func advance(to extended: Int64) {
        let step = extended - highestSequence
        highestSequence = extended
        switch step {
        case 1..<64: seen = (seen.0 << step | 1, seen.1 << step | seen.0 >> (64 - step))
        case 64..<128: seen = (1, seen.0 << (step - 64))
        default: seen = (1, 0)
        }
    }

    /// False where the packet `back` steps before the highest was seen already.
    private mutating func mark(back: Int) -> Bool {
        let bit = UInt64(1) << UInt64(back % 64)
        if back < 64 {
            guard seen.0 & bit == 0 else { return false }
            seen.0 |= bit
        } else {
            guard seen.1 & bit == 0 else { return false }
            seen.1 |= bit
        }
        return true
    }

    private mutating func updateJitter(timestamp: UInt32, arrival: Instant) {
        let (seconds, rest) = arrival.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let rate = Int64(clockRate)
        let units = seconds &* rate &+ rest &* rate / 1_000_000_000
        let now = Int64(UInt32(truncatingIfNeeded: units) &- timestamp)
        if let transit {
            let difference = abs(Int64(Int32(truncatingIfNeeded: now &- transit)))
            scaledJitter += difference - (scaledJitter + 8) >> 4
        }
        transit = now
    }
}

extension ReceiverStatistics {
    /// Packets that the sequence numbers tell of.
    public var expected: Int64 { started && probation == 0 ? highestSequence - baseSequence + 1 : 0 }

    /// Packets that never came, duplicates not counted against them.
    public var lost: Int64 { expected - Int64(received - duplicates) }

    /// Mean deviation of the packet spacing, in timestamp units (RFC 3550 6.4.1).
    public var jitter: UInt32 { UInt32(clamping: scaledJitter >> 4) }

    /// Notes a sender report of this source, for `lastSenderReport` of the next block.
    public mutating func receive(_ report: SenderReport, at arrival: Instant) {
        lastSenderReport = (report.ntpTime.middle, arrival)
    }

    /// The block for the next report; what was lost since the previous call is its fraction (RFC 3550 A.3).
    public mutating func makeReport(at now: Instant) -> ReportBlock {
        let counted = Int64(received)
        let expectedNow = expected - expectedBefore
        let lostNow = expectedNow - (counted - receivedBefore)
        expectedBefore = expected
        receivedBefore = counted
        let fraction = expectedNow > 0 && lostNow > 0 ? min(lostNow * 256 / expectedNow, 255) : 0
        let delay = lastSenderReport.map { max(0, (now - $0.at).wholeNanoseconds) }
        let delayUnits = delay.map { $0 / 1_000_000_000 * 65_536 + $0 % 1_000_000_000 * 65_536 / 1_000_000_000 }
        return ReportBlock(
            ssrc: ssrc, fractionLost: UInt8(fraction),
            cumulativeLost: Int32(min(max(expected - counted, -0x80_0000), 0x7f_ffff)),
            extendedHighestSequence: UInt32(truncatingIfNeeded: highestSequence), jitter: jitter,
            lastSenderReport: lastSenderReport?.middle ?? 0,
            delaySinceLastSenderReport: UInt32(clamping: delayUnits ?? 0))
    }
}

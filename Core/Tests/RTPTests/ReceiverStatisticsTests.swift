import MCFoundation
import RTP
import Testing

/// Feeds packets of 20 ms at 16 kHz that arrive exactly in their rhythm.
private struct Feed {
    var statistics = ReceiverStatistics(ssrc: 1, clockRate: 16_000)

    mutating func packet(_ number: Int, lateMilliseconds: Int = 0) -> ReceiverStatistics.Verdict {
        statistics.receive(
            sequence: UInt16(truncatingIfNeeded: number), timestamp: UInt32(truncatingIfNeeded: number * 320),
            at: Instant(nanoseconds: Int64(number) * 20_000_000 + Int64(lateMilliseconds) * 1_000_000))
    }
}

@Suite("What a receiver knows about a source")
struct ReceiverStatisticsTests {
    @Test("a perfect stream over the wrap of sequence numbers has no loss and no jitter")
    func perfect() {
        var feed = Feed()
        for number in 65_500..<65_600 { #expect(feed.packet(number) == .accepted) }
        #expect(feed.statistics.expected == 100)
        #expect(feed.statistics.lost == 0)
        #expect(feed.statistics.jitter == 0)
        #expect(feed.statistics.makeReport(at: .zero).extendedHighestSequence == 65_599)
    }

    @Test("gaps count as loss until the missing packets come late")
    func reordering() {
        var feed = Feed()
        for number in [10, 11, 14, 15] { _ = feed.packet(number) }
        #expect(feed.statistics.lost == 2)
        #expect(feed.packet(12) == .reordered)
        #expect(feed.statistics.lost == 1)
        #expect(feed.packet(12) == .duplicate)
        #expect(feed.packet(15) == .duplicate)
        #expect(feed.statistics.lost == 1)
        #expect(feed.statistics.duplicates == 2)
        #expect(feed.statistics.reordered == 1)
        #expect(feed.statistics.received == 7)
    }

    @Test("a packet from before the first that came is not one too many")
    func beforeTheFirst() {
        var feed = Feed()
        _ = feed.packet(11)
        #expect(feed.packet(10) == .reordered)
        #expect(feed.statistics.expected == 2)
        #expect(feed.statistics.lost == 0)
    }

    @Test("packets late by up to 99 are told from duplicates")
    func window() {
        var feed = Feed()
        for number in 1_000...1_200 where number % 2 == 0 { _ = feed.packet(number) }
        #expect(feed.packet(1_101) == .reordered)
        #expect(feed.packet(1_101) == .duplicate)
        #expect(feed.packet(1_102) == .duplicate)
        #expect(feed.packet(1_137) == .reordered)
        #expect(feed.packet(1_100) == .outOfRange)
    }

    @Test("one stray sequence number changes nothing, two in succession restart the source")
    func restart() {
        var feed = Feed()
        for number in 0..<10 { _ = feed.packet(number) }
        #expect(feed.packet(30_000) == .outOfRange)
        #expect(feed.packet(10) == .accepted)
        #expect(feed.packet(30_001) == .outOfRange)
        #expect(feed.packet(30_002) == .restarted)
        #expect(feed.packet(30_003) == .accepted)
        #expect(feed.statistics.restarts == 1)
        #expect(feed.statistics.expected == 2)
        #expect(feed.statistics.lost == 0)
    }

    @Test("with probation a source counts from its second packet in order")
    func probation() {
        var statistics = ReceiverStatistics(ssrc: 1, clockRate: 16_000, minimumSequential: 2)
        func receive(_ sequence: UInt16) -> ReceiverStatistics.Verdict {
            statistics.receive(sequence: sequence, timestamp: 0, at: .zero)
        }
        #expect(receive(5) == .onProbation)
        #expect(receive(9) == .onProbation)
        #expect(statistics.expected == 0)
        #expect(receive(10) == .accepted)
        #expect(statistics.expected == 1)
        #expect(statistics.received == 1)
        #expect(receive(11) == .accepted)
        #expect(statistics.expected == 2)
    }

    @Test("jitter follows RFC 3550 A.8")
    func jitter() {
        var feed = Feed()
        _ = feed.packet(0)
        _ = feed.packet(1, lateMilliseconds: 10)
        // 10 ms are 160 units: |D| / 16.
        #expect(feed.statistics.jitter == 10)
        _ = feed.packet(2, lateMilliseconds: 10)
        #expect(feed.statistics.jitter == 9)
        var old = 160
        old += 0 - ((old + 8) >> 4)
        _ = feed.packet(3)
        old += 160 - ((old + 8) >> 4)
        #expect(feed.statistics.jitter == UInt32(old >> 4))
    }

    @Test("jitter does not see the wrap of timestamps or a clock far from zero")
    func jitterWrap() {
        var statistics = ReceiverStatistics(ssrc: 1, clockRate: 48_000)
        let start: Int64 = 9_000_000_000_000_000_000
        for number in 0..<50 {
            _ = statistics.receive(
                sequence: UInt16(number), timestamp: UInt32.max - 10_000 &+ UInt32(number) &* 960,
                at: Instant(nanoseconds: start + Int64(number) * 20_000_000))
        }
        #expect(statistics.jitter == 0)
    }

    @Test("a report holds the loss since the one before")
    func reports() {
        var feed = Feed()
        for number in 0..<8 where number != 3 && number != 4 { _ = feed.packet(number) }
        let first = feed.statistics.makeReport(at: .zero)
        #expect(first.fractionLost == 64)
        #expect(first.cumulativeLost == 2)
        #expect(first.lastSenderReport == 0)
        for number in 8..<16 { _ = feed.packet(number) }
        feed.statistics.receive(
            SenderReport(
                ssrc: 1, ntpTime: NTPTime(0x1111_2222_3333_4444), rtpTimestamp: 0, packetCount: 0, octetCount: 0),
            at: Instant(nanoseconds: 1_000_000_000))
        let second = feed.statistics.makeReport(at: Instant(nanoseconds: 2_500_000_000))
        #expect(second.fractionLost == 0)
        #expect(second.cumulativeLost == 2)
        #expect(second.lastSenderReport == 0x2222_3333)
        #expect(second.delaySinceLastSenderReport == 98_304)
    }

    @Test("distances wrap, and extension takes the nearest number")
    func arithmetic() {
        #expect(SequenceArithmetic.distance(from: UInt16(65_535), to: UInt16(2)) == 3)
        #expect(SequenceArithmetic.distance(from: UInt16(2), to: UInt16(65_535)) == -3)
        #expect(SequenceArithmetic.distance(from: UInt32.max, to: UInt32(0)) == 1)
        #expect(SequenceArithmetic.extend(3, near: 65_530) == 65_539)
        #expect(SequenceArithmetic.extend(65_530, near: 65_539) == 65_530)
    }
}

public import FloorControl
public import MCFoundation

/// Which of the packets that wait to be forwarded is served next. Higher tiers come first; within a tier the lists take
/// turns, so that a talk to thousands does not stand before one to ten. Each tier has a share of the packet buffers, so
/// that a flood of ordinary speech leaves room to read an emergency's.
public struct ForwardSchedule: Sendable {
    public struct Waiting: Hashable, Sendable {
        public var packet: UInt32
        public var since: Instant
        fileprivate var tier: CallTier
    }

    /// Packets to one list, in order.
    private struct Line: Sendable {
        var waiting = Fifo<Waiting>()
        /// The tier under which it takes its turns; nil while nothing waits.
        var tier: CallTier?
        /// By tier: it stands in the order of turns, if only until that is looked at.
        var stands = [Bool](repeating: false, count: CallTier.allCases.count)
    }

    private struct Tier: Sendable {
        /// Lists in the order of their turns.
        var turns = Fifo<UInt32>()
        var packets = 0
        var quota: Int
    }

    private var lines: [Line] = []
    private var tiers: [Tier]
    private var packets = 0
    private let longestWait: Duration

    /// - Parameter packets: as many as may wait in all.
    public init(packets: Int, longestWait: Duration) {
        self.longestWait = longestWait
        tiers = CallTier.allCases.map { tier in
            Tier(quota: max(1, tier == .normal ? packets / 2 : packets / 4))
        }
    }

    public var isEmpty: Bool { packets == 0 }

    /// False: as many of its tier wait as may.
    public mutating func append(_ packet: UInt32, list: UInt32, tier: CallTier, at now: Instant) -> Bool {
        let index = Int(tier.rawValue)
        guard tiers[index].packets < tiers[index].quota else { return false }
        while lines.count <= Int(list) { lines.append(Line()) }
        lines[Int(list)].waiting.append(Waiting(packet: packet, since: now, tier: tier))
        tiers[index].packets += 1
        packets += 1
        // What became an emergency overtakes at once, with what already waits.
        if lines[Int(list)].tier.map({ $0 < tier }) ?? true {
            lines[Int(list)].tier = tier
            if !lines[Int(list)].stands[index] { tiers[index].turns.append(list) }
            lines[Int(list)].stands[index] = true
        }
        return true
    }

    /// The highest tier in which something waits.
    public mutating func mostUrgent() -> CallTier? {
        guard packets > 0 else { return nil }
        if head(of: .emergency) != nil { return .emergency }
        if head(of: .imminentPeril) != nil { return .imminentPeril }
        return head(of: .normal) != nil ? .normal : nil
    }

    /// The first packet of the list whose turn it is.
    public mutating func head(of tier: CallTier) -> Waiting? {
        while let list = tiers[Int(tier.rawValue)].turns.first {
            if let waiting = head(of: list, in: tier) { return waiting }
            tiers[Int(tier.rawValue)].turns.removeFirst()
            lines[Int(list)].stands[Int(tier.rawValue)] = false
        }
        return nil
    }

    /// The first packet of a list whose turn comes later.
    public func head(of tier: CallTier, ahead: Int) -> Waiting? {
        tiers[Int(tier.rawValue)].turns.element(ahead).flatMap { head(of: $0, in: tier) }
    }

    /// Nil where the list takes its turns in another tier now.
    private func head(of list: UInt32, in tier: CallTier) -> Waiting? {
        lines[Int(list)].tier == tier ? lines[Int(list)].waiting.first : nil
    }

    public func isTooOld(_ waiting: Waiting, at now: Instant) -> Bool {
        now - waiting.since > longestWait
    }

    /// The packet at the head has more copies to be sent; the next list is served before.
    public mutating func nextTurn(in tier: CallTier) {
        guard let list = tiers[Int(tier.rawValue)].turns.removeFirst() else { return }
        tiers[Int(tier.rawValue)].turns.append(list)
    }

    /// The packet at the head is done with; the next list is served before what else waits for this one.
    public mutating func finish(in tier: CallTier) {
        guard head(of: tier) != nil, let list = tiers[Int(tier.rawValue)].turns.removeFirst(),
            let done = lines[Int(list)].waiting.removeFirst()
        else { return }
        tiers[Int(done.tier.rawValue)].packets -= 1
        packets -= 1
        if lines[Int(list)].waiting.isEmpty {
            lines[Int(list)].tier = nil
            lines[Int(list)].stands[Int(tier.rawValue)] = false
        } else {
            tiers[Int(tier.rawValue)].turns.append(list)
        }
    }
}

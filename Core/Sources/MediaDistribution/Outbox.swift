import CallControl
public import FloorControl
import MCFoundation

/// A datagram that the cell wants sent. Its octets come beside it.
public struct OutgoingDatagram: Hashable, Sendable {
    public var destination: ForwardDestination
    public var tier: CallTier
}

/// Floor datagrams that wait to be sent, in buffers that are used again. What one participant waits for stands apart from
/// what everybody in a call is told, of which a driver sends a part at a time.
struct Outbox {
    private struct Entry {
        var datagram: OutgoingDatagram
        var start: Int
        var end: Int
    }

    /// What the members of one call are still to be told.
    private struct Announcement {
        var call: MediaCallID
        var octets: [UInt8] = []
        var entries: [Entry] = []
        var next = 0
    }

    private var octets: [UInt8] = []
    private var entries: [Entry] = []
    private var isMixed = false
    /// By tier, in the order of their turns: one per call, since the next one makes the last one void.
    private var announcements = [[Announcement]](repeating: [], count: CallTier.allCases.count)
    private var spare: [Announcement] = []
    /// Buffers kept for later announcements.
    private static let mostSpare = 8

    var hasReplies: Bool { !entries.isEmpty }

    var mostUrgentAnnouncement: CallTier? {
        CallTier.allCases.last { !announcements[Int($0.rawValue)].isEmpty }
    }

    mutating func append(to destination: ForwardDestination, tier: CallTier, _ write: (inout [UInt8]) -> Void) {
        let start = octets.count
        write(&octets)
        if let first = entries.first, first.datagram.tier != tier { isMixed = true }
        entries.append(
            Entry(
                datagram: OutgoingDatagram(destination: destination, tier: tier), start: start, end: octets.count))
    }

    /// Higher tiers first, within a tier in the order in which they were decided.
    mutating func drainReplies(_ body: (OutgoingDatagram, UnsafeRawBufferPointer) -> Void) {
        octets.withUnsafeBytes { bytes in
            for tier in CallTier.allCases.reversed() where isMixed || entries.first?.datagram.tier == tier {
                for entry in entries where entry.datagram.tier == tier {
                    body(entry.datagram, UnsafeRawBufferPointer(rebasing: bytes[entry.start..<entry.end]))
                }
            }
        }
        octets.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        isMixed = false
    }

    /// A new announcement of a call: whoever was not yet told the last one is told only this.
    mutating func beginAnnouncement(of call: MediaCallID, tier: CallTier) {
        withdrawAnnouncement(of: call)
        var announcement = spare.popLast() ?? Announcement(call: call)
        announcement.call = call
        announcements[Int(tier.rawValue)].append(announcement)
    }

    /// Adds to the announcement that was begun last.
    mutating func announce(to destination: ForwardDestination, tier: CallTier, _ write: (inout [UInt8]) -> Void) {
        let index = Int(tier.rawValue)
        guard let last = announcements[index].indices.last else { return }
        let start = announcements[index][last].octets.count
        write(&announcements[index][last].octets)
        announcements[index][last].entries.append(
            Entry(
                datagram: OutgoingDatagram(destination: destination, tier: tier), start: start,
                end: announcements[index][last].octets.count))
    }

    /// Hands out at most so many datagrams of the call whose turn it is; gives the number. The next call's turn comes
    /// then.
    mutating func drainAnnouncements(
        of tier: CallTier, atMost limit: Int, _ body: (OutgoingDatagram, UnsafeRawBufferPointer) -> Void
    ) -> Int {
        let index = Int(tier.rawValue)
        guard !announcements[index].isEmpty else { return 0 }
        var announcement = announcements[index].removeFirst()
        let end = min(announcement.entries.count, announcement.next + max(limit, 1))
        let count = end - announcement.next
        announcement.octets.withUnsafeBytes { bytes in
            for entry in announcement.entries[announcement.next..<end] {
                body(entry.datagram, UnsafeRawBufferPointer(rebasing: bytes[entry.start..<entry.end]))
            }
        }
        announcement.next = end
        if end < announcement.entries.count {
            announcements[index].append(announcement)
        } else {
            recycle(announcement)
        }
        return count
    }

    /// The call is over: nobody need be told any more.
    mutating func withdrawAnnouncement(of call: MediaCallID) {
        for index in announcements.indices {
            guard let standing = announcements[index].firstIndex(where: { $0.call == call }) else { continue }
            recycle(announcements[index].remove(at: standing))
        }
    }

    private mutating func recycle(_ announcement: Announcement) {
        guard spare.count < Self.mostSpare else { return }
        var empty = announcement
        empty.octets.removeAll(keepingCapacity: true)
        empty.entries.removeAll(keepingCapacity: true)
        empty.next = 0
        spare.append(empty)
    }
}

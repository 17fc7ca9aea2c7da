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

    /// Who in one call is still to be told how its floor is.
    private struct Announcement {
        var call: MediaCallID
        var keys: [ParticipantKey]
        var next = 0
    }

    private var octets: [UInt8] = []
    private var entries: [Entry] = []
    private var isMixed = false
    /// By tier, in the order of their turns: one per call, since the next one makes the last one void.
    private var announcements = [[Announcement]](repeating: [], count: CallTier.allCases.count)

    var hasReplies: Bool { !entries.isEmpty }

    /// Asked with each turn of a driver, so nothing is made to answer it.
    var mostUrgentAnnouncement: CallTier? {
        var index = announcements.count - 1
        while index >= 0 {
            if !announcements[index].isEmpty { return CallTier(rawValue: UInt8(index)) }
            index -= 1
        }
        return nil
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
    mutating func announce(_ call: MediaCallID, to keys: [ParticipantKey], tier: CallTier) {
        withdrawAnnouncement(of: call)
        guard !keys.isEmpty else { return }
        announcements[Int(tier.rawValue)].append(Announcement(call: call, keys: keys))
    }

    /// At most so many participants of the call whose turn it is; the next call's turn comes then.
    mutating func takeAnnouncement(
        of tier: CallTier, atMost limit: Int
    ) -> (call: MediaCallID, keys: ArraySlice<ParticipantKey>)? {
        let index = Int(tier.rawValue)
        guard !announcements[index].isEmpty else { return nil }
        var announcement = announcements[index].removeFirst()
        let rest = announcement.keys.count - announcement.next
        let keys = announcement.keys[announcement.next..<announcement.next + min(rest, max(limit, 1))]
        announcement.next = keys.endIndex
        if announcement.next < announcement.keys.count { announcements[index].append(announcement) }
        return (announcement.call, keys)
    }

    /// The call is over: nobody need be told any more.
    mutating func withdrawAnnouncement(of call: MediaCallID) {
        for index in announcements.indices { announcements[index].removeAll { $0.call == call } }
    }
}

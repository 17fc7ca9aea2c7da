public import FloorControl
import MCFoundation

/// A datagram that the cell wants sent. Its octets come beside it.
public struct OutgoingDatagram: Hashable, Sendable {
    public var destination: ForwardDestination
    public var tier: CallTier
}

/// Floor datagrams that wait to be sent, in buffers that are used again.
struct Outbox {
    private struct Entry {
        var datagram: OutgoingDatagram
        var start: Int
        var end: Int
    }
    private var octets: [UInt8] = []
    private var entries: [Entry] = []
    private var isMixed = false

    var isEmpty: Bool { entries.isEmpty }

    mutating func append(to destination: ForwardDestination, tier: CallTier, _ write: (inout [UInt8]) -> Void) {
        let start = octets.count
        write(&octets)
        if let first = entries.first, first.datagram.tier != tier { isMixed = true }
        entries.append(
            Entry(
                datagram: OutgoingDatagram(destination: destination, tier: tier), start: start, end: octets.count))
    }

    /// Higher tiers first, within a tier in the order in which they were decided.
    mutating func drain(_ body: (OutgoingDatagram, UnsafeRawBufferPointer) -> Void) {
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
}

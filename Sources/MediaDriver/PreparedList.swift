import CNet
import MCFoundation
import MediaDistribution

/// A forward list as the system call takes it: by socket, everything but the payload filled in. It lives as long as
/// packets are on their way to it, even if the call has a newer one.
final class PreparedList {
    struct Segment {
        var socket: UInt8
        var list: OpaquePointer
        var count: UInt32
    }
    let version: UInt32
    private(set) var segments: [Segment] = []
    /// Set where the list has one destination, so that packets for the same one can leave together.
    let single: ForwardDestination?

    /// Nil: out of memory.
    init?(_ destinations: [ForwardDestination], version: UInt32) {
        self.version = version
        single = destinations.count == 1 ? destinations.first : nil
        var bySocket: [[cnet_address]] = []
        var sockets: [UInt8] = []
        for destination in destinations {
            let address = cnet_address(destination.address)
            if let index = sockets.firstIndex(of: destination.socket) {
                bySocket[index].append(address)
            } else {
                sockets.append(destination.socket)
                bySocket.append([address])
            }
        }
        for (socket, addresses) in zip(sockets, bySocket) {
            guard let list = cnet_list_create(addresses, UInt32(addresses.count)) else { return nil }
            segments.append(Segment(socket: socket, list: list, count: UInt32(addresses.count)))
        }
    }

    deinit {
        for segment in segments { cnet_list_destroy(segment.list) }
    }
}

/// What is still to be done with a packet that waits to be forwarded.
struct PendingForward {
    var list: PreparedList
    var segment = 0
    var offset: UInt32 = 0
    /// When its socket was first found full.
    var stalledSince: Instant?

    /// Copies that have not left.
    var remaining: UInt64 {
        var copies: UInt64 = 0
        for index in segment..<list.segments.count { copies += UInt64(list.segments[index].count) }
        return copies - UInt64(offset)
    }
}

public import FloorControl
public import MCFoundation

/// Where one copy of a packet goes.
public struct ForwardDestination: Hashable, Sendable {
    /// The socket of ours that it leaves through.
    public var socket: UInt8
    public var address: SocketAddress

    public init(socket: UInt8, address: SocketAddress) {
        self.socket = socket
        self.address = address
    }
}

/// Names the destinations of a packet that was admitted. The list behind it is made when a call changes, not per
/// packet: a driver prepares its system call once for each (`slot`, `version`) and uses it until the version changes.
public struct ForwardReference: Hashable, Sendable {
    public var slot: UInt32
    /// Changes whenever the list in the slot does.
    public var version: UInt32
    /// Number of destinations.
    public var count: UInt32
    /// Lists of a higher tier leave first where several wait.
    public var tier: CallTier

    public init(slot: UInt32, version: UInt32, count: UInt32, tier: CallTier) {
        self.slot = slot
        self.version = version
        self.count = count
        self.tier = tier
    }
}

/// The lists by slot. A slot that was given back keeps counting its version, so that no driver mistakes the next
/// list for the last.
struct ForwardLists {
    private struct Slot {
        var destinations: [ForwardDestination] = []
        var version: UInt32 = 0
    }
    private var slots: [Slot] = []
    private var free: [UInt32] = []

    var count: Int { slots.count }

    func destinations(in slot: UInt32) -> [ForwardDestination] {
        guard slots.indices.contains(Int(slot)) else { return [] }
        return slots[Int(slot)].destinations
    }

    func reference(_ slot: UInt32, tier: CallTier) -> ForwardReference {
        let list = slots[Int(slot)]
        return ForwardReference(
            slot: slot, version: list.version, count: UInt32(list.destinations.count), tier: tier)
    }

    mutating func reserve() -> UInt32 {
        if let slot = free.popLast() { return slot }
        slots.append(Slot())
        return UInt32(slots.count - 1)
    }

    mutating func replace(_ slot: UInt32, with destinations: [ForwardDestination]) {
        slots[Int(slot)].destinations = destinations
        slots[Int(slot)].version &+= 1
    }

    mutating func giveBack(_ slot: UInt32) {
        replace(slot, with: [])
        free.append(slot)
    }
}

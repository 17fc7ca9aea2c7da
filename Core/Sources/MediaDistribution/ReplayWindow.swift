/// Which RTP sequence numbers of one source were seen: the newest and the 127 before it.
struct ReplayWindow {
    enum Verdict { case fresh, replayed, tooOld }

    private var newest: UInt16 = 0
    /// Bit n stands for the sequence number n below the newest.
    private var seen: (low: UInt64, high: UInt64) = (0, 0)
    private(set) var isStarted = false
    private var permission = Permission.anywhere

    /// A talker that starts anew (a new burst, a client that was restarted) may begin anywhere, once.
    private enum Permission: Equatable {
        case none
        /// Packets came that go on with the old count. They may be the rest of the last talk, which the floor messages
        /// overtook: for so many packets a number far below still begins a new count.
        case farBelow(UInt8)
        case anywhere
    }

    static let length: UInt16 = 128
    /// Packets of the last talk that may still come behind a new grant: 320 ms of speech.
    static let stragglers: UInt8 = 16

    /// The source was granted the floor: its next packet may begin a new count, wherever that is.
    mutating func permitRestart() {
        permission = .anywhere
    }

    mutating func judge(_ sequence: UInt16) -> Verdict {
        guard isStarted else {
            restart(at: sequence)
            return .fresh
        }
        let ahead = sequence &- newest
        if ahead != 0, ahead < 0x8000 {
            shift(by: ahead)
            newest = sequence
            goneOn()
            return .fresh
        }
        let behind = newest &- sequence
        if behind >= Self.length {
            guard permission != .none else { return .tooOld }
            restart(at: sequence)
            return .fresh
        }
        if permission == .anywhere {
            // A new count that begins a little below the last one, or a late packet of the last talk.
            restart(at: sequence)
            permission = .farBelow(Self.stragglers)
            return .fresh
        }
        let bit = UInt64(1) << UInt64(behind % 64)
        if behind < 64 {
            if seen.low & bit != 0 { return .replayed }
            seen.low |= bit
        } else {
            if seen.high & bit != 0 { return .replayed }
            seen.high |= bit
        }
        return .fresh
    }

    private mutating func restart(at sequence: UInt16) {
        newest = sequence
        seen = (1, 0)
        isStarted = true
        permission = .none
    }

    private mutating func goneOn() {
        switch permission {
        case .none: break
        case .anywhere: permission = .farBelow(Self.stragglers)
        case .farBelow(let left): permission = left > 1 ? .farBelow(left - 1) : .none
        }
    }

    private mutating func shift(by count: UInt16) {
        switch count {
        case 1..<64:
            seen.high = seen.high << UInt64(count) | seen.low >> UInt64(64 - count)
            seen.low = seen.low << UInt64(count) | 1
        case 64..<128:
            seen.high = seen.low << UInt64(count - 64)
            seen.low = 1
        default:
            seen = (1, 0)
        }
    }
}

/// Which RTP sequence numbers of one source were seen: the newest and the 127 before it.
struct ReplayWindow {
    enum Verdict { case fresh, replayed, tooOld }

    private var newest: UInt16 = 0
    /// Bit n stands for the sequence number n below the newest.
    private var seen: (low: UInt64, high: UInt64) = (0, 0)
    private(set) var isStarted = false
    /// A talker that starts anew (a new burst, a client that was restarted) may begin anywhere, once.
    private var mayRestart = true

    static let length: UInt16 = 128

    /// The source was granted the floor: its next packet may begin a new count, even below the last one.
    mutating func permitRestart() {
        mayRestart = true
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
            mayRestart = false
            return .fresh
        }
        let behind = newest &- sequence
        if behind >= Self.length {
            guard mayRestart else { return .tooOld }
            restart(at: sequence)
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
        mayRestart = false
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

/// Arithmetic on the 16-bit sequence numbers and 32-bit timestamps of RTP, which wrap.
public enum SequenceArithmetic {
    /// Steps from one sequence number forward to another; negative where the other is older.
    public static func distance(from earlier: UInt16, to later: UInt16) -> Int {
        Int(Int16(bitPattern: later &- earlier))
    }

    /// Units from one timestamp forward to another; negative where the other is older.
    public static func distance(from earlier: UInt32, to later: UInt32) -> Int {
        Int(Int32(bitPattern: later &- earlier))
    }

    /// The 64-bit number nearest to `reference` whose low 16 bits are `sequence`.
    public static func extend(_ sequence: UInt16, near reference: Int64) -> Int64 {
        reference &+ Int64(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: reference)))
    }
}

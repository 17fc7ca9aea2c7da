/// Names one floor participant within the cell that hosts its floor machine. The value is that of its media leg.
public struct ParticipantKey: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// How urgent a call, or a participant's part in it, is. Signalling decides (TS 24.379 6.3.3.1.5 and following);
/// what a floor message claims of itself never raises it.
public enum CallTier: UInt8, Comparable, Hashable, Sendable, CaseIterable {
    case normal, imminentPeril, emergency

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

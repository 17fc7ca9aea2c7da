/// How the floor is controlled in every call of a system, beside what each group says of itself: T2, T4 and the queue.
public struct FloorRules: Hashable, Sendable {
    /// T1, T3, T7, T8, T9 and T20 with their counters; T2 and T4 are those of the group.
    public var timers = FloorServerTimers()
    /// Grants that nobody waits for with a pressed button ask for a Floor Ack.
    public var asksForAcknowledgement = false

    public init() {}
}

public import MCFoundation

/// The transaction layer of RFC 3261 17 with the corrections of RFC 6026: four kinds of machines, matched by branch.
public struct TransactionLayer: Sendable {
    public init(
        sentBy: SentBy, random: SeededGenerator, limits: TransactionLimits = .init(),
        timers: TransactionTimers = .init()
    ) {}
    public var nextDeadline: Instant? { nil }
    public mutating func handle(_ event: TransactionEvent, at now: Now) -> [TransactionAction] { [] }
}

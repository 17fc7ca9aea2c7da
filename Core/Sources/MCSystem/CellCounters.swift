/// What a cell did not serve, counted from its start. Of each source and kind one a minute is noted, so that a flood of
/// bad input is a number and not a flood of notes.
public struct CellCounters: Hashable, Sendable {
    /// Messages that the codec refused.
    public var malformedMessages: UInt64 = 0
    /// Requests that the edge refused, for whatever reason.
    public var refusedRequests: UInt64 = 0
    /// Of them, registrations and calls that were refused because the system is about to end.
    public var drainedRequests: UInt64 = 0
    /// Messages of peers on the border side whom no certificate names.
    public var strangersMessages: UInt64 = 0
    /// REGISTER without credentials, or with a nonce that serves no more.
    public var challengedRegistrations: UInt64 = 0
    public var refusedRegistrations: UInt64 = 0
    /// Calls and other requests that a function refused, by function.
    public var refusals = FunctionRefusals()
    /// Refusals that were counted and not noted.
    public var unsaidRefusals: UInt64 = 0
    /// Flows that were refused or cut.
    public var cutFlows: UInt64 = 0

    public init() {}

    /// Calls and other requests that the functions refused.
    public var refusedServices: UInt64 { refusals.all.reduce(0) { $0 + $1.count } }
}

/// A count for each function of a cell.
public struct FunctionRefusals: Hashable, Sendable {
    public var participating: UInt64 = 0
    public var controlling: UInt64 = 0
    public var gateway: UInt64 = 0
    public var documents: UInt64 = 0

    public init() {}

    /// With the names that the functions have in metrics, always in the same order.
    public var all: [(function: String, count: UInt64)] {
        [
            ("participating", participating), ("controlling", controlling), ("gateway", gateway),
            ("documents", documents),
        ]
    }

    mutating func count(_ function: FunctionID) {
        switch function {
        case .participating: participating += 1
        case .controlling: controlling += 1
        case .gateway: gateway += 1
        case .documents: documents += 1
        }
    }
}

/// What a cell did not serve, counted from its start. Each kind is noted once a flow, so that a flood of bad input is a
/// number and not a flood of notes.
public struct CellCounters: Hashable, Sendable {
    /// Messages that the codec refused.
    public var malformedMessages: UInt64 = 0
    /// Requests that the edge refused, for whatever reason.
    public var refusedRequests: UInt64 = 0
    /// Messages of peers on the border side whom no certificate names.
    public var strangersMessages: UInt64 = 0
    /// Flows that were refused or cut.
    public var cutFlows: UInt64 = 0

    public init() {}
}

public import CallControl

/// What a signalling cell holds at a moment. With no call up and no request under way all of it is zero,
/// but for what stands between calls: subscriptions, connections, registrations and affiliations.
public struct CellPopulation: Hashable, Sendable {
    public var participating: FunctionPopulation
    public var controlling: FunctionPopulation
    public var gateway: FunctionPopulation
    /// Its sessions are subscriptions.
    public var documents: FunctionPopulation
    /// Requests between functions without answer.
    public var transactions: Int
    /// INVITEs from outside without final answer.
    public var invitations: Int
    /// Connections of clients.
    public var connections: Int
    /// Registrations of devices.
    public var registrations: Int
    /// Clients that are affiliated with groups of this system, whoever serves them.
    public var affiliatedClients: Int

    /// No call is left that the end of the system would cut, and none is being set up.
    public var hasNoCall: Bool {
        participating.calls == 0 && controlling.calls == 0 && gateway.calls == 0 && invitations == 0
    }
}

public import CallControl

/// What a signalling cell holds at a moment. With no call up and no request under way all of it is zero.
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
}

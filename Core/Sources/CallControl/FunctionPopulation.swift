/// What a function holds at a moment, for gauges and for finding what was never let go.
public struct FunctionPopulation: Hashable, Sendable {
    /// Calls that it controls or passes on.
    public var calls: Int
    /// Sessions of its user agent.
    public var sessions: Int
    /// Entries of the tables by which sessions, legs, tokens and requests find their call.
    public var references: Int

    public init(calls: Int, sessions: Int, references: Int) {
        self.calls = calls
        self.sessions = sessions
        self.references = references
    }
}

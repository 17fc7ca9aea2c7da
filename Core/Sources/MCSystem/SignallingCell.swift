public import MCFoundation
public import Policy

/// One signalling cell: transactions, edge, router and the functions of an MC system, as one value that its driver
/// owns. Bytes, flows and the time go in; bytes, media commands and observations come out.
public struct SignallingCell: Sendable {
    let settings: CellSettings
    var directory: DirectorySnapshot
    var random: SeededGenerator

    /// `random` gives tags, branches, tokens and the boot epoch: it is seeded anew for every start of a process.
    public init(settings: CellSettings, directory: DirectorySnapshot, random: SeededGenerator, at now: Now) {
        self.settings = settings
        self.directory = directory
        self.random = random
    }

    /// When `.timeAdvanced` is to be told at the latest.
    public var nextDeadline: Instant? { nil }

    /// Carries out one event. The actions are to be carried out in order.
    public mutating func handle(_ event: CellEvent, at now: Now) -> [CellAction] {
        []
    }
}

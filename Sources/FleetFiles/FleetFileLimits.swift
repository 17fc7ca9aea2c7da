internal import Administration

/// Bounds of a file with tables.
public struct FleetFileLimits: Hashable, Sendable {
    /// Octets of the file.
    public var octets = FleetLimits.tableOctets
    /// Lists and mappings within each other: tables, rows, cells and words make four.
    public var depth = 8
    /// Mistakes of form after which no more are looked for.
    public var mistakes = 10_000

    public init() {}
}

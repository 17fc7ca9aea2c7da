public import Administration

/// Bounds of the interface for administration.
public struct AdministrationLimits: Hashable, Sendable {
    public var sessions = SessionLimits()
    /// Octets of a body with a password.
    public var loginBytes = 16 << 10
    /// Octets of a body with a record, as large as the store keeps one: a group of 10,000 members fits.
    public var recordBytes = 4 << 20
    /// Octets of a body with tables.
    public var importBytes = 16 << 20
    /// Log-in passwords in tables handed in at a time. More of them come as verifiers, made where the passwords are.
    public var importPasswords = 500
    /// Records of a page.
    public var page = 1_000
    /// Records of a page where nobody says.
    public var ordinaryPage = 100
    /// A page ends early where it has so many octets.
    public var pageBytes = 4 << 20
    /// Octets of a segment of a path or of a parameter, decoded.
    public var segmentOctets = 1_024
    /// Passwords that are looked at or made at a time: each takes 32 MiB and a tenth of a second.
    public var passwordsAtOnce = 2
    /// Passwords that wait for that; more are turned away.
    public var passwordsWaiting = 32

    public init() {}
}

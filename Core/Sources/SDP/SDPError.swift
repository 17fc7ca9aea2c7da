/// Why octets are no session description that can be served.
public struct SDPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Line in which it was found, counted from 1; 0 where the description as a whole is wrong.
    public var line: Int
    /// What was wrong; no octets of the peer in it.
    public var diagnosis: String

    public init(line: Int, _ diagnosis: String) {
        self.line = line
        self.diagnosis = diagnosis
    }

    public var description: String { line == 0 ? diagnosis : "line \(line): \(diagnosis)" }
}

/// Bounds on what a peer may send. Everything larger is refused before it is stored.
public struct SDPLimits: Hashable, Sendable {
    /// Octets of the whole description.
    public var octets = 65_536
    /// Octets of one line without its end. A MIKEY message in `a=key-mgmt` is the longest honest one.
    public var lineOctets = 16_384
    /// Lines of the whole description.
    public var lines = 1_024
    /// Media descriptions (`m=`).
    public var media = 32
    /// Formats in one `m=` line.
    public var formats = 128

    public init() {}
}

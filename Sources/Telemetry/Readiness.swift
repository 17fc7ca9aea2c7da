/// Whether a process may be given new work, as probes and load balancers ask.
public enum Readiness: Hashable, Sendable {
    case ready
    /// It lets its calls end and takes no new ones.
    case draining
    /// Calls go on, but nothing of them is audited: no place to bring new ones to. With why.
    case auditTrouble(String)

    /// - Parameter auditTrouble: why the audit log cannot be kept; nil where it can.
    public init(isDraining: Bool, auditTrouble: String?) {
        // What ends does not become ready again, whatever becomes of the log.
        if isDraining {
            self = .draining
        } else if let auditTrouble {
            self = .auditTrouble(auditTrouble)
        } else {
            self = .ready
        }
    }

    /// HTTP status.
    public var status: Int { self == .ready ? 200 : 503 }

    /// One line for people.
    public var text: String {
        switch self {
        case .ready: "ready"
        case .draining: "draining"
        case .auditTrouble(let why):
            "the audit log cannot be kept: \(why.split(whereSeparator: \.isNewline).joined(separator: " "))"
        }
    }
}

public import Audit
public import Policy

/// What comes of a request: changes to commit together, and what the audit log is told with them.
public struct FleetDecision: Hashable, Sendable {
    /// Empty where everything is already as asked for; then there is nothing to tell either.
    public var changes: [FleetChange]
    public var audit: [AuditEntry]

    public init(changes: [FleetChange] = [], audit: [AuditEntry] = []) {
        self.changes = changes
        self.audit = audit
    }

    /// Decides what an administrator asked for. Nothing is changed: the caller commits the changes, applies them to
    /// his snapshot and gives them to the call path. Whether a request was made of the newest version of a record is
    /// for the caller to see.
    ///
    /// - Throws: The first reason against it.
    public static func decide(
        _ request: FleetRequest, by administrator: AdministratorRecord, in fleet: FleetSnapshot, system: SystemIdentity
    ) throws(FleetRefusal) -> FleetDecision {
        var rules = FleetRules(administrator: administrator, fleet: fleet, system: system)
        let decision = rules.decide(request)
        if let refusal = rules.refusals.first { throw refusal }
        return decision
    }
}

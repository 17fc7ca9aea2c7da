public import Administration
public import Audit
public import MCFoundation

/// What a service needs that lets several administrators in at a time.
extension NationalAdministration {
    /// A request that was carried out.
    public struct Performed<Context: Sendable>: Sendable {
        /// What was made of it inside the transaction, for the record as it was then.
        public var context: Context
        public var decision: FleetDecision
        /// After it.
        public var fleet: FleetSnapshot
    }

    /// The fleet map with everything that other processes have committed by now.
    public func current() throws -> FleetSnapshot {
        try catchUp()
        return fleet
    }

    /// Decides and keeps one request that depends on what is true inside the writer's transaction: on the version of a
    /// record that stands there, and on its secrets. What `choose` throws goes to the caller, and nothing is kept; a
    /// refusal is audited and thrown.
    public func perform<Context: Sendable>(
        by administrator: String, at now: UTCTime,
        choosing choose: @Sendable (FleetSnapshot, AdministratorRecord) throws -> (FleetRequest, Context)
    ) throws -> Performed<Context> {
        var chosen: Context?
        let decision = try commit(at: now) { fleet, identity in
            guard let acting = fleet.administrator(administrator) else { throw FleetRefusal.nobody(administrator) }
            let (request, context) = try choose(fleet, acting)
            chosen = context
            do throws(FleetRefusal) {
                return .success(try FleetDecision.decide(request, by: acting, in: fleet, system: identity))
            } catch {
                return .failure(error, [error.audit(of: request, by: acting, in: fleet)])
            }
        }
        guard let chosen else { throw NationError("a store kept what nobody chose") }
        return Performed(context: chosen, decision: decision, fleet: fleet)
    }

    /// The fleet map as one request would leave it. Nothing is kept; who asks for what he may not have is audited.
    public func rehearse<Context>(
        by administrator: String, at now: UTCTime,
        choosing choose: @Sendable (FleetSnapshot, AdministratorRecord) throws -> (FleetRequest, Context)
    ) throws -> FleetSnapshot {
        var fleet = try current()
        guard let acting = fleet.administrator(administrator) else { throw FleetRefusal.nobody(administrator) }
        let request = try choose(fleet, acting).0
        do throws(FleetRefusal) {
            fleet.apply(try FleetDecision.decide(request, by: acting, in: fleet, system: identity).changes)
            return fleet
        } catch {
            if error.code == .notAllowed { try record([error.audit(of: request, by: acting, in: fleet)], at: now) }
            throw error
        }
    }

    /// Keeps facts that change no record: log-ins, and what was refused before anything was decided.
    public func record(_ entries: [AuditEntry], at now: UTCTime) throws {
        guard !entries.isEmpty else { return }
        try commit(at: now) { _, _ in .success(FleetDecision(audit: entries)) }
    }
}

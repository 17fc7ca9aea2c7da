public import Audit
public import CallControl
public import MCFoundation
public import Policy

/// What the functions observe, as entries of the audit log (TS 33.180 10.1.2: user events, classes A, B and E). Every
/// observation is either audited or named as one that is not, with the reason.
///
/// The action of an entry is the name of the observation. What is personal in the one is personal in the other.
public struct CallAudit: Sendable {
    private let system: MCSystemID
    private let country: String

    /// - Parameters:
    ///   - system: whose log it is.
    ///   - country: ISO 3166, two capital letters: of whoever the system itself speaks for.
    public init(system: MCSystemID, country: String) {
        self.system = system
        self.country = country
    }

    /// The entry for the log; nil where nobody asks later who did this.
    ///
    /// - Parameter directory: what says of whom a user and a partner are.
    public func entry(for observation: Observation, in directory: DirectorySnapshot? = nil) -> AuditEntry? {
        guard let rule = AuditRule.byName[observation.name] else { return nil }
        var actor = located(actor(rule.actor, observation), in: directory)
        if actor.identity.isEmpty, actor.role == "responder" { actor.role = "unknown" }
        let details = observation.fields.filter { field in
            !field.value.isEmpty && !(field.name == "user" && field.value == actor.identity)
        }
        return AuditEntry(
            kind(rule, observation), observation.name, actor: actor,
            details: details.map { AuditDetail($0.name, $0.value, isPersonal: $0.isPersonal) },
            authority: observation.value("partner").map { "agreement \($0)" } ?? "",
            outcome: outcome(rule, observation))
    }

    /// Whoever acted, with his organisation, and with his country where he is a partner's or the partner itself. An
    /// identity that nobody proved stays without: what it claims is not written down as if it were so.
    public func located(_ party: AuditParty, in directory: DirectorySnapshot?) -> AuditParty {
        guard let directory, !party.identity.isEmpty else { return party }
        var party = party
        switch party.role {
        case "responder":
            let id = MCPTTID(party.identity)
            let user = directory.user(id) ?? directory.user(publicIdentity: PublicUserIdentity(party.identity))
            if let user {
                party.agency = user.organisation
                party.country = country
            } else if let home = directory.routing.route(of: id)?.home, let partner = directory.partner(home) {
                party.country = partner.country
            }
        case "partner": party.country = directory.partner(MCSystemID(party.identity))?.country ?? ""
        default: break
        }
        return party
    }

    /// Whoever declares an emergency or imminent peril is looked for as such, also where it came to nothing.
    private func kind(_ rule: AuditRule, _ observation: Observation) -> AuditClass {
        guard rule.kind == .call || rule.kind == .refusal, let tier = observation.value("tier") else {
            return rule.kind
        }
        return tier == "normal" ? rule.kind : .emergency
    }

    private func actor(_ actor: AuditRule.Actor, _ observation: Observation) -> AuditParty {
        let user = observation.value("user") ?? ""
        let own = AuditParty(identity: system.value, role: "system", country: country)
        let speaksFor = observation.value("system") ?? system.value
        let responder = AuditParty(
            identity: user, role: "responder", country: speaksFor == system.value ? country : "")
        switch actor {
        case .user: return responder
        case .userWhere(let cause): return observation.value("cause") == cause ? responder : own
        case .claimed: return AuditParty(identity: user, role: "unknown")
        case .partner:
            guard let partner = observation.value("partner"), observation.value("crossing") != "out" else {
                return user.isEmpty ? own : responder
            }
            return AuditParty(identity: partner, role: "partner")
        case .system: return own
        }
    }

    private func outcome(_ rule: AuditRule, _ observation: Observation) -> AuditOutcome {
        switch rule.outcome {
        case .done: return .done
        case .refused(let word): return .refused(word)
        case .refusedAsTold:
            for name in ["cause", "why"] {
                if let word = observation.value(name) { return .refused(word) }
            }
            for name in ["warning", "status"] {
                if let number = observation.value(name) { return .refused("\(name)-\(number)") }
            }
            return .refused("refused")
        }
    }
}

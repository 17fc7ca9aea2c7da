import Administration
import Audit
import MCFoundation

/// Who may read the log, and who may make it forget.
extension NationalAdministration {
    /// The administrator, if he may; a refusal is an entry of the log and is thrown. The log is not divided by
    /// organisation, so whoever administers only one sees none of it.
    func auditor(
        _ id: String, with role: AdministratorRole, for action: String, at now: UTCTime
    ) throws -> (party: AuditParty, authority: String) {
        // What others committed may have taken the right away.
        try catchUp()
        guard let administrator = fleet.administrator(id) else { throw FleetRefusal.nobody(id) }
        let organisation = administrator.organisation.flatMap { fleet.organisation($0) }
        let party = AuditParty(
            identity: administrator.id, role: "administrator",
            agency: organisation?.name ?? administrator.organisation ?? "",
            country: organisation?.country ?? nation.country)
        guard !administrator.isSuspended, administrator.isNational, administrator.roles.contains(role) else {
            let refusal = FleetRefusal(.notAllowed, "\(id) would need the role \(role.rawValue) of the nation")
            let entry = AuditEntry(
                .refusal, action, actor: party, authority: administrator.authority,
                outcome: .refused(refusal.code.rawValue))
            try keep([], [entry], at: now)
            throw refusal
        }
        return (party, administrator.authority)
    }
}

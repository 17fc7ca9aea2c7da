import Administration
import MCFoundation
import Policy

extension FuzzTargets {
    /// Tables of users and groups that an administrator hands in: what a plan accepts is kept, and comes out as a table
    /// that changes nothing.
    public static func tables(_ bytes: [UInt8]) {
        for kind in FleetTable.Kind.allCases {
            guard let table = try? FleetTable(csv: bytes, kind), let fleet = after([table], before) else { continue }
            let kept = fleet.keys(of: kind == .users ? .user : .group).count
            guard let again = try? FleetTable(csv: FleetExport.csv(kind, of: fleet), kind),
                let plan = plan([again], fleet)
            else { preconditionFailure("a table of ours cannot be read") }
            precondition(plan.unchanged == kept && plan.changed == 0, "a table of ours changes something")
        }
    }

    private static let administrator = AdministratorRecord(id: "nation", roles: [.administrator])
    private static let before = FleetSnapshot([
        .organisation(OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT")),
        .administrator(administrator),
    ])

    private static func plan(_ tables: [FleetTable], _ fleet: FleetSnapshot) -> FleetPlan? {
        try? FleetImport.plan(
            tables, by: administrator, in: fleet,
            system: SystemIdentity(id: MCSystemID("it"), domain: "mc.it.example"))
    }

    private static func after(_ tables: [FleetTable], _ fleet: FleetSnapshot) -> FleetSnapshot? {
        let making = CredentialMaking(
            hashes: { CredentialHashes(realm: $1, md5: "\($0)\($2)", sha256: nil) },
            verifier: { PasswordVerifier("\($0)\($1)") })
        guard let decision = try? plan(tables, fleet)?.decision(by: making) else { return nil }
        var fleet = fleet
        fleet.apply(decision.changes)
        return fleet
    }
}

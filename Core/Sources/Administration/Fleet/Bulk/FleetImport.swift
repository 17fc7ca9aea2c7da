import Audit
import OrderedCollections
public import Policy

/// Many users and groups at once: all of them, or none and every reason.
public enum FleetImport {
    /// Plans what tables ask for; users before groups, whatever the order of tables. A row creates what is not there and
    /// changes what is: nothing is deleted.
    ///
    /// - Throws: Every mistake, those of users first.
    public static func plan(
        _ tables: [FleetTable], by administrator: AdministratorRecord, in fleet: FleetSnapshot, system: SystemIdentity
    ) throws(ImportErrors) -> FleetPlan {
        var planning = Planning(rules: FleetRules(administrator: administrator, fleet: fleet, system: system))
        planning.expect(tables)
        for table in tables where table.kind == .users { planning.users(table) }
        for table in tables where table.kind == .groups { planning.groups(table) }
        guard planning.errors.isEmpty else { throw ImportErrors(planning.errors) }
        return planning.finished()
    }

    private struct Planning {
        var rules: FleetRules
        var plan = FleetPlan()
        var errors: [ImportError] = []
        /// Line of each user and group that was read. Only looked up.
        private var lines: [String: Int] = [:]

        init(rules: FleetRules) {
            self.rules = rules
        }

        mutating func expect(_ tables: [FleetTable]) {
            for table in tables {
                for row in table.rows {
                    guard let id = row.cells["id"].flatMap({ FleetIdentity.canonical($0.value) }) else { continue }
                    switch table.kind {
                    case .users: rules.expectedUsers.insert(id)
                    case .groups: rules.expectedGroups.insert(id)
                    }
                }
            }
        }

        mutating func users(_ table: FleetTable) {
            let columns = UserColumn.allCases.map(\.rawValue)
            for row in table.rows {
                var reading = RowReading(.users, row)
                guard let id = key(&reading, columns) else {
                    errors += reading.errors
                    continue
                }
                let old = rules.fleet.user(id)
                var user = reading.user(id, insteadOf: old, organisation: rules.administrator.organisation)
                let secrets = secrets(&reading, &user)
                let request: FleetRequest = old == nil ? .create(.user(user)) : .replace(.user(user))
                decide(request, reading, secrets) { UserColumn.column(ofField: $0) }
            }
        }

        mutating func groups(_ table: FleetTable) {
            let columns = GroupColumn.allCases.map(\.rawValue)
            for row in table.rows {
                var reading = RowReading(.groups, row)
                guard let id = key(&reading, columns) else {
                    errors += reading.errors
                    continue
                }
                let old = rules.fleet.group(id)
                let group = reading.group(id, insteadOf: old, organisation: rules.administrator.organisation)
                let request: FleetRequest = old == nil ? .create(.group(group)) : .replace(.group(group))
                decide(request, reading, []) { GroupColumn.column(ofField: $0) }
            }
        }

        /// The row's key; nil where the row cannot be told from others.
        private mutating func key(_ reading: inout RowReading, _ columns: [String]) -> String? {
            for column in reading.row.cells.keys where !columns.contains(column) {
                reading.fail(column, "there is no such column; expected \(columns.joined(separator: ", "))")
            }
            guard let text = reading.text("id"), let id = FleetIdentity.canonical(text) else {
                reading.fail("id", "expected an identity such as sip:user@domain")
                return nil
            }
            let name = "\(reading.table.rawValue) \(id)"
            if let line = lines[name] {
                reading.fail("id", "it is in line \(line) already")
                return nil
            }
            lines[name] = reading.row.line
            return id
        }

        private mutating func decide(
            _ request: FleetRequest, _ reading: RowReading, _ secrets: [PendingSecret], column: (String) -> String
        ) {
            let decision = rules.decide(request)
            var found = reading.errors
            // What could not be read is told once, and not again as what was there before.
            for refusal in rules.takeRefusals() {
                let name = column(refusal.field)
                if reading.errors.contains(where: { $0.column == name }) { continue }
                let line = reading.row.cells[name]?.line ?? reading.row.line
                found.append(ImportError(reading.table, line: line, column: name, refusal.text))
            }
            guard found.isEmpty else {
                errors += found
                return
            }
            if decision.changes.isEmpty {
                plan.unchanged += 1
            } else if case .create = request {
                plan.created += 1
            } else {
                plan.changed += 1
            }
            rules.fleet.apply(decision.changes)
            plan.append(decision, secrets: secrets)
        }

        /// Takes passwords out of a row. What stands for them until they are made differs from whatever was there, so
        /// that a new password is a change.
        private func secrets(_ reading: inout RowReading, _ user: inout UserRecord) -> [PendingSecret] {
            var secrets: [PendingSecret] = []
            if let password = reading.text(UserColumn.password.rawValue), !password.isEmpty {
                let realm = rules.system.realm
                user.credentials = CredentialHashes(realm: realm, md5: nil, sha256: String(repeating: "0", count: 64))
                secrets.append(
                    PendingSecret(
                        user: user.id, purpose: .device(userName: user.privateIdentity, realm: realm),
                        password: password))
            }
            if let password = reading.text(UserColumn.loginPassword.rawValue), !password.isEmpty {
                let column = UserColumn.loginPassword.rawValue
                if let name = user.loginName {
                    if let objection = rules.fleet.policy.password.objection(to: password, of: name) {
                        reading.fail(column, objection)
                    }
                } else {
                    reading.fail(column, "who has no login_name has no password for it")
                }
                user.passwordVerifier = PasswordVerifier("pending")
                secrets.append(PendingSecret(user: user.id, purpose: .login, password: password))
            }
            takeVerifier(&reading, &user, isBesidePassword: secrets.contains { $0.purpose == .login })
            return secrets
        }

        /// A verifier comes ready-made, so nothing is left to do for it.
        private func takeVerifier(_ reading: inout RowReading, _ user: inout UserRecord, isBesidePassword: Bool) {
            let column = UserColumn.loginVerifier.rawValue
            guard let text = reading.text(column), !text.isEmpty else { return }
            if user.loginName == nil { reading.fail(column, "who has no login_name has no password for it") }
            if isBesidePassword { reading.fail(column, "expected login_password or login_verifier, found both") }
            guard let verifier = PasswordVerifier(readyMade: text) else {
                return reading.fail(column, "expected $scrypt$ln=15,r=8,p=1$salt$hash, of these costs or dearer ones")
            }
            user.passwordVerifier = verifier
        }

        func finished() -> FleetPlan {
            var plan = plan
            if plan.created + plan.changed > 0 {
                plan.audit.append(
                    AuditEntry(
                        .administration, "fleet.imported",
                        actor: FleetAudit.party(rules.administrator, in: rules.fleet),
                        details: [
                            AuditDetail("created", String(plan.created)), AuditDetail("changed", String(plan.changed)),
                        ], authority: rules.administrator.authority))
            }
            return plan
        }
    }
}

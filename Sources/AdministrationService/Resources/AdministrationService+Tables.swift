import Administration
import Audit
import FleetFiles
import MCFoundation
import NationalAdministration
import Synchronization
import WebServices

/// Tables in and out, and the audit log.
extension AdministrationService {
    static let importSchema = JSONSchema.object([
        JSONField(
            "users",
            .text(
                TextForm(
                    maximum: FleetLimits.tableOctets, examples: ["id,organisation\r\nsip:anna@mc.it.example,vvf\r\n"])),
            "Users as comma separated values (RFC 4180)."),
        JSONField(
            "groups",
            .text(
                TextForm(
                    maximum: FleetLimits.tableOctets,
                    examples: ["id,type,organisation\r\nsip:flood@mc.it.example,chat,vvf\r\n"])),
            "Groups likewise."),
    ])

    func take(
        _ request: WebRequest, _ parameters: [String: String], by caller: Caller
    ) async throws -> WebResponse {
        let isDry = try Self.flag(parameters["dry_run"], "dry_run")
        guard FleetReading.mayImport(by: caller.administrator) else { try await refuse("import", nil, by: caller) }
        let name = caller.administrator.id
        // Large tables are read apart, so that who else is served does not wait for it.
        let read = try await slowly { () -> Result<[FleetTable], any Error> in
            Result { try self.tables(of: request) }
        }
        let tables = try read.get()
        let prepared = try await administration.prepare(tables, by: name)
        var plan = prepared.plan
        let passwords = plan.pendingSecrets.count { $0.purpose == .login }
        guard passwords <= limits.importPasswords else {
            throw Problem(
                .limitExceeded, field: "login_password",
                "\(passwords) passwords, at most \(limits.importPasswords): bring login_verifier instead")
        }
        if !isDry {
            let making = try await making(for: plan)
            plan = try await administration.carryOut(prepared, making: making, at: clock().utc)
        }
        return .json([
            "dry_run": .boolean(isDry), "created": .integer(Int64(plan.created)),
            "changed": .integer(Int64(plan.changed)), "unchanged": .integer(Int64(plan.unchanged)),
        ])
    }

    /// One verifier at a time, and each in its turn: who logs in meanwhile waits for one of them and not for all.
    private func making(for plan: FleetPlan) async throws -> CredentialMaking {
        var verifiers: [String: Administration.PasswordVerifier] = [:]
        for secret in plan.pendingSecrets where secret.purpose == .login {
            verifiers[secret.user] = try await slowly { PasswordWork.verifier(of: secret.password) }
        }
        let made = verifiers
        return try await slowly { PasswordWork.making(for: plan, verifiers: made) }
    }

    /// RFC 9512 2.1
    static let yaml = "application/yaml"

    private func tables(of request: WebRequest) throws -> [FleetTable] {
        var files = TableFiles()
        if request.mediaType == Self.yaml {
            try requireSize(of: request, limit: limits.importBytes)
            files.take(yaml: request.body)
        } else {
            guard request.mediaType == "application/json" else {
                throw Problem(.unsupportedMediaType, "expected application/json or \(Self.yaml)")
            }
            let body = try body(of: request, limit: limits.importBytes)
            try Self.importSchema.check(body)
            for kind in FleetTable.Kind.allCases {
                if let csv = body[kind.rawValue]?.text { files.take(csv: Array(csv.utf8), kind) }
            }
        }
        let tables = try files.tables()
        guard !tables.isEmpty else { throw Problem.invalid("", "expected users or groups or both") }
        return tables
    }

    static func flag(_ text: String?, _ name: String) throws -> Bool {
        switch text {
        case nil, "false": return false
        case "true": return true
        case .some: throw Problem(.invalidQuery, field: name, "expected true or false")
        }
    }

    /// - Parameter table: nil for the tables together, in YAML.
    func export(
        _ table: FleetTable.Kind?, _ parameters: [String: String], by caller: Caller
    ) async throws -> WebResponse {
        guard FleetReading.mayRead(by: caller.administrator) else { try await refuse("export", nil, by: caller) }
        let asked = parameters["organisation"]
        let own = caller.administrator.organisation
        // Of an organisation that is not his there is nothing for him.
        let hasNothing = own != nil && asked != nil && asked != own
        let fleet = hasNothing ? FleetSnapshot() : caller.fleet
        let organisation = own ?? asked
        let (type, name, octets) =
            if let table {
                (
                    "text/csv; charset=utf-8; header=present", "\(table.rawValue).csv",
                    FleetExport.csv(table, of: fleet, organisation: organisation)
                )
            } else {
                (
                    Self.yaml, "\(AdministrationRoute.fleet).yaml",
                    FleetExport.yaml(FleetTable.Kind.allCases, of: fleet, organisation: organisation)
                )
            }
        return WebResponse(
            status: 200,
            headers: [
                WebHeader("content-type", type),
                WebHeader("content-disposition", "attachment; filename=\"\(name)\""),
            ], body: octets)
    }

    func verifyAudit(by caller: Caller) async throws -> WebResponse {
        guard FleetReading.mayReadAudit(by: caller.administrator) else {
            try await refuse("verify-audit", nil, by: caller)
        }
        // It reads the whole log: once at a time is enough for everybody.
        let isFirst = desk.isVerifyingAudit.withLock { isRunning in
            defer { isRunning = true }
            return !isRunning
        }
        guard isFirst else {
            throw Problem(.unavailable, "the log is being verified", headers: [WebHeader("retry-after", "5")])
        }
        defer { desk.isVerifyingAudit.withLock { $0 = false } }
        let report = try await administration.verifyAudit()
        return .json([
            "isSound": .boolean(report.isSound), "records": .integer(Int64(clamping: report.records)),
            "head": .string("\(report.head.hash)"),
            "findings": .strings(report.findings.map { "\($0)" }),
            "findingsNotKept": .integer(Int64(clamping: report.findingsNotKept)),
        ])
    }
}

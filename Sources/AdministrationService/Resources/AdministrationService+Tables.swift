import Administration
import Audit
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
        var plan = try await administration.plan(tables, by: name)
        if !isDry {
            let planned = plan
            let making = try await slowly { PasswordWork.making(for: planned) }
            plan = try await administration.carryOut(tables, by: name, making: making, at: clock().utc)
        }
        return .json([
            "dry_run": .boolean(isDry), "created": .integer(Int64(plan.created)),
            "changed": .integer(Int64(plan.changed)), "unchanged": .integer(Int64(plan.unchanged)),
        ])
    }

    private func tables(of request: WebRequest) throws -> [FleetTable] {
        let body = try body(of: request, limit: limits.importBytes)
        try Self.importSchema.check(body)
        var tables: [FleetTable] = []
        for kind in FleetTable.Kind.allCases {
            guard let csv = body[kind.rawValue]?.text else { continue }
            tables.append(try FleetTable(csv: Array(csv.utf8), kind))
        }
        guard !tables.isEmpty else { throw Problem.invalid("", "expected users or groups or both") }
        return tables
    }

    private static func flag(_ text: String?, _ name: String) throws -> Bool {
        switch text {
        case nil, "false": return false
        case "true": return true
        case .some: throw Problem(.invalidQuery, field: name, "expected true or false")
        }
    }

    func export(
        _ table: FleetTable.Kind, _ parameters: [String: String], by caller: Caller
    ) async throws -> WebResponse {
        guard FleetReading.mayRead(by: caller.administrator) else { try await refuse("export", nil, by: caller) }
        let asked = parameters["organisation"]
        let own = caller.administrator.organisation
        // Of an organisation that is not his there is nothing for him.
        let hasNothing = own != nil && asked != nil && asked != own
        let fleet = hasNothing ? FleetSnapshot() : caller.fleet
        return WebResponse(
            status: 200,
            headers: [
                WebHeader("content-type", "text/csv; charset=utf-8; header=present"),
                WebHeader("content-disposition", "attachment; filename=\"\(table.rawValue).csv\""),
            ], body: FleetExport.csv(table, of: fleet, organisation: own ?? asked))
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

import Administration
public import Audit
public import MCFoundation
import Storage

/// Handing the audit log out.
extension NationalAdministration {
    /// Writes what a query finds for a reader, whose role decides what is shown. That it was read is an entry of the log
    /// first (Directive 2016/680 art. 25): where that cannot be kept, nothing is shown.
    ///
    /// - Parameters:
    ///   - administrator: needs the role `auditor` of the whole nation.
    ///   - emit: given the octets of the export in pieces, on a queue of its own: administration goes on meanwhile.
    /// - Returns: how many rows there are.
    /// - Throws: `FleetRefusal`, `StoreError`, or what `emit` throws.
    @discardableResult
    public nonisolated func exportAudit(
        _ query: AuditQuery, as reader: AuditReader, _ format: AuditExportFormat, by administrator: String,
        at now: UTCTime, emit: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws -> Int {
        let (party, authority) = try await auditor(
            administrator, with: .auditor, for: "audit.consultationRefused", at: now)
        let (last, rows) = try await reading { [self] in
            let last = try store.auditHead().sequence
            var rows = 0
            try find(query, through: last) { _ in rows += 1 }
            return (last, rows)
        }
        try await keep([], [query.entry(by: party, as: reader, rows: rows, authority: authority)], at: now)
        try await reading { [self] in
            try hand(out: query, through: last, AuditExport(for: reader), format, emit: emit)
        }
        return rows
    }

    private nonisolated func hand(
        out query: AuditQuery, through last: UInt64, _ export: AuditExport, _ format: AuditExportFormat,
        emit: ([UInt8]) throws -> Void
    ) throws {
        var octets: [UInt8] = []
        export.writeHeader(format, to: &octets)
        try find(query, through: last) { entry in
            export.write(entry, as: format, to: &octets)
            guard octets.count >= Self.piece else { return }
            try emit(octets)
            octets.removeAll(keepingCapacity: true)
        }
        if !octets.isEmpty { try emit(octets) }
    }

    /// Octets after which a piece of an export is handed over.
    private static let piece = 1 << 16

    /// Records that match, in order. What cannot be read is for `verifyAudit`.
    nonisolated func find(_ query: AuditQuery, through last: UInt64, _ body: (RecordedEntry) throws -> Void) throws {
        let from = query.from ?? UTCTime(microseconds: .min)
        let until = query.until ?? UTCTime(microseconds: .max)
        let period = query.from == nil && query.until == nil ? nil : from..<max(from, until)
        try AuditReading(store: store).pages(through: last, during: period) { records, _ in
            for record in records {
                guard let entry = try? RecordedEntry(record.stored, personal: record.personal), query.matches(entry)
                else { continue }
                try body(entry)
            }
            return true
        }
    }
}

import Audit
import MCFoundation
import Storage

/// Reads a kept log page by page, each record with its personal fields and seals.
struct AuditReading {
    /// Rows of one page.
    static let page = 1_000

    let store: any NationalStore

    struct Record {
        var stored: StoredAuditRecord
        var at: UTCTime
        var personal: [AuditPersonal]
    }

    /// - Parameter body: is given a page; what it returns says whether to go on.
    func pages(
        from first: UInt64 = 1, through last: UInt64 = .max, during period: Range<UTCTime>? = nil,
        _ body: ([Record], [AuditSeal]) throws -> Bool
    ) throws {
        var next = first
        while next <= last {
            let page = try store.audit(from: next, limit: Self.page, during: period)
            guard let end = page.rows.last else { return }
            let records = try Self.records(of: page).filter { $0.stored.sequence <= last }
            guard try body(records, try page.seals.map(Self.seal)) else { return }
            next = end.sequence + 1
        }
    }

    private static func records(of page: AuditPage) throws -> [Record] {
        var personal = page.personal[...]
        return try page.rows.map { row in
            guard let hash = AuditHash(octets: row.hash) else {
                throw NationError("record \(row.sequence) has no hash")
            }
            var own: [AuditPersonal] = []
            while let field = personal.first, field.field.sequence <= row.sequence {
                own.append(
                    AuditPersonal(
                        sequence: field.field.sequence, index: Int(field.field.index), name: field.name,
                        salt: field.salt, value: field.value))
                personal.removeFirst()
            }
            return Record(
                stored: StoredAuditRecord(sequence: row.sequence, encoding: row.record, hash: hash), at: row.at,
                personal: own)
        }
    }

    /// Seals of records that are gone from the end of the log.
    func strandedSeals() throws -> [AuditSeal] { try store.strandedSeals().map(Self.seal) }

    private static func seal(_ row: AuditSealRow) throws -> AuditSeal {
        guard let hash = AuditHash(octets: row.hash) else {
            throw NationError("the seal at record \(row.sequence) has no hash")
        }
        return AuditSeal(
            head: Audit.AuditHead(sequence: row.sequence, hash: hash), at: row.at, keyID: row.keyID,
            signature: row.signature)
    }
}

import Audit

extension FuzzTargets {
    /// Records of the audit chain, as they lie in a store that somebody may have had in his hands.
    public static func audit(_ bytes: [UInt8]) {
        guard let record = try? AuditRecord(encoding: bytes) else { return }
        // The hash is over the octets: two encodings of one record would be two truths.
        precondition(record.encoding == bytes, "a record is written otherwise than it was read")
    }
}

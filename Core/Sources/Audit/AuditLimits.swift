/// The bounds of the log. They belong to the format: a record beyond them is not readable, so they never shrink.
public enum AuditLimits {
    /// Octets of UTF-8 of a name, an action, a role, an agency, a country or an authority.
    public static let maxNameOctets = 256
    /// Octets of UTF-8 of a detail's value or an identity.
    public static let maxValueOctets = 4_096
    /// Details of one record, beyond which the last says how many were left out.
    public static let maxDetails = 64
    /// Octets of the salt of a personal field.
    public static let saltOctets = 16
    /// Octets of a key identifier or a signature of a seal.
    public static let maxSealTextOctets = 256
    /// Findings that one verification keeps; more are counted.
    public static let maxFindings = 1_000
    /// Seals that one verification holds while their records are still to come.
    public static let maxPendingSeals = 1_000_000
    /// Fields that one erasure names one by one, so that the list fits into one value.
    public static let maxErasedFields = 160
    /// Days after which personal fields may go at the latest: a century.
    public static let maxRetentionDays = 36_525
}

/// Text as it goes into a record. What is too long is cut and ends in an ellipsis: whoever sends an identity of a
/// megabyte must not thereby keep the refusal of it out of the log.
func bounded(_ text: String, octets limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var kept: [UInt8] = []
    kept.reserveCapacity(limit)
    for scalar in text.unicodeScalars {
        let octets = Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        guard kept.count + octets.count <= limit - 3 else { break }
        kept += octets
    }
    return String(decoding: kept, as: UTF8.self) + "\u{2026}"
}

import MCDocuments

extension FuzzTargets {
    /// XML bodies: every reader on the same octets.
    public static func documents(_ bytes: [UInt8]) {
        check(bytes, { try MCPTTInfo(parsing: $0, limits: $1) }, { $0.serialized() })
        check(bytes, { try AffiliationDocument(parsing: $0, limits: $1) }, { $0.serialized() })
        check(bytes, { try PoCSettings(parsing: $0, limits: $1) }, { $0.serialized() })
        check(bytes, { try ResourceLists(parsing: $0, limits: $1) }, { $0.serialized() })
        check(bytes, { try ConferenceInfo(parsing: $0, limits: $1) }, { $0.serialized() })
        check(bytes, { try SimpleFilter(parsing: $0, limits: $1) }, { $0.serialized() })
        check(bytes, { try AffiliationCommand(parsing: $0, limits: $1) }, { $0.serialized() })
        check(bytes, { try MCPTTLocationInfo(parsing: $0, limits: $1) }, { $0.serialized() })
    }

    private static func check<Document>(
        _ bytes: [UInt8], _ read: ([UInt8], DocumentLimits) throws -> Document, _ write: (Document) -> [UInt8]
    ) {
        guard let document = try? read(bytes, DocumentLimits()) else { return }
        let octets = write(document)
        // References for quotes and line ends grow; what we wrote ourselves is not to be refused for its size.
        var limits = DocumentLimits()
        limits.octets *= 16
        limits.entries *= 2
        guard let again = try? read(octets, limits) else { preconditionFailure("what was written cannot be read") }
        precondition(write(again) == octets, "what was written and read is written otherwise")
    }
}

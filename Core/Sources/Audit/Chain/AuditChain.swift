public import MCFoundation

/// The growing end of a system's log: it numbers entries, commits to what is personal in them and chains them.
///
/// Time is noted as it was said, also where the clock went back: the sequence is the order, and a verification counts
/// the steps back.
public struct AuditChain: Hashable, Sendable {
    public private(set) var head: AuditHead

    /// A log that begins.
    public init(system: MCSystemID, created: UTCTime) {
        head = .genesis(of: system, created: created)
    }

    /// A log that goes on after what is stored.
    public init(resuming head: AuditHead) {
        self.head = head
    }

    /// Chains one entry. What is longer than `AuditLimits` is cut, visibly; nothing is refused.
    ///
    /// - Parameter generator: makes the salts. It must be unguessable outside tests: whoever can foretell a salt can
    ///   try names against what was erased.
    public mutating func append(
        _ entry: AuditEntry, at time: UTCTime, using generator: inout some RandomNumberGenerator
    ) -> ChainedAuditRecord {
        // 2^64 entries are out of reach; a stored head that claims them is found by verification.
        let sequence = head.sequence &+ 1
        var personal: [AuditPersonal] = []
        func commit(_ name: String, _ value: String, at index: Int) -> AuditHash {
            let field = AuditPersonal(
                sequence: sequence, index: index, name: name, salt: Self.salt(using: &generator),
                value: bounded(value, octets: AuditLimits.maxValueOctets))
            personal.append(field)
            return field.commitment
        }
        let actor = commit(AuditRecord.actorName, entry.actor.identity, at: 0)
        var fields: [AuditField] = []
        for (position, detail) in Self.kept(entry.details).enumerated() {
            let name = bounded(detail.name, octets: AuditLimits.maxNameOctets)
            if detail.isPersonal {
                fields.append(AuditField(name, .personal(commit(name, detail.value, at: position + 1))))
            } else {
                fields.append(AuditField(name, .clear(bounded(detail.value, octets: AuditLimits.maxValueOctets))))
            }
        }
        let record = AuditRecord(
            sequence: sequence, at: time, kind: entry.kind, action: name(entry.action), actor: actor,
            role: name(entry.actor.role), agency: name(entry.actor.agency), country: name(entry.actor.country),
            authority: name(entry.authority), outcome: Self.kept(entry.outcome), fields: fields)
        let encoding = record.encoding
        let hash = AuditHash(after: head.hash, encoding: encoding)
        head = AuditHead(sequence: sequence, hash: hash)
        return ChainedAuditRecord(record: record, encoding: encoding, hash: hash, personal: personal)
    }

    private func name(_ text: String) -> String { bounded(text, octets: AuditLimits.maxNameOctets) }

    private static func kept(_ outcome: AuditOutcome) -> AuditOutcome {
        guard case .refused(let word) = outcome else { return outcome }
        return .refused(bounded(word, octets: AuditLimits.maxNameOctets))
    }

    private static func kept(_ details: [AuditDetail]) -> [AuditDetail] {
        guard details.count > AuditLimits.maxDetails else { return details }
        let kept = details.prefix(AuditLimits.maxDetails - 1)
        return kept + [AuditDetail(AuditDetailName.leftOut, String(details.count - kept.count))]
    }

    private static func salt(using generator: inout some RandomNumberGenerator) -> [UInt8] {
        var salt: [UInt8] = []
        while salt.count < AuditLimits.saltOctets {
            salt.append(number: generator.next() as UInt64)
        }
        return salt
    }
}

/// An entry that has its place in the chain: what a store has to keep, in one transaction.
public struct ChainedAuditRecord: Hashable, Sendable {
    public var record: AuditRecord
    public var encoding: [UInt8]
    public var hash: AuditHash
    public var personal: [AuditPersonal]

    public init(record: AuditRecord, encoding: [UInt8], hash: AuditHash, personal: [AuditPersonal]) {
        self.record = record
        self.encoding = encoding
        self.hash = hash
        self.personal = personal
    }

    public var stored: StoredAuditRecord {
        StoredAuditRecord(sequence: record.sequence, encoding: encoding, hash: hash)
    }
}

/// A record as it stands in the store; trusted only after verification.
public struct StoredAuditRecord: Hashable, Sendable {
    public var sequence: UInt64
    public var encoding: [UInt8]
    public var hash: AuditHash

    public init(sequence: UInt64, encoding: [UInt8], hash: AuditHash) {
        self.sequence = sequence
        self.encoding = encoding
        self.hash = hash
    }
}

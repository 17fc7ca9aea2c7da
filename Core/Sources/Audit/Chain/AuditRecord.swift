public import MCFoundation

/// A numbered line of the log as it is chained. It holds no personal value, only a commitment to each.
public struct AuditRecord: Hashable, Sendable {
    /// From 1, without gaps: it orders the log, also where the clock went back.
    public var sequence: UInt64
    /// What the clock said when the fact was recorded.
    public var at: UTCTime
    public var kind: AuditClass
    public var action: String
    /// Commitment to the identity of the actor, field 0.
    public var actor: AuditHash
    public var role: String
    public var agency: String
    public var country: String
    public var authority: String
    public var outcome: AuditOutcome
    /// Fields 1, 2, ... in the order of the entry's details.
    public var fields: [AuditField]

    public init(
        sequence: UInt64, at: UTCTime, kind: AuditClass, action: String, actor: AuditHash, role: String,
        agency: String, country: String, authority: String, outcome: AuditOutcome, fields: [AuditField]
    ) {
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.action = action
        self.actor = actor
        self.role = role
        self.agency = agency
        self.country = country
        self.authority = authority
        self.outcome = outcome
        self.fields = fields
    }

    /// The name under which the identity of the actor is committed to.
    public static let actorName = "actor"

    /// How many fields there are, the actor included; indices are below it.
    public var fieldCount: Int { fields.count + 1 }

    /// What field `index` commits to; nil where there is no such field or it is not personal.
    public func commitment(at index: Int) -> (name: String, hash: AuditHash)? {
        if index == 0 { return (Self.actorName, actor) }
        guard index > 0, index <= fields.count, case .personal(let hash) = fields[index - 1].content else { return nil }
        return (fields[index - 1].name, hash)
    }

    /// The first clear value of that name.
    public func clear(_ name: String) -> String? {
        for field in fields where field.name == name {
            if case .clear(let value) = field.content { return value }
        }
        return nil
    }
}

/// A detail as it is chained.
public struct AuditField: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case clear(String)
        case personal(AuditHash)
    }

    public var name: String
    public var content: Content

    public init(_ name: String, _ content: Content) {
        self.name = name
        self.content = content
    }
}

/// A personal value, kept beside the chain. Dropping it with its salt erases it: what stays in the record is a digest
/// that nobody can try names against (Directive 2016/680 art. 4(1)(e), Regulation 2016/679 art. 17).
public struct AuditPersonal: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    public var sequence: UInt64
    /// 0 is the actor's identity, k the k-th detail.
    public var index: Int
    public var name: String
    /// 16 random octets.
    public var salt: [UInt8]
    public var value: String

    public init(sequence: UInt64, index: Int, name: String, salt: [UInt8], value: String) {
        self.sequence = sequence
        self.index = index
        self.name = name
        self.salt = salt
        self.value = value
    }

    /// SHA-256 of the salt, the name (after its length in two octets) and the value.
    public var commitment: AuditHash {
        var octets = salt
        octets.append(text: name)
        octets += value.utf8
        return AuditHash(of: octets)
    }

    public var description: String { "personal field \(index) of record \(sequence): \(name)" }
    public var customMirror: Mirror { Mirror(self, children: ["sequence": sequence, "index": index, "name": name]) }
}

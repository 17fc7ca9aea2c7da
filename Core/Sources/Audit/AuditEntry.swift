public import MCFoundation

/// What kind of thing is recorded (TS 33.180 clause 10).
public enum AuditClass: String, Hashable, Sendable, Codable, CaseIterable {
    case administration, login, authorisation, refusal, call, affiliation, emergency, interconnection, system
}

/// One fact for the nation's audit log: who did what, on whose authority, and what came of it. The log numbers and
/// chains it; a machine that decides only makes it.
public struct AuditEntry: Hashable, Sendable, Codable {
    public var kind: AuditClass
    /// A constant in the past tense with a dot after its subject: `user.created`, `login.refused`.
    public var action: String
    public var actor: AuditParty
    /// What it was about, in the order of importance.
    public var details: [AuditDetail]
    /// The right, policy or agreement under which it was done: `administrator of vvf`, `agreement mc.fr.example`.
    public var authority: String
    public var outcome: AuditOutcome

    public init(
        _ kind: AuditClass, _ action: String, actor: AuditParty, details: [AuditDetail] = [], authority: String = "",
        outcome: AuditOutcome = .done
    ) {
        self.kind = kind
        self.action = action
        self.actor = actor
        self.details = details
        self.authority = authority
        self.outcome = outcome
    }
}

/// Who acted. The identity is personal; role, agency and country are not.
public struct AuditParty: Hashable, Sendable, Codable {
    /// An administrator, a user or a system; empty where nobody is known.
    public var identity: String
    /// `administrator`, `responder`, `system`, `partner`, `unknown`.
    public var role: String
    public var agency: String
    /// ISO 3166, two capital letters; empty where unknown.
    public var country: String

    public init(identity: String, role: String, agency: String = "", country: String = "") {
        self.identity = identity
        self.role = role
        self.agency = agency
        self.country = country
    }
}

/// A named value. A personal one can be erased later without breaking the chain.
public struct AuditDetail: Hashable, Sendable, Codable {
    public var name: String
    public var value: String
    public var isPersonal: Bool

    public init(_ name: String, _ value: String, isPersonal: Bool = false) {
        self.name = name
        self.value = value
        self.isPersonal = isPersonal
    }
}

public enum AuditOutcome: Hashable, Sendable, Codable {
    case done
    /// A constant word for why not: `not-allowed`, `wrong-password`.
    case refused(String)
}

import Administration
public import MCFoundation
public import Policy

/// What a store is of, written once when it is made.
public struct NationRecord: Codable, Hashable, Sendable {
    static let kind = "nation"
    static let key = "nation"

    public var name: String
    /// ISO 3166, two capital letters.
    public var country: String
    /// Microseconds since 1970: the audit chain begins with it.
    public var created: Int64
    /// The domain of the system and the name that partners know it by.
    public var domain: String
    public var system: String
    public var realm: String
    public var otherDomains: [String]

    public init(name: String, country: String, created: UTCTime, identity: SystemIdentity) {
        self.name = name
        self.country = country
        self.created = created.microseconds
        domain = identity.domain
        system = identity.id.value
        realm = identity.realm
        otherDomains = identity.domains.filter { $0 != identity.domain }
    }

    /// The configuration of the system may publish other service identities; whom the nation homes stays the same.
    public var identity: SystemIdentity {
        SystemIdentity(id: MCSystemID(system), domain: domain, otherDomains: otherDomains, realm: realm)
    }
}

public import MCFoundation

/// The functions of a system that are addressed by a public service identity (TS 23.280 8.1).
public enum ServiceRole: String, CaseIterable, Hashable, Sendable {
    case participating = "mcptt-participating"
    case controllingGroup = "mcptt-controlling-group"
    case controllingPrivate = "mcptt-controlling-private"
    case preEstablished = "mcptt-pre-established"
    case gateway = "mcptt-gateway"
    /// Subscriptions to group and configuration documents (TS 24.481, TS 24.484).
    case documents = "mcptt-documents"
}

/// The one set of public service identities that a system publishes.
///
/// A contact that a function mints is its identity with a `gr` parameter, so user part and host alone say which
/// function a request in a dialog belongs to.
public struct ServiceIdentities: Hashable, Sendable {
    public var participating: PublicServiceIdentity
    public var controllingGroup: PublicServiceIdentity
    public var controllingPrivate: PublicServiceIdentity
    public var preEstablished: PublicServiceIdentity
    public var gateway: PublicServiceIdentity
    public var documents: PublicServiceIdentity

    /// The set that a system of ours publishes for its domain: `sip:<role>@<domain>`.
    public init(domain: String) {
        func identity(_ role: ServiceRole) -> PublicServiceIdentity {
            PublicServiceIdentity("sip:\(role.rawValue)@\(domain.lowercased())")
        }
        participating = identity(.participating)
        controllingGroup = identity(.controllingGroup)
        controllingPrivate = identity(.controllingPrivate)
        preEstablished = identity(.preEstablished)
        gateway = identity(.gateway)
        documents = identity(.documents)
    }

    public subscript(role: ServiceRole) -> PublicServiceIdentity {
        switch role {
        case .participating: participating
        case .controllingGroup: controllingGroup
        case .controllingPrivate: controllingPrivate
        case .preEstablished: preEstablished
        case .gateway: gateway
        case .documents: documents
        }
    }

    /// The function that a URI with this user part and host addresses; port and parameters do not matter.
    public func role(user: String?, host: String) -> ServiceRole? {
        guard let user else { return nil }
        let host = host.lowercased()
        return ServiceRole.allCases.first { role in
            let identity = self[role]
            return identity.domain == host && identity.userPart == user
        }
    }
}

extension TextualIdentity {
    /// What stands between the scheme and the `@`; nil where there is none.
    public var userPart: String? {
        guard let at = value.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let before = value[..<at]
        guard let colon = before.utf8.firstIndex(of: UInt8(ascii: ":")) else { return String(before) }
        return String(before[before.index(after: colon)...])
    }
}

/// Who this system is.
public struct SystemIdentity: Hashable, Sendable {
    public var id: MCSystemID
    /// The domain of its service identities.
    public var domain: String
    /// Every domain whose users and groups it homes, lower case, sorted; its own is among them.
    public var domains: [String]
    public var services: ServiceIdentities
    /// Realm of digest authentication.
    public var realm: String

    /// `services` is derived from the domain and `realm` is the domain where they are left out.
    public init(
        id: MCSystemID, domain: String, otherDomains: [String] = [], services: ServiceIdentities? = nil,
        realm: String? = nil
    ) {
        let own = domain.lowercased()
        self.id = id
        self.domain = own
        self.domains = ([own] + otherDomains.map { $0.lowercased() }.filter { $0 != own }).sorted()
        self.services = services ?? ServiceIdentities(domain: own)
        self.realm = realm ?? own
    }
}

import HashTreeCollections
public import MCFoundation

/// Where something is homed or served.
public enum Destination: Hashable, Sendable {
    case local
    case partner(MCSystemID)
}

/// Finds the system of a group, user, alias or service: an exact entry first, else the domain. Never a guess from what
/// a host name looks like.
public struct RoutingTable: Sendable {
    /// Home and serving system of a user, apart.
    public struct UserRoute: Hashable, Sendable {
        public var home: MCSystemID
        public var serving: MCSystemID

        public init(home: MCSystemID, serving: MCSystemID) {
            self.home = home
            self.serving = serving
        }
    }

    public let own: MCSystemID
    private var systemsByDomain: TreeDictionary<String, MCSystemID> = [:]
    private var groups: TreeDictionary<MCPTTGroupID, MCSystemID> = [:]
    private var users: TreeDictionary<MCPTTID, UserRoute> = [:]
    private var aliases: TreeDictionary<FunctionalAlias, MCSystemID> = [:]

    public init(system: SystemIdentity) {
        own = system.id
        for domain in system.domains { systemsByDomain[domain] = system.id }
    }

    public mutating func set(domain: String, system: MCSystemID?) {
        systemsByDomain[domain.lowercased()] = system
    }
    public mutating func set(group: MCPTTGroupID, owner: MCSystemID?) { groups[group] = owner }
    public mutating func set(user: MCPTTID, route: UserRoute?) { users[user] = route }
    public mutating func set(alias: FunctionalAlias, owner: MCSystemID?) { aliases[alias] = owner }

    public func system(domain: String) -> MCSystemID? { systemsByDomain[domain.lowercased()] }

    /// The system that owns a group; nil where neither the group nor its domain is known (refusal 142).
    public func owner(of group: MCPTTGroupID) -> MCSystemID? {
        groups[group] ?? group.domain.flatMap { systemsByDomain[$0] }
    }

    public func owner(of alias: FunctionalAlias) -> MCSystemID? {
        aliases[alias] ?? alias.domain.flatMap { systemsByDomain[$0] }
    }

    /// Home and serving system of a user; for a user without entry both are the system of his domain.
    public func route(of user: MCPTTID) -> UserRoute? {
        users[user] ?? user.domain.flatMap { systemsByDomain[$0] }.map { UserRoute(home: $0, serving: $0) }
    }

    public func destination(_ system: MCSystemID) -> Destination {
        system == own ? .local : .partner(system)
    }
}

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
    /// Users of ours.
    private var users: TreeDictionary<MCPTTID, UserRoute> = [:]
    /// Users of others of whom more is known than the domain of their names.
    private var homes: TreeDictionary<MCPTTID, MCSystemID> = [:]
    private var servings: TreeDictionary<MCPTTID, MCSystemID> = [:]
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
    /// Who homes a user of others, whatever his domain says.
    public mutating func set(user: MCPTTID, home: MCSystemID?) { homes[user] = home }
    /// Who serves a user of others, where it is not his home.
    public mutating func set(user: MCPTTID, serving: MCSystemID?) { servings[user] = serving }
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
        if let own = users[user] { return own }
        // Of whom nobody knows the home, who serves him speaks for him.
        guard let home = homes[user] ?? user.domain.flatMap({ systemsByDomain[$0] }) ?? servings[user] else {
            return nil
        }
        return UserRoute(home: home, serving: servings[user] ?? home)
    }

    /// Whether a system may be the origin of what an identity says, a user's or a service's: its home, or where it is
    /// served.
    public func speaks(_ system: MCSystemID, for user: MCPTTID) -> Bool {
        guard let route = route(of: user) else { return false }
        return route.home == system || route.serving == system
    }

    /// The entries of single identities that a partner's list would overwrite: what is asked for belongs to another.
    func holder(of group: MCPTTGroupID) -> MCSystemID? { groups[group] }
    func holder(of alias: FunctionalAlias) -> MCSystemID? { aliases[alias] }
    func home(of user: MCPTTID) -> MCSystemID? { users[user]?.home ?? homes[user] }
    func server(of user: MCPTTID) -> MCSystemID? { users[user]?.serving ?? servings[user] }

    /// Enters what a partner homes and serves beside its domains, or takes it out.
    mutating func set(_ exceptions: RoutingExceptions, of partner: MCSystemID, isListed: Bool) {
        let system = isListed ? partner : nil
        func isTheirs(_ holder: MCSystemID?) -> Bool { isListed || holder == partner }
        for group in exceptions.groups where isTheirs(groups[group]) { set(group: group, owner: system) }
        for user in exceptions.users where isTheirs(homes[user]) { set(user: user, home: system) }
        for user in exceptions.servedUsers where isTheirs(servings[user]) { set(user: user, serving: system) }
        for alias in exceptions.aliases where isTheirs(aliases[alias]) { set(alias: alias, owner: system) }
    }

    public func destination(_ system: MCSystemID) -> Destination {
        system == own ? .local : .partner(system)
    }
}

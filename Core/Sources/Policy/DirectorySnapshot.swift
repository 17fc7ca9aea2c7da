import HashTreeCollections
public import MCFoundation

/// Why a directory is not coherent. The text names what clashes.
public struct DirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Users, groups, partners and services at one moment: a persistent value. A change gives a new snapshot that shares
/// all but the changed path with the old one; whoever holds the old one keeps it. The call path reads it and waits for
/// no store.
public struct DirectorySnapshot: Sendable {
    public let system: SystemIdentity
    public private(set) var routing: RoutingTable
    private var usersByID: TreeDictionary<MCPTTID, User> = [:]
    private var idsByPublicIdentity: TreeDictionary<PublicUserIdentity, MCPTTID> = [:]
    private var idsByPrivateIdentity: TreeDictionary<PrivateUserIdentity, MCPTTID> = [:]
    private var groupsByID: TreeDictionary<MCPTTGroupID, Group> = [:]
    /// Sorted by system. Few, so an array.
    public private(set) var partners: [Partner] = []
    /// Users whose device is a plain telephone, sorted: they are affiliated by configuration.
    public private(set) var legacyUsers: [MCPTTID] = []
    /// Users with a hash of each algorithm.
    private var (usersWithMD5, usersWithSHA256) = (0, 0)
    private var trail = ChangeTrail()

    public init(system: SystemIdentity) {
        self.system = system
        routing = RoutingTable(system: system)
    }

    /// A directory of all these at once.
    public init(
        system: SystemIdentity, users: [User], groups: [Group], partners: [Partner] = []
    ) throws(DirectoryError) {
        self.init(system: system)
        for partner in partners { try setPartner(partner) }
        for user in users { try setUser(user) }
        for group in groups { try setGroup(group) }
    }

    // MARK: Reading

    /// Sorted when asked for: for listings and tests, not for the call path.
    public var userIDs: [MCPTTID] { usersByID.keys.sorted() }
    /// Likewise.
    public var groupIDs: [MCPTTGroupID] { groupsByID.keys.sorted() }
    /// Whether any user can be proved by MD5, and whether any can by SHA-256 (RFC 8760).
    public var provesByMD5: Bool { usersWithMD5 > 0 }
    public var provesBySHA256: Bool { usersWithSHA256 > 0 }

    /// The users and groups that may differ from those of an older snapshot, of which this one was made by a few changes.
    /// nil where that is not so, or where partners, routes or aliases changed: then everything may differ.
    public func changes(since old: DirectorySnapshot) -> DirectoryChanges? { trail.changes(since: old.trail) }

    public func user(_ id: MCPTTID) -> User? { usersByID[id] }
    public func user(publicIdentity: PublicUserIdentity) -> User? {
        idsByPublicIdentity[publicIdentity].flatMap { usersByID[$0] }
    }
    public func user(privateIdentity: PrivateUserIdentity) -> User? {
        idsByPrivateIdentity[privateIdentity].flatMap { usersByID[$0] }
    }
    public func group(_ id: MCPTTGroupID) -> Group? { groupsByID[id] }
    public func partner(_ system: MCSystemID) -> Partner? { partners.first { $0.system == system } }
    /// The partner that speaks for a domain.
    public func partner(domain: String) -> Partner? { routing.system(domain: domain).flatMap { partner($0) } }

    /// The published services of this or a partner system.
    public func services(of system: MCSystemID) -> ServiceIdentities? {
        system == self.system.id ? self.system.services : partner(system)?.services
    }

    /// Where calls to a group go: the controlling function of its owner (refusal 142 where nil).
    public func controllingGroup(for group: MCPTTGroupID) -> (system: MCSystemID, identity: PublicServiceIdentity)? {
        guard let owner = routing.owner(of: group), let services = services(of: owner) else { return nil }
        return (owner, services.controllingGroup)
    }

    /// Where invitations for a user go: the participating function of the system that serves him.
    public func participating(for user: MCPTTID) -> (system: MCSystemID, identity: PublicServiceIdentity)? {
        guard let serving = routing.route(of: user)?.serving, let services = services(of: serving) else { return nil }
        return (serving, services.participating)
    }

    // MARK: Changing

    /// Adds or replaces a user.
    public mutating func setUser(_ user: User) throws(DirectoryError) {
        if let other = idsByPublicIdentity[user.publicIdentity], other != user.mcpttID {
            throw DirectoryError("public identity \(user.publicIdentity) belongs to \(other) and to \(user.mcpttID)")
        }
        if let other = idsByPrivateIdentity[user.privateIdentity], other != user.mcpttID {
            throw DirectoryError("private identity \(user.privateIdentity) belongs to \(other) and to \(user.mcpttID)")
        }
        if usersByID[user.mcpttID] == nil,
            let other = routing.home(of: user.mcpttID) ?? routing.server(of: user.mcpttID)
        {
            throw DirectoryError("user \(user.mcpttID) is routed to \(other)")
        }
        let old = usersByID.updateValue(user, forKey: user.mcpttID)
        trail.append(.user(user.mcpttID))
        count(user.credentials, insteadOf: old?.credentials)
        if let old {
            if old.publicIdentity != user.publicIdentity { idsByPublicIdentity[old.publicIdentity] = nil }
            if old.privateIdentity != user.privateIdentity { idsByPrivateIdentity[old.privateIdentity] = nil }
        }
        idsByPublicIdentity[user.publicIdentity] = user.mcpttID
        idsByPrivateIdentity[user.privateIdentity] = user.mcpttID
        // The sorted list is moved only where somebody comes or goes: a profile may concern 100,000 users.
        if user.endpoint.isLegacy != (old?.endpoint.isLegacy ?? false) {
            if user.endpoint.isLegacy {
                legacyUsers.insertSorted(user.mcpttID)
            } else {
                legacyUsers.removeSorted(user.mcpttID)
            }
        }
        routing.set(user: user.mcpttID, route: .init(home: user.homeSystem, serving: user.servingSystem))
    }

    public mutating func removeUser(_ id: MCPTTID) {
        guard let user = usersByID.removeValue(forKey: id) else { return }
        trail.append(.user(id))
        count(nil, insteadOf: user.credentials)
        idsByPublicIdentity[user.publicIdentity] = nil
        idsByPrivateIdentity[user.privateIdentity] = nil
        legacyUsers.removeSorted(id)
        routing.set(user: id, route: nil)
    }

    /// Adds or replaces a group that this system homes.
    public mutating func setGroup(_ group: Group) throws(DirectoryError) {
        if let domain = group.id.domain, let owner = routing.system(domain: domain), owner != system.id {
            throw DirectoryError("group \(group.id) is in the domain of \(owner)")
        }
        if let other = routing.holder(of: group.id), other != system.id {
            throw DirectoryError("group \(group.id) is routed to \(other)")
        }
        groupsByID[group.id] = group
        trail.append(.group(group.id))
        routing.set(group: group.id, owner: system.id)
    }

    public mutating func removeGroup(_ id: MCPTTGroupID) {
        guard groupsByID.removeValue(forKey: id) != nil else { return }
        trail.append(.group(id))
        routing.set(group: id, owner: nil)
    }

    /// Adds or replaces a partner; its domains are routed to it, and what it homes or serves beside them.
    public mutating func setPartner(_ partner: Partner) throws(DirectoryError) {
        guard partner.system != system.id else { throw DirectoryError("\(partner.system) is this system") }
        for domain in partner.domains {
            if let other = routing.system(domain: domain), other != partner.system {
                throw DirectoryError("domain \(domain) belongs to \(other) and to \(partner.system)")
            }
        }
        try requireUnrouted(partner.exceptions, to: partner.system)
        removePartner(partner.system)
        trail.append(.other)
        partners.append(partner)
        partners.sort { $0.system < $1.system }
        for domain in partner.domains { routing.set(domain: domain, system: partner.system) }
        routing.set(partner.exceptions, of: partner.system, isListed: true)
    }

    /// A single group, user or alias has one home, and a user of ours is routed by what we know of him.
    private func requireUnrouted(_ exceptions: RoutingExceptions, to partner: MCSystemID) throws(DirectoryError) {
        func require(_ name: String, unless holder: MCSystemID?) throws(DirectoryError) {
            if let holder, holder != partner { throw DirectoryError("\(name) belongs to \(holder) and to \(partner)") }
        }
        for group in exceptions.groups { try require("group \(group)", unless: routing.holder(of: group)) }
        for alias in exceptions.aliases { try require("alias \(alias)", unless: routing.holder(of: alias)) }
        for user in exceptions.users {
            try require("user \(user)", unless: usersByID[user].map { _ in system.id } ?? routing.home(of: user))
        }
        for user in exceptions.servedUsers {
            try require("user \(user)", unless: usersByID[user].map { _ in system.id } ?? routing.server(of: user))
        }
    }

    public mutating func removePartner(_ id: MCSystemID) {
        guard let index = partners.firstIndex(where: { $0.system == id }) else { return }
        trail.append(.other)
        for domain in partners[index].domains { routing.set(domain: domain, system: nil) }
        routing.set(partners[index].exceptions, of: id, isListed: false)
        partners.remove(at: index)
    }

    /// Adds a functional alias that this system homes.
    public mutating func setAlias(_ alias: FunctionalAlias) throws(DirectoryError) {
        if let other = routing.holder(of: alias), other != system.id {
            throw DirectoryError("alias \(alias) is routed to \(other)")
        }
        trail.append(.other)
        routing.set(alias: alias, owner: system.id)
    }

    public mutating func removeAlias(_ alias: FunctionalAlias) {
        guard routing.holder(of: alias) == system.id else { return }
        trail.append(.other)
        routing.set(alias: alias, owner: nil)
    }

    private mutating func count(_ new: DigestSecrets?, insteadOf old: DigestSecrets?) {
        usersWithMD5 += (new?.md5 == nil ? 0 : 1) - (old?.md5 == nil ? 0 : 1)
        usersWithSHA256 += (new?.sha256 == nil ? 0 : 1) - (old?.sha256 == nil ? 0 : 1)
    }
}

extension Array where Element: Comparable {
    fileprivate func sortedIndex(of element: Element) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }

    fileprivate mutating func insertSorted(_ element: Element) {
        insert(element, at: sortedIndex(of: element))
    }

    fileprivate mutating func removeSorted(_ element: Element) {
        let index = sortedIndex(of: element)
        if index < count, self[index] == element { remove(at: index) }
    }
}

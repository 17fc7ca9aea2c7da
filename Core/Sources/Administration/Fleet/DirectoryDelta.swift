public import MCFoundation
import OrderedCollections
public import Policy

/// What committed changes of the fleet map mean for the call path: which users, groups and aliases it has to look at
/// again. Their state is taken from the snapshot, so deltas may be put together, and applying one twice does no harm.
public struct DirectoryDelta: Hashable, Sendable {
    private var users: OrderedSet<String> = []
    private var groups: OrderedSet<String> = []
    private var aliases: OrderedSet<String> = []

    /// `snapshot` is the fleet map after the changes: it knows whom a profile or an organisation concerns.
    public init(_ changes: [FleetChange], in snapshot: FleetSnapshot) {
        for change in changes {
            switch change.kind {
            case .user: users.append(change.key)
            case .group: groups.append(change.key)
            case .functionalAlias: aliases.append(change.key)
            case .profile: users.append(contentsOf: snapshot.users(ofProfile: change.key))
            case .organisation: users.append(contentsOf: snapshot.users(ofOrganisation: change.key))
            case .device, .policy, .administrator: break
            }
        }
    }

    /// Everything of a fleet map: what a system starts with.
    public init(all snapshot: FleetSnapshot) {
        users = OrderedSet(snapshot.keys(of: .user))
        groups = OrderedSet(snapshot.keys(of: .group))
        aliases = OrderedSet(snapshot.keys(of: .functionalAlias))
    }

    public var isEmpty: Bool { users.isEmpty && groups.isEmpty && aliases.isEmpty }
    public var userCount: Int { users.count }
    public var groupCount: Int { groups.count }

    /// Sets or removes what the delta names. A migrated user stays with the system that serves him.
    ///
    /// - Throws: Where the directory would not be coherent; then it is as it was.
    public func apply(
        to directory: inout DirectorySnapshot, of snapshot: FleetSnapshot, system: SystemIdentity
    ) throws(DirectoryError) {
        var changed = directory
        var coming: [User] = []
        // Users may have traded identities: whoever goes or changes his leaves before anybody comes.
        for key in users {
            let old = changed.user(MCPTTID(key))
            guard let record = snapshot.user(key), !record.isSuspended else {
                changed.removeUser(MCPTTID(key))
                continue
            }
            let user = snapshot.policyUser(record, of: system, servedBy: old?.servingSystem)
            if let old, old.publicIdentity != user.publicIdentity || old.privateIdentity != user.privateIdentity {
                changed.removeUser(old.mcpttID)
            }
            if user != old { coming.append(user) }
        }
        for user in coming { try changed.setUser(user) }
        for key in groups {
            if let record = snapshot.group(key) {
                try changed.setGroup(record.group)
            } else {
                changed.removeGroup(MCPTTGroupID(key))
            }
        }
        for key in aliases {
            if snapshot.functionalAlias(key) != nil {
                try changed.setAlias(FunctionalAlias(key))
            } else {
                changed.removeAlias(FunctionalAlias(key))
            }
        }
        directory = changed
    }
}

extension FleetSnapshot {
    /// A user as functions know him. Without a credential there is none of his devices that could register.
    public func policyUser(_ record: UserRecord, of system: SystemIdentity, servedBy serving: MCSystemID? = nil) -> User
    {
        let rights = rights(of: record)
        var user = User(
            mcpttID: record.mcpttID, publicIdentity: PublicUserIdentity(record.publicIdentity),
            privateIdentity: PrivateUserIdentity(record.privateIdentity),
            credentials: record.credentials?.digestSecrets ?? DigestSecrets(realm: system.realm, md5: nil, sha256: nil),
            displayName: record.displayName,
            organisation: organisation(record.organisation)?.name ?? record.organisation, priority: record.priority,
            homeSystem: system.id, servingSystem: serving,
            endpoint: record.legacyAffiliations.map { .legacy(affiliations: $0.map { MCPTTGroupID($0) }) } ?? .client,
            rights: rights.userRights, maxima: rights.maxima)
        for other in record.otherProfiles ?? [] {
            let rights = self.rights(of: record, profile: other.index)
            user.otherProfiles[other.index] = UserPermissions(rights: rights.userRights, maxima: rights.maxima)
        }
        return user
    }

    /// The directory that a system starts with. Partners come from its configuration.
    ///
    /// - Throws: Where it is not coherent.
    public func directory(of system: SystemIdentity, partners: [Partner]) throws(DirectoryError) -> DirectorySnapshot {
        var directory = DirectorySnapshot(system: system)
        for partner in partners { try directory.setPartner(partner) }
        try DirectoryDelta(all: self).apply(to: &directory, of: self, system: system)
        return directory
    }
}

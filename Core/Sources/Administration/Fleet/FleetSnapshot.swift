import HashTreeCollections
public import Policy

/// The fleet map at one moment: a persistent value. Whoever holds an older one keeps it.
///
/// It holds whatever was committed; that keys are unique and references lead somewhere is decided before
/// (`FleetDecision`). References are indexed, so that a deletion knows what stands in its way without a search.
public struct FleetSnapshot: Sendable {
    private var organisations = RecordTree<OrganisationRecord>()
    private var profiles = RecordTree<ProfileRecord>()
    private var users = RecordTree<UserRecord>()
    private var devices = RecordTree<DeviceRecord>()
    private var groups = RecordTree<GroupRecord>()
    private var aliases = RecordTree<FunctionalAliasRecord>()
    private var administrators = RecordTree<AdministratorRecord>()
    /// What the nation prescribes; the defaults as long as nothing was written.
    public private(set) var policy = PolicyRecord()
    /// Partners' users may be members of groups. Which they are comes from the configuration.
    public var foreignUsers: ForeignUsers

    private var usersByPublicIdentity: TreeDictionary<String, String> = [:]
    private var usersByPrivateIdentity: TreeDictionary<String, String> = [:]
    private var usersByLoginName: TreeDictionary<String, String> = [:]
    private var usersByProfile = ReferenceIndex()
    private var groupsByMember = ReferenceIndex()
    private var telephonesByGroup = ReferenceIndex()
    private var devicesByUser = ReferenceIndex()
    private var aliasesByUser = ReferenceIndex()
    private var usersByOrganisation = ReferenceIndex()
    /// `kind key` of everything else that names an organisation.
    private var othersByOrganisation = ReferenceIndex()

    public init(foreignUsers: ForeignUsers = .init()) {
        self.foreignUsers = foreignUsers
    }

    /// Of everything that a store holds, in any order.
    public init(_ records: [FleetRecord], foreignUsers: ForeignUsers = .init()) {
        self.init(foreignUsers: foreignUsers)
        var found: [UserRecord] = []
        var foundGroups: [GroupRecord] = []
        for record in records {
            switch record {
            case .user(let user): found.append(user)
            case .group(let group): foundGroups.append(group)
            case .organisation, .profile, .device, .functionalAlias, .policy, .administrator: apply(.put(record))
            }
        }
        users = RecordTree(found)
        for user in users.inOrder { index(user, insteadOf: nil) }
        groups = RecordTree(foundGroups)
        for group in groups.inOrder { index(group, insteadOf: nil) }
    }

    // MARK: Reading

    public func organisation(_ id: String) -> OrganisationRecord? { organisations[id] }
    public func profile(_ name: String) -> ProfileRecord? { profiles[name] }
    public func user(_ id: String) -> UserRecord? { users[id] }
    public func user(publicIdentity: String) -> UserRecord? {
        usersByPublicIdentity[publicIdentity].flatMap { users[$0] }
    }
    public func user(privateIdentity: String) -> UserRecord? {
        usersByPrivateIdentity[privateIdentity].flatMap { users[$0] }
    }
    public func user(loginName: String) -> UserRecord? { usersByLoginName[loginName].flatMap { users[$0] } }
    public func device(_ instance: String) -> DeviceRecord? { devices[instance] }
    public func group(_ id: String) -> GroupRecord? { groups[id] }
    public func functionalAlias(_ id: String) -> FunctionalAliasRecord? { aliases[id] }
    public func administrator(_ id: String) -> AdministratorRecord? { administrators[id] }

    /// The record of a kind; for the policy the defaults where none was written.
    public func record(_ kind: FleetKind, key: String) -> FleetRecord? {
        switch kind {
        case .organisation: organisations[key]?.record
        case .profile: profiles[key]?.record
        case .user: users[key]?.record
        case .device: devices[key]?.record
        case .group: groups[key]?.record
        case .functionalAlias: aliases[key]?.record
        case .policy: key == PolicyRecord.key ? policy.record : nil
        case .administrator: administrators[key]?.record
        }
    }

    /// Sorted. All of them: for a few `orderedKeys(of:)`.
    public func keys(of kind: FleetKind) -> [String] { Array(orderedKeys(of: kind)) }

    public func orderedKeys(of kind: FleetKind) -> FleetKeys {
        switch kind {
        case .organisation: organisations.keys
        case .profile: profiles.keys
        case .user: users.keys
        case .device: devices.keys
        case .group: groups.keys
        case .functionalAlias: aliases.keys
        case .policy: FleetKeys(sorted: [PolicyRecord.key])
        case .administrator: administrators.keys
        }
    }

    /// What a user may do with one of his profiles, and what differs for him. With one that he does not have: nothing but
    /// what differs.
    public func rights(of user: UserRecord, profile index: UInt8 = 0) -> EffectiveRights {
        EffectiveRights(
            profile: user.profile(of: index).flatMap { profiles[$0] }, rights: user.rights, maxima: user.maxima)
    }

    /// Whether one of his profiles gives a user a right.
    ///
    /// NOTSPEC: which counts where the one that a client selected is not known, as over HTTP. Any: it is his to select.
    public func mayByAnyProfile(_ user: UserRecord, _ right: UserRight) -> Bool {
        user.profileIndices.contains { rights(of: user, profile: $0).allows(right) }
    }

    /// Keys, sorted.
    public func users(ofProfile name: String) -> [String] { usersByProfile.of(name) }
    public func users(ofOrganisation id: String) -> [String] { usersByOrganisation.of(id) }
    public func groups(ofMember user: String) -> [String] { groupsByMember.of(user) }
    public func telephones(ofGroup group: String) -> [String] { telephonesByGroup.of(group) }
    public func devices(ofUser user: String) -> [String] { devicesByUser.of(user) }
    public func functionalAliases(ofUser user: String) -> [String] { aliasesByUser.of(user) }

    /// True where a record names the organisation: then it cannot go.
    public func isOrganisationUsed(_ id: String) -> Bool {
        usersByOrganisation.isReferred(id) || othersByOrganisation.isReferred(id)
    }

    public func isProfileUsed(_ name: String) -> Bool { usersByProfile.isReferred(name) }

    // MARK: Changing

    /// Adds, replaces or removes one record. What is not there is removed without an effect.
    public mutating func apply(_ change: FleetChange) {
        switch change {
        case .put(let record): put(record)
        case .delete(let kind, let key): remove(kind, key)
        }
    }

    public mutating func apply(_ changes: [FleetChange]) {
        for change in changes { apply(change) }
    }

    private mutating func put(_ record: FleetRecord) {
        switch record {
        case .organisation(let value):
            let old = organisations.put(value)
            move(record, from: old?.parent, to: value.parent)
        case .profile(let value): profiles.put(value)
        case .user(let value): index(value, insteadOf: users.put(value))
        case .device(let value):
            let old = devices.put(value)
            devicesByUser.move(value.key, from: old?.user, to: value.user)
            move(record, from: old?.organisation, to: value.organisation)
        case .group(let value): index(value, insteadOf: groups.put(value))
        case .functionalAlias(let value):
            let old = aliases.put(value)
            for user in old?.users ?? [] { aliasesByUser.remove(value.key, from: user) }
            for user in value.users { aliasesByUser.add(value.key, to: user) }
            move(record, from: old?.organisation, to: value.organisation)
        case .policy(let value): policy = value
        case .administrator(let value):
            let old = administrators.put(value)
            move(record, from: old?.organisation, to: value.organisation)
        }
    }

    private mutating func remove(_ kind: FleetKind, _ key: String) {
        switch kind {
        case .organisation:
            if let old = organisations.remove(key) { move(old.record, from: old.parent, to: nil) }
        case .profile: profiles.remove(key)
        case .user:
            if let old = users.remove(key) { index(nil, insteadOf: old) }
        case .device:
            guard let old = devices.remove(key) else { return }
            devicesByUser.move(key, from: old.user, to: nil)
            move(old.record, from: old.organisation, to: nil)
        case .group:
            if let old = groups.remove(key) { index(nil, insteadOf: old) }
        case .functionalAlias:
            guard let old = aliases.remove(key) else { return }
            for user in old.users { aliasesByUser.remove(key, from: user) }
            move(old.record, from: old.organisation, to: nil)
        case .policy: policy = PolicyRecord()
        case .administrator:
            if let old = administrators.remove(key) { move(old.record, from: old.organisation, to: nil) }
        }
    }

    private mutating func move(_ record: FleetRecord, from old: String?, to new: String?) {
        othersByOrganisation.move("\(record.kind.rawValue) \(record.key)", from: old, to: new)
    }

    private mutating func index(_ new: UserRecord?, insteadOf old: UserRecord?) {
        guard let key = new?.key ?? old?.key else { return }
        usersByPublicIdentity.move(key, from: old?.publicIdentity, to: new?.publicIdentity)
        usersByPrivateIdentity.move(key, from: old?.privateIdentity, to: new?.privateIdentity)
        usersByLoginName.move(key, from: old?.loginName, to: new?.loginName)
        if old?.otherProfiles == nil, new?.otherProfiles == nil {
            usersByProfile.move(key, from: old?.profile, to: new?.profile)
        } else {
            for name in old?.profileNames ?? [] { usersByProfile.remove(key, from: name) }
            for name in new?.profileNames ?? [] { usersByProfile.add(key, to: name) }
        }
        usersByOrganisation.move(key, from: old?.organisation, to: new?.organisation)
        if old?.legacyAffiliations != new?.legacyAffiliations {
            for group in old?.legacyAffiliations ?? [] { telephonesByGroup.remove(key, from: group) }
            for group in new?.legacyAffiliations ?? [] { telephonesByGroup.add(key, to: group) }
        }
    }

    /// Touches those members only that come or go: both lists are sorted.
    private mutating func index(_ new: GroupRecord?, insteadOf old: GroupRecord?) {
        guard let key = new?.key ?? old?.key else { return }
        let before = old?.members ?? []
        let after = new?.members ?? []
        var (i, j) = (0, 0)
        while i < before.count || j < after.count {
            if j == after.count || (i < before.count && before[i].id < after[j].id) {
                groupsByMember.remove(key, from: before[i].id)
                i += 1
            } else if i == before.count || after[j].id < before[i].id {
                groupsByMember.add(key, to: after[j].id)
                j += 1
            } else {
                i += 1
                j += 1
            }
        }
        othersByOrganisation.move(
            "\(FleetKind.group.rawValue) \(key)", from: old?.organisation, to: new?.organisation)
    }
}

extension TreeDictionary where Key == String, Value == String {
    /// Two users may trade their identities within one commit: what another one has taken already stays his.
    fileprivate mutating func move(_ owner: String, from old: String?, to new: String?) {
        if let old, old != new, self[old] == owner { self[old] = nil }
        if let new { self[new] = owner }
    }
}

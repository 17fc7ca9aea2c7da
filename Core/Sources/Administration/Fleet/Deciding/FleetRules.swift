import Policy

/// The rules by which the fleet map is changed. Every reason against a request is collected, so that a table of many
/// can be answered at once.
struct FleetRules {
    let administrator: AdministratorRecord
    /// The state that the next request meets.
    var fleet: FleetSnapshot
    let system: SystemIdentity
    /// Groups that come with the same plan: telephones may name them before they are there. Only looked up.
    var expectedGroups: Set<String> = []
    /// Users that come with the same plan: where one of them failed, that is told already. Only looked up.
    var expectedUsers: Set<String> = []
    private(set) var refusals: [FleetRefusal] = []

    init(administrator: AdministratorRecord, fleet: FleetSnapshot, system: SystemIdentity) {
        self.administrator = administrator
        self.fleet = fleet
        self.system = system
    }

    mutating func refuse(_ code: FleetRefusal.Code, _ field: String, _ text: String) {
        refusals.append(FleetRefusal(code, field: field, text))
    }

    /// The refusals so far; the next request starts without them.
    mutating func takeRefusals() -> [FleetRefusal] {
        defer { refusals = [] }
        return refusals
    }

    /// Worth something only where `refusals` is empty afterwards.
    mutating func decide(_ request: FleetRequest) -> FleetDecision {
        guard mayAct(request), let (old, new) = outcome(of: request) else { return FleetDecision() }
        for record in [old, new] {
            if let record, !isInReach(record) {
                // Whose it is he is not told.
                refuse(.notAllowed, "organisation", "it belongs to another organisation, or to the nation")
                return FleetDecision()
            }
        }
        guard mayTouchAdministrators(request, new) else { return FleetDecision() }
        guard let new else { return deletion(old, request) }
        switch request {
        case .logOff, .forgive:
            return FleetDecision(
                audit: FleetAudit.entries(request.action, by: administrator, in: fleet, old: old, new: new))
        case .create, .replace, .delete, .setSuspended, .setMembers, .setMember, .addMember, .removeMember,
            .setRights,
            .setCredentials, .setPassword:
            break
        }
        let checked = checked(new, insteadOf: old)
        guard refusals.isEmpty, checked != old else { return FleetDecision() }
        let entries = FleetAudit.entries(request.action, by: administrator, in: fleet, old: old, new: checked)
        var decision = FleetDecision(changes: [.put(checked)], audit: entries)
        regroupFollowing(checked, insteadOf: old, &decision, request.action)
        return decision
    }

    // MARK: Who may

    private mutating func mayAct(_ request: FleetRequest) -> Bool {
        if administrator.isSuspended {
            refuse(.notAllowed, "", "you are suspended")
            return false
        }
        if case .setPassword(.administrator(administrator.id), _) = request { return true }
        let roles: [AdministratorRole] = request.isDailyWork ? [.administrator, .operator] : [.administrator]
        guard administrator.roles.contains(where: { roles.contains($0) }) else {
            refuse(.notAllowed, "", "this needs the role \(roles.map(\.rawValue).joined(separator: " or "))")
            return false
        }
        return true
    }

    /// Organisations, profiles and the policy are the nation's; every other record is its organisation's.
    private func isInReach(_ record: FleetRecord) -> Bool {
        if administrator.isNational { return true }
        switch record {
        case .organisation, .profile, .policy: return false
        case .user, .device, .group, .functionalAlias, .administrator:
            return record.organisation == administrator.organisation
        }
    }

    /// Nobody changes or deletes his own record but for the password: so there is always one left who may act. And
    /// nobody within an organisation gives a role that he does not have, or a password to who has one: he could log in
    /// and act by it.
    private mutating func mayTouchAdministrators(_ request: FleetRequest, _ new: FleetRecord?) -> Bool {
        guard request.kind == .administrator else { return true }
        if case .setPassword = request, request.key == administrator.id { return true }
        if request.key == administrator.id {
            refuse(.notAllowed, "id", "nobody changes his own administrator record")
            return false
        }
        if case .administrator(let new) = new, !administrator.isNational,
            let role = new.roles.first(where: { !administrator.roles.contains($0) })
        {
            refuse(.notAllowed, "roles", "the role \(role.rawValue) is given by those who have it")
            return false
        }
        return true
    }

    // MARK: What it would be

    /// The record before and after; nil after a refusal.
    private mutating func outcome(of request: FleetRequest) -> (old: FleetRecord?, new: FleetRecord?)? {
        switch request {
        case .create(let record):
            if fleet.record(record.kind, key: canonicalKey(record)) != nil {
                refuse(.conflict, keyField(record.kind), "there is a \(record.kind.rawValue) of this name already")
                return nil
            }
            return (nil, record)
        case .replace(let record):
            return existing(record.kind, canonicalKey(record)).map { ($0, record) }
        case .delete(let kind, let key):
            return existing(kind, key).map { ($0, nil) }
        case .setSuspended(let key, let isSuspended):
            return changedUser(key) { $0.isSuspended = isSuspended }
        case .setRights(let key, let profile, let rights, let maxima):
            return changedUser(key) {
                $0.profile = profile
                $0.rights = rights
                $0.maxima = maxima
            }
        case .setCredentials(let key, let credentials):
            return changedUser(key) { $0.credentials = credentials }
        case .setPassword(.user(let key), let verifier):
            return changedUser(key) { $0.passwordVerifier = verifier }
        case .setPassword(.administrator(let key), let verifier):
            guard case .administrator(var record)? = existing(.administrator, key) else { return nil }
            let old = record
            record.passwordVerifier = verifier
            return (old.record, record.record)
        case .logOff(let key), .forgive(let key):
            return changedUser(key) { _ in }
        case .setMembers(let key, let members):
            return changedGroup(key) { $0.setMembers(members) }
        case .setMember(let key, let member):
            return changedGroup(key) { $0.setMember(member) }
        case .addMember(let key, let user, let priority):
            return changedGroup(key) { group in
                var member = group.member(user) ?? GroupMember(id: user)
                member.priority = priority ?? member.priority
                group.setMember(member)
            }
        case .removeMember(let key, let user):
            guard let group = fleet.group(key), group.member(user) == nil else {
                return changedGroup(key) { $0.removeMember(user) }
            }
            refuse(.notFound, "members", "\(user) is no member")
            return nil
        }
    }

    private mutating func existing(_ kind: FleetKind, _ key: String) -> FleetRecord? {
        let record = fleet.record(kind, key: key)
        if record == nil { refuse(.notFound, keyField(kind), "there is no such \(kind.rawValue)") }
        return record
    }

    private mutating func changedUser(
        _ key: String, _ change: (inout UserRecord) -> Void
    ) -> (old: FleetRecord?, new: FleetRecord?)? {
        guard case .user(let old)? = existing(.user, key) else { return nil }
        var new = old
        change(&new)
        return (old.record, new.record)
    }

    private mutating func changedGroup(
        _ key: String, _ change: (inout GroupRecord) -> Void
    ) -> (old: FleetRecord?, new: FleetRecord?)? {
        guard case .group(let old)? = existing(.group, key) else { return nil }
        var new = old
        change(&new)
        return (old.record, new.record)
    }

    private func keyField(_ kind: FleetKind) -> String {
        switch kind {
        case .device: "instance"
        case .profile: "name"
        case .policy: ""
        case .organisation, .user, .group, .functionalAlias, .administrator: "id"
        }
    }

    /// The key under which a record is looked for, whatever the case of its domain.
    private func canonicalKey(_ record: FleetRecord) -> String {
        switch record.kind {
        case .user, .group, .functionalAlias: FleetIdentity.canonical(record.key) ?? record.key
        case .organisation, .profile, .device, .policy, .administrator: record.key
        }
    }
}

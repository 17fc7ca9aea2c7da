extension FleetRules {
    /// What would be left without a meaning goes too: a user leaves his groups, roles and devices, a telephone its
    /// group. What others are built on has to be given up by them first.
    mutating func deletion(_ old: FleetRecord?, _ request: FleetRequest) -> FleetDecision {
        guard let old else { return FleetDecision() }
        var decision = FleetDecision(changes: [.delete(old.kind, key: old.key)])
        decision.audit += FleetAudit.entries(request.action, by: administrator, in: fleet, old: old, new: nil)
        switch old {
        case .organisation(let organisation):
            if fleet.isOrganisationUsed(organisation.id) {
                refuse(.conflict, "id", "users, groups or other records belong to the organisation")
            }
        case .profile(let profile):
            if fleet.isProfileUsed(profile.name) { refuse(.conflict, "name", "users have the profile") }
        case .policy: refuse(.invalid, "", "the policy is replaced, not deleted")
        case .user(let user): leave(user, &decision, request.action)
        case .group(let group):
            if group.regroupedInto != nil {
                refuse(.conflict, "id", "the group is regrouped: its temporary group has to go first")
            }
            for key in group.temporary?.constituents ?? [] { bind(key, to: nil, &decision, request.action) }
            for key in fleet.telephones(ofGroup: group.id) {
                guard let telephone = fleet.user(key) else { continue }
                var changed = telephone
                changed.legacyAffiliations?.removeAll { $0 == group.id }
                follow(telephone.record, changed.record, &decision, request.action)
            }
        case .device, .functionalAlias, .administrator: break
        }
        return decision
    }

    private func leave(_ user: UserRecord, _ decision: inout FleetDecision, _ cause: String) {
        for key in fleet.groups(ofMember: user.id) {
            guard let group = fleet.group(key) else { continue }
            var changed = group
            changed.removeMember(user.id)
            follow(group.record, changed.record, &decision, cause)
        }
        for key in fleet.functionalAliases(ofUser: user.id) {
            guard let alias = fleet.functionalAlias(key) else { continue }
            var changed = alias
            changed.users.removeAll { $0 == user.id }
            follow(alias.record, changed.record, &decision, cause)
        }
        for key in fleet.devices(ofUser: user.id) {
            guard let device = fleet.device(key) else { continue }
            var changed = device
            changed.user = nil
            follow(device.record, changed.record, &decision, cause)
        }
    }

    func follow(_ old: FleetRecord, _ new: FleetRecord, _ decision: inout FleetDecision, _ cause: String) {
        decision.changes.append(.put(new))
        let action = "\(new.kind.rawValue).changed"
        decision.audit += FleetAudit.entries(
            action, by: administrator, in: fleet, old: old, new: new, cause: cause)
    }
}

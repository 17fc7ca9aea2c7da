import Policy

/// Temporary groups (TS 24.481 7.2). What they are is kept in their record and in those of their constituents, and stays
/// true with whatever else is decided.
extension FleetRules {
    /// What a group has to do with regroup is decided here alone: of a new group its constituents, of another one nothing
    /// changes.
    mutating func regroup(_ value: inout GroupRecord, _ old: GroupRecord?) {
        value.regroupedInto = old?.regroupedInto
        if let old {
            value.temporary = old.temporary
            if old.temporary != nil, value.members != old.members {
                refuse(.conflict, "members", "the members of a temporary group are those of its constituents")
            }
            return
        }
        guard let temporary = value.temporary else { return }
        let constituents = constituents(of: temporary, value.organisation)
        value.temporary?.constituents = constituents.map(\.id)
        value.setMembers(TemporaryGroup.members(of: constituents))
    }

    private mutating func constituents(of temporary: TemporaryGroup, _ organisation: String) -> [GroupRecord] {
        let field = "constituents"
        guard (1...FleetLimits.constituents).contains(temporary.constituents.count) else {
            refuse(.limitExceeded, field, "a temporary group has 1 to \(FleetLimits.constituents) constituents")
            return []
        }
        var found: [GroupRecord] = []
        for text in temporary.constituents {
            guard let id = identity(text, field) else { continue }
            // OPEN: groups of partners, whose group management would have to be asked (TS 24.481), are unknown here.
            guard let group = fleet.group(id), administrator.isNational || group.organisation == organisation else {
                refuse(.unknownReference, field, "there is no such group of the organisation: \(id)")
                continue
            }
            if group.temporary != nil {
                refuse(.conflict, field, "\(id) is a temporary group itself")
            } else if group.regroupedInto != nil {
                refuse(.conflict, field, "\(id) is regrouped already")
            } else if found.contains(where: { $0.id == id }) {
                refuse(.invalid, field, "\(id) is there twice")
            } else {
                found.append(group)
            }
        }
        return found
    }

    /// What a group means for others that it is regrouped with: a new temporary group for its constituents, new members
    /// of a constituent for its temporary group.
    mutating func regroupFollowing(
        _ new: FleetRecord, insteadOf old: FleetRecord?, _ decision: inout FleetDecision, _ cause: String
    ) {
        guard case .group(let group) = new else { return }
        if old == nil {
            for key in group.temporary?.constituents ?? [] { bind(key, to: group.id, &decision, cause) }
        }
        guard case .group(let before)? = old, before.members != group.members, let key = group.regroupedInto,
            let joined = fleet.group(key), let temporary = joined.temporary
        else { return }
        var changed = joined
        changed.setMembers(
            TemporaryGroup.members(
                of: temporary.constituents.compactMap { $0 == group.id ? group : fleet.group($0) }))
        if changed.members.count > FleetLimits.membersPerGroup {
            refuse(
                .limitExceeded, "members",
                "the temporary group \(key) would have more than \(FleetLimits.membersPerGroup) members")
        }
        if changed != joined { follow(joined.record, changed.record, &decision, cause) }
    }

    /// - Parameter temporary: nil sets the constituent free.
    func bind(_ constituent: String, to temporary: String?, _ decision: inout FleetDecision, _ cause: String) {
        guard let group = fleet.group(constituent) else { return }
        var changed = group
        changed.regroupedInto = temporary
        follow(group.record, changed.record, &decision, cause)
    }
}

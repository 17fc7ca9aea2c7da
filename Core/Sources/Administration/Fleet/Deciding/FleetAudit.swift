import Audit

/// How decisions on the fleet map are told to the audit log.
enum FleetAudit {
    /// Details of one entry; what has more is told in several, so that the log leaves out none of them.
    static let detailsPerEntry = AuditLimits.maxDetails - 4

    static func party(_ administrator: AdministratorRecord, in fleet: FleetSnapshot) -> AuditParty {
        let organisation = administrator.organisation.flatMap { fleet.organisation($0) }
        return AuditParty(
            identity: administrator.id, role: "administrator",
            agency: organisation?.name ?? administrator.organisation ?? "", country: organisation?.country ?? "")
    }

    /// Who users, devices and administrators are is personal; what a group or a profile is called is not.
    static func subject(_ kind: FleetKind, _ key: String) -> AuditDetail {
        switch kind {
        case .user, .device, .administrator: AuditDetail(kind.rawValue, key, isPersonal: true)
        case .organisation, .profile, .group, .functionalAlias, .policy: AuditDetail(kind.rawValue, key)
        }
    }

    /// What a change is told by: one entry, or several where its details do not fit into one.
    static func entries(
        _ action: String, by administrator: AdministratorRecord, in fleet: FleetSnapshot, old: FleetRecord?,
        new: FleetRecord?, cause: String? = nil
    ) -> [AuditEntry] {
        guard let record = new ?? old else { return [] }
        var subjects = [subject(record.kind, record.key)]
        if record.kind != .organisation, let organisation = record.organisation {
            subjects.append(AuditDetail("organisation", organisation))
        }
        var facts = differences(old, new)
        if let cause { facts.append(AuditDetail("cause", cause)) }
        let room = detailsPerEntry - subjects.count
        let count = max(1, (facts.count + room - 1) / room)
        return (0..<count).map { part in
            var details = subjects
            if count > 1 { details.append(AuditDetail("part", "\(part + 1) of \(count)")) }
            details += facts[part * room..<min(facts.count, (part + 1) * room)]
            return AuditEntry(
                .administration, action, actor: party(administrator, in: fleet), details: details,
                authority: administrator.authority)
        }
    }

    private static func otherProfiles(of user: UserRecord) -> AuditDetail {
        AuditDetail("profiles", (user.otherProfiles ?? []).map { "\($0.index):\($0.profile)" }.joined(separator: " "))
    }

    private static func differences(_ old: FleetRecord?, _ new: FleetRecord?) -> [AuditDetail] {
        var details: [AuditDetail] = []
        func fields(_ names: [String]) {
            if !names.isEmpty { details.append(AuditDetail("fields", names.joined(separator: " "))) }
        }
        switch (old, new) {
        case (.organisation(let old), .organisation(let new)): fields(new.changedFields(since: old))
        case (.profile(let old), .profile(let new)):
            fields(new.changedFields(since: old))
            details += rights("rights", new.rights, unless: old.rights)
        case (nil, .profile(let new)): details += rights("rights", new.rights, unless: [])
        case (.user(let old), .user(let new)):
            fields(new.changedFields(since: old))
            if new.profile != old.profile { details.append(AuditDetail("profile", new.profile ?? "")) }
            if new.otherProfiles != old.otherProfiles { details.append(otherProfiles(of: new)) }
            details += rights("allowed", new.rights.allowed, unless: old.rights.allowed)
            details += rights("denied", new.rights.denied, unless: old.rights.denied)
        case (nil, .user(let new)):
            if let profile = new.profile { details.append(AuditDetail("profile", profile)) }
            if new.otherProfiles != nil { details.append(otherProfiles(of: new)) }
            details += rights("allowed", new.rights.allowed, unless: [])
            details += rights("denied", new.rights.denied, unless: [])
        case (.device(let old), .device(let new)): fields(new.changedFields(since: old))
        case (.group(let old), .group(let new)):
            fields(new.changedFields(since: old))
            details += members(old.members, new.members)
        case (nil, .group(let new)): details += members([], new.members) + constituents(of: new)
        case (.group(let old), nil): details += constituents(of: old)
        case (.functionalAlias(let old), .functionalAlias(let new)): fields(new.changedFields(since: old))
        case (.policy(let old), .policy(let new)): fields(new.changedFields(since: old))
        case (.administrator(let old), .administrator(let new)):
            fields(new.changedFields(since: old))
            if new.roles != old.roles { details.append(roles(new)) }
        case (nil, .administrator(let new)): details.append(roles(new))
        default: break
        }
        return details
    }

    private static func constituents(of group: GroupRecord) -> [AuditDetail] {
        guard let temporary = group.temporary else { return [] }
        return list("constituents", temporary.constituents, isPersonal: false)
            + [AuditDetail("requestor", temporary.requestor, isPersonal: true)]
    }

    private static func roles(_ administrator: AdministratorRecord) -> AuditDetail {
        AuditDetail("roles", administrator.roles.map(\.rawValue).joined(separator: " "))
    }

    private static func rights(_ name: String, _ new: [UserRight], unless old: [UserRight]) -> [AuditDetail] {
        new == old ? [] : [AuditDetail(name, new.map(\.rawValue).joined(separator: " "))]
    }

    /// Both sorted by identity.
    private static func members(_ old: [GroupMember], _ new: [GroupMember]) -> [AuditDetail] {
        var (added, removed, changed): ([String], [String], [String]) = ([], [], [])
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if j == new.count || (i < old.count && old[i].id < new[j].id) {
                removed.append(old[i].id)
                i += 1
            } else if i == old.count || new[j].id < old[i].id {
                added.append(new[j].id)
                j += 1
            } else {
                if old[i] != new[j] { changed.append(new[j].id) }
                i += 1
                j += 1
            }
        }
        return list("added", added) + list("removed", removed) + list("changed", changed)
    }

    /// Identities between blanks, in as many details as it takes: a value that is too long is cut by the log.
    private static func list(_ name: String, _ identities: [String], isPersonal: Bool = true) -> [AuditDetail] {
        var texts: [String] = []
        for identity in identities {
            if let last = texts.last, last.utf8.count + 1 + identity.utf8.count <= AuditLimits.maxValueOctets {
                texts[texts.count - 1] += " " + identity
            } else {
                texts.append(identity)
            }
        }
        return texts.map { AuditDetail(name, $0, isPersonal: isPersonal) }
    }
}

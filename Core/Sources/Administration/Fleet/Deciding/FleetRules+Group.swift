import MCFoundation
import Policy

extension FleetRules {
    mutating func checked(_ value: GroupRecord, _ old: GroupRecord?) -> GroupRecord {
        var value = value
        if let id = ownIdentity(value.id, "id", .group) { value.id = id }
        regroup(&value, old)
        organisation(value.organisation)
        name(value.displayName, "displayName")
        range(value.maximumParticipants, 2...10_000, "maximumParticipants")
        range(value.minimumToStart, 1...10_000, "minimumToStart")
        if value.minimumToStart > value.maximumParticipants {
            refuse(.invalid, "minimumToStart", "more have to be there than may be there")
        }
        range(value.hangTime, 1_000...600_000, "hangTime")
        if let duration = value.maximumDuration { range(duration, 10_000...604_800_000, "maximumDuration") }
        range(value.talkLimit, 1_000...600_000, "talkLimit")
        range(value.queueDepth, 0...64, "queueDepth")
        range(value.acknowledgementTimeout, 1_000...60_000, "acknowledgementTimeout")
        guard value.members != old?.members else { return value }
        if value.temporary != nil {
            // Each was looked at where he is a member.
            if value.members.count > FleetLimits.membersPerGroup { tooManyMembers() }
            return value
        }
        guard value.members.count <= FleetLimits.membersPerGroup else {
            tooManyMembers()
            return value
        }
        value.setMembers(members(of: value, old))
        return value
    }

    private mutating func tooManyMembers() {
        refuse(.limitExceeded, "members", "a group has at most \(FleetLimits.membersPerGroup) members")
    }

    private mutating func members(of value: GroupRecord, _ old: GroupRecord?) -> [GroupMember] {
        var members: [GroupMember] = []
        members.reserveCapacity(value.members.count)
        for var member in value.members {
            guard let id = identity(member.id, "members") else { continue }
            member.id = id
            members.append(member)
            let domain = FleetIdentity.domain(ofCanonical: id)
            guard !fleet.foreignUsers.contains(MCPTTID(id)) else { continue }
            if isOurs(domain) {
                // Whom the nation put there stays there.
                if old?.member(id) == nil { ownUser(id, "members", of: value.organisation) }
            } else {
                refuse(.unknownReference, "members", "\(id) is neither a user of ours nor of a partner")
            }
        }
        return members
    }
}

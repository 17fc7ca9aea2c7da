import MCFoundation
public import Policy

/// One `<entry>` of a group's list; the user may be a partner's.
public struct GroupMember: Codable, Hashable, Sendable {
    /// MCPTT ID.
    public var id: String
    public var priority: UInt8
    public var isReceiveOnly: Bool
    public var isRequired: Bool
    public var mayInitiate: Bool
    public var mayJoin: Bool
    public var mayCallInEmergency: Bool
    public var maySeeParticipants: Bool

    public init(
        id: String, priority: UInt8 = 0, isReceiveOnly: Bool = false, isRequired: Bool = false,
        mayInitiate: Bool = true, mayJoin: Bool = true, mayCallInEmergency: Bool = true,
        maySeeParticipants: Bool = true
    ) {
        self.id = id
        self.priority = priority
        self.isReceiveOnly = isReceiveOnly
        self.isRequired = isRequired
        self.mayInitiate = mayInitiate
        self.mayJoin = mayJoin
        self.mayCallInEmergency = mayCallInEmergency
        self.maySeeParticipants = maySeeParticipants
    }

    public init(_ member: Member) {
        self.init(
            id: member.mcpttID.value, priority: member.priority, isReceiveOnly: member.isReceiveOnly,
            isRequired: member.isRequired, mayInitiate: member.mayInitiate, mayJoin: member.mayJoin,
            mayCallInEmergency: member.mayCallInEmergency, maySeeParticipants: member.maySeeParticipants)
    }

    public var member: Member {
        Member(
            mcpttID: MCPTTID(id), priority: priority, isReceiveOnly: isReceiveOnly, isRequired: isRequired,
            mayInitiate: mayInitiate, mayJoin: mayJoin, mayCallInEmergency: mayCallInEmergency,
            maySeeParticipants: maySeeParticipants)
    }
}

extension CodingUserInfoKey {
    /// Set to true for records that leave out what is as usual (`GroupMember`). nil never happens.
    public static let isBrief = CodingUserInfoKey(rawValue: "eu.euccs.brief-records")
}

// What is left out is as for an ordinary member.
extension GroupMember {
    private enum CodingKeys: String, CodingKey {
        case id, priority, isReceiveOnly, isRequired, mayInitiate, mayJoin, mayCallInEmergency, maySeeParticipants
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(id: try fields.decode(String.self, forKey: .id))
        // An ordinary entry in brief has nothing more, and there are many of them.
        guard fields.allKeys.count > 1 else { return }
        priority = try fields.decodeIfPresent(UInt8.self, forKey: .priority) ?? priority
        isReceiveOnly = try fields.decodeIfPresent(Bool.self, forKey: .isReceiveOnly) ?? isReceiveOnly
        isRequired = try fields.decodeIfPresent(Bool.self, forKey: .isRequired) ?? isRequired
        mayInitiate = try fields.decodeIfPresent(Bool.self, forKey: .mayInitiate) ?? mayInitiate
        mayJoin = try fields.decodeIfPresent(Bool.self, forKey: .mayJoin) ?? mayJoin
        mayCallInEmergency = try fields.decodeIfPresent(Bool.self, forKey: .mayCallInEmergency) ?? mayCallInEmergency
        maySeeParticipants = try fields.decodeIfPresent(Bool.self, forKey: .maySeeParticipants) ?? maySeeParticipants
    }

    public func encode(to encoder: any Encoder) throws {
        let isBrief = CodingUserInfoKey.isBrief.flatMap { encoder.userInfo[$0] as? Bool } ?? false
        let usual = isBrief ? GroupMember(id: id) : nil
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .id)
        if priority != usual?.priority { try fields.encode(priority, forKey: .priority) }
        if isReceiveOnly != usual?.isReceiveOnly { try fields.encode(isReceiveOnly, forKey: .isReceiveOnly) }
        if isRequired != usual?.isRequired { try fields.encode(isRequired, forKey: .isRequired) }
        if mayInitiate != usual?.mayInitiate { try fields.encode(mayInitiate, forKey: .mayInitiate) }
        if mayJoin != usual?.mayJoin { try fields.encode(mayJoin, forKey: .mayJoin) }
        if mayCallInEmergency != usual?.mayCallInEmergency {
            try fields.encode(mayCallInEmergency, forKey: .mayCallInEmergency)
        }
        if maySeeParticipants != usual?.maySeeParticipants {
            try fields.encode(maySeeParticipants, forKey: .maySeeParticipants)
        }
    }
}

extension GroupRecord {
    /// The group as functions know it.
    public var group: Group {
        var release = ReleasePolicy()
        release.onInactivity = releasesOnInactivity
        release.whenInitiatorLeaves = releasesWhenInitiatorLeaves
        release.whenAlone = releasesWhenAlone
        let speech: SpeechProfile =
            switch codec {
            case .octetAligned: .amrWB(octetAligned: true)
            case .bandwidthEfficient: .amrWB(octetAligned: false)
            case .opus: .opus
            }
        var group = Group(
            id: groupID, displayName: displayName, kind: type == .chat ? .chat : .prearranged, isEnabled: isEnabled,
            members: members.map(\.member), maximumParticipants: maximumParticipants,
            hangTime: .milliseconds(hangTime), maximumDuration: maximumDuration.map { .milliseconds($0) },
            talkLimit: .milliseconds(talkLimit), queueDepth: queueDepth, hasAudioCutIn: hasAudioCutIn, speech: speech,
            minimumToStart: minimumToStart,
            acknowledgement: RequiredMembersRule(
                timeout: .milliseconds(acknowledgementTimeout),
                onTimeout: onAcknowledgementTimeout == .abandon ? .abandon : .proceed),
            release: release, priority: priority,
            emergency: EmergencyRule(
                allowsEmergencyCalls: allowsEmergencyCalls, allowsImminentPerilCalls: allowsImminentPerilCalls),
            allowsConferenceState: allowsConferenceState)
        group.constituents = temporary?.constituents.map { MCPTTGroupID($0) } ?? []
        group.regroupedInto = regroupedInto.map { MCPTTGroupID($0) }
        return group
    }
}

extension Array {
    /// The first index whose element satisfies a condition that is false before and true from somewhere on.
    func partitioningIndex(_ condition: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

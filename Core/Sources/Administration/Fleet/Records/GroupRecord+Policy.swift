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

    public init(
        id: String, priority: UInt8 = 0, isReceiveOnly: Bool = false, isRequired: Bool = false,
        mayInitiate: Bool = true, mayJoin: Bool = true, mayCallInEmergency: Bool = true
    ) {
        self.id = id
        self.priority = priority
        self.isReceiveOnly = isReceiveOnly
        self.isRequired = isRequired
        self.mayInitiate = mayInitiate
        self.mayJoin = mayJoin
        self.mayCallInEmergency = mayCallInEmergency
    }

    public init(_ member: Member) {
        self.init(
            id: member.mcpttID.value, priority: member.priority, isReceiveOnly: member.isReceiveOnly,
            isRequired: member.isRequired, mayInitiate: member.mayInitiate, mayJoin: member.mayJoin,
            mayCallInEmergency: member.mayCallInEmergency)
    }

    public var member: Member {
        Member(
            mcpttID: MCPTTID(id), priority: priority, isReceiveOnly: isReceiveOnly, isRequired: isRequired,
            mayInitiate: mayInitiate, mayJoin: mayJoin, mayCallInEmergency: mayCallInEmergency)
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

extension Duration {
    /// Cut to whole milliseconds, saturated.
    var wholeMilliseconds: Int { Int(wholeNanoseconds / 1_000_000) }
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

public import ConfigurationDocuments
public import MCFoundation
public import Policy

/// A group that this nation homes: what its group document says (TS 24.481 7.2), and whose it is. Times in milliseconds.
public struct GroupRecord: FleetValue {
    public static let kind = FleetKind.group

    public enum GroupType: String, Codable, Hashable, Sendable, CaseIterable { case prearranged, chat }
    public enum Codec: String, Codable, Hashable, Sendable, CaseIterable {
        case octetAligned = "amr-wb"
        case bandwidthEfficient = "amr-wb-be"
        case opus
    }
    public enum OnTimeout: String, Codable, Hashable, Sendable, CaseIterable { case proceed, abandon }

    /// MCPTT group ID.
    public var id: String
    public var organisation: String
    public var displayName: String
    public var type: GroupType
    public var isEnabled: Bool
    /// Sorted by MCPTT ID, one entry a user.
    public private(set) var members: [GroupMember]
    public var maximumParticipants: Int
    public var hangTime: Int
    /// nil: calls have no end.
    public var maximumDuration: Int?
    public var talkLimit: Int
    /// 0 turns queueing off.
    public var queueDepth: Int
    public var hasAudioCutIn: Bool
    public var codec: Codec
    public var minimumToStart: Int
    public var acknowledgementTimeout: Int
    public var onAcknowledgementTimeout: OnTimeout
    public var releasesOnInactivity: Bool
    public var releasesWhenInitiatorLeaves: Bool
    public var releasesWhenAlone: Bool
    public var priority: UInt8
    public var allowsEmergencyCalls: Bool
    public var allowsImminentPerilCalls: Bool
    public var allowsConferenceState: Bool
    /// What makes it a temporary group; nil for an ordinary one. Decided when it is made, and never changed.
    public var temporary: TemporaryGroup?
    /// Key of the temporary group that it is a constituent of. Decisions alone set it.
    public var regroupedInto: String?
    /// What it is for MCVideo; nil where it is no group of that service.
    public var video: VideoGroup?
    public var data: DataGroup?

    /// An ordinary group; every setting has the default of `Policy.Group`.
    public init(id: String, organisation: String, type: GroupType, members: [GroupMember] = []) {
        self.init(
            Group(id: MCPTTGroupID(id), kind: type == .chat ? .chat : .prearranged, members: []),
            organisation: organisation)
        setMembers(members)
    }

    /// The record of a group as functions know it. Times are cut to whole milliseconds.
    public init(_ group: Group, organisation: String) {
        id = group.id.value
        self.organisation = organisation
        displayName = group.displayName
        type = group.kind == .chat ? .chat : .prearranged
        isEnabled = group.isEnabled
        members = group.members.map { GroupMember($0) }
        maximumParticipants = group.maximumParticipants
        hangTime = group.hangTime.wholeMilliseconds
        maximumDuration = group.maximumDuration?.wholeMilliseconds
        talkLimit = group.talkLimit.wholeMilliseconds
        queueDepth = group.queueDepth
        hasAudioCutIn = group.hasAudioCutIn
        codec =
            switch group.speech {
            case .amrWB(octetAligned: true): .octetAligned
            case .amrWB(octetAligned: false): .bandwidthEfficient
            case .opus: .opus
            }
        minimumToStart = group.minimumToStart
        acknowledgementTimeout = group.acknowledgement.timeout.wholeMilliseconds
        onAcknowledgementTimeout = group.acknowledgement.onTimeout == .abandon ? .abandon : .proceed
        releasesOnInactivity = group.release.onInactivity
        releasesWhenInitiatorLeaves = group.release.whenInitiatorLeaves
        releasesWhenAlone = group.release.whenAlone
        priority = group.priority
        allowsEmergencyCalls = group.emergency.allowsEmergencyCalls
        allowsImminentPerilCalls = group.emergency.allowsImminentPerilCalls
        allowsConferenceState = group.allowsConferenceState
    }

    public var key: String { id }
    public var record: FleetRecord { .group(self) }
    public var groupID: MCPTTGroupID { MCPTTGroupID(id) }

    /// Replaces the members; one listed twice counts as his last entry.
    public mutating func setMembers(_ members: [GroupMember]) {
        let ordered = members.enumerated().sorted { ($0.element.id, $0.offset) < ($1.element.id, $1.offset) }
        self.members = []
        self.members.reserveCapacity(ordered.count)
        for (_, member) in ordered {
            if self.members.last?.id == member.id { self.members.removeLast() }
            self.members.append(member)
        }
    }

    public mutating func setMember(_ member: GroupMember) {
        let index = memberIndex(member.id)
        if index < members.count, members[index].id == member.id {
            members[index] = member
        } else {
            members.insert(member, at: index)
        }
    }

    public mutating func removeMember(_ user: String) {
        let index = memberIndex(user)
        if index < members.count, members[index].id == user { members.remove(at: index) }
    }

    public func member(_ user: String) -> GroupMember? {
        let index = memberIndex(user)
        return index < members.count && members[index].id == user ? members[index] : nil
    }

    private func memberIndex(_ user: String) -> Int { members.partitioningIndex { $0.id >= user } }

    public func changedFields(since old: GroupRecord) -> [String] {
        var fields = FieldComparison(self, old)
        fields.compare("organisation", \.organisation)
        fields.compare("displayName", \.displayName)
        fields.compare("type", \.type)
        fields.compare("isEnabled", \.isEnabled)
        fields.compare("members", \.members)
        fields.compare("maximumParticipants", \.maximumParticipants)
        fields.compare("hangTime", \.hangTime)
        fields.compare("maximumDuration", \.maximumDuration)
        fields.compare("talkLimit", \.talkLimit)
        fields.compare("queueDepth", \.queueDepth)
        fields.compare("hasAudioCutIn", \.hasAudioCutIn)
        fields.compare("codec", \.codec)
        fields.compare("minimumToStart", \.minimumToStart)
        fields.compare("acknowledgementTimeout", \.acknowledgementTimeout)
        fields.compare("onAcknowledgementTimeout", \.onAcknowledgementTimeout)
        fields.compare("releasesOnInactivity", \.releasesOnInactivity)
        fields.compare("releasesWhenInitiatorLeaves", \.releasesWhenInitiatorLeaves)
        fields.compare("releasesWhenAlone", \.releasesWhenAlone)
        fields.compare("priority", \.priority)
        fields.compare("allowsEmergencyCalls", \.allowsEmergencyCalls)
        fields.compare("allowsImminentPerilCalls", \.allowsImminentPerilCalls)
        fields.compare("allowsConferenceState", \.allowsConferenceState)
        fields.compare("temporary", \.temporary)
        fields.compare("regroupedInto", \.regroupedInto)
        fields.compare("video", \.video)
        fields.compare("data", \.data)
        return fields.changed
    }
}

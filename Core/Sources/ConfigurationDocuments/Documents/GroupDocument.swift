public import MCFoundation

/// A group document (TS 24.481 7.2): the general part, and what it says of on-network MCPTT.
///
/// OPEN: `<owner>`, the levels within hierarchies, the off-network parts, the modes and qualities of video and the values
/// of enhanced status are neither read nor written yet.
public struct GroupDocument: Hashable, Sendable {
    /// `uri` of `<list-service>`.
    public var id: MCPTTGroupID
    public var displayName: String
    public var entries: [Entry]
    /// `<on-network-disabled>`
    public var isDisabled = false
    /// `<on-network-temporary>`: IDs of the groups that it joins; nil for an ordinary group.
    public var constituents: [MCPTTGroupID]?
    /// `<on-network-regrouped>`
    public var regrouped: Regrouped?
    /// `<on-network-invite-members>`: true prearranged, false or absent chat.
    public var invitesMembers = false
    /// `<on-network-max-participant-count>`
    public var maximumParticipants: Int?
    /// `<on-network-group-priority>`
    public var priority: UInt8?
    /// `<preferred-voice-encodings>`: names of media subtypes, best first.
    public var voiceEncodings: [String] = []
    public var hangTimer: Duration?
    public var maximumDuration: Duration?
    public var minimumToStart: Int?
    public var acknowledgementTimeout: Duration?
    public var onAcknowledgementTimeout: OnTimeout?
    public var emergencyCancellationTimeout: Duration?
    public var imminentPerilCancellationTimeout: Duration?
    /// `<protect-media>`. Absent means true (TS 24.481 7.2.8), so that a document of ours always says it.
    public var protectsMedia = false
    /// `<protect-floor-control-signalling>`. Absent means true.
    public var protectsFloorControl = false
    /// `<mcptt-on-network-audio-cut-in>`
    public var hasAudioCutIn: Bool?
    /// True where a service with speech is among the supported ones.
    public var supportsSpeech = true
    /// The MCVideo part; nil where MCVideo is none of the supported services.
    public var video: VideoGroup?
    public var data: DataGroup?
    public var rules: [Rule] = []

    public init(id: MCPTTGroupID, displayName: String = "", entries: [Entry] = []) {
        self.id = id
        self.displayName = displayName
        self.entries = entries
    }

    /// What becomes of a call whose required members did not acknowledge it in time.
    public enum OnTimeout: Hashable, Sendable {
        case proceed, abandon
    }

    /// `<entry>` of the list: a member.
    public struct Entry: Hashable, Sendable {
        public var mcpttID: MCPTTID
        public var displayName: String?
        /// `<user-priority>`, 0 to 255.
        public var priority: UInt8?
        public var participantType: String?
        /// `<on-network-required>`
        public var isRequired = false
        /// `<on-network-recvonly>`
        public var isReceiveOnly = false

        public init(mcpttID: MCPTTID, displayName: String? = nil, priority: UInt8? = nil) {
            self.mcpttID = mcpttID
            self.displayName = displayName
            self.priority = priority
        }
    }

    /// `<on-network-regrouped>` of a constituent: which temporary group it is part of, and who asked for that.
    public struct Regrouped: Hashable, Sendable {
        public var temporaryGroup: MCPTTGroupID
        public var requestor: MCPTTID
        public var constituents: [MCPTTGroupID]
        /// `<on-network-group-priority>` of the temporary group.
        public var priority: UInt8?

        public init(
            temporaryGroup: MCPTTGroupID, requestor: MCPTTID, constituents: [MCPTTGroupID], priority: UInt8? = nil
        ) {
            self.temporaryGroup = temporaryGroup
            self.requestor = requestor
            self.constituents = constituents
            self.priority = priority
        }
    }

    /// `<cp:rule>`: whoever meets the condition may do the actions. Rules only add (RFC 4745 10).
    public struct Rule: Hashable, Sendable {
        public var id: String
        public var condition: Condition
        /// In the order of `Action.allCases`.
        public private(set) var actions: [Action]

        public init(id: String, condition: Condition, actions: [Action]) {
            self.id = id
            self.condition = condition
            self.actions = Action.allCases.filter { actions.contains($0) }
        }
    }

    public enum Condition: Hashable, Sendable {
        /// A rule without conditions.
        case everyone
        /// `<is-list-member>`
        case listMembers
        /// `<cp:identity>` of some.
        case identities([MCPTTID])
    }

    /// Actions of the rules. What no rule allows is not allowed.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        case initiateConference = "allow-initiate-conference"
        case join = "join-handling"
        case getMemberList = "on-network-allow-getting-member-list"
        case getAffiliationList = "on-network-allow-getting-affiliation-list"
        case conferenceState = "on-network-allow-conference-state"
        case emergencyCall = "allow-MCPTT-emergency-call"
        case imminentPerilCall = "allow-imminent-peril-call"
        case emergencyAlert = "allow-MCPTT-emergency-alert"

        /// The first two come from the list service of OMA, the others from TS 24.481.
        var isOfListService: Bool { self == .initiateConference || self == .join }
    }

    /// True where a rule allows it to all list members.
    public func allowsAllMembers(_ action: Action) -> Bool {
        rules.contains { rule in
            guard rule.actions.contains(action) else { return false }
            switch rule.condition {
            case .everyone, .listMembers: return true
            case .identities: return false
            }
        }
    }
}

public import MCFoundation

/// The MCPTT user profile (TS 24.484 8.3).
///
/// OPEN: the off-network part, private recipients of emergency calls, functional aliases and the lists of later
/// releases are neither read nor written yet.
public struct UserProfileDocument: Hashable, Sendable {
    /// `XUI-URI`: in whose tree the document stands.
    public var owner: String
    /// `user-profile-index`: a user may have several profiles.
    public var index: UInt8
    public var name: String?
    public var profileName: String?
    /// `<Status>`: false while the profile is switched off.
    public var isEnabled = true
    /// `<Pre-selected-indication>`
    public var isPreselected = false
    public var mcpttID: MCPTTID
    public var displayName: String?
    public var aliases: [String] = []
    /// `<PrivateCallList>`: whom the user may call.
    public var privateCallRecipients: [Entry] = []
    public var organisation: String?
    public var participantType: String?
    /// `<Priority>` within `<MCPTT-group-call>`.
    public var priority: UInt16?
    /// N6
    public var maximumGroupCalls: Int?
    public var emergencyCall: Entry?
    public var imminentPerilCall: Entry?
    public var emergencyAlert: Entry?
    /// `<MCPTTGroupInfo>` of the on-network part: the groups that the user may affiliate with.
    public var groups: [Entry] = []
    /// N2
    public var maximumAffiliations: Int?
    /// N7
    public var maximumTransmissions: Int?
    public var implicitAffiliations: [Entry] = []
    /// What the rules allow, in the order of `Action.allCases`; what is not here is not allowed.
    public private(set) var allowed: [Action] = []

    public init(owner: String, index: UInt8, mcpttID: MCPTTID) {
        self.owner = owner
        self.index = index
        self.mcpttID = mcpttID
    }

    public mutating func allow(_ actions: [Action]) {
        allowed = Action.allCases.filter { actions.contains($0) || allowed.contains($0) }
    }

    public func allows(_ action: Action) -> Bool { allowed.contains(action) }

    /// A URI with a name: `<entry>`, `<PrivateCallURI>`, `<MCPTTUserID>`.
    public struct Entry: Hashable, Sendable {
        public var uri: String
        public var displayName: String?
        public var info: Info?

        public init(_ uri: String, displayName: String? = nil, info: Info? = nil) {
            self.uri = uri
            self.displayName = displayName
            self.info = info
        }

        /// `entry-info`: what the device takes where several would do.
        public enum Info: String, Hashable, Sendable {
            case useCurrentlySelectedGroup = "UseCurrentlySelectedGroup"
            case dedicatedGroup = "DedicatedGroup"
            case usePreConfigured = "UsePreConfigured"
            case locallyDetermined = "LocallyDetermined"
        }
    }

    /// Actions of the rules of the profile.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        case presenceStatus = "allow-presence-status"
        case requestPresence = "allow-request-presence"
        case queryAvailability = "allow-query-availability-for-private-calls"
        case enableDisableUser = "allow-enable-disable-user"
        case enableDisableUE = "allow-enable-disable-UE"
        case createDeleteAlias = "allow-create-delete-user-alias"
        case privateCall = "allow-private-call"
        case manualCommencement = "allow-manual-commencement"
        case automaticCommencement = "allow-automatic-commencement"
        case forceAutoAnswer = "allow-force-auto-answer"
        case failureRestriction = "allow-failure-restriction"
        case emergencyGroupCall = "allow-emergency-group-call"
        case emergencyPrivateCall = "allow-emergency-private-call"
        case cancelGroupEmergency = "allow-cancel-group-emergency"
        case cancelPrivateEmergencyCall = "allow-cancel-private-emergency-call"
        case imminentPerilCall = "allow-imminent-peril-call"
        case cancelImminentPeril = "allow-cancel-imminent-peril"
        case activateEmergencyAlert = "allow-activate-emergency-alert"
        case cancelEmergencyAlert = "allow-cancel-emergency-alert"
        case offNetwork = "allow-offnetwork"
        case imminentPerilChange = "allow-imminent-peril-change"
        case privateCallMediaProtection = "allow-private-call-media-protection"
        case privateCallFloorControlProtection = "allow-private-call-floor-control-protection"
        case requestAffiliatedGroups = "allow-request-affiliated-groups"
        case requestToAffiliateOthers = "allow-request-to-affiliate-other-users"
        case recommendToAffiliateOthers = "allow-recommend-to-affiliate-other-users"
        case privateCallToAnyUser = "allow-private-call-to-any-user"
        case regroup = "allow-regroup"
        case privateCallParticipation = "allow-private-call-participation"
        case overrideOfTransmission = "allow-override-of-transmission"
        case manualOffNetworkSwitch = "allow-manual-off-network-switch"
        case listenToBoth = "allow-listen-both-overriding-and-overridden"
        case transmitDuringOverride = "allow-transmit-during-override"
        case offNetworkChangeToEmergency = "allow-off-network-group-call-change-to-emergency"
        case revokeTransmit = "allow-revoke-transmit"
        case createGroupBroadcastGroup = "allow-create-group-broadcast-group"
        case createUserBroadcastGroup = "allow-create-user-broadcast-group"
        case requestCallBack = "allow-request-private-call-call-back"
        case cancelCallBack = "allow-cancel-private-call-call-back"
        case remoteAmbientListening = "allow-request-remote-initiated-ambient-listening"
        case localAmbientListening = "allow-request-locally-initiated-ambient-listening"
        case firstToAnswerCall = "allow-request-first-to-answer-call"
        case remoteInitiatedPrivateCall = "allow-request-remote-init-private-call"
        case remoteInitiatedGroupCall = "allow-request-remote-init-group-call"

        /// Added after the others: the schema has them below `<anyExt>`.
        var isExtension: Bool {
            switch self {
            case .requestCallBack, .cancelCallBack, .remoteAmbientListening, .localAmbientListening,
                .firstToAnswerCall, .remoteInitiatedPrivateCall, .remoteInitiatedGroupCall:
                true
            default: false
            }
        }
    }
}

public import SIP

/// The warning texts of TS 24.379 4.4.2: a number that says why, and the SIP status it usually comes with. Receivers
/// act on number and status; the text is for people.
public enum MCPTTWarning: Int, CaseIterable, Hashable, Sendable {
    case functionNotAllowed = 100
    case serviceAuthorisationFailed = 101
    case tooManyAffiliations = 102
    case tooManyGroupCalls = 103
    case isfocusNotAssigned = 104
    case conferenceEventsNotAllowedInBroadcast = 105
    case notAuthorisedToJoinChatGroup = 106
    case notAuthorisedForPrivateCalls = 107
    case notAuthorisedForChatGroupCalls = 108
    case notAuthorisedForPrearrangedGroupCalls = 109
    case userDeclined = 110
    case proceededWithoutRequiredMembers = 111
    case abandonedWithoutRequiredMembers = 112
    case groupDoesNotExist = 113
    case groupDocumentNotRetrieved = 114
    case groupDisabled = 115
    case notGroupMember = 116
    case groupIsPrearranged = 117
    case groupIsChat = 118
    case notAuthorisedToInitiateGroupCall = 119
    case notAffiliated = 120
    case notAuthorisedToJoinGroupCall = 121
    case tooManyParticipants = 122
    case sessionAlreadyExists = 123
    case tooManyPrivateCalls = 124
    case notAuthorisedForAutomaticCommencement = 125
    case notAuthorisedForManualCommencement = 126
    case notAuthorisedToBeCalled = 127
    case isfocusAlreadyAssigned = 128
    case keyMessageAuthenticationFailed = 136
    case groupCallDoesNotExist = 137
    case conferenceEventsNotAllowed = 138
    case integrityCheckFailed = 139
    case cannotDecrypt = 140
    case userUnknown = 141
    case controllingFunctionUnknown = 142
    case notAuthorisedToForceAnswer = 143
    case notAuthorisedToCallThisUser = 144
    case calledPartyUnknown = 145
    case noServiceSettings = 146
    case mayInitiateTemporaryGroupCall = 147
    case groupIsRegrouped = 148
    case informationPending = 149
    case invalidCombination = 150
    case notAuthorisedForCallBack = 151
    case notAuthorisedToCancelCallBack = 152
    case notAuthorisedForTheseTargets = 153
    case notAuthorisedForAmbientListening = 154
    case notAuthorisedForFirstToAnswer = 156
    case refusedByIncomingCallList = 159
    case groupIdentityDoesNotExist = 163
    case limitExceeded = 164
    case regroupAlreadyInUse = 165
    case callOnPreconfiguredGroup = 167
    case alertOnPreconfiguredGroup = 168
    case regroupRemovalInEmergency = 169
    case notAuthorisedWithInterconnectedSystem = 179
    case notAuthorisedByInterconnectedSystem = 180
    case notAuthorisedForAdHocCall = 185
    case adHocCallNotSupported = 186
    case adHocParticipantsUnknown = 187
    case adHocParticipation = 188
    case tooManyAdHocParticipants = 189
    case notAuthorisedToModifyAdHoc = 190
    case notAuthorisedToChangeAlias = 201

    public init?(code: Int) { self.init(rawValue: code) }

    public var code: Int { rawValue }

    /// The status that usually carries the warning; 200 for what only informs.
    public var status: Int {
        switch self {
        case .proceededWithoutRequiredMembers, .sessionAlreadyExists, .mayInitiateTemporaryGroupCall,
            .informationPending:
            200
        case .groupDoesNotExist, .groupIsPrearranged, .groupIsChat, .groupCallDoesNotExist, .userUnknown,
            .controllingFunctionUnknown:
            404
        case .conferenceEventsNotAllowedInBroadcast, .userDeclined, .abandonedWithoutRequiredMembers,
            .noServiceSettings:
            480
        case .tooManyAffiliations, .tooManyGroupCalls, .tooManyParticipants, .tooManyPrivateCalls: 486
        case .keyMessageAuthenticationFailed: 488
        case .groupDocumentNotRetrieved: 500
        case .functionNotAllowed, .serviceAuthorisationFailed, .isfocusNotAssigned, .notAuthorisedToJoinChatGroup,
            .notAuthorisedForPrivateCalls, .notAuthorisedForChatGroupCalls, .notAuthorisedForPrearrangedGroupCalls,
            .groupDisabled, .notGroupMember, .notAuthorisedToInitiateGroupCall, .notAffiliated,
            .notAuthorisedToJoinGroupCall, .notAuthorisedForAutomaticCommencement,
            .notAuthorisedForManualCommencement, .notAuthorisedToBeCalled, .isfocusAlreadyAssigned,
            .conferenceEventsNotAllowed, .integrityCheckFailed, .cannotDecrypt, .notAuthorisedToForceAnswer,
            .notAuthorisedToCallThisUser, .calledPartyUnknown, .groupIsRegrouped, .invalidCombination,
            .notAuthorisedForCallBack, .notAuthorisedToCancelCallBack, .notAuthorisedForTheseTargets,
            .notAuthorisedForAmbientListening, .notAuthorisedForFirstToAnswer, .refusedByIncomingCallList,
            .groupIdentityDoesNotExist, .limitExceeded, .regroupAlreadyInUse, .callOnPreconfiguredGroup,
            .alertOnPreconfiguredGroup, .regroupRemovalInEmergency, .notAuthorisedWithInterconnectedSystem,
            .notAuthorisedByInterconnectedSystem, .notAuthorisedForAdHocCall, .adHocCallNotSupported,
            .adHocParticipantsUnknown, .adHocParticipation, .tooManyAdHocParticipants, .notAuthorisedToModifyAdHoc,
            .notAuthorisedToChangeAlias:
            403
        }
    }

    public var text: String {
        switch self {
        case .functionNotAllowed: "function not allowed due to local policy"
        case .serviceAuthorisationFailed: "service authorisation failed"
        case .tooManyAffiliations: "too many simultaneous affiliations"
        case .tooManyGroupCalls: "maximum simultaneous MCPTT group calls reached"
        case .isfocusNotAssigned: "isfocus not assigned"
        case .conferenceEventsNotAllowedInBroadcast: "subscription not allowed in a broadcast group call"
        case .notAuthorisedToJoinChatGroup: "user not authorised to join chat group"
        case .notAuthorisedForPrivateCalls: "user not authorised to make private calls"
        case .notAuthorisedForChatGroupCalls: "user not authorised to make chat group calls"
        case .notAuthorisedForPrearrangedGroupCalls: "user not authorised to make prearranged group calls"
        case .userDeclined: "user declined the call invitation"
        case .proceededWithoutRequiredMembers: "group call proceeded without all required group members"
        case .abandonedWithoutRequiredMembers:
            "group call abandoned due to required group members not part of the group session"
        case .groupDoesNotExist: "group document does not exist"
        case .groupDocumentNotRetrieved: "unable to retrieve group document"
        case .groupDisabled: "group is disabled"
        case .notGroupMember: "user is not part of the MCPTT group"
        case .groupIsPrearranged: "the group identity indicated in the request is a prearranged group"
        case .groupIsChat: "the group identity indicated in the request is a chat group"
        case .notAuthorisedToInitiateGroupCall: "user is not authorised to initiate the group call"
        case .notAffiliated: "user is not affiliated to this group"
        case .notAuthorisedToJoinGroupCall: "user is not authorised to join the group call"
        case .tooManyParticipants: "too many participants"
        case .sessionAlreadyExists: "MCPTT session already exists"
        case .tooManyPrivateCalls: "maximum number of private calls reached"
        case .notAuthorisedForAutomaticCommencement:
            "user not authorised to make private call with automatic commencement"
        case .notAuthorisedForManualCommencement:
            "user not authorised to make private call with manual commencement"
        case .notAuthorisedToBeCalled: "user not authorised to be called in private call"
        case .isfocusAlreadyAssigned: "isfocus already assigned"
        case .keyMessageAuthenticationFailed: "authentication of the MIKEY-SAKKE I_MESSAGE failed"
        case .groupCallDoesNotExist: "the indicated group call does not exist"
        case .conferenceEventsNotAllowed: "subscription of conference events not allowed"
        case .integrityCheckFailed: "integrity protection check failed"
        case .cannotDecrypt: "unable to decrypt XML content"
        case .userUnknown: "user unknown to the participating function"
        case .controllingFunctionUnknown: "unable to determine the controlling function"
        case .notAuthorisedToForceAnswer: "not authorised to force auto answer"
        case .notAuthorisedToCallThisUser: "user not authorised to call this particular user"
        case .calledPartyUnknown: "unable to determine called party"
        case .noServiceSettings: "unable to determine the service settings for the called user"
        case .mayInitiateTemporaryGroupCall: "user is authorised to initiate a temporary group call"
        case .groupIsRegrouped: "MCPTT group is regrouped"
        case .informationPending: "SIP INFO request pending"
        case .invalidCombination: "invalid combinations of data received in MIME body"
        case .notAuthorisedForCallBack: "user not authorised to request a private call call-back"
        case .notAuthorisedToCancelCallBack: "user not authorised to cancel a private call call-back"
        case .notAuthorisedForTheseTargets: "user not authorised to call any of the users requested"
        case .notAuthorisedForAmbientListening: "user not authorised to make ambient listening call"
        case .notAuthorisedForFirstToAnswer: "user not authorised to make first-to-answer call"
        case .refusedByIncomingCallList: "called user does not accept private calls of this user"
        case .groupIdentityDoesNotExist: "group identity indicated in the request does not exist"
        case .limitExceeded: "limit per user or group exceeded"
        case .regroupAlreadyInUse: "group ID for regroup already in use"
        case .callOnPreconfiguredGroup: "call not allowed on a group for preconfigured use only"
        case .alertOnPreconfiguredGroup: "alert not allowed on a group for preconfigured use only"
        case .regroupRemovalInEmergency: "not authorised to remove a regroup in emergency state"
        case .notAuthorisedWithInterconnectedSystem: "service not authorised with the interconnected system"
        case .notAuthorisedByInterconnectedSystem: "service not authorised by the interconnected system"
        case .notAuthorisedForAdHocCall: "user not authorised to initiate an ad hoc group call"
        case .adHocCallNotSupported: "ad hoc group call not supported"
        case .adHocParticipantsUnknown: "unable to determine the participants of the ad hoc group call"
        case .adHocParticipation: "not authorised to take part in the ad hoc group call"
        case .tooManyAdHocParticipants: "maximum number of ad hoc group call participants exceeded"
        case .notAuthorisedToModifyAdHoc: "user not authorised to modify the ad hoc group call participants"
        case .notAuthorisedToChangeAlias: "user not authorised to change the status of the functional alias"
        }
    }

    /// The value of the Warning header: `399 agent "105 text"` (RFC 3261 20.43). `agent` is a host or a token.
    public func headerValue(agent: String) -> String {
        SIPWarning(mcpttCode: code, text: text, agent: agent).description
    }

    /// The numbers of all warnings of this service in a message, known to us or not.
    public static func codes(in headers: Headers) -> [Int] {
        headers.warnings.compactMap(\.mcpttCode)
    }
}

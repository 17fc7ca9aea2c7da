/// What a user profile can allow. The raw values are the `allow-*` elements of the profile's ruleset (TS 24.484 8.3.2.7;
/// the elements are those of the Release 13 schema); a right that is not listed is not given.
public enum UserRight: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    // NOTSPEC: these three have no element in the schema; the checks of TS 24.379 (refusals 109, 108 and 106) need them.
    case callPrearrangedGroup = "call-prearranged-group"
    case callChatGroup = "call-chat-group"
    case joinChatGroup = "join-chat-group"
    // NOTSPEC: no element either. TS 24.481 lets authorised users create, change and delete group documents; whom this
    // right is given does so within his organisation.
    case manageGroups = "manage-groups"

    // NOTSPEC: no elements. Whom they are given has an MCVideo ID or MCData ID, which is his MCPTT ID, and the documents
    // of the service.
    case mcvideo = "use-mcvideo"
    case mcdata = "use-mcdata"

    case presenceStatus = "allow-presence-status"
    case requestPresence = "allow-request-presence"
    case queryAvailabilityForPrivateCalls = "allow-query-availability-for-private-calls"
    case enableDisableUser = "allow-enable-disable-user"
    case enableDisableUE = "allow-enable-disable-UE"
    case createDeleteUserAlias = "allow-create-delete-user-alias"
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
    case offnetwork = "allow-offnetwork"
    case imminentPerilChange = "allow-imminent-peril-change"
    case privateCallMediaProtection = "allow-private-call-media-protection"
    case privateCallFloorControlProtection = "allow-private-call-floor-control-protection"
    case requestAffiliatedGroups = "allow-request-affiliated-groups"
    case requestToAffiliateOtherUsers = "allow-request-to-affiliate-other-users"
    case recommendToAffiliateOtherUsers = "allow-recommend-to-affiliate-other-users"
    case privateCallToAnyUser = "allow-private-call-to-any-user"
    case regroup = "allow-regroup"
    case privateCallParticipation = "allow-private-call-participation"
    case overrideOfTransmission = "allow-override-of-transmission"
    case manualOffNetworkSwitch = "allow-manual-off-network-switch"
    case listenBothOverridingAndOverridden = "allow-listen-both-overriding-and-overridden"
    case transmitDuringOverride = "allow-transmit-during-override"
    case offNetworkGroupCallChangeToEmergency = "allow-off-network-group-call-change-to-emergency"
    case revokeTransmit = "allow-revoke-transmit"
    case createGroupBroadcastGroup = "allow-create-group-broadcast-group"
    case createUserBroadcastGroup = "allow-create-user-broadcast-group"
    case requestPrivateCallCallBack = "allow-request-private-call-call-back"
    case cancelPrivateCallCallBack = "allow-cancel-private-call-call-back"
    case requestRemoteInitiatedAmbientListening = "allow-request-remote-initiated-ambient-listening"
    case requestLocallyInitiatedAmbientListening = "allow-request-locally-initiated-ambient-listening"
    case requestFirstToAnswerCall = "allow-request-first-to-answer-call"
    case requestRemoteInitPrivateCall = "allow-request-remote-init-private-call"
    case requestRemoteInitGroupCall = "allow-request-remote-init-group-call"

    public static func < (left: UserRight, right: UserRight) -> Bool { left.rawValue < right.rawValue }
}

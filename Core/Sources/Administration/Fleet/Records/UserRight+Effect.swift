extension UserRight {
    /// The rights that this system asks for, in the order of `allCases`. The others are kept, and handed to devices in
    /// their user profile; nothing here depends on them yet.
    public static let enforced = allCases.filter(\.isEnforced)

    /// Whether something is refused to whom the right is not given.
    public var isEnforced: Bool {
        switch self {
        // The call path: refusals 109, 108, 106, 403 without a number, and 143 of TS 24.379.
        case .callPrearrangedGroup, .callChatGroup, .joinChatGroup, .emergencyGroupCall, .imminentPerilCall,
            .cancelGroupEmergency, .cancelImminentPeril, .forceAutoAnswer:
            true
        // Documents, and the identities in a token.
        case .manageGroups, .regroup, .mcvideo, .mcdata: true
        case .presenceStatus, .requestPresence, .queryAvailabilityForPrivateCalls, .enableDisableUser,
            .enableDisableUE, .createDeleteUserAlias, .privateCall, .manualCommencement, .automaticCommencement,
            .failureRestriction, .emergencyPrivateCall, .cancelPrivateEmergencyCall, .activateEmergencyAlert,
            .cancelEmergencyAlert, .offnetwork, .imminentPerilChange,
            .privateCallMediaProtection, .privateCallFloorControlProtection, .requestAffiliatedGroups,
            .requestToAffiliateOtherUsers, .recommendToAffiliateOtherUsers, .privateCallToAnyUser,
            .privateCallParticipation, .overrideOfTransmission, .manualOffNetworkSwitch,
            .listenBothOverridingAndOverridden, .transmitDuringOverride, .offNetworkGroupCallChangeToEmergency,
            .revokeTransmit, .createGroupBroadcastGroup, .createUserBroadcastGroup, .requestPrivateCallCallBack,
            .cancelPrivateCallCallBack, .requestRemoteInitiatedAmbientListening,
            .requestLocallyInitiatedAmbientListening, .requestFirstToAnswerCall, .requestRemoteInitPrivateCall,
            .requestRemoteInitGroupCall:
            false
        }
    }
}

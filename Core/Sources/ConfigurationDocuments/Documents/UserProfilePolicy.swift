internal import MCDocuments
internal import MCFoundation
public import Policy

extension UserProfileDocument {
    /// The profile of a user.
    ///
    /// - Parameters:
    ///   - groups: The groups that he may affiliate with.
    ///   - privateCallRecipients: Whom he may call; the right to call follows from there being any.
    public init(
        user: User, index: UInt8 = 0, groups: [Entry] = [], implicitAffiliations: [Entry] = [],
        privateCallRecipients: [Entry] = []
    ) {
        self.init(owner: user.mcpttID.value, index: index, mcpttID: user.mcpttID)
        displayName = user.displayName.isEmpty ? nil : user.displayName
        organisation = user.organisation.isEmpty ? nil : user.organisation
        priority = UInt16(user.priority)
        maximumGroupCalls = user.maxima.groupCallsN6
        maximumAffiliations = user.maxima.affiliationsN2
        isPreselected = true
        self.groups = groups
        self.implicitAffiliations = implicitAffiliations
        self.privateCallRecipients = privateCallRecipients
        if !privateCallRecipients.isEmpty { allow([.privateCall, .privateCallParticipation]) }
        if user.rights.mayCallInEmergency { allow([.emergencyGroupCall]) }
        if user.rights.mayCallInImminentPeril { allow([.imminentPerilCall]) }
        if user.rights.mayCancelEmergency { allow([.cancelGroupEmergency]) }
        if user.rights.mayCancelImminentPeril { allow([.cancelImminentPeril]) }
        if user.rights.mayForceAutoAnswer { allow([.forceAutoAnswer]) }
    }

    /// What the profile says of the rights and bounds of its user. What a profile does not say stays as it is.
    ///
    /// OPEN: the actions behind warnings 106, 108 and 109 (chat and prearranged group calls) have no element in the
    /// schema of release 13.
    public func apply(to user: inout User) {
        user.rights.mayCallInEmergency = allows(.emergencyGroupCall)
        user.rights.mayCallInImminentPeril = allows(.imminentPerilCall)
        user.rights.mayCancelEmergency = allows(.cancelGroupEmergency)
        user.rights.mayCancelImminentPeril = allows(.cancelImminentPeril)
        user.rights.mayForceAutoAnswer = allows(.forceAutoAnswer)
        if let maximumAffiliations { user.maxima.affiliationsN2 = maximumAffiliations }
        if let maximumGroupCalls { user.maxima.groupCallsN6 = maximumGroupCalls }
        if let priority { user.priority = UInt8(clamping: priority) }
        user.organisation = organisation ?? ""
        user.displayName = displayName ?? ""
    }
}

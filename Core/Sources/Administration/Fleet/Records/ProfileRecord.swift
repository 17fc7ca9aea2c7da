import HashTreeCollections
public import Policy

/// A named set of rights and maxima that users share. Profiles belong to the nation, not to an organisation.
public struct ProfileRecord: FleetValue {
    public static let kind = FleetKind.profile

    public var name: String
    /// What is not listed is not allowed.
    public var rights: [UserRight]
    public var maxima: ProfileMaxima

    /// Rights are kept sorted and once each.
    public init(name: String, rights: [UserRight] = [], maxima: ProfileMaxima = ProfileMaxima()) {
        self.name = name
        self.rights = rights.sortedOnce()
        self.maxima = maxima
    }

    /// What a new nation gives an ordinary responder: nothing that its system would refuse.
    public static let responder = ProfileRecord(
        name: "responder",
        rights: [
            .callPrearrangedGroup, .callChatGroup, .joinChatGroup, .emergencyGroupCall, .imminentPerilCall,
            .cancelGroupEmergency, .cancelImminentPeril,
        ])

    public var key: String { name }
    public var record: FleetRecord { .profile(self) }

    public func changedFields(since old: ProfileRecord) -> [String] {
        var fields = FieldComparison(self, old)
        fields.compare("rights", \.rights)
        fields.compare("maxima", \.maxima)
        return fields.changed
    }
}

/// How much a user may do at a time (TS 24.484 8.3.2). Where a profile leaves one out, the default of an ordinary user
/// holds; where a user leaves one out, that of his profile.
public struct ProfileMaxima: Codable, Hashable, Sendable {
    /// `<MaxAffiliationsN2>`
    public var affiliationsN2: Int?
    /// `<Max-Simul-Call-N4>` of the UE configuration.
    public var groupCallsPerClientN4: Int?
    /// `<MaxSimultaneousCallsN6>`
    public var groupCallsN6: Int?
    /// `<MaxSimultaneousTransmissionsN7>`. OPEN: nothing on the call path asks for it yet.
    public var transmissionsN7: Int?

    public init(
        affiliationsN2: Int? = nil, groupCallsPerClientN4: Int? = nil, groupCallsN6: Int? = nil,
        transmissionsN7: Int? = nil
    ) {
        self.affiliationsN2 = affiliationsN2
        self.groupCallsPerClientN4 = groupCallsPerClientN4
        self.groupCallsN6 = groupCallsN6
        self.transmissionsN7 = transmissionsN7
    }

    func apply(to maxima: inout UserMaxima) {
        if let affiliationsN2 { maxima.affiliationsN2 = affiliationsN2 }
        if let groupCallsPerClientN4 { maxima.groupCallsPerClientN4 = groupCallsPerClientN4 }
        if let groupCallsN6 { maxima.groupCallsN6 = groupCallsN6 }
    }
}

/// Where one user differs from his profile. What is both allowed and denied is denied.
public struct RightsOverride: Codable, Hashable, Sendable {
    public var allowed: [UserRight]
    public var denied: [UserRight]

    /// Both are kept sorted and once each.
    public init(allowed: [UserRight] = [], denied: [UserRight] = []) {
        self.allowed = allowed.sortedOnce()
        self.denied = denied.sortedOnce()
    }
}

/// What a user may do, taken together from his profile and what differs for him.
public struct EffectiveRights: Hashable, Sendable {
    private let given: TreeSet<UserRight>
    public let maxima: UserMaxima

    /// Without a profile nothing is allowed but what the override gives.
    public init(profile: ProfileRecord?, rights: RightsOverride, maxima: ProfileMaxima) {
        given = TreeSet(profile?.rights ?? []).union(rights.allowed).subtracting(rights.denied)
        var base = UserMaxima()
        if let profile {
            profile.maxima.apply(to: &base)
        } else {
            (base.affiliationsN2, base.groupCallsPerClientN4, base.groupCallsN6) = (0, 0, 0)
        }
        maxima.apply(to: &base)
        self.maxima = base
    }

    public func allows(_ right: UserRight) -> Bool { given.contains(right) }
    /// Sorted.
    public var all: [UserRight] { given.sorted() }

    /// The part that the call path asks for.
    public var userRights: UserRights {
        var rights = UserRights()
        rights.mayCallPrearrangedGroups = allows(.callPrearrangedGroup)
        rights.mayCallChatGroups = allows(.callChatGroup)
        rights.mayJoinChatGroups = allows(.joinChatGroup)
        rights.mayCallInEmergency = allows(.emergencyGroupCall)
        rights.mayCallInImminentPeril = allows(.imminentPerilCall)
        rights.mayCancelEmergency = allows(.cancelGroupEmergency)
        rights.mayCancelImminentPeril = allows(.cancelImminentPeril)
        rights.mayForceAutoAnswer = allows(.forceAutoAnswer)
        return rights
    }
}

extension Array where Element: Comparable & Hashable {
    func sortedOnce() -> [Element] {
        var result: [Element] = []
        for element in sorted() where result.last != element { result.append(element) }
        return result
    }
}

public import MCFoundation

/// A user of this nation: who he is, what proves him, what he may do.
public struct UserRecord: FleetValue {
    public static let kind = FleetKind.user

    /// MCPTT ID.
    public var id: String
    /// SIP public user identity: what is registered.
    public var publicIdentity: String
    /// SIP private user identity: the user name of digest authentication.
    public var privateIdentity: String
    /// Proof of his device; nil as long as it has none, and then nothing can be registered for him.
    public var credentials: CredentialHashes?
    /// The name by which he logs in at the identity management server; nil: he cannot.
    public var loginName: String?
    public var passwordVerifier: PasswordVerifier?
    public var displayName: String
    /// Key of his organisation.
    public var organisation: String
    /// The part of the organisation, for people: a fire station, a squad.
    public var agency: String
    /// `<user-priority>`, 0 to 255.
    public var priority: UInt8
    /// Key of his profile; nil: nothing is allowed but what `rights` gives.
    public var profile: String?
    /// Others that his clients may select, in the order of their indices; nil: none.
    public var otherProfiles: [SelectableProfile]?
    /// Where he differs from his profiles, whichever is selected.
    public var rights: RightsOverride
    public var maxima: ProfileMaxima
    /// Set for a plain telephone: the groups that it is affiliated with as long as it is registered.
    public var legacyAffiliations: [String]?
    /// A suspended user is nobody on the call path, and cannot log in.
    public var isSuspended: Bool

    /// The SIP identity is the MCPTT ID and the user name that without `sip:` where they are left out.
    public init(
        id: String, publicIdentity: String? = nil, privateIdentity: String? = nil,
        credentials: CredentialHashes? = nil, loginName: String? = nil, passwordVerifier: PasswordVerifier? = nil,
        displayName: String = "", organisation: String, agency: String = "", priority: UInt8 = 0,
        profile: String? = nil, otherProfiles: [SelectableProfile]? = nil, rights: RightsOverride = RightsOverride(),
        maxima: ProfileMaxima = ProfileMaxima(),
        legacyAffiliations: [String]? = nil, isSuspended: Bool = false
    ) {
        let publicIdentity = publicIdentity ?? id
        self.id = id
        self.publicIdentity = publicIdentity
        self.privateIdentity = privateIdentity ?? FleetIdentity.withoutScheme(publicIdentity)
        self.credentials = credentials
        self.loginName = loginName
        self.passwordVerifier = passwordVerifier
        self.displayName = displayName
        self.organisation = organisation
        self.agency = agency
        self.priority = priority
        self.profile = profile
        self.otherProfiles = otherProfiles
        self.rights = rights
        self.maxima = maxima
        self.legacyAffiliations = legacyAffiliations
        self.isSuspended = isSuspended
    }

    /// The name of the profile of an index; nil where he has none.
    public func profile(of index: UInt8) -> String? {
        index == 0 ? profile : otherProfiles?.first { $0.index == index }?.profile
    }

    /// Of all his profiles, 0 first: the documents that he has, and what his clients may select.
    public var profileIndices: [UInt8] { [0] + (otherProfiles ?? []).map(\.index) }

    /// The names of all his profiles.
    var profileNames: [String] { (profile.map { [$0] } ?? []) + (otherProfiles ?? []).map(\.profile) }

    public var key: String { id }
    public var record: FleetRecord { .user(self) }
    public var mcpttID: MCPTTID { MCPTTID(id) }

    public func changedFields(since old: UserRecord) -> [String] {
        var fields = FieldComparison(self, old)
        fields.compare("publicIdentity", \.publicIdentity)
        fields.compare("privateIdentity", \.privateIdentity)
        fields.compare("credentials", \.credentials)
        fields.compare("loginName", \.loginName)
        fields.compare("passwordVerifier", \.passwordVerifier)
        fields.compare("displayName", \.displayName)
        fields.compare("organisation", \.organisation)
        fields.compare("agency", \.agency)
        fields.compare("priority", \.priority)
        fields.compare("profile", \.profile)
        fields.compare("otherProfiles", \.otherProfiles)
        fields.compare("rights", \.rights)
        fields.compare("maxima", \.maxima)
        fields.compare("legacyAffiliations", \.legacyAffiliations)
        fields.compare("isSuspended", \.isSuspended)
        return fields.changed
    }
}

/// A profile that a user has beside the one that his clients begin with.
public struct SelectableProfile: Codable, Hashable, Sendable {
    /// `user-profile-index`, 1 to 255: it stays the same where others come and go, for devices know it.
    public var index: UInt8
    /// Key of the profile.
    public var profile: String

    public init(index: UInt8, profile: String) {
        self.index = index
        self.profile = profile
    }
}

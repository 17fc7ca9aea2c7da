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
        profile: String? = nil, rights: RightsOverride = RightsOverride(), maxima: ProfileMaxima = ProfileMaxima(),
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
        self.rights = rights
        self.maxima = maxima
        self.legacyAffiliations = legacyAffiliations
        self.isSuspended = isSuspended
    }

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
        fields.compare("rights", \.rights)
        fields.compare("maxima", \.maxima)
        fields.compare("legacyAffiliations", \.legacyAffiliations)
        fields.compare("isSuspended", \.isSuspended)
        return fields.changed
    }
}

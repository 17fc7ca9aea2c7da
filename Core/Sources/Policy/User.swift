public import MCFoundation

/// A user that this system homes or serves, as configuration management knows him.
public struct User: Hashable, Sendable {
    public var mcpttID: MCPTTID
    public var publicIdentity: PublicUserIdentity
    public var privateIdentity: PrivateUserIdentity
    public var credentials: DigestSecrets
    public var displayName: String
    /// `<MissionCriticalOrganization>` of the user profile; empty where there is none.
    public var organisation: String
    /// `<user-priority>`, 0 to 255: used where a group does not give the member one.
    public var priority: UInt8
    /// Where the subscription is.
    public var homeSystem: MCSystemID
    /// Where the user is served now; differs from `homeSystem` while migrated.
    public var servingSystem: MCSystemID
    public var endpoint: EndpointKind
    /// Of the profile of index 0, with which a client begins.
    public var rights: UserRights
    public var maxima: UserMaxima
    /// His other profiles by `user-profile-index`: a client may select one of them. Looked up only.
    public var otherProfiles: [UInt8: UserPermissions] = [:]

    /// Home and serving system are stored apart but start out equal.
    public init(
        mcpttID: MCPTTID, publicIdentity: PublicUserIdentity, privateIdentity: PrivateUserIdentity,
        credentials: DigestSecrets, displayName: String = "", organisation: String = "", priority: UInt8 = 0,
        homeSystem: MCSystemID, servingSystem: MCSystemID? = nil, endpoint: EndpointKind = .client,
        rights: UserRights = UserRights(), maxima: UserMaxima = UserMaxima()
    ) {
        self.mcpttID = mcpttID
        self.publicIdentity = publicIdentity
        self.privateIdentity = privateIdentity
        self.credentials = credentials
        self.displayName = displayName
        self.organisation = organisation
        self.priority = priority
        self.homeSystem = homeSystem
        self.servingSystem = servingSystem ?? homeSystem
        self.endpoint = endpoint
        self.rights = rights
        self.maxima = maxima
    }

    /// The user as a client has him that selected a profile; nil where he has none of that index.
    public func selecting(_ index: UInt8) -> User? {
        guard index != 0 else { return self }
        guard let profile = otherProfiles[index] else { return nil }
        var user = self
        user.rights = profile.rights
        user.maxima = profile.maxima
        return user
    }
}

/// What a profile of a user allows (TS 24.484 8.3.2).
public struct UserPermissions: Hashable, Sendable {
    public var rights: UserRights
    public var maxima: UserMaxima

    public init(rights: UserRights, maxima: UserMaxima) {
        self.rights = rights
        self.maxima = maxima
    }
}

/// What the registrar proves a user by: H(user:realm:password) in lower case hexadecimal, per algorithm (RFC 8760).
/// The password itself is never stored.
public struct DigestSecrets: Hashable, Sendable {
    public var realm: String
    /// 32 hexadecimal digits; nil where MD5 is not offered to this user.
    public var md5: String?
    /// 64 hexadecimal digits.
    public var sha256: String?

    public init(realm: String, md5: String?, sha256: String?) {
        self.realm = realm
        self.md5 = md5
        self.sha256 = sha256
    }
}

extension DigestSecrets: CustomStringConvertible, CustomReflectable {
    /// Whoever holds the hash can log in: it does not print.
    public var description: String { "DigestSecrets(realm: \(realm))" }
    public var customMirror: Mirror { Mirror(self, children: ["realm": realm]) }
}

/// What kind of device a user has.
public enum EndpointKind: Hashable, Sendable {
    /// An MCPTT client: it affiliates, sends floor messages, reads mcptt-info.
    case client
    /// A plain SIP telephone that knows nothing of MCPTT: it listens, and is affiliated by configuration as long as
    /// it is registered.
    case legacy(affiliations: [MCPTTGroupID])

    public var isLegacy: Bool { self != .client }
}

/// The `allow-*` actions of the user profile (TS 24.484 8.3.2.7). What a profile leaves out is not allowed there; the
/// defaults here are those of an ordinary responder.
public struct UserRights: Hashable, Sendable {
    /// Refusal 109.
    public var mayCallPrearrangedGroups = true
    /// Refusal 108.
    public var mayCallChatGroups = true
    /// Refusal 106.
    public var mayJoinChatGroups = true
    /// `<allow-emergency-group-call>`
    public var mayCallInEmergency = true
    /// `<allow-imminent-peril-call>`
    public var mayCallInImminentPeril = true
    /// `<allow-cancel-group-emergency>`
    public var mayCancelEmergency = true
    /// `<allow-cancel-imminent-peril>`
    public var mayCancelImminentPeril = true
    /// `<allow-force-auto-answer>`: `Priv-Answer-Mode` in his INVITE. Refusal 143. No ordinary responder has it.
    public var mayForceAutoAnswer = false

    public init() {}
}

/// How much a user may do at a time.
public struct UserMaxima: Hashable, Sendable {
    /// N2: groups that a user may be affiliated with, over all clients. Refusal 102.
    public var affiliationsN2 = 50
    /// N4: group calls that one client takes part in.
    public var groupCallsPerClientN4 = 10
    /// N6: group calls that a user takes part in, over all clients. Refusal 103.
    public var groupCallsN6 = 20

    public init() {}
}

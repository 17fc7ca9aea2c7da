public import MCFoundation
public import Policy

/// Users and groups of one system as a plain file gives them.
public struct DirectoryFile: Sendable {
    public var users: [UserEntry]
    public var groups: [Group]
}

/// One user of this system.
public struct UserEntry: Sendable {
    public var id: MCPTTID
    public var publicIdentity: PublicUserIdentity
    public var privateIdentity: PrivateUserIdentity
    public var credentials: Credentials
    public var displayName = ""
    public var organisation = ""
    /// The part of the organisation, for people: a fire station, a squad.
    public var agency = ""
    public var priority: UInt8 = 0
    /// Set for a plain telephone: it only listens, and is affiliated by configuration.
    public var legacy: LegacyEndpoint?
    public var rights = UserRights()
    public var maxima = UserMaxima()

    public enum Credentials: Sendable {
        case password(Secret)
        /// H(user:realm:password) in hexadecimal.
        case hashes(md5: Secret?, sha256: Secret?)
    }
}

/// A device that knows nothing of MCPTT. Without floor control it can only listen.
public struct LegacyEndpoint: Hashable, Sendable {
    public var affiliations: [MCPTTGroupID]
}

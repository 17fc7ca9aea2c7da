public import Administration
public import IdentityManagement
public import MCFoundation

/// The users of a fleet map as identity management sees them.
public struct FleetIdentities: IdentityDirectory, Sendable {
    private let fleet: FleetSnapshot

    public init(_ fleet: FleetSnapshot) { self.fleet = fleet }

    public func loginUser(named name: String) -> LoginUser? { fleet.user(loginName: name).map(loginUser) }

    public func user(_ id: MCPTTID) -> LoginUser? { fleet.user(id.value).map(loginUser) }

    /// An external provider knows users by the name with which they log in.
    public func user(externalSubject subject: String) -> LoginUser? { loginUser(named: subject) }

    /// NOTSPEC: who has a service beside MCPTT has the same ID for it.
    private func loginUser(_ record: UserRecord) -> LoginUser {
        let rights = fleet.rights(of: record)
        return LoginUser(
            mcpttID: record.mcpttID, passwordVerifier: record.passwordVerifier?.value ?? "",
            isSuspended: record.isSuspended, mcvideoID: rights.allows(.mcvideo) ? record.id : nil,
            mcdataID: rights.allows(.mcdata) ? record.id : nil)
    }
}

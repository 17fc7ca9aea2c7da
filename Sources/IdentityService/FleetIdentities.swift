public import Administration
public import MCFoundation

/// The users of a fleet map as identity management sees them.
public struct FleetIdentities: IdentityDirectory, Sendable {
    private let fleet: FleetSnapshot

    public init(_ fleet: FleetSnapshot) { self.fleet = fleet }

    public func loginUser(named name: String) -> LoginUser? { fleet.user(loginName: name).map(loginUser) }

    public func user(_ id: MCPTTID) -> LoginUser? { fleet.user(id.value).map(loginUser) }

    /// An external provider knows users by the name with which they log in.
    public func user(externalSubject subject: String) -> LoginUser? { loginUser(named: subject) }

    // OPEN: MCVideo and MCData identities, once the fleet map has them.
    private func loginUser(_ record: UserRecord) -> LoginUser {
        LoginUser(
            mcpttID: record.mcpttID, passwordVerifier: record.passwordVerifier?.value ?? "",
            isSuspended: record.isSuspended)
    }
}

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

    /// What a commit means for log-ins: who was suspended or deleted has none, who has another password none that the
    /// old one gave.
    ///
    /// - Parameters:
    ///   - changes: in their order.
    ///   - before: the fleet map without them.
    public static func events(of changes: [FleetChange], before: FleetSnapshot) -> [IdentityEvent] {
        changes.compactMap { change in
            switch change {
            case .put(.user(let user)): before.user(user.id).flatMap { event(from: $0, to: user) }
            case .delete(.user, let key): before.user(key).flatMap { event(from: $0, to: nil) }
            case .put, .delete: nil
            }
        }
    }

    /// Likewise, of whatever lies between two fleet maps.
    public static func events(from before: FleetSnapshot, to now: FleetSnapshot) -> [IdentityEvent] {
        before.orderedKeys(of: .user).compactMap { key in
            before.user(key).flatMap { event(from: $0, to: now.user(key)) }
        }
    }

    private static func event(from before: UserRecord, to now: UserRecord?) -> IdentityEvent? {
        guard let now, !now.isSuspended else { return before.isSuspended ? nil : .userSuspended(before.mcpttID) }
        guard let verifier = before.passwordVerifier, now.passwordVerifier != verifier else { return nil }
        return .userPasswordChanged(now.mcpttID)
    }

    /// NOTSPEC: who has a service beside MCPTT has the same ID for it.
    private func loginUser(_ record: UserRecord) -> LoginUser {
        LoginUser(
            mcpttID: record.mcpttID, passwordVerifier: record.passwordVerifier?.value ?? "",
            isSuspended: record.isSuspended, mcvideoID: fleet.mayByAnyProfile(record, .mcvideo) ? record.id : nil,
            mcdataID: fleet.mayByAnyProfile(record, .mcdata) ? record.id : nil)
    }
}

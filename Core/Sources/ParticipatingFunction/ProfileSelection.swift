import CallControl
import MCFoundation
import OrderedCollections
import Policy

/// Which of his profiles each client of a user works by (TS 24.379 7.3, TS 24.484 8.3.2): a user may be in command at one
/// device and an ordinary responder at another.
extension ParticipatingFunction {
    /// The user as a client has him.
    ///
    /// NOTSPEC: what becomes of a client whose profile is taken away. It goes on by the one that clients begin with.
    func user(_ user: User, as client: MCPTTClientID?) -> User {
        client.flatMap { user.selecting(selectedProfile(user.mcpttID, $0)) } ?? user
    }

    private func selectedProfile(_ user: MCPTTID, _ client: MCPTTClientID) -> UInt8 {
        users[user]?.clients[client]?.profile ?? 0
    }

    /// What the new one does not allow ends, as where a right is taken away.
    mutating func select(_ profile: UInt8, for key: ClientKey, at now: Now) {
        guard selectedProfile(key.user, key.client) != profile, let user = directory.user(key.user) else { return }
        users[key.user]?.clients[key.client]?.profile = profile
        note(
            "service.profileSelected",
            [.init("user", key.user.value, isPersonal: true), .init("profile", "\(profile)")])
        revise(user, at: now)
    }

    /// Clients go back to the profile with which they began where theirs was taken from the user.
    mutating func reviseProfiles(_ user: User) {
        for (id, client) in users[user.mcpttID]?.clients ?? [:] where user.selecting(client.profile) == nil {
            users[user.mcpttID]?.clients[id]?.profile = 0
            note(
                "service.profileWithdrawn",
                [.init("user", user.mcpttID.value, isPersonal: true), .init("profile", "\(client.profile)")])
        }
    }

    /// A maximum that counts over all clients of a user (N2, N6).
    ///
    /// NOTSPEC: by which profile, where his clients selected several. By the one in use that allows most.
    func maximum(_ maximum: (UserMaxima) -> Int, of user: User) -> Int {
        let clients = users[user.mcpttID]?.clients.keys ?? []
        let allowed = clients.map { maximum(self.user(user, as: $0).maxima) }
        return max(allowed.max() ?? maximum(user.maxima), 0)
    }
}

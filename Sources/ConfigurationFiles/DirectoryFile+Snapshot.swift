import MCFoundation
public import Policy
import SIP

extension DirectoryFile {
    /// The directory that functions decide by. Passwords become hashes here and go no further.
    public func snapshot(for system: SystemConfiguration) throws(DirectoryError) -> DirectorySnapshot {
        try DirectorySnapshot(
            system: system.identity, users: users.map { $0.user(of: system.identity) }, groups: groups,
            partners: system.partners.map(\.partner))
    }
}

extension UserEntry {
    /// The user as functions know him.
    public func user(of system: SystemIdentity) -> User {
        User(
            mcpttID: id, publicIdentity: publicIdentity, privateIdentity: privateIdentity,
            credentials: secrets(realm: system.realm), displayName: displayName, organisation: organisation,
            priority: priority, homeSystem: system.id,
            endpoint: legacy.map { .legacy(affiliations: $0.affiliations) } ?? .client, rights: rights, maxima: maxima)
    }

    private func secrets(realm: String) -> DigestSecrets {
        switch credentials {
        case .hashes(let md5, let sha256):
            DigestSecrets(realm: realm, md5: md5?.revealed, sha256: sha256?.revealed)
        case .password(let password):
            DigestSecrets(
                realm: realm,
                md5: Digest.ha1(
                    user: privateIdentity.value, realm: realm, password: password.revealed, algorithm: .md5),
                sha256: Digest.ha1(
                    user: privateIdentity.value, realm: realm, password: password.revealed, algorithm: .sha256))
        }
    }
}

public import Administration
import Credentials
import Dispatch
import SIP
import Synchronization

/// Makes what is kept of the passwords of an import.
public enum PasswordWork {
    /// Log-in verifiers are slow on purpose: they are made beforehand, on every processor.
    public static func making(for plan: FleetPlan) -> CredentialMaking {
        let logins = plan.pendingSecrets.filter { $0.purpose == .login }
        let made = Mutex<[String: String]>([:])
        DispatchQueue.concurrentPerform(iterations: logins.count) { index in
            let secret = logins[index]
            guard let verifier = try? Credentials.PasswordVerifier(password: secret.password) else { return }
            made.withLock { $0[secret.user] = verifier.text }
        }
        let verifiers = made.withLock { $0 }
        return CredentialMaking(
            hashes: { userName, realm, password in
                CredentialHashes(
                    realm: realm,
                    md5: Digest.ha1(user: userName, realm: realm, password: password, algorithm: .md5),
                    sha256: Digest.ha1(user: userName, realm: realm, password: password, algorithm: .sha256))
            },
            verifier: { user, _ in verifiers[user].map { Administration.PasswordVerifier($0) } })
    }
}

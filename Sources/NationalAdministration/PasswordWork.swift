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
            hashes: { userName, realm, password in hashes(userName: userName, realm: realm, password: password) },
            verifier: { user, _ in verifiers[user].map { Administration.PasswordVerifier($0) } })
    }

    /// What the registrar proves a device's user by (RFC 8760).
    public static func hashes(userName: String, realm: String, password: String) -> CredentialHashes {
        CredentialHashes(
            realm: realm,
            md5: Digest.ha1(user: userName, realm: realm, password: password, algorithm: .md5),
            sha256: Digest.ha1(user: userName, realm: realm, password: password, algorithm: .sha256))
    }

    /// What a log-in is checked against. Slow on purpose. nil where the machine has no memory for it.
    public static func verifier(of password: String) -> Administration.PasswordVerifier? {
        (try? Credentials.PasswordVerifier(password: password)).map { Administration.PasswordVerifier($0.text) }
    }

    /// Whether it is the password. As slow as making the verifier.
    public static func proves(_ password: String, _ verifier: Administration.PasswordVerifier) -> Bool {
        Credentials.PasswordVerifier(verifier.value)?.proves(password) ?? false
    }
}

public import Administration
import Credentials
import Dispatch
import SIP
import Synchronization

/// Makes what is kept of the passwords of an import.
public enum PasswordWork {
    /// Log-in verifiers are slow on purpose: they are made beforehand, on every processor. For a program that has nothing
    /// else to do meanwhile.
    public static func making(for plan: FleetPlan) -> CredentialMaking {
        let logins = plan.pendingSecrets.filter { $0.purpose == .login }
        let made = Mutex<[String: Administration.PasswordVerifier]>([:])
        DispatchQueue.concurrentPerform(iterations: logins.count) { index in
            let secret = logins[index]
            guard let verifier = verifier(of: secret.password) else { return }
            made.withLock { $0[secret.user] = verifier }
        }
        return making(for: plan, verifiers: made.withLock { $0 })
    }

    /// From log-in verifiers that were made already. What devices prove is made here, beforehand too.
    ///
    /// - Parameter verifiers: by MCPTT ID.
    public static func making(
        for plan: FleetPlan, verifiers: [String: Administration.PasswordVerifier]
    ) -> CredentialMaking {
        var made: [DeviceSecret: CredentialHashes] = [:]
        for secret in plan.pendingSecrets {
            guard case .device(let userName, let realm) = secret.purpose else { continue }
            let key = DeviceSecret(userName: userName, realm: realm, password: secret.password)
            made[key] = hashes(userName: userName, realm: realm, password: secret.password)
        }
        let ready = made
        return CredentialMaking(
            // Another name than planned, because somebody else changed it meanwhile, is rare.
            hashes: { userName, realm, password in
                ready[DeviceSecret(userName: userName, realm: realm, password: password)]
                    ?? hashes(userName: userName, realm: realm, password: password)
            },
            verifier: { user, _ in verifiers[user] })
    }

    private struct DeviceSecret: Hashable {
        var userName: String
        var realm: String
        var password: String
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

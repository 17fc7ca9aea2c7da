public import Audit

/// A password in clear that came with a table, until it is made into what is stored. It does not print.
public struct PendingSecret: Hashable, Sendable {
    public enum Purpose: Hashable, Sendable {
        /// Digest authentication of the user's devices.
        case device(userName: String, realm: String)
        case login
    }

    /// MCPTT ID.
    public var user: String
    public var purpose: Purpose
    public var password: String
}

extension PendingSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "PendingSecret" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Makes what is stored of passwords. The shell supplies it: hashing is slow on purpose, so it may have been done before
/// by a pool, from `FleetPlan.pendingSecrets`. nil says that the secret cannot be made.
public struct CredentialMaking: Sendable {
    public var hashes: @Sendable (_ userName: String, _ realm: String, _ password: String) -> CredentialHashes?
    public var verifier: @Sendable (_ user: String, _ password: String) -> PasswordVerifier?

    public init(
        hashes: @escaping @Sendable (_ userName: String, _ realm: String, _ password: String) -> CredentialHashes?,
        verifier: @escaping @Sendable (_ user: String, _ password: String) -> PasswordVerifier?
    ) {
        self.hashes = hashes
        self.verifier = verifier
    }
}

/// What tables without a mistake come to. A dry run ends here.
public struct FleetPlan: Sendable {
    /// Rows that make something new.
    public internal(set) var created = 0
    /// Rows that change something.
    public internal(set) var changed = 0
    /// Rows that say what is so already.
    public internal(set) var unchanged = 0
    /// In the order of the rows.
    public private(set) var pendingSecrets: [PendingSecret] = []
    public internal(set) var audit: [AuditEntry] = []
    private var changes: [FleetChange] = []
    /// Where in `changes` the secret of the same index belongs.
    private var places: [Int] = []

    mutating func append(_ decision: FleetDecision, secrets: [PendingSecret]) {
        audit += decision.audit
        for secret in secrets where !decision.changes.isEmpty {
            pendingSecrets.append(secret)
            places.append(changes.count)
        }
        changes += decision.changes
    }

    /// What is to be committed, all of it or nothing.
    ///
    /// - Throws: `.invalid` where a secret cannot be made.
    public func decision(by making: CredentialMaking) throws(FleetRefusal) -> FleetDecision {
        var changes = changes
        for (secret, place) in zip(pendingSecrets, places) {
            guard case .put(.user(var user)) = changes[place] else { continue }
            switch secret.purpose {
            case .device(let userName, let realm):
                guard let hashes = making.hashes(userName, realm, secret.password) else {
                    throw FleetRefusal(.invalid, field: "credentials", "no hash could be made of a password")
                }
                user.credentials = hashes
            case .login:
                guard let verifier = making.verifier(secret.user, secret.password) else {
                    throw FleetRefusal(.invalid, field: "passwordVerifier", "no verifier could be made of a password")
                }
                user.passwordVerifier = verifier
            }
            changes[place] = .put(.user(user))
        }
        return FleetDecision(changes: changes, audit: audit)
    }
}

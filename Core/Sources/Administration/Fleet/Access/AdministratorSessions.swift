public import Audit
public import IdentityManagement
public import MCFoundation

/// Bounds on the sessions of administrators.
public struct SessionLimits: Hashable, Sendable {
    public var sessions = 1_000
    /// Of one administrator; a further one ends his oldest.
    public var sessionsPerAdministrator = 8
    /// A session that nobody uses ends after this much,
    public var idle = Duration.seconds(900)
    /// and every one after this much.
    public var longest = Duration.seconds(43_200)
    /// Names and addresses whose failures are remembered, each.
    public var failureRecords = 10_000
    public var nameOctets = 256
    public var passwordOctets = 4_096

    public init() {}
}

/// Whether a password may be tried.
public enum LoginAdmission: Hashable, Sendable {
    case admitted
    /// Not before an instant. `isNews` is true once for each such wait, so that whoever goes on trying does not fill the
    /// audit log.
    case wait(until: Instant, isNews: Bool)
}

/// Sessions of administrators and what slows down who guesses their passwords. Of a token its hash is kept, so that who
/// reads this memory has no session.
///
/// A session is worth what the fleet map says now: it ends with the administrator's suspension, his deletion and a new
/// password of his.
public struct AdministratorSessions: Sendable {
    private struct Session: Sendable {
        var administrator: String
        var proof: SecretHash
        var ends: Instant
    }

    private enum Block: Hashable, Sendable {
        case subject(LoginSubject)
        case source(LoginSource)
    }

    public let limits: SessionLimits
    private var sessions: ExpiringTable<SecretHash, Session>
    /// Oldest first.
    private var ofAdministrator: [String: [SecretHash]] = [:]
    private var failures: LoginFailures
    private var told: ExpiringTable<Block, Bool>

    public init(limits: SessionLimits = SessionLimits()) {
        self.limits = limits
        sessions = ExpiringTable(capacity: limits.sessions)
        failures = LoginFailures(policy: LoginPolicy(), records: limits.failureRecords)
        told = ExpiringTable(capacity: limits.failureRecords)
    }

    public var count: Int { sessions.count }

    // MARK: Guessing

    /// Asks before a password is looked at. An attempt that is admitted counts as failed until `open` or `abandoned`.
    public mutating func admit(
        _ name: String, from source: IPAddress, in fleet: FleetSnapshot, at instant: Instant
    ) -> LoginAdmission {
        failures.policy = LoginPolicy(fleet.policy.throttle)
        failures.forgetExpired(at: instant)
        while told.popExpired(at: instant) != nil {}
        let subject = Self.subject(name, in: fleet)
        let from = LoginSource(source)
        if failures.admit(subject, from: from, at: instant) { return .admitted }
        let (ofSubject, ofSource) = failures.waits(subject, from: from, at: instant)
        let block = ofSubject == nil ? Block.source(from) : .subject(subject)
        let until = max(ofSubject ?? instant, ofSource ?? instant)
        if told.value(block, at: instant) != nil { return .wait(until: until, isNews: false) }
        if told.isFull { _ = told.popExpired(at: .distantFuture) }
        told.set(block, true, until: until)
        return .wait(until: until, isNews: true)
    }

    /// An admitted attempt could not be judged: it counts for nothing.
    public mutating func abandoned(_ name: String, from source: IPAddress, in fleet: FleetSnapshot) {
        failures.abandoned(Self.subject(name, in: fleet), from: LoginSource(source))
    }

    private static func subject(_ name: String, in fleet: FleetSnapshot) -> LoginSubject {
        // An administrator's name stands in the place of a user's identity: these failures are counted apart from those.
        fleet.administrator(name) == nil ? .unknown(name) : .known(MCPTTID(name))
    }

    // MARK: Sessions

    /// Begins a session of somebody whose password was proved; the token is 256 random bits. nil where there are too
    /// many sessions, or where he may not have one by now.
    public mutating func open(
        _ proved: AdministratorRecord, from source: IPAddress, in fleet: FleetSnapshot, at instant: Instant,
        using random: inout some RandomNumberGenerator
    ) -> IdentitySecret? {
        forgetExpired(at: instant)
        guard let administrator = fleet.administrator(proved.id), !administrator.isSuspended,
            let verifier = administrator.passwordVerifier, verifier == proved.passwordVerifier
        else { return nil }
        let own = ofAdministrator[administrator.id] ?? []
        if own.count >= limits.sessionsPerAdministrator, let oldest = own.first { remove(oldest) }
        let token = IdentitySecret(random.secretText(words: 4))
        let hash = SecretHash(of: token.revealed)
        let ends = instant + limits.longest
        let session = Session(
            administrator: administrator.id, proof: SecretHash(of: verifier.value), ends: ends)
        guard sessions.set(hash, session, until: min(ends, instant + limits.idle)) else { return nil }
        ofAdministrator[administrator.id, default: []].append(hash)
        failures.succeeded(MCPTTID(administrator.id), from: LoginSource(source))
        return token
    }

    /// Whose session a token is, as the fleet map knows him now; the session goes on. nil where it is none any more.
    public mutating func administrator(
        of token: String, in fleet: FleetSnapshot, at instant: Instant
    ) -> AdministratorRecord? {
        forgetExpired(at: instant)
        let hash = SecretHash(of: token)
        guard let session = sessions.value(hash, at: instant) else { return nil }
        guard let administrator = fleet.administrator(session.administrator), !administrator.isSuspended,
            let verifier = administrator.passwordVerifier, SecretHash(of: verifier.value) == session.proof
        else {
            remove(hash)
            return nil
        }
        sessions.set(hash, session, until: min(session.ends, instant + limits.idle))
        return administrator
    }

    /// Whether a token is of a session, whatever has become of its administrator: enough to listen to him, not to obey.
    public func isOpen(_ token: String, at instant: Instant) -> Bool {
        sessions.value(SecretHash(of: token), at: instant) != nil
    }

    public mutating func close(_ token: String) { remove(SecretHash(of: token)) }

    private mutating func forgetExpired(at instant: Instant) {
        while let (hash, session) = sessions.popExpired(at: instant) { forget(hash, of: session.administrator) }
    }

    private mutating func remove(_ hash: SecretHash) {
        if let session = sessions.remove(hash) { forget(hash, of: session.administrator) }
    }

    private mutating func forget(_ hash: SecretHash, of administrator: String) {
        ofAdministrator[administrator]?.removeAll { $0 == hash }
        if ofAdministrator[administrator]?.isEmpty == true { ofAdministrator[administrator] = nil }
    }
}

extension AdministratorSessions: CustomStringConvertible, CustomReflectable {
    public var description: String { "AdministratorSessions(\(count))" }
    public var customMirror: Mirror { Mirror(self, children: ["count": count]) }
}

/// What the audit log is told of administrators who log in.
public enum AdministratorLogin {
    public static func entry(
        _ action: String, _ administrator: AdministratorRecord, from source: IPAddress, in fleet: FleetSnapshot
    ) -> AuditEntry {
        AuditEntry(
            .login, action, actor: FleetAudit.party(administrator, in: fleet),
            details: [AuditDetail("source", source.description, isPersonal: true)],
            authority: administrator.authority)
    }

    /// A name that nobody has is not told: people type passwords there.
    public static func refusal(
        _ cause: String, of name: String, from source: IPAddress, in fleet: FleetSnapshot
    ) -> AuditEntry {
        let administrator = fleet.administrator(name)
        return AuditEntry(
            .login, "administrator.login-refused",
            actor: administrator.map { FleetAudit.party($0, in: fleet) } ?? AuditParty(identity: "", role: "unknown"),
            details: [AuditDetail("source", source.description, isPersonal: true)],
            authority: administrator?.authority ?? "", outcome: .refused(cause))
    }
}

extension LoginPolicy {
    /// As the nation prescribes; the rest is as it is for users.
    init(_ throttle: LoginThrottle) {
        self.init()
        freeFailures = throttle.freeFailures
        firstDelay = .milliseconds(throttle.firstDelay)
        failuresUntilLockOut = throttle.lockOutFailures
        lockOut = .milliseconds(throttle.lockOutTime)
    }
}

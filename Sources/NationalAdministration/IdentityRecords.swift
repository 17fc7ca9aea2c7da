import Administration
import IdentityManagement
import MCFoundation
import Storage

/// Log-ins, revocations and lock-outs as a store keeps them: until their time, and then they are forgotten.
struct IdentityRecords {
    private enum Kind {
        static let login = "login"
        static let token = "revoked-token"
        static let user = "revoked-user"
        static let lockOut = "lock-out"
    }

    /// How long a revocation is kept beyond the tokens that it concerns, for clocks that differ.
    private static let leewaySeconds: Int64 = 60

    private struct Revocation: Codable {
        var user: String
        /// Of all tokens of the user; nil where it is of one.
        var issuedUntil: Int64?
        /// Seconds since 1970.
        var expires: Int64
    }

    private struct LockOut: Codable { var failures: Int }

    private let coding = JSONRecordCoding()

    func change(_ change: IdentityChange) throws -> ExpiringChange {
        switch change {
        case .login(let login):
            return try put(Kind.login, login.id, login, until: UTCTime(microseconds: login.until))
        case .loginEnded(let id):
            return .delete(kind: Kind.login, key: id)
        case .revocation(.token(let id, let user, let expires)):
            return try put(
                Kind.token, id, Revocation(user: user.value, expires: expires), until: Self.end(expires))
        case .revocation(.user(let user, let issuedUntil, let expires)):
            return try put(
                Kind.user, user.value, Revocation(user: user.value, issuedUntil: issuedUntil, expires: expires),
                until: Self.end(expires))
        case .lockOut(let lockOut):
            return try put(
                Kind.lockOut, lockOut.user.value, LockOut(failures: lockOut.failures), until: lockOut.until)
        case .lockOutEnded(let user):
            return .delete(kind: Kind.lockOut, key: user.value)
        }
    }

    func kept(_ records: [ExpiringRecord]) throws -> KeptIdentity {
        var kept = KeptIdentity()
        for expiring in records {
            let record = expiring.record
            switch record.kind {
            case Kind.login:
                kept.logins.append(try coding.decode(KeptLogin.self, from: record.body))
            case Kind.token:
                let revocation = try coding.decode(Revocation.self, from: record.body)
                kept.revocations.append(
                    .token(id: record.key, user: MCPTTID(revocation.user), expires: revocation.expires))
            case Kind.user:
                let revocation = try coding.decode(Revocation.self, from: record.body)
                guard let issuedUntil = revocation.issuedUntil else { continue }
                kept.revocations.append(
                    .user(MCPTTID(revocation.user), issuedUntil: issuedUntil, expires: revocation.expires))
            case Kind.lockOut:
                let lockOut = try coding.decode(LockOut.self, from: record.body)
                kept.lockOuts.append(
                    KeptLockOut(user: MCPTTID(record.key), failures: lockOut.failures, until: expiring.until))
            default: continue  // of a later version
            }
        }
        return kept
    }

    private func put<Body: Encodable>(
        _ kind: String, _ key: String, _ body: Body, until: UTCTime
    ) throws -> ExpiringChange {
        .put(ExpiringRecord(StoredRecord(kind: kind, key: key, body: try coding.encode(body)), until: until))
    }

    private static func end(_ expires: Int64) -> UTCTime {
        let (seconds, late) = expires.addingReportingOverflow(leewaySeconds)
        let (microseconds, later) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return UTCTime(microseconds: late || later ? .max : microseconds)
    }
}

import Administration
public import MCFoundation
public import Storage

/// A private key by which identity management signs tokens. It stands in the store, and in its backups, so that tokens
/// hold over a restart; it does not print.
public struct SigningKeyRecord: Codable, Sendable, CustomStringConvertible, CustomReflectable {
    static let kind = "signing-key"

    public var id: String
    public var pem: String
    /// Microseconds since 1970.
    public var made: Int64
    /// Microseconds since 1970: when it was taken into use, where the keys before it are erased.
    public var used: Int64?

    public init(id: String, pem: String, made: UTCTime, used: UTCTime? = nil) {
        self.id = id
        self.pem = pem
        self.made = made.microseconds
        self.used = used?.microseconds
    }

    public var description: String { "SigningKeyRecord(\(id))" }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

extension SigningKeyRecord {
    /// Forgets every signing key of a store that was restored: a backup has no revocations in it, so no token that was
    /// signed before may hold. The next start makes a new key, and everybody logs in again.
    ///
    /// - Returns: how many keys there were.
    @discardableResult
    public static func forgetAll(in store: any NationalStore, at now: UTCTime) throws -> Int {
        let contents = try store.contents()
        let keys = contents.records.map(\.record).filter { $0.kind == kind }.map(\.key)
        guard !keys.isEmpty else { return 0 }
        _ = try store.write(after: contents.sequence, at: now) { _ in
            StoreDecision(changes: keys.map { .delete(kind: kind, key: $0) }, result: ())
        }
        return keys.count
    }
}

extension NationalAdministration {
    /// Erases a signing key. It stays in backups, and as a change of the past until the store forgets that commit: who has
    /// those has a key that nobody believes.
    public func forgetSigningKey(_ id: String, at now: UTCTime) throws {
        let outcome = try store.write(after: sequence, at: now) { others in
            try take(others)
            return StoreDecision(changes: [.delete(kind: SigningKeyRecord.kind, key: id)], result: ())
        }
        if let commit = outcome.commit { try take([commit]) }
    }

    /// Keeps a signing key beside the fleet map, in the place of what was kept of it. Who made it says so in the audit log
    /// (`key.published`).
    public func keep(_ key: SigningKeyRecord, at now: UTCTime) throws {
        let body = StoredRecord(kind: SigningKeyRecord.kind, key: key.id, body: try coding.encode(key))
        let outcome = try store.write(after: sequence, at: now) { others in
            try take(others)
            return StoreDecision(changes: [.put(body)], result: ())
        }
        if let commit = outcome.commit { try take([commit]) }
    }
}

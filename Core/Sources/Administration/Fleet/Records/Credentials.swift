public import Policy

/// What the registrar proves a device's user by: H(user:realm:password) in lower case hexadecimal (RFC 8760). Whoever
/// holds the hash can register, so it does not print.
public struct CredentialHashes: Codable, Hashable, Sendable {
    /// The realm that the hashes were made for.
    public var realm: String
    /// 32 hexadecimal digits; nil where MD5 is not offered.
    public var md5: String?
    /// 64 hexadecimal digits.
    public var sha256: String?

    public init(realm: String, md5: String?, sha256: String?) {
        self.realm = realm
        self.md5 = md5
        self.sha256 = sha256
    }

    public var digestSecrets: DigestSecrets { DigestSecrets(realm: realm, md5: md5, sha256: sha256) }
}

extension CredentialHashes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "CredentialHashes(realm: \(realm))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["realm": realm]) }
}

/// What a log-in password is checked against, opaque here: salt, parameters and hash as the shell wrote them.
public struct PasswordVerifier: Codable, Hashable, Sendable {
    public var value: String

    public init(_ value: String) {
        self.value = value
    }

    public init(from decoder: any Decoder) throws {
        value = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

extension PasswordVerifier: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "PasswordVerifier" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

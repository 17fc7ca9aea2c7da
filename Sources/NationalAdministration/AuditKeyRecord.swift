import Administration
public import Credentials
import Foundation
public import MCFoundation
import Storage

/// The public half of a key that seals the log. It stays for as long as the log does, so that old seals are believed
/// after a new key has taken its place.
public struct AuditKeyRecord: Codable, Hashable, Sendable {
    static let kind = "audit-key"

    /// SHA-256 of the public key.
    public var id: String
    /// The uncompressed point in base64.
    public var publicKey: String
    /// Microseconds since 1970.
    public var since: Int64

    public init(_ key: SealPublicKey, since: UTCTime) {
        id = key.id
        publicKey = Data(key.octets).base64EncodedString()
        self.since = since.microseconds
    }

    /// nil where what is kept is no key, or not the one that it is called by.
    public var key: SealPublicKey? {
        guard let octets = Data(base64Encoded: publicKey), let key = SealPublicKey(octets: Array(octets)), key.id == id
        else { return nil }
        return key
    }
}

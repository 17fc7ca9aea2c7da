import Cryptography

/// The private key that seals an audit log: ECDSA on P-256 with SHA-256 (FIPS 186-5). It never prints.
public struct SealKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: P256PrivateKey
    public let publicKey: SealPublicKey

    /// A new key.
    public init() throws {
        try self.init(P256PrivateKey())
    }

    /// - Throws: Where the text is no private key on P-256.
    public init(pem: String) throws {
        guard let key = P256PrivateKey(pem: pem) else { throw SealKeyError.unreadable }
        try self.init(key)
    }

    private init(_ key: P256PrivateKey) throws {
        self.key = key
        publicKey = try SealPublicKey(key.publicKey)
    }

    /// For safe-keeping.
    public var pem: String { key.pem }
    public var id: String { publicKey.id }

    /// 64 octets: r and s.
    public func sign(_ payload: [UInt8]) throws -> [UInt8] { try key.sign(payload) }

    public var description: String { "SealKey(\(id))" }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

public enum SealKeyError: Error, Hashable, Sendable {
    /// No private key on P-256 in PEM.
    case unreadable
}

/// By which a seal is believed.
public struct SealPublicKey: Sendable {
    private let key: P256PublicKey
    /// SHA-256 of the octets, in hexadecimal digits: whoever knows the name of a key knows whether a key is that one.
    public let id: String

    fileprivate init(_ key: P256PublicKey) throws(CryptographyError) {
        self.key = key
        id = try SHA256.digest(key.octets).map { octet in
            let digits = String(octet, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// From the uncompressed point (SEC 1 2.3.3, 65 octets); nil where they are none.
    public init?(octets: [UInt8]) {
        guard let key = P256PublicKey(octets: octets), let made = try? SealPublicKey(key) else { return nil }
        self = made
    }

    public var octets: [UInt8] { key.octets }

    public func isGenuine(_ signature: [UInt8], of payload: [UInt8]) -> Bool {
        key.isGenuine(signature, of: payload)
    }
}

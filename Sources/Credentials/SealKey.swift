import Crypto
import Foundation

/// The private key that seals an audit log: ECDSA on P-256 with SHA-256 (FIPS 186-5). It never prints.
public struct SealKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: P256.Signing.PrivateKey

    /// A new key.
    public init() {
        key = P256.Signing.PrivateKey()
    }

    public init(pem: String) throws {
        key = try P256.Signing.PrivateKey(pemRepresentation: pem)
    }

    /// For safe-keeping.
    public var pem: String { key.pemRepresentation }
    public var publicKey: SealPublicKey { SealPublicKey(key.publicKey) }
    public var id: String { publicKey.id }

    /// 64 octets: r and s.
    public func sign(_ payload: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: payload).rawRepresentation)
    }

    public var description: String { "SealKey(\(id))" }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

/// By which a seal is believed.
public struct SealPublicKey: Sendable {
    private let key: P256.Signing.PublicKey

    fileprivate init(_ key: P256.Signing.PublicKey) {
        self.key = key
    }

    /// From the uncompressed point (SEC 1 2.3.3, 65 octets); nil where they are none.
    public init?(octets: [UInt8]) {
        guard let key = try? P256.Signing.PublicKey(x963Representation: octets) else { return nil }
        self.key = key
    }

    public var octets: [UInt8] { Array(key.x963Representation) }

    /// SHA-256 of the octets, in hexadecimal digits: whoever knows the name of a key knows whether a key is that one.
    public var id: String {
        SHA256.hash(data: octets).map { octet in
            let digits = String(octet, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    public func isGenuine(_ signature: [UInt8], of payload: [UInt8]) -> Bool {
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return key.isValidSignature(signature, for: payload)
    }
}

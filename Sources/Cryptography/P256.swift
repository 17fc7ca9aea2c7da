import CCrypto

/// A private key on the curve P-256 for ECDSA with SHA-256 (FIPS 186-5). It never prints.
public struct P256PrivateKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// PKCS #8. For safe-keeping only.
    public let pem: String
    public let publicKey: P256PublicKey

    /// A new key.
    public init() throws(CryptographyError) {
        let made = Octets.text(capacity: 1_024) { ccrypto_p256_make($0, $1) }
        guard let made, let key = P256PrivateKey(pem: made) else {
            throw CryptographyError(operation: "a new key on P-256")
        }
        self = key
    }

    /// Nil where the text is no private key on P-256, or is locked by a passphrase.
    public init?(pem: String) {
        let point = Octets.with(pem.utf8) { pem in
            Octets.whole(P256PublicKey.count) { ccrypto_p256_point(pem, $0) }
        }
        guard let point, let publicKey = P256PublicKey(octets: point) else { return nil }
        self.pem = pem
        self.publicKey = publicKey
    }

    /// 64 octets: r and s (RFC 7518 3.4).
    public func sign(_ payload: some Sequence<UInt8>) throws(CryptographyError) -> [UInt8] {
        let signature = Octets.with(pem.utf8) { key in
            Octets.with(payload) { payload in
                Octets.whole(Int(CCRYPTO_SIGNATURE)) { ccrypto_p256_sign(key, payload, $0) }
            }
        }
        guard let signature else { throw CryptographyError(operation: "a signature") }
        return signature
    }

    public var description: String { "P256PrivateKey" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A public key on the curve P-256.
public struct P256PublicKey: Hashable, Sendable {
    static let count = Int(CCRYPTO_POINT)

    /// The uncompressed point (SEC 1 2.3.3): 65 octets.
    public let octets: [UInt8]

    /// Nil where the octets are no point of the curve.
    public init?(octets: [UInt8]) {
        guard octets.count == Self.count, ccrypto_p256_is_point(octets) == 1 else { return nil }
        self.octets = octets
    }

    /// The coordinates, 32 octets each (RFC 7518 6.2.1).
    public var coordinates: (x: [UInt8], y: [UInt8]) { (Array(octets[1..<33]), Array(octets[33..<65])) }

    /// Whether 64 octets, r and s, are the signature of the payload.
    public func isGenuine(_ signature: [UInt8], of payload: some Sequence<UInt8>) -> Bool {
        guard signature.count == Int(CCRYPTO_SIGNATURE) else { return false }
        return Octets.with(payload) { ccrypto_p256_verify(octets, $0, signature) == 1 }
    }
}

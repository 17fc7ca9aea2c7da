import CCrypto

/// A public key by which somebody else signs, as a JSON Web Key gives its parts (RFC 7518 6, RFC 8037 2).
public enum SignatureKey: Hashable, Sendable {
    case p256(x: [UInt8], y: [UInt8])
    case p384(x: [UInt8], y: [UInt8])
    /// Shorter than 2048 bits nothing is genuine (RFC 7518 3.3).
    case rsa(modulus: [UInt8], exponent: [UInt8])
    case ed25519([UInt8])

    /// How a signature was made (RFC 7518 3.1, RFC 8037 3.1): with a private key in every case.
    public enum Scheme: String, CaseIterable, Hashable, Sendable {
        case es256 = "ES256"
        case es384 = "ES384"
        case rs256 = "RS256"
        case ps256 = "PS256"
        case edDSA = "EdDSA"
    }

    /// Whether a signature is of this payload; false also where the key is none, or none for the scheme.
    public func isGenuine(_ signature: [UInt8], by scheme: Scheme, of payload: some Sequence<UInt8>) -> Bool {
        let (kind, parts): (ccrypto_scheme, [[UInt8]])
        switch (self, scheme) {
        case (.p256(let x, let y), .es256): (kind, parts) = (CCRYPTO_ES256, [x, y])
        case (.p384(let x, let y), .es384): (kind, parts) = (CCRYPTO_ES384, [x, y])
        case (.rsa(let modulus, let exponent), .rs256): (kind, parts) = (CCRYPTO_RS256, [modulus, exponent])
        case (.rsa(let modulus, let exponent), .ps256): (kind, parts) = (CCRYPTO_PS256, [modulus, exponent])
        case (.ed25519(let key), .edDSA): (kind, parts) = (CCRYPTO_ED25519, [key, []])
        default: return false
        }
        return Octets.with(all: parts + [Array(payload), signature]) { views in
            ccrypto_verify_signature(Int32(kind.rawValue), views[0], views[1], views[2], views[3]) == 1
        }
    }
}

public import Cryptography
import Foundation
import MCFoundation

/// The algorithms by which another issuer may sign (RFC 7518 3.1, RFC 8037 3.1): those with a public key only, so that
/// nobody who can read the key can sign.
public typealias TokenAlgorithm = SignatureKey.Scheme

/// Why a token of another issuer cannot be believed before its claims are even judged.
public enum ProviderTokenFault: String, Error, Hashable, Sendable {
    /// Not three parts of base64url, or no JSON in them.
    case malformed
    /// Signed by an algorithm that is not accepted, or by none.
    case wrongAlgorithm = "wrong-algorithm"
    /// Signed by a key that the issuer does not publish (any more, or in the set that we know).
    case unknownKey = "unknown-key"
    case wrongSignature = "wrong-signature"
    /// What should be a key set is none.
    case noKeySet = "no-key-set"
}

/// The keys that another issuer publishes (RFC 7517 5).
public struct ProviderKeys: Sendable {
    private static let longestToken = 16_384
    private static let longestSet = 262_144
    private static let keysTried = 8

    private let keys: [PublishedKey]

    /// - Parameter json: the JWK Set. Keys of kinds that are not known here are passed over (RFC 7517 5).
    public init(json: [UInt8]) throws(ProviderTokenFault) {
        guard json.count <= Self.longestSet,
            let set = try? JSONDecoder().decode(KeySet.self, from: Data(json))
        else { throw .noKeySet }
        keys = set.keys.compactMap(\.key)
    }

    public var count: Int { keys.count }

    /// The payload of a token that one of the keys signed. Nothing in it is judged.
    public func payload<Claims: Decodable & Sendable>(
        of token: String, algorithms: [TokenAlgorithm], as claims: Claims.Type
    ) throws(ProviderTokenFault) -> Claims {
        guard token.utf8.count <= Self.longestToken else { throw .malformed }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let octets = Base64URL.decode(parts[0]),
            let header = try? JSONDecoder().decode(Header.self, from: Data(octets))
        else { throw .malformed }
        // What is critical to understand is not understood here (RFC 7515 4.1.11).
        guard header.crit == nil, let algorithm = TokenAlgorithm(rawValue: header.alg),
            algorithms.contains(algorithm)
        else { throw .wrongAlgorithm }
        guard let payload = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2]) else {
            throw .malformed
        }
        let candidates = keys.filter { $0.fits(algorithm, keyID: header.kid) }.prefix(Self.keysTried)
        guard !candidates.isEmpty else { throw .unknownKey }
        let signed = Array((parts[0] + "." + parts[1]).utf8)
        guard candidates.contains(where: { $0.key.isGenuine(signature, by: algorithm, of: signed) }) else {
            throw .wrongSignature
        }
        guard let read = try? JSONDecoder().decode(claims, from: Data(payload)) else { throw .malformed }
        return read
    }

    private struct KeySet: Decodable {
        var keys: [Known]
    }

    /// A key, or nothing where it is of a kind that is not known, or for encryption.
    private struct Known: Decodable {
        var key: PublishedKey?

        init(from decoder: any Decoder) throws {
            key = (try? WebKey(from: decoder))?.published
        }
    }

    private struct Header: Decodable {
        var alg: String
        var kid: String?
        var crit: [String]?
    }
}

/// A key for signatures, and what its issuer says of it.
private struct PublishedKey: Sendable {
    var key: SignatureKey
    var id: String?
    var algorithm: String?

    func fits(_ wanted: TokenAlgorithm, keyID: String?) -> Bool {
        if let keyID, id != keyID { return false }
        if let algorithm, algorithm != wanted.rawValue { return false }
        return switch (key, wanted) {
        case (.p256, .es256), (.p384, .es384), (.rsa, .rs256), (.rsa, .ps256), (.ed25519, .edDSA): true
        default: false
        }
    }
}

/// A JSON Web Key (RFC 7517 4) as it stands.
private struct WebKey: Decodable {
    var kty: String
    var use: String?
    var kid: String?
    var alg: String?
    var crv: String?
    var x: String?
    var y: String?
    var n: String?
    var e: String?

    /// Nil for keys that are for something else, or of a kind that is not known.
    var published: PublishedKey? {
        guard use ?? "sig" == "sig" else { return nil }
        let parts = [x, y, n, e].map { $0.flatMap(Base64URL.decode) }
        let key: SignatureKey
        switch (kty, crv, parts[0], parts[1], parts[2], parts[3]) {
        case ("EC", "P-256", let x?, let y?, _, _): key = .p256(x: x, y: y)
        case ("EC", "P-384", let x?, let y?, _, _): key = .p384(x: x, y: y)
        case ("RSA", _, _, _, let n?, let e?): key = .rsa(modulus: n, exponent: e)
        case ("OKP", "Ed25519", let x?, _, _, _): key = .ed25519(x)
        default: return nil
        }
        return PublishedKey(key: key, id: kid, algorithm: alg)
    }
}

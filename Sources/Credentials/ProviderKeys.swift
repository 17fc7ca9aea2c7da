import Foundation
import JWTKit

/// The algorithms by which another issuer may sign (RFC 7518 3.1, RFC 8037 3.1): those with a public key only, so that
/// nobody who can read the key can sign.
public enum TokenAlgorithm: String, CaseIterable, Hashable, Sendable {
    case es256 = "ES256"
    case es384 = "ES384"
    case rs256 = "RS256"
    case ps256 = "PS256"
    case edDSA = "EdDSA"
}

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
    /// RFC 7518 3.3.
    private static let shortestModulus = 256

    private let keys: [JWK]

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
    ) async throws(ProviderTokenFault) -> Claims {
        guard token.utf8.count <= Self.longestToken, let header = Header(token) else { throw .malformed }
        // What is critical to understand is not understood here (RFC 7515 4.1.11).
        guard header.crit == nil, let algorithm = TokenAlgorithm(rawValue: header.alg),
            algorithms.contains(algorithm)
        else { throw .wrongAlgorithm }
        let candidates = keys.filter { $0.fits(algorithm, keyID: header.kid) }.prefix(Self.keysTried)
        guard !candidates.isEmpty else { throw .unknownKey }
        for var key in candidates {
            key.algorithm = JWK.Algorithm(rawValue: algorithm.rawValue)
            key.keyIdentifier = JWKIdentifier(string: header.kid ?? "")
            if key.keyType == .rsa, key.modulusOctets < Self.shortestModulus { continue }
            // One key and one algorithm: nothing in the header can choose another.
            let collection = JWTKeyCollection()
            guard (try? await collection.add(jwk: key)) != nil else { continue }
            do {
                return try await collection.verify(token, as: ForeignClaims<Claims>.self).claims
            } catch let error as JWTError where error.errorType == .malformedToken {
                throw .malformed
            } catch is DecodingError {
                throw .malformed
            } catch {
                continue
            }
        }
        throw .wrongSignature
    }

    private struct KeySet: Decodable {
        var keys: [Known]
    }

    /// A key, or nothing where it is of a kind that is not known, or for encryption (RFC 7517 4.2).
    private struct Known: Decodable {
        private enum Name: CodingKey { case use }

        var key: JWK?

        init(from decoder: any Decoder) throws {
            let use = try? decoder.container(keyedBy: Name.self).decodeIfPresent(String.self, forKey: .use)
            guard use ?? "sig" == "sig" else { return }
            key = try? JWK(from: decoder)
        }
    }

    private struct Header: Decodable {
        var alg: String
        var kid: String?
        var crit: [String]?

        init?(_ token: String) {
            guard let first = token.split(separator: ".", omittingEmptySubsequences: false).first else { return nil }
            var text = first.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            text += String(repeating: "=", count: -text.utf8.count & 3)
            guard let data = Data(base64Encoded: text), let header = try? JSONDecoder().decode(Self.self, from: data)
            else { return nil }
            self = header
        }
    }
}

extension JWK {
    fileprivate func fits(_ wanted: TokenAlgorithm, keyID: String?) -> Bool {
        if let keyID, keyIdentifier?.string != keyID { return false }
        if let algorithm, algorithm.rawValue != wanted.rawValue { return false }
        return switch wanted {
        case .es256: keyType == .ecdsa && curve?.rawValue == "P-256"
        case .es384: keyType == .ecdsa && curve?.rawValue == "P-384"
        case .rs256, .ps256: keyType == .rsa
        case .edDSA: keyType == .octetKeyPair
        }
    }

    fileprivate var modulusOctets: Int { (modulus?.utf8.count ?? 0) * 3 / 4 }
}

/// Claims that are judged elsewhere.
private struct ForeignClaims<Claims: Decodable & Sendable>: JWTPayload {
    var claims: Claims
    init(from decoder: any Decoder) throws { claims = try Claims(from: decoder) }
    func encode(to encoder: any Encoder) throws {
        throw EncodingError.invalidValue(
            "claims", .init(codingPath: [], debugDescription: "what was presented is not signed again"))
    }
    func verify(using algorithm: some JWTAlgorithm) {}
}

import Cryptography
import Foundation
import MCFoundation

/// Why a token cannot be believed before its claims are even judged.
public enum TokenFault: Error, Hashable, Sendable {
    /// Not three parts of base64url, or no JSON in them.
    case malformed
    /// Signed by nobody we know, with another algorithm, or changed since.
    case notOurs
}

/// A private key that signs tokens (ES256, RFC 7518 3.4). It never prints.
public struct TokenKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// `kid` of the tokens it signs.
    public let id: String
    fileprivate let key: P256PrivateKey

    /// A new key.
    public init(id: String) throws {
        self.id = id
        key = try P256PrivateKey()
    }

    /// - Throws: Where the text is no private key on P-256.
    public init(id: String, pem: String) throws {
        guard let key = P256PrivateKey(pem: pem) else { throw TokenKeyError.unreadable }
        self.id = id
        self.key = key
    }

    /// For the store's safe-keeping.
    public var pem: String { key.pem }

    /// The coordinates of the public key, 32 octets each (RFC 7518 6.2.1).
    public var publicCoordinates: (x: [UInt8], y: [UInt8]) { key.publicKey.coordinates }

    public var description: String { "TokenKey(\(id))" }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

public enum TokenKeyError: Error, Hashable, Sendable {
    /// No private key on P-256 in PEM.
    case unreadable
    /// There is no key of this name.
    case unknown(String)
}

/// The keys by which tokens are signed and believed (JSON Web Signature in its compact form, RFC 7515). Only ES256 is
/// known here, so that no header can ask for less, and a key is taken from here and never from a header.
public actor TokenKeys {
    /// By `kid`; only looked up.
    private var keys: [String: TokenKey] = [:]
    private static let longestToken = 8_192

    public init() {}

    public func add(_ key: TokenKey) {
        keys[key.id] = key
    }

    public func remove(_ id: String) {
        keys[id] = nil
    }

    /// Signs a payload of JSON, octet for octet.
    public func sign(_ payload: [UInt8], with id: String) throws -> String {
        guard let key = keys[id] else { throw TokenKeyError.unknown(id) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let header = try encoder.encode(Header(alg: Self.algorithm, kid: id, typ: "JWT"))
        let signed = Base64URL.encode(header) + "." + Base64URL.encode(payload)
        return signed + "." + Base64URL.encode(try key.key.sign(signed.utf8))
    }

    /// The payload of a token that one of the keys signed, as JSON. Nothing in it is judged.
    ///
    /// - Parameter believed: `kid` of the keys that may have signed it; nil: all of them.
    public func payload<Claims: Decodable & Sendable>(
        of token: String, by believed: [String]? = nil, as claims: Claims.Type
    ) throws(TokenFault) -> Claims {
        guard token.utf8.count <= Self.longestToken else { throw .malformed }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let octets = Base64URL.decode(String(parts[0])),
            let payload = Base64URL.decode(String(parts[1])), let signature = Base64URL.decode(String(parts[2])),
            let header = try? JSONDecoder().decode(Header.self, from: Data(octets))
        else { throw .malformed }
        // What a header calls critical must be understood (RFC 7515 4.1.11), and nothing of the kind is.
        guard header.alg == Self.algorithm, header.crit == nil, let kid = header.kid,
            believed?.contains(kid) ?? true, let key = keys[kid],
            key.key.publicKey.isGenuine(signature, of: (parts[0] + "." + parts[1]).utf8)
        else { throw .notOurs }
        guard let claims = try? JSONDecoder().decode(claims, from: Data(payload)) else { throw .malformed }
        return claims
    }

    private static let algorithm = "ES256"

    private struct Header: Codable {
        var alg: String
        var kid: String?
        var typ: String?
        var crit: [String]?
    }
}

import Crypto
import Foundation
import JWTKit

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
    fileprivate let key: P256.Signing.PrivateKey

    /// A new key.
    public init(id: String) {
        self.id = id
        key = P256.Signing.PrivateKey()
    }

    public init(id: String, pem: String) throws {
        self.id = id
        key = try P256.Signing.PrivateKey(pemRepresentation: pem)
    }

    /// For the store's safe-keeping.
    public var pem: String { key.pemRepresentation }

    /// The coordinates of the public key, 32 octets each (RFC 7518 6.2.1).
    public var publicCoordinates: (x: [UInt8], y: [UInt8]) {
        let octets = Array(key.publicKey.rawRepresentation)
        return (Array(octets.prefix(32)), Array(octets.suffix(32)))
    }

    public var description: String { "TokenKey(\(id))" }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

/// The keys by which tokens are signed and believed. Only ES256 is known here, so that no header can ask for less.
public actor TokenKeys {
    private let keys = JWTKeyCollection()
    private static let longestToken = 8_192

    public init() {}

    public func add(_ key: TokenKey) async throws {
        await keys.add(
            ecdsa: try ES256PrivateKey(backing: key.key), kid: JWKIdentifier(string: key.id),
            serializer: DefaultJWTSerializer(jsonEncoder: PlainEncoder()))
    }

    public func remove(_ id: String) async {
        _ = await keys.remove(kid: JWKIdentifier(string: id))
    }

    /// Signs a payload of JSON, octet for octet.
    public func sign(_ payload: [UInt8], with id: String) async throws -> String {
        try await keys.sign(PlainPayload(octets: payload), kid: JWKIdentifier(string: id))
    }

    /// The payload of a token that one of the keys signed, as JSON. Nothing in it is judged.
    public func payload<Claims: Decodable & Sendable>(
        of token: String, as claims: Claims.Type
    ) async throws(TokenFault) -> Claims {
        guard token.utf8.count <= Self.longestToken else { throw .malformed }
        do {
            return try await keys.verify(token, as: Presented<Claims>.self).claims
        } catch let error as JWTError where error.errorType == .malformedToken {
            throw .malformed
        } catch is DecodingError {
            throw .malformed
        } catch {
            throw .notOurs
        }
    }
}

/// Octets that are JSON already.
private struct PlainPayload: JWTPayload {
    var octets: [UInt8]
    func verify(using algorithm: some JWTAlgorithm) {}
}

private struct PlainEncoder: JWTJSONEncoder {
    func encode<T: Encodable>(_ value: T) throws -> Data {
        if let plain = value as? PlainPayload { return Data(plain.octets) }
        return try JSONEncoder().encode(value)
    }
}

/// Claims that are judged elsewhere.
private struct Presented<Claims: Decodable & Sendable>: JWTPayload {
    var claims: Claims
    init(from decoder: any Decoder) throws { claims = try Claims(from: decoder) }
    func encode(to encoder: any Encoder) throws {
        throw EncodingError.invalidValue(
            "claims", .init(codingPath: [], debugDescription: "what was presented is not signed again"))
    }
    func verify(using algorithm: some JWTAlgorithm) {}
}

import Credentials
import Crypto
import CryptoExtras
import Foundation
import JWTKit
import Testing

/// Tokens of another issuer, as its key set lets them be believed.
@Suite struct ProviderKeysTests {
    private struct Claims: Codable, Hashable, JWTPayload {
        var sub: String
        func verify(using algorithm: some JWTAlgorithm) {}
    }

    private func base64(_ octets: some Sequence<UInt8>) -> String {
        Data(octets).base64EncodedString().replacingOccurrences(of: "=", with: "")
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
    }

    private func published(_ key: P256.Signing.PrivateKey, _ id: String, _ more: String = "") -> String {
        let raw = Array(key.publicKey.rawRepresentation)
        return #"{"kty":"EC","crv":"P-256","x":"\#(base64(raw.prefix(32)))","y":"\#(base64(raw.suffix(32)))","#
            + #""kid":"\#(id)"\#(more)}"#
    }

    private func set(_ keys: String...) throws -> ProviderKeys {
        try ProviderKeys(json: Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8))
    }

    private func token(_ key: P256.Signing.PrivateKey, _ id: String?) async throws -> String {
        let keys = JWTKeyCollection()
        await keys.add(ecdsa: try ES256PrivateKey(backing: key), kid: id.map { JWKIdentifier(string: $0) })
        return try await keys.sign(Claims(sub: "anna"), kid: id.map { JWKIdentifier(string: $0) })
    }

    private func fault(_ keys: ProviderKeys, _ token: String, _ algorithms: [TokenAlgorithm] = [.es256]) async
        -> ProviderTokenFault?
    {
        do throws(ProviderTokenFault) {
            _ = try await keys.payload(of: token, algorithms: algorithms, as: Claims.self)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a token by a published key is believed, with and without a key ID`() async throws {
        let (one, two) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let keys = try set(published(one, "1"), published(two, "2", #","use":"sig","alg":"ES256""#))
        for token in [try await token(one, "1"), try await token(two, "2"), try await token(two, nil)] {
            #expect(try await keys.payload(of: token, algorithms: [.es256], as: Claims.self).sub == "anna")
        }
    }

    @Test func `RSA keys are believed by both of their algorithms, short ones never`() async throws {
        let key = try Insecure.RSA.PrivateKey(
            pem: try _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation)
        let (n, e) = try key.publicKey.getKeyPrimitives()
        let keys = try set(#"{"kty":"RSA","n":"\#(base64(n))","e":"\#(base64(e))","kid":"r"}"#)
        let signer = JWTKeyCollection()
        await signer.add(rsa: key, digestAlgorithm: .sha256, kid: "r")
        let plain = try await signer.sign(Claims(sub: "anna"), kid: "r")
        await signer.add(pss: key, digestAlgorithm: .sha256, kid: "r")
        let padded = try await signer.sign(Claims(sub: "anna"), kid: "r")
        #expect(await fault(keys, plain, [.rs256]) == nil)
        #expect(await fault(keys, plain, [.es256, .ps256]) == .wrongAlgorithm)
        #expect(await fault(keys, padded, [.ps256]) == nil)
        let short = try set(#"{"kty":"RSA","n":"\#(base64(n.prefix(128)))","e":"AQAB","kid":"r"}"#)
        #expect(await fault(short, plain, [.rs256]) == .wrongSignature)
    }

    @Test func `what another key signed, or a key for something else, is not believed`() async throws {
        let (own, other) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
        let keys = try set(published(own, "1"))
        #expect(await fault(keys, try await token(other, "1")) == .wrongSignature)
        #expect(await fault(keys, try await token(own, "2")) == .unknownKey)
        #expect(await fault(try set(published(own, "1", #","use":"enc""#)), try await token(own, "1")) == .unknownKey)
        #expect(
            await fault(try set(published(own, "1", #","alg":"ES384""#)), try await token(own, "1")) == .unknownKey)
    }

    @Test func `no header can ask for less`() async throws {
        let own = P256.Signing.PrivateKey()
        let keys = try set(published(own, "1"))
        let parts = try await token(own, "1").split(separator: ".").map(String.init)
        func forged(_ header: String, _ signature: String) -> String {
            base64(header.utf8) + "." + parts[1] + "." + signature
        }
        let input = base64(#"{"alg":"HS256","kid":"1"}"#.utf8) + "." + parts[1]
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(input.utf8), using: SymmetricKey(data: own.publicKey.rawRepresentation))
        for token in [
            forged(#"{"alg":"none","kid":"1"}"#, ""), forged(#"{"alg":"HS256","kid":"1"}"#, base64(code)),
            forged(#"{"alg":"ES256","kid":"1","crit":["exp"]}"#, parts[2]),
        ] {
            #expect(await fault(keys, token, TokenAlgorithm.allCases) == .wrongAlgorithm)
        }
        #expect(await fault(keys, forged(#"{"alg":"ES256","kid":"1","x":1}"#, parts[2])) == .wrongSignature)
        for garbage in ["", ".", "a.b.c", "\u{e9}.x.y", String(repeating: "a", count: 20_000)] {
            #expect(await fault(keys, garbage) == .malformed)
        }
    }

    @Test func `a key set may hold what is not known, and what is none is told`() throws {
        let own = P256.Signing.PrivateKey()
        #expect(try set(#"{"kty":"oct","k":"AA","kid":"s"}"#, "{}", "3", published(own, "1")).count == 1)
        #expect(throws: ProviderTokenFault.noKeySet) { try ProviderKeys(json: Array("[]".utf8)) }
        #expect(throws: ProviderTokenFault.noKeySet) { try ProviderKeys(json: []) }
        #expect(throws: ProviderTokenFault.noKeySet) {
            try ProviderKeys(json: [UInt8](repeating: 0x20, count: 300_000))
        }
    }
}

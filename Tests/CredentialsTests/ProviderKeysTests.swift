import Credentials
import Cryptography
import Foundation
import MCFoundation
import Testing

/// Tokens of another issuer, as its key set lets them be believed.
@Suite struct ProviderKeysTests {
    private struct Claims: Codable, Hashable {
        var sub: String
    }

    private func base64(_ octets: some Sequence<UInt8>) -> String { Base64URL.encode(octets) }

    private func published(_ key: P256PrivateKey, _ id: String, _ more: String = "") -> String {
        let (x, y) = key.publicKey.coordinates
        return #"{"kty":"EC","crv":"P-256","x":"\#(base64(x))","y":"\#(base64(y))","kid":"\#(id)"\#(more)}"#
    }

    private func set(_ keys: String...) throws -> ProviderKeys {
        try ProviderKeys(json: Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8))
    }

    private func unsigned(_ header: String) -> String {
        base64(header.utf8) + "." + base64(#"{"sub":"anna"}"#.utf8)
    }

    private func token(_ key: P256PrivateKey, _ id: String?) throws -> String {
        let named = id.map { #","kid":"\#($0)""# } ?? ""
        let signed = unsigned(#"{"alg":"ES256"\#(named)}"#)
        return signed + "." + base64(try key.sign(signed.utf8))
    }

    private func fault(
        _ keys: ProviderKeys, _ token: String, _ algorithms: [TokenAlgorithm] = [.es256]
    ) -> ProviderTokenFault? {
        do throws(ProviderTokenFault) {
            _ = try keys.payload(of: token, algorithms: algorithms, as: Claims.self)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a token by a published key is believed, with and without a key ID`() throws {
        let (one, two) = (try P256PrivateKey(), try P256PrivateKey())
        let keys = try set(published(one, "1"), published(two, "2", #","use":"sig","alg":"ES256""#))
        for token in [try token(one, "1"), try token(two, "2"), try token(two, nil)] {
            #expect(try keys.payload(of: token, algorithms: [.es256], as: Claims.self).sub == "anna")
        }
    }

    @Test func `RSA keys are believed by both of their algorithms, short ones never`() throws {
        for (bits, expected) in [(2_048, ProviderTokenFault?.none), (1_024, .wrongSignature)] {
            let signer = try OpenSSL(bits: bits)
            let keys = try set(#"{"kty":"RSA","n":"\#(base64(try signer.modulus()))","e":"AQAB","kid":"r"}"#)
            let plain = unsigned(#"{"alg":"RS256","kid":"r"}"#)
            let padded = unsigned(#"{"alg":"PS256","kid":"r"}"#)
            let one = plain + "." + base64(try signer.sign(plain))
            let other =
                padded + "."
                + base64(
                    try signer.sign(padded, ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]))
            #expect(fault(keys, one, [.rs256]) == expected)
            #expect(fault(keys, one, [.es256, .ps256]) == .wrongAlgorithm)
            #expect(fault(keys, other, [.ps256]) == expected)
            // A signature by the other of the two is none.
            #expect(fault(keys, padded + "." + base64(try signer.sign(padded)), [.ps256]) == .wrongSignature)
        }
    }

    @Test func `what another key signed, or a key for something else, is not believed`() throws {
        let (own, other) = (try P256PrivateKey(), try P256PrivateKey())
        let keys = try set(published(own, "1"))
        #expect(fault(keys, try token(other, "1")) == .wrongSignature)
        #expect(fault(keys, try token(own, "2")) == .unknownKey)
        #expect(fault(try set(published(own, "1", #","use":"enc""#)), try token(own, "1")) == .unknownKey)
        #expect(
            fault(try set(published(own, "1", #","alg":"ES384""#)), try token(own, "1")) == .unknownKey)
    }

    @Test func `no header can ask for less`() throws {
        let own = try P256PrivateKey()
        let keys = try set(published(own, "1"))
        let parts = try token(own, "1").split(separator: ".").map(String.init)
        func forged(_ header: String, _ signature: String) -> String {
            base64(header.utf8) + "." + parts[1] + "." + signature
        }
        let input = base64(#"{"alg":"HS256","kid":"1"}"#.utf8) + "." + parts[1]
        // Signed with what everybody knows, for a reader that takes the algorithm from the header.
        let code = try SHA256.digest(own.publicKey.octets + input.utf8)
        for token in [
            forged(#"{"alg":"none","kid":"1"}"#, ""), forged(#"{"alg":"HS256","kid":"1"}"#, base64(code)),
            forged(#"{"alg":"ES256","kid":"1","crit":["exp"]}"#, parts[2]),
        ] {
            #expect(fault(keys, token, TokenAlgorithm.allCases) == .wrongAlgorithm)
        }
        #expect(fault(keys, forged(#"{"alg":"ES256","kid":"1","x":1}"#, parts[2])) == .wrongSignature)
        for garbage in ["", ".", "a.b.c", "\u{e9}.x.y", String(repeating: "a", count: 20_000)] {
            #expect(fault(keys, garbage) == .malformed)
        }
    }

    @Test func `a key set may hold what is not known, and what is none is told`() throws {
        let own = try P256PrivateKey()
        #expect(try set(#"{"kty":"oct","k":"AA","kid":"s"}"#, "{}", "3", published(own, "1")).count == 1)
        #expect(throws: ProviderTokenFault.noKeySet) { try ProviderKeys(json: Array("[]".utf8)) }
        #expect(throws: ProviderTokenFault.noKeySet) { try ProviderKeys(json: []) }
        #expect(throws: ProviderTokenFault.noKeySet) {
            try ProviderKeys(json: [UInt8](repeating: 0x20, count: 300_000))
        }
    }
}

/// Somebody else who signs: the command of the library.
private struct OpenSSL {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    private var key: String { folder.appendingPathComponent("key.pem").path }

    init(bits: Int) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        _ = try run(["genrsa", "-out", key, "\(bits)"])
    }

    func modulus() throws -> [UInt8] {
        let text = String(decoding: try run(["rsa", "-in", key, "-noout", "-modulus"]), as: UTF8.self)
        let digits = Array(text.drop { $0 != "=" }.dropFirst().filter(\.isHexDigit))
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
    }

    func sign(_ text: String, _ options: [String] = []) throws -> [UInt8] {
        let input = folder.appendingPathComponent("input")
        try Data(text.utf8).write(to: input)
        return Array(try run(["dgst", "-sha256", "-sign", key] + options + [input.path]))
    }

    private func run(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }
}

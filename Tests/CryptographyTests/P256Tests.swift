import Cryptography
import Foundation
import Testing

@Suite struct P256Tests {
    @Test func `a signature of RFC 7515 A 3 is genuine, and of nothing else`() throws {
        func octets(_ text: String) throws -> [UInt8] {
            let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            return Array(
                try #require(Data(base64Encoded: plain + String(repeating: "=", count: -plain.utf8.count & 3))))
        }
        let x = try octets("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
        let y = try octets("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
        let key = try #require(P256PublicKey(octets: [4] + x + y))
        let payload = Array(
            ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                + "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ").utf8)
        var signature = try octets(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
        #expect(key.isGenuine(signature, of: payload))
        #expect(key.coordinates.x == x && key.coordinates.y == y)
        #expect(!key.isGenuine(signature, of: payload.dropLast()))
        #expect(!key.isGenuine([], of: payload))
        signature[40] ^= 1
        #expect(!key.isGenuine(signature, of: payload))
        #expect(!key.isGenuine([UInt8](repeating: 0, count: 64), of: payload))
        #expect(!key.isGenuine([UInt8](repeating: 255, count: 64), of: payload))
    }

    @Test func `a key signs what its public half believes, and is the same after it was kept`() throws {
        let key = try P256PrivateKey()
        let again = try #require(P256PrivateKey(pem: key.pem))
        #expect(again.publicKey == key.publicKey)
        // Often enough that numbers with leading zeros are among them.
        for round in 0..<300 {
            let payload = Array("payload \(round)".utf8)
            let signature = try again.sign(payload)
            #expect(signature.count == 64)
            #expect(key.publicKey.isGenuine(signature, of: payload))
        }
        #expect(!(try P256PrivateKey()).publicKey.isGenuine(try key.sign([1]), of: [1]))
    }

    @Test func `what is no key on the curve is refused`() throws {
        #expect(P256PrivateKey(pem: "") == nil)
        #expect(P256PrivateKey(pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n") == nil)
        let key = try P256PrivateKey()
        #expect(P256PrivateKey(pem: key.pem.replacingOccurrences(of: "M", with: "!")) == nil)
        #expect(P256PublicKey(octets: []) == nil)
        #expect(P256PublicKey(octets: [4] + [UInt8](repeating: 1, count: 64)) == nil)
        // A compressed point has another form.
        #expect(P256PublicKey(octets: [2] + key.publicKey.octets.dropFirst()) == nil)
    }

    @Test func `keys of other kinds, and locked ones, are refused without asking anybody`() throws {
        for arguments in [
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
            ["genpkey", "-algorithm", "ED25519"],
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes256", "-pass", "pass:secret"],
        ] {
            let pem = try OpenSSL.run(arguments)
            #expect(pem.contains("PRIVATE KEY"))
            #expect(P256PrivateKey(pem: pem) == nil, "\(arguments)")
        }
        let own = try OpenSSL.run(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        #expect(P256PrivateKey(pem: own) != nil)
    }

    @Test func `an Ed25519 signature of RFC 8037 A 4 is genuine, and by no other scheme`() throws {
        func octets(_ text: String) throws -> [UInt8] {
            let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            return Array(
                try #require(Data(base64Encoded: plain + String(repeating: "=", count: -plain.utf8.count & 3))))
        }
        let key = SignatureKey.ed25519(try octets("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
        let payload = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        let signature = try octets(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
        #expect(key.isGenuine(signature, by: .edDSA, of: payload))
        #expect(!key.isGenuine(signature, by: .edDSA, of: payload.dropFirst()))
        #expect(!key.isGenuine(signature, by: .es256, of: payload))
        #expect(!SignatureKey.ed25519([1]).isGenuine(signature, by: .edDSA, of: payload))
    }

    @Test func `an ES384 signature of the command is genuine for its key and payload`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (pem, point, input, made) = (folder + "/key", folder + "/point", folder + "/input", folder + "/signature")
        try Data("payload".utf8).write(to: URL(fileURLWithPath: input))
        _ = try OpenSSL.run(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", pem])
        _ = try OpenSSL.run(["pkey", "-in", pem, "-pubout", "-outform", "DER", "-out", point])
        _ = try OpenSSL.run(["dgst", "-sha384", "-sign", pem, "-out", made, input])
        let coordinates = Array(try Data(contentsOf: URL(fileURLWithPath: point)).suffix(96))
        // SEQUENCE { INTEGER r, INTEGER s }, each of at most 49 octets.
        let der = Array(try Data(contentsOf: URL(fileURLWithPath: made)))
        let r = Array(der[4..<4 + Int(der[3])])
        let s = Array(der[(6 + r.count)...])
        func padded(_ number: [UInt8]) -> [UInt8] {
            let digits = Array(number.drop { $0 == 0 })
            return [UInt8](repeating: 0, count: 48 - digits.count) + digits
        }
        let signature = padded(r) + padded(s)
        let key = SignatureKey.p384(x: Array(coordinates.prefix(48)), y: Array(coordinates.suffix(48)))
        #expect(key.isGenuine(signature, by: .es384, of: Array("payload".utf8)))
        #expect(!key.isGenuine(signature, by: .es384, of: Array("payloaf".utf8)))
        #expect(!key.isGenuine(signature, by: .es256, of: Array("payload".utf8)))
    }

    @Test func `a private key does not print`() throws {
        let key = try P256PrivateKey()
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] { #expect(!text.contains("BEGIN")) }
    }
}

/// The command line of the library, as somebody else who makes keys and certificates.
enum OpenSSL {
    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}

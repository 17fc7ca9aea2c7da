import Cryptography
import Testing

/// Vectors of the documents that define the functions.
@Suite struct DerivationTests {
    private func octets(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }

    @Test func `SHA-256 of FIPS 180-4`() throws {
        #expect(
            try SHA256.digest("abc".utf8)
                == octets("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(
            try SHA256.digest([])
                == octets("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    }

    @Test func `HKDF of RFC 5869 A.3`() throws {
        let secret = [UInt8](repeating: 0x0b, count: 22)
        #expect(
            try HKDF.derive(secret, info: "", count: 42)
                == octets("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
        #expect(try HKDF.derive(secret, info: "a", count: 32) != HKDF.derive(secret, info: "b", count: 32))
    }

    @Test func `scrypt of RFC 7914 12`() throws {
        let derived = try Scrypt.derive(
            "password".utf8, salt: Array("NaCl".utf8), cost: 1_024, blockSize: 8, parallelism: 16, count: 64)
        #expect(
            derived
                == octets(
                    "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                        + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"))
        let empty = try Scrypt.derive([], salt: [], cost: 16, blockSize: 1, parallelism: 1, count: 64)
        #expect(Array(empty.prefix(8)) == octets("77d6576238657b20"))
    }

    @Test func `scrypt with a cost that is no power of two is refused`() {
        #expect(throws: CryptographyError.self) {
            try Scrypt.derive("p".utf8, salt: [1], cost: 1_000, blockSize: 8, parallelism: 1, count: 32)
        }
    }
}

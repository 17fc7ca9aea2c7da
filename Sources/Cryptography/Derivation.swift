import CCrypto

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// 32 octets.
    ///
    /// - Throws: Where the library has no SHA-256.
    public static func digest(_ octets: some Sequence<UInt8>) throws(CryptographyError) -> [UInt8] {
        let digest = Octets.with(octets) { data in Octets.whole(32) { ccrypto_sha256(data, $0) } }
        guard let digest else { throw CryptographyError(operation: "SHA-256") }
        return digest
    }
}

/// HKDF with SHA-256 and without salt (RFC 5869).
public enum HKDF {
    /// `count` octets from a secret, for the purpose that `info` names.
    public static func derive(
        _ secret: some Sequence<UInt8>, info: String, count: Int
    ) throws(CryptographyError) -> [UInt8] {
        let derived = Octets.with(secret) { secret in
            Octets.with(info.utf8) { info in Octets.whole(count) { ccrypto_hkdf(secret, info, $0, count) } }
        }
        guard let derived else { throw CryptographyError(operation: "HKDF") }
        return derived
    }
}

/// scrypt (RFC 7914).
public enum Scrypt {
    /// Takes 128 * `cost` * `blockSize` octets of memory and as much time.
    ///
    /// - Parameter cost: N, a power of two.
    public static func derive(
        _ password: some Sequence<UInt8>, salt: [UInt8], cost: Int, blockSize: Int, parallelism: Int, count: Int
    ) throws(CryptographyError) -> [UInt8] {
        let derived = Octets.with(password) { password in
            Octets.with(salt) { salt in
                Octets.whole(count) {
                    ccrypto_scrypt(
                        password, salt, UInt64(clamping: cost), UInt64(clamping: blockSize),
                        UInt64(clamping: parallelism), $0, count)
                }
            }
        }
        guard let derived else { throw CryptographyError(operation: "scrypt") }
        return derived
    }
}

import CDigest

/// HMAC (RFC 2104) with SHA-256.
func hmacSHA256(key: [UInt8], _ text: [UInt8]) -> [UInt8] {
    var block = key.count > 64 ? sha256(key) : key
    block += [UInt8](repeating: 0, count: 64 - block.count)
    return sha256(block.map { $0 ^ 0x5c } + sha256(block.map { $0 ^ 0x36 } + text))
}

private func sha256(_ octets: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    let done = octets.withUnsafeBufferPointer { input in
        digest.withUnsafeMutableBufferPointer { output in
            cdigest_sha256(input.baseAddress, input.count, output.baseAddress)
        }
    }
    // A gateway without its hash would show what it has to hide.
    guard done == 1 else { preconditionFailure("libcrypto refuses SHA-256") }
    return digest
}

import CDigest
import MCFoundation

/// A password, code, token or verifier as text. It does not print; `revealed` is for where it has to leave the process.
public struct IdentitySecret: Hashable, Sendable {
    public let revealed: String

    public init(_ revealed: String) { self.revealed = revealed }
}

extension IdentitySecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "secret" }
    public var debugDescription: String { "secret" }
    public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

/// SHA-256 of a secret with 128 random bits or more: what a table keeps of it. Who reads the table cannot use it.
public struct SecretHash: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    let octets: [UInt8]

    /// Of the octets of the text (RFC 7636 4.2: `SHA256(ASCII(code_verifier))`).
    package init(of text: String) {
        let input = Array(text.utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        let done = input.withUnsafeBufferPointer { from in
            digest.withUnsafeMutableBufferPointer { to in
                cdigest_sha256(from.baseAddress, from.count, to.baseAddress)
            }
        }
        // Without its hash every secret would equal every other.
        guard done == 1 else { preconditionFailure("libcrypto refuses SHA-256") }
        octets = digest
    }

    /// As `text` gives it; nil for what no hash looks like.
    init?(text: String) {
        guard let octets = Base64URL.decode(text), octets.count == 32 else { return nil }
        self.octets = octets
    }

    var text: String { Base64URL.encode(octets) }

    /// In a time that does not depend on where they differ.
    func equals(_ other: [UInt8]) -> Bool {
        guard other.count == octets.count else { return false }
        return octets.withUnsafeBufferPointer { left in
            other.withUnsafeBufferPointer { right in
                guard let one = left.baseAddress, let two = right.baseAddress else { return false }
                return cdigest_equal(one, two, left.count) == 1
            }
        }
    }

    public var description: String { "hash" }
    public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

extension RandomNumberGenerator {
    /// `words` times 64 random bits in base64url.
    package mutating func secretText(words: Int) -> String {
        var octets: [UInt8] = []
        for _ in 0..<words {
            let word = next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                octets.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return Base64URL.encode(octets)
    }
}

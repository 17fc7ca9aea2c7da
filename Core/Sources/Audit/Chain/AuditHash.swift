internal import CDigest
public import MCFoundation

/// A SHA-256 digest (FIPS 180-4): of a record in its chain, or of a personal field and its salt.
public struct AuditHash: Hashable, Sendable, CustomStringConvertible {
    /// 32 octets.
    public let octets: [UInt8]

    /// nil unless there are 32 octets.
    public init?(octets: [UInt8]) {
        guard octets.count == 32 else { return nil }
        self.octets = octets
    }

    /// The digest of the octets themselves.
    public init(of octets: [UInt8]) {
        var digest = [UInt8](repeating: 0, count: 32)
        let done = octets.withUnsafeBufferPointer { input in
            digest.withUnsafeMutableBufferPointer { output in
                cdigest_sha256(input.baseAddress, input.count, output.baseAddress)
            }
        }
        // A log without its hash would prove nothing, and nobody would notice.
        guard done == 1 else { preconditionFailure("libcrypto refuses SHA-256") }
        self.octets = digest
    }

    /// The hash of a record: of the hash before it, then of its encoding.
    public init(after previous: AuditHash, encoding: [UInt8]) {
        self.init(of: previous.octets + encoding)
    }

    /// Reads `description`, in whatever case; nil where the text is no such hash.
    public init?(hexadecimal text: String) {
        guard text.utf8.count == 64, text.utf8.allSatisfy({ $0 < 128 && Character(UnicodeScalar($0)).isHexDigit })
        else { return nil }
        let values = text.compactMap(\.hexDigitValue)
        self.init(octets: stride(from: 0, to: 64, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) })
    }

    /// 64 lower-case hexadecimal digits.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// Where a chain ends: the number and the hash of its last record. Two nations that compare heads compare everything
/// before them without showing each other a line.
public struct AuditHead: Hashable, Sendable {
    /// Of the last record; 0 while there is none.
    public var sequence: UInt64
    public var hash: AuditHash

    public init(sequence: UInt64, hash: AuditHash) {
        self.sequence = sequence
        self.hash = hash
    }

    /// Reads `sequence:hash`, as a seal is noted; nil where the text is no such head.
    public init?(noted text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.allSatisfy({ (48...57).contains($0) }),
            let sequence = UInt64(parts[0]), let hash = AuditHash(hexadecimal: String(parts[1]))
        else { return nil }
        self.init(sequence: sequence, hash: hash)
    }

    /// The head of a log without records: SHA-256 of `EUCCS audit`, the system's name and the time of creation
    /// (microseconds, eight octets, most significant first). So no log passes for the log of another system.
    public static func genesis(of system: MCSystemID, created: UTCTime) -> AuditHead {
        var octets = Array("EUCCS audit".utf8) + Array(system.value.utf8)
        octets.append(number: UInt64(bitPattern: created.microseconds))
        return AuditHead(sequence: 0, hash: AuditHash(of: octets))
    }
}

extension [UInt8] {
    /// All octets of the number, most significant first.
    mutating func append(number: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// The length in two octets, then the UTF-8. The caller has bounded the text.
    mutating func append(text: String) {
        append(number: UInt16(truncatingIfNeeded: text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

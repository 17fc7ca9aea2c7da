/// Network-order reading. Offsets are checked by the caller against `byteCount`; the span checks them again.
extension RawSpan {
    func octet(_ offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    func word16(_ offset: Int) -> UInt16 {
        UInt16(octet(offset)) << 8 | UInt16(octet(offset + 1))
    }

    func word24(_ offset: Int) -> UInt32 {
        UInt32(octet(offset)) << 16 | UInt32(word16(offset + 1))
    }

    func word32(_ offset: Int) -> UInt32 {
        UInt32(word16(offset)) << 16 | UInt32(word16(offset + 2))
    }

    /// nil where the octets are not UTF-8.
    func text(_ range: Range<Int>) -> String? {
        var octets: [UInt8] = []
        octets.reserveCapacity(range.count)
        for offset in range {
            octets.append(octet(offset))
        }
        return String(validating: octets, as: UTF8.self)
    }
}

extension [UInt8] {
    mutating func append(word16 value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append(word24 value: UInt32) {
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(word16: UInt16(truncatingIfNeeded: value))
    }

    mutating func append(word32 value: UInt32) {
        append(word16: UInt16(truncatingIfNeeded: value >> 16))
        append(word16: UInt16(truncatingIfNeeded: value))
    }
}

public import MCFoundation

/// A STUN message as far as keep-alives of UDP need it (RFC 5626 4.4.2, RFC 5389): Binding, without authentication.
public struct STUNMessage: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case request
        /// To be counted as a sign of life; never answered.
        case indication
        /// With what stands in XOR-MAPPED-ADDRESS.
        case success(SocketAddress?)
        case failure
    }

    /// What RFC 5389 7.1 wants a datagram to fit in where the path is not known, and enough for what is read here.
    public static let maximumOctets = 548
    /// Attributes that are looked at; a message with more is none.
    public static let maximumAttributes = 32
    private static let headerOctets = 20
    private static let cookie: UInt32 = 0x2112_a442

    public var kind: Kind
    /// 96 bits.
    public var transaction: [UInt8]
    /// Attributes that must be understood and are not (RFC 5389 15).
    public private(set) var unknownAttributes: [UInt16] = []

    private enum Attribute {
        static let errorCode: UInt16 = 0x0009
        static let unknownAttributes: UInt16 = 0x000a
        static let xorMappedAddress: UInt16 = 0x0020
        /// MAPPED-ADDRESS, USERNAME, MESSAGE-INTEGRITY, ERROR-CODE, UNKNOWN-ATTRIBUTES, REALM, NONCE: known, of no use.
        static let known: [UInt16] = [0x0001, 0x0006, 0x0008, errorCode, unknownAttributes, 0x0014, 0x0015]
    }

    /// Whether a datagram claims to be STUN: no SIP message begins with two bits of zero and the cookie.
    public static func isMeant(by octets: [UInt8]) -> Bool {
        octets.count >= 8 && octets[0] & 0xc0 == 0 && word(octets, 4) == cookie
    }

    /// Nil for what is no Binding message of RFC 5389.
    public init?(_ octets: [UInt8]) {
        guard STUNMessage.isMeant(by: octets), octets.count >= STUNMessage.headerOctets,
            octets.count <= STUNMessage.maximumOctets, octets.count % 4 == 0,
            Int(STUNMessage.half(octets, 2)) == octets.count - STUNMessage.headerOctets
        else { return nil }
        switch STUNMessage.half(octets, 0) {
        case 0x0001: kind = .request
        case 0x0011: kind = .indication
        case 0x0101: kind = .success(nil)
        case 0x0111: kind = .failure
        default: return nil
        }
        transaction = Array(octets[8..<20])
        var position = STUNMessage.headerOctets
        var count = 0
        while position < octets.count {
            count += 1
            // The header of an attribute always fits: everything is a multiple of four octets.
            let type = STUNMessage.half(octets, position)
            let length = Int(STUNMessage.half(octets, position + 2))
            let start = position + 4
            let end = start + (length + 3) / 4 * 4
            guard end <= octets.count, count <= STUNMessage.maximumAttributes else { return nil }
            if type == Attribute.xorMappedAddress {
                guard let address = STUNMessage.address(octets[start..<start + length], transaction) else { return nil }
                if kind == .success(nil) { kind = .success(address) }
            } else if type < 0x8000, !Attribute.known.contains(type) {
                unknownAttributes.append(type)
            }
            position = end
        }
    }

    /// A keep-alive of ours.
    public static func request(transaction: [UInt8]) -> [UInt8] {
        message(0x0001, padded(transaction), [])
    }

    /// The answer to a request that came from `source`; nil where this message asks for none.
    public func answer(to source: SocketAddress) -> [UInt8]? {
        guard kind == .request else { return nil }
        guard unknownAttributes.isEmpty else {
            // 420 (RFC 5389 7.3.1).
            var body = STUNMessage.attribute(Attribute.errorCode, [0, 0, 4, 20] + Array("Unknown Attribute".utf8))
            let list = unknownAttributes.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
            body += STUNMessage.attribute(Attribute.unknownAttributes, list)
            return STUNMessage.message(0x0111, transaction, body)
        }
        var value: [UInt8] = [0, source.address.isIPv6 ? 2 : 1]
        let port = source.port ^ UInt16(STUNMessage.cookie >> 16)
        value += [UInt8(port >> 8), UInt8(port & 0xff)]
        let address = STUNMessage.octets(of: source.address)
        value += zip(address, STUNMessage.mask(transaction)).map { $0 ^ $1 }
        return STUNMessage.message(0x0101, transaction, STUNMessage.attribute(Attribute.xorMappedAddress, value))
    }

    // MARK: Octets

    private static func half(_ octets: [UInt8], _ at: Int) -> UInt16 {
        UInt16(octets[at]) << 8 | UInt16(octets[at + 1])
    }

    private static func word(_ octets: [UInt8], _ at: Int) -> UInt32 {
        UInt32(half(octets, at)) << 16 | UInt32(half(octets, at + 2))
    }

    /// What an address is masked with: the cookie and the transaction identifier (RFC 5389 15.2).
    private static func mask(_ transaction: [UInt8]) -> [UInt8] {
        [0x21, 0x12, 0xa4, 0x42] + transaction
    }

    private static func padded(_ transaction: [UInt8]) -> [UInt8] {
        Array(transaction.prefix(12)) + Array(repeating: 0, count: max(0, 12 - transaction.count))
    }

    private static func message(_ type: UInt16, _ transaction: [UInt8], _ body: [UInt8]) -> [UInt8] {
        [UInt8(type >> 8), UInt8(type & 0xff), UInt8(body.count >> 8), UInt8(body.count & 0xff)]
            + mask(transaction) + body
    }

    private static func attribute(_ type: UInt16, _ value: [UInt8]) -> [UInt8] {
        [UInt8(type >> 8), UInt8(type & 0xff), UInt8(value.count >> 8), UInt8(value.count & 0xff)] + value
            + Array(repeating: 0, count: (4 - value.count % 4) % 4)
    }

    private static func octets(of address: IPAddress) -> [UInt8] {
        func big(_ word: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * (count - 1 - $0))) }
        }
        return address.isIPv6 ? big(address.high, 8) + big(address.low, 8) : big(address.low, 4)
    }

    private static func address(_ value: ArraySlice<UInt8>, _ transaction: [UInt8]) -> SocketAddress? {
        let value = Array(value)
        guard value.count == 8 && value[1] == 1 || value.count == 20 && value[1] == 2 else { return nil }
        let port = half(value, 2) ^ UInt16(cookie >> 16)
        let octets = zip(value.dropFirst(4), mask(transaction)).map { UInt64($0 ^ $1) }
        func big(_ part: ArraySlice<UInt64>) -> UInt64 { part.reduce(0) { $0 << 8 | $1 } }
        let address =
            value.count == 8
            ? IPAddress(v4: UInt32(truncatingIfNeeded: big(octets[...])))
            : IPAddress(v6High: big(octets[..<8]), low: big(octets[8...]))
        return SocketAddress(address, port: port)
    }
}

/// An IPv4 or IPv6 address as its octets in network order. Parsing of host names is a shell's work.
public struct IPAddress: Hashable, Sendable, Comparable {
    /// IPv4 stands in the low 32 bits with `isIPv6` false.
    public let high: UInt64
    public let low: UInt64
    public let isIPv6: Bool

    public init(v4 address: UInt32) {
        high = 0
        low = UInt64(address)
        isIPv6 = false
    }

    public init(v6High high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
        isIPv6 = true
    }

    public static let loopback = IPAddress(v4: 0x7f00_0001)

    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.isIPv6 ? 1 : 0, left.high, left.low) < (right.isIPv6 ? 1 : 0, right.high, right.low)
    }
}

/// Where datagrams or connections go: an address and a port.
public struct SocketAddress: Hashable, Sendable, Comparable {
    public var address: IPAddress
    public var port: UInt16

    public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    public static func < (left: SocketAddress, right: SocketAddress) -> Bool {
        (left.address, left.port) < (right.address, right.port)
    }
}

extension IPAddress: LosslessStringConvertible {
    /// Parses dotted IPv4 or IPv6 text (RFC 4291 2.2, with or without brackets). Names give nil.
    public init?(_ text: some StringProtocol) {
        var body = Substring(text)
        if body.hasPrefix("["), body.hasSuffix("]") {
            body = body.dropFirst().dropLast()
        }
        if body.utf8.contains(UInt8(ascii: ":")) {
            guard let address = IPAddress(parsingV6: body) else { return nil }
            self = address
        } else {
            guard let address = IPAddress.parseV4(body) else { return nil }
            self.init(v4: address)
        }
    }

    public init?(_ description: String) {
        self.init(Substring(description))
    }

    public var description: String {
        guard isIPv6 else {
            return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
        }
        let groups = (0..<8).map { index -> UInt64 in
            let word = index < 4 ? high : low
            return word >> UInt64((3 - index % 4) * 16) & 0xffff
        }
        // RFC 5952: the longest run of zero groups, of two at least, is written as a double colon.
        var best = 0..<0
        var start = 0
        while start < 8 {
            guard groups[start] == 0 else {
                start += 1
                continue
            }
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > best.count, end - start > 1 { best = start..<end }
            start = end
        }
        func text(_ part: ArraySlice<UInt64>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !best.isEmpty else { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }

    /// The form that stands in a URI or a Via: IPv6 in brackets.
    public var hostText: String {
        isIPv6 ? "[\(description)]" : description
    }

    private static func parseV4(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard part.utf8.count <= 3, part.utf8.allSatisfy({ (48...57).contains($0) }), let octet = UInt8(part) else {
                return nil
            }
            address = address << 8 | UInt32(octet)
        }
        return address
    }

    private init?(parsingV6 text: Substring) {
        func groups(_ part: Substring) -> [UInt16]? {
            guard !part.isEmpty else { return [] }
            var result: [UInt16] = []
            let pieces = part.split(separator: ":", omittingEmptySubsequences: false)
            for (index, piece) in pieces.enumerated() {
                if index == pieces.count - 1, piece.utf8.contains(UInt8(ascii: ".")) {
                    guard let tail = IPAddress.parseV4(piece) else { return nil }
                    result += [UInt16(tail >> 16), UInt16(tail & 0xffff)]
                } else {
                    guard (1...4).contains(piece.utf8.count), piece.first != "+", piece.first != "-",
                        let group = UInt16(piece, radix: 16)
                    else { return nil }
                    result.append(group)
                }
            }
            return result
        }
        var all: [UInt16]
        if let gap = text.firstRange(of: "::") {
            guard let head = groups(text[..<gap.lowerBound]), let tail = groups(text[gap.upperBound...]),
                head.count + tail.count < 8
            else { return nil }
            all = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
        } else {
            guard let whole = groups(text) else { return nil }
            all = whole
        }
        guard all.count == 8 else { return nil }
        func word(_ part: ArraySlice<UInt16>) -> UInt64 { part.reduce(0) { $0 << 16 | UInt64($1) } }
        self.init(v6High: word(all[..<4]), low: word(all[4...]))
    }
}

extension SocketAddress: CustomStringConvertible {
    public var description: String { "\(address.hostText):\(port)" }
}

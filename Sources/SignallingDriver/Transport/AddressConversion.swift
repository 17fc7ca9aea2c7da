import MCFoundation
import NIOCore

extension MCFoundation.SocketAddress {
    /// nil for addresses that are neither IPv4 nor IPv6. An IPv4 address mapped into IPv6 becomes IPv4.
    init?(_ address: NIOCore.SocketAddress?) {
        guard let ip = IPAddress(address), let port = address?.port else { return nil }
        self.init(ip, port: UInt16(truncatingIfNeeded: port))
    }

    var nio: NIOCore.SocketAddress {
        get throws {
            var packed = ByteBuffer()
            if address.isIPv6 { packed.writeInteger(address.high) }
            if address.isIPv6 { packed.writeInteger(address.low) }
            if !address.isIPv6 { packed.writeInteger(UInt32(truncatingIfNeeded: address.low)) }
            return try NIOCore.SocketAddress(packedIPAddress: packed, port: Int(port))
        }
    }

    static let unknown = MCFoundation.SocketAddress(IPAddress(v4: 0), port: 0)
}

extension IPAddress {
    init?(_ address: NIOCore.SocketAddress?) {
        // The layouts of sockaddr_in and sockaddr_in6: family, port, (flow information,) address.
        switch address {
        case .v4: self.init(v4: UInt32(bigEndian: address?.load(UInt32.self, at: 4) ?? 0))
        case .v6:
            let high = UInt64(bigEndian: address?.load(UInt64.self, at: 8) ?? 0)
            let low = UInt64(bigEndian: address?.load(UInt64.self, at: 16) ?? 0)
            if high == 0, low >> 32 == 0xffff {
                self.init(v4: UInt32(truncatingIfNeeded: low))
            } else {
                self.init(v6High: high, low: low)
            }
        case .unixDomainSocket, nil: return nil
        }
    }
}

extension NIOCore.SocketAddress {
    fileprivate func load<Word: BitwiseCopyable>(_ type: Word.Type, at offset: Int) -> Word? {
        withSockAddr { pointer, size in
            guard size >= offset + MemoryLayout<Word>.size else { return nil }
            return UnsafeRawPointer(pointer).loadUnaligned(fromByteOffset: offset, as: type)
        }
    }
}

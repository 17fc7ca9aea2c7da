import CNet
import MCFoundation

extension cnet_address {
    init(_ address: SocketAddress) {
        self.init(
            high: address.address.high, low: address.address.low, port: address.port,
            is_ipv6: address.address.isIPv6)
    }

    var socketAddress: SocketAddress {
        let host = is_ipv6 ? IPAddress(v6High: high, low: low) : IPAddress(v4: UInt32(truncatingIfNeeded: low))
        return SocketAddress(host, port: port)
    }
}

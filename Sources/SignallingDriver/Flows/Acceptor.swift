import MCFoundation
import NIOCore
import NIOPosix
import NIOSSL
import SIPUserAgent

/// Binds one listener and sets up what it accepts.
struct Acceptor {
    struct Bound {
        var channel: any Channel
        /// Set for UDP.
        var datagrams: DatagramSocket?
    }

    private let listener: Listener
    private let sockets: any EventLoopGroup
    private let context: FlowContext

    init(_ listener: Listener, sockets: any EventLoopGroup, context: FlowContext) {
        self.listener = listener
        self.sockets = sockets
        self.context = context
    }

    func bind() async throws -> Bound {
        switch listener.transport {
        case .udp:
            let socket = try await Acceptor.datagramSocket(
                at: listener.address, listener: listener.name, sockets: sockets, context: context)
            return Bound(channel: socket.channel, datagrams: socket)
        case .tcp:
            return Bound(channel: try await streams(), datagrams: nil)
        case .tls:
            guard context.trust.server(of: listener.name) != nil else {
                throw SignallingError.noIdentity(listener: listener.name)
            }
            return Bound(channel: try await streams(), datagrams: nil)
        }
    }

    private func streams() async throws -> any Channel {
        let context = context
        let listener = listener
        var bootstrap = ServerBootstrap(group: sockets)
            .serverChannelOption(ChannelOptions.backlog, value: 1_024)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Acceptor.accept(channel, listener: listener, context: context)
                }
            }
        if listener.address.address.isIPv6 { bootstrap = bootstrap.serverChannelOption(Acceptor.ipv6Only, value: 1) }
        return try await bootstrap.bind(to: try listener.address.nio).get()
    }

    private static func accept(
        _ channel: any Channel, listener: Listener, context: FlowContext
    ) throws {
        let source = IPAddress(channel.remoteAddress) ?? .loopback
        context.counters.add(\.acceptedConnections)
        guard context.admit(source) else {
            context.counters.add(\.refusedConnections)
            context.log.refused(source, reason: "too many connections")
            throw SignallingError.tooManyConnections
        }
        channel.closeFuture.whenComplete { _ in context.leave(source) }
        var verdict: VerdictBox?
        if listener.transport == .tls {
            guard let tls = context.trust.server(of: listener.name) else {
                throw SignallingError.noIdentity(listener: listener.name)
            }
            if tls.settings.clientCertificate == .none {
                verdict = VerdictBox(nil, chains: context.chains)
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context))
            } else {
                let verifier = PeerVerifier(
                    authorities: tls.settings.authorities, peer: .client, expectedName: nil,
                    chainLimit: context.limits.certificateChain)
                let box = VerdictBox(verifier, chains: context.chains)
                verdict = box
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLServerHandler(context: tls.context, customVerificationCallback: box.callback(verifier)))
            }
        }
        try channel.pipeline.syncOperations.addHandler(
            StreamHandler(
                shared: context, origin: .accepted(listener: listener.name), transport: listener.transport,
                verdict: verdict))
    }

    static func datagramSocket(
        at address: MCFoundation.SocketAddress, listener: String?, sockets: any EventLoopGroup, context: FlowContext
    ) async throws -> DatagramSocket {
        var bootstrap = DatagramBootstrap(group: sockets)
            .channelOption(ChannelOptions.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65_535))
        if address.address.isIPv6 { bootstrap = bootstrap.channelOption(ipv6Only, value: 1) }
        return try await bootstrap.bind(to: try address.nio) { channel in
            channel.eventLoop.makeCompletedFuture {
                let handler = DatagramHandler(shared: context, listener: listener)
                let socket = DatagramSocket(
                    channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), context: context)
                // Before it is bound: the first datagram may come with the address.
                handler.socket = socket
                try channel.pipeline.syncOperations.addHandler(handler)
                return socket
            }
        }
    }

    /// IPv4 and IPv6 have sockets of their own, also on the same port.
    private static let ipv6Only = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
}

/// Why the shell does not start, or refuses a connection.
public enum SignallingError: Error, Hashable, Sendable {
    /// A TLS listener without certificate.
    case noIdentity(listener: String)
    case tooManyConnections
    /// Nothing is pinned for that name, so nobody can prove it.
    case noAuthority(name: String)
}

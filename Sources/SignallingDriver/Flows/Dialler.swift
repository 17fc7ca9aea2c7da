import MCFoundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import SIPUserAgent

/// Opens connections. How an attempt ends comes through the mailbox: `.opened` with the target, or `.dialFailed`.
final class Dialler: Sendable {
    private let sockets: any EventLoopGroup
    private let context: FlowContext
    private let datagrams = NIOLockedValueBox<(v4: DatagramSocket?, v6: DatagramSocket?, own: [DatagramSocket])>(
        (nil, nil, []))

    init(sockets: any EventLoopGroup, context: FlowContext) {
        self.sockets = sockets
        self.context = context
    }

    /// A listener's socket also carries associations that this side begins, so that answers come from the known port.
    func adopt(_ socket: DatagramSocket) {
        datagrams.withLockedValue { sockets in
            if socket.isIPv6 { sockets.v6 = sockets.v6 ?? socket } else { sockets.v4 = sockets.v4 ?? socket }
        }
    }

    func dial(_ target: Target) {
        switch target.transport {
        case .tcp, .tls: connect(target)
        case .udp: associate(target)
        }
    }

    private func connect(_ target: Target) {
        let context = context
        ClientBootstrap(group: sockets)
            .connectTimeout(context.timeouts.connect.amount)
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel, target) }
            }
            .connect(host: target.host, port: Int(target.port))
            .whenFailure { _ in context.mailbox.post(.dialFailed(target)) }
    }

    private func prepare(_ channel: any Channel, _ target: Target) throws {
        var verdict: VerdictBox?
        if target.transport == .tls {
            let name = target.serverName ?? target.host
            let (trust, tls) = context.trust.client
            let authorities = trust.authorities(for: name)
            guard !authorities.isEmpty else {
                context.counters.add(\.refusedCertificates)
                context.log.refused(nil, reason: "no authority pinned", detail: name)
                context.mailbox.post(
                    .distrusted(.init(remote: nil, listener: nil, target: target, reason: "no authority pinned")))
                throw SignallingError.noAuthority(name: name)
            }
            let verifier = PeerVerifier(
                authorities: authorities, peer: .server, expectedName: name, chainLimit: context.limits.certificateChain
            )
            let box = VerdictBox(verifier, chains: context.chains)
            verdict = box
            // An address is no server name (RFC 6066 3).
            let indication = IPAddress(name) == nil ? name : nil
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLClientHandler(
                    context: tls, serverHostname: indication, customVerificationCallback: box.callback(verifier)))
        }
        try channel.pipeline.syncOperations.addHandler(
            StreamHandler(shared: context, origin: .dialled(target), transport: target.transport, verdict: verdict))
    }

    private func associate(_ target: Target) {
        let context = context
        let loop = sockets.next()
        let promise = loop.makePromise(of: Void.self)
        promise.completeWithTask { [self] in
            // Names are looked up on the pool for blocking work, not on a thread of sockets.
            let remote = try await NIOThreadPool.singleton.runIfActive {
                try NIOCore.SocketAddress.makeAddressResolvingHost(target.host, port: Int(target.port))
            }
            try await socket(isIPv6: remote.protocol == .inet6).open(target, at: remote)
        }
        promise.futureResult.whenFailure { _ in context.mailbox.post(.dialFailed(target)) }
    }

    private func socket(isIPv6: Bool) async throws -> DatagramSocket {
        if let known = datagrams.withLockedValue({ isIPv6 ? $0.v6 : $0.v4 }) { return known }
        let any = MCFoundation.SocketAddress(isIPv6 ? IPAddress(v6High: 0, low: 0) : IPAddress(v4: 0), port: 0)
        let fresh = try await Acceptor.datagramSocket(at: any, listener: nil, sockets: sockets, context: context)
        // Another attempt may have been faster; both sockets serve, the first is used from now on.
        adopt(fresh)
        datagrams.withLockedValue { $0.own.append(fresh) }
        return fresh
    }

    func closeSockets() async {
        for socket in datagrams.withLockedValue({ $0.own }) { try? await socket.channel.close() }
    }
}

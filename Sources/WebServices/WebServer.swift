public import Logging
public import MCFoundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Why a web server did not start.
public struct WebServerError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
}

/// A certificate with its key that the TLS library took, ready to be shown.
public struct WebCertificate: Sendable {
    fileprivate let context: NIOSSLContext
}

/// What connections that are made are shown; nil: plain HTTP.
private final class ShownCertificate: Sendable {
    private let shown: Mutex<NIOSSLContext?>

    init(_ context: NIOSSLContext?) { shown = Mutex(context) }

    var context: NIOSSLContext? {
        get { shown.withLock { $0 } }
        set { shown.withLock { $0 = newValue } }
    }
}

/// One HTTP listener with its handler. NIO stays in this room.
///
/// It is no framework: NIO has the codec, the order of pipelined requests and TLS, and what a framework adds (routes,
/// middleware, streams, its own life cycle) nobody here asks for, while every first build would compile it. What is
/// ours is `WebConnection`: a request is gathered within limits, answered by a handler, and the next one is let in.
public final class WebServer: Sendable {
    /// The address with the port that the system chose where none was given.
    public let address: MCFoundation.SocketAddress
    private let listening: any Channel
    private let connections: WebConnections
    private let certificate: ShownCertificate
    private let limits: WebLimits

    private init(
        address: MCFoundation.SocketAddress, listening: any Channel, connections: WebConnections,
        certificate: ShownCertificate, limits: WebLimits
    ) {
        self.address = address
        self.listening = listening
        self.connections = connections
        self.certificate = certificate
        self.limits = limits
    }

    /// Binds and serves until `stop`.
    public static func start(
        _ listener: WebListener, limits: WebLimits = WebLimits(), logger: Logger, handler: any WebHandler
    ) async throws -> WebServer {
        guard listener.tls != nil || listener.address.address.isLoopback else {
            throw WebServerError(description: "\(listener.address): HTTP without TLS is for loopback only")
        }
        let connections = WebConnections(limit: limits.connections)
        do {
            let certificate = ShownCertificate(try listener.tls.map { try context($0, limits) })
            let listening = try await bootstrap(certificate, limits, connections, logger, handler)
                .bind(
                    to: NIOCore.SocketAddress(
                        ipAddress: listener.address.address.description, port: Int(listener.address.port))
                ).get()
            let port = listening.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? listener.address.port
            let address = MCFoundation.SocketAddress(listener.address.address, port: port)
            return WebServer(
                address: address, listening: listening, connections: connections, certificate: certificate,
                limits: limits)
        } catch {
            throw WebServerError(description: "\(listener.address): \(error)")
        }
    }

    /// Whether nobody listens at an address now, so that it may be bound.
    public static func isFree(_ address: MCFoundation.SocketAddress) async -> Bool {
        let attempt = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        let bound = try? await attempt.bind(
            to: NIOCore.SocketAddress(ipAddress: address.address.description, port: Int(address.port))
        ).get()
        guard let bound else { return false }
        try? await bound.close().get()
        return true
    }

    private static func context(_ tls: TLSConfiguration, _ limits: WebLimits) throws -> NIOSSLContext {
        var tls = tls
        tls.shutdownTimeout = .nanoseconds(limits.linger.wholeNanoseconds)
        return try NIOSSLContext(configuration: tls)
    }

    /// A certificate (and its chain) and its key of two PEM texts for this server; nothing changes yet.
    ///
    /// - Throws: Where it is none, or the key is of another.
    public func prepare(certificatePEM: String, keyPEM: String) throws(WebServerError) -> WebCertificate {
        do {
            let tls = try WebListener.tls(certificatePEM: certificatePEM, keyPEM: keyPEM)
            return WebCertificate(context: try Self.context(tls, limits))
        } catch {
            throw WebServerError(description: "\(address): \(error)")
        }
    }

    /// From now on connections that are made are shown it; those that stand go on. A listener without TLS stays so.
    public func show(_ fresh: WebCertificate) {
        if certificate.context != nil { certificate.context = fresh.context }
    }

    /// Lets requests that are being answered end, closes the rest and returns when all is over, or after
    /// `WebLimits.stopTime`: what is not answered by then is cancelled and not waited for.
    public func stop() async {
        let over = connections.stop(on: listening.eventLoop, within: limits.stopTime)
        try? await listening.close().get()
        try? await over.get()
    }

    private static let ipv6Only = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)

    /// On the threads that NIO shares in a process: calls have threads of their own, so that nothing here delays them,
    /// and a group per listener would be threads that wait.
    private static func bootstrap(
        _ certificate: ShownCertificate, _ limits: WebLimits, _ connections: WebConnections, _ logger: Logger,
        _ handler: any WebHandler
    ) -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One at a time: the limit is looked at before each.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                // Of IPv6 alone, so that IPv4 has a listener of its own on the port, and each of its clients an address
                // that failed log-ins are counted by: mapped ones (RFC 4291 2.5.5.2) are one /64. A socket of IPv4
                // does not know the option.
                channel.setOption(Self.ipv6Only, value: 1).flatMapErrorThrowing { _ in }.flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(WebAccepting(connections))
                }
            }
            // Who has asked may say that nothing more will come; he is answered all the same.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    let context = certificate.context
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    var decoding = NIOHTTPDecoderLimitConfiguration()
                    decoding.maxHeaderFieldSize = limits.headerBytes
                    decoding.maxHeaderListSize = limits.headerBytes
                    decoding.maxHeaderFieldCount = limits.headerFields
                    try pipeline.addHandler(WebOctets())
                    // The error handler of NIO says 400 to everything, and twice to a version that it does not know.
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: true, withErrorHandling: false,
                        withOutboundHeaderValidation: true, withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: decoding)
                    try pipeline.addHandler(
                        WebConnection(
                            limits: limits, isSecure: context != nil, connections: connections, logger: logger,
                            handler: handler))
                }
            }
    }
}

extension IPAddress {
    /// 127.0.0.0/8 and ::1.
    fileprivate var isLoopback: Bool { isIPv6 ? high == 0 && low == 1 : low >> 24 == 127 }
}

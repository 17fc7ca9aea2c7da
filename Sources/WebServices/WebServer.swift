public import Logging
public import MCFoundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why a web server did not start.
public struct WebServerError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
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
    private let stopTime: Duration

    private init(
        address: MCFoundation.SocketAddress, listening: any Channel, connections: WebConnections, stopTime: Duration
    ) {
        self.address = address
        self.listening = listening
        self.connections = connections
        self.stopTime = stopTime
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
            let context = try listener.tls.map { tls in
                var tls = tls
                tls.shutdownTimeout = .nanoseconds(limits.linger.wholeNanoseconds)
                return try NIOSSLContext(configuration: tls)
            }
            let listening = try await bootstrap(context, limits, connections, logger, handler)
                .bind(
                    to: NIOCore.SocketAddress(
                        ipAddress: listener.address.address.description, port: Int(listener.address.port))
                ).get()
            let port = listening.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? listener.address.port
            let address = MCFoundation.SocketAddress(listener.address.address, port: port)
            return WebServer(
                address: address, listening: listening, connections: connections, stopTime: limits.stopTime)
        } catch {
            throw WebServerError(description: "\(listener.address): \(error)")
        }
    }

    /// Lets requests that are being answered end, closes the rest and returns when all is over, or after
    /// `WebLimits.stopTime`: what is not answered by then is cancelled and not waited for.
    public func stop() async {
        let over = connections.stop(on: listening.eventLoop, within: stopTime)
        try? await listening.close().get()
        try? await over.get()
    }

    /// On the threads that NIO shares in a process: calls have threads of their own, so that nothing here delays them,
    /// and a group per listener would be threads that wait.
    private static func bootstrap(
        _ context: NIOSSLContext?, _ limits: WebLimits, _ connections: WebConnections, _ logger: Logger,
        _ handler: any WebHandler
    ) -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One at a time: the limit is looked at before each.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(WebAccepting(connections))
                }
            }
            // Who has asked may say that nothing more will come; he is answered all the same.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
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

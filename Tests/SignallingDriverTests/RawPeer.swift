import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A peer that obeys no rule but what the test says: raw octets on a TCP connection.
final class RawPeer: Sendable {
    let channel: any Channel
    private let received: NIOLockedValueBox<[UInt8]>

    static func connect(port: UInt16, reads: Bool = true) async throws -> RawPeer {
        let received = NIOLockedValueBox<[UInt8]>([])
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(ChannelOptions.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(received))
                }
            }
            .connect(host: "127.0.0.1", port: Int(port)).get()
        return RawPeer(channel, received)
    }

    private init(_ channel: any Channel, _ received: NIOLockedValueBox<[UInt8]>) {
        self.channel = channel
        self.received = received
    }

    var octets: [UInt8] { received.withLockedValue { $0 } }

    func send(_ octets: [UInt8]) async throws {
        try await channel.writeAndFlush(channel.allocator.buffer(bytes: octets))
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func close() async throws { try await channel.close() }

    /// Waits until the other side closes.
    func closed() async throws { try await channel.closeFuture.get() }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let received: NIOLockedValueBox<[UInt8]>

        init(_ received: NIOLockedValueBox<[UInt8]>) { self.received = received }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            received.withLockedValue { $0 += Array(buffer.readableBytesView) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// Accepts connections, reads all and never says a word.
final class MuteServer: Sendable {
    private let channel: any Channel
    let port: UInt16

    static func start() async throws -> MuteServer {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        return MuteServer(channel)
    }

    private init(_ channel: any Channel) {
        self.channel = channel
        port = UInt16(channel.localAddress?.port ?? 0)
    }

    func stop() async throws { try await channel.close() }
}

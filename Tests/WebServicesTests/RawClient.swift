import Glibc
import Logging
import MCFoundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing
import WebServices

/// A client that sends what it is told, octet by octet, and keeps what comes.
final class RawClient: Sendable {
    private struct State {
        var text = ""
        var isOver = false
        var wasReset = false
        var waiting: [(test: @Sendable (String) -> Bool, continuation: CheckedContinuation<String, Never>)] = []
    }

    private final class Ears: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let client: RawClient

        init(_ client: RawClient) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            client.change { $0.text += text }
        }

        func channelInactive(context: ChannelHandlerContext) { client.change { $0.isOver = true } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if error is IOError { client.change { $0.wasReset = true } }
            context.close(promise: nil)
        }
    }

    /// No test waits longer for what does not come.
    private static let patience = TimeAmount.seconds(15)
    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    /// - Parameter reads: false: nothing is taken out of the socket.
    static func connect(
        _ server: WebServer, tls: NIOSSLContext? = nil, reads: Bool = true
    ) async throws -> RawClient {
        let client = RawClient()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(Ears(client))
                }
            }
            .connect(host: server.address.address.description, port: Int(server.address.port)).get()
        client.channel.withLock { $0 = channel }
        let late = channel.eventLoop.scheduleTask(in: patience) {
            Issue.record("a client waited too long")
            client.change { $0.isOver = true }
        }
        channel.closeFuture.whenComplete { _ in late.cancel() }
        return client
    }

    var text: String { state.withLock { $0.text } }

    /// Whether the connection broke, rather than that it was closed.
    var wasReset: Bool { state.withLock { $0.wasReset } }

    func send(_ text: String) {
        channel.withLock { $0 }?.writeAndFlush(ByteBuffer(string: text)).whenFailure { error in
            if error is IOError { self.change { $0.wasReset = true } }
        }
    }

    /// What has come when it fits, or when the connection is over.
    @discardableResult func until(_ test: @escaping @Sendable (String) -> Bool) async -> String {
        await withCheckedContinuation { continuation in
            change { $0.waiting.append((test, continuation)) }
        }
    }

    func untilClosed() async -> String { await until { _ in false } }

    /// The serial number of the certificate that the server showed; nil without TLS.
    func serialShown() async throws -> [UInt8]? {
        try await channel.withLock { $0 }?.nioSSL_peerCertificate().get()?.serialNumber
    }

    func halfClose() { channel.withLock { $0 }?.close(mode: .output, promise: nil) }

    func close() { channel.withLock { $0 }?.close(promise: nil) }

    /// Breaks the connection, as a device does whose network goes away.
    func reset() async throws {
        guard let channel = channel.withLock({ $0 }), let options = channel as? any SocketOptionProvider else { return }
        try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close().get()
    }

    private func change(_ change: (inout State) -> Void) {
        let (text, done) = state.withLock { state -> (String, [CheckedContinuation<String, Never>]) in
            change(&state)
            let (text, isOver) = (state.text, state.isOver)
            let done = state.waiting.filter { isOver || $0.test(text) }.map(\.continuation)
            state.waiting.removeAll { isOver || $0.test(text) }
            return (text, done)
        }
        for continuation in done { continuation.resume(returning: text) }
    }
}

/// A server on loopback, and what its handler is.
func serve(_ limits: WebLimits = WebLimits(), _ handler: any WebHandler = Parrot()) async throws -> WebServer {
    try await WebServer.start(
        WebListener(address: SocketAddress(.loopback, port: 0), tls: nil), limits: limits,
        logger: Logger(label: "web", factory: { _ in SwiftLogNoOpLogHandler() }), handler: handler)
}

func limits(_ change: (inout WebLimits) -> Void) -> WebLimits {
    var limits = WebLimits()
    change(&limits)
    return limits
}

/// Says back what it was asked, and how long the body was.
struct Parrot: WebHandler {
    func respond(to request: WebRequest) async -> WebResponse {
        WebResponse("text/plain", "<\(request.method) \(request.path)?\(request.query) \(request.body.count)>")
    }
}

/// A handler in a closure.
struct Answering: WebHandler {
    let answer: @Sendable (WebRequest) async -> WebResponse

    init(_ answer: @escaping @Sendable (WebRequest) async -> WebResponse) { self.answer = answer }

    func respond(to request: WebRequest) async -> WebResponse { await answer(request) }
}

/// Answers when it is told to.
actor Gate: WebHandler {
    private var isOpen = false
    private var isAsked = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var observers: [CheckedContinuation<Void, Never>] = []

    func respond(to request: WebRequest) async -> WebResponse {
        isAsked = true
        for observer in observers { observer.resume() }
        observers = []
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
        return WebResponse("text/plain", "through")
    }

    func untilAsked() async {
        if !isAsked { await withCheckedContinuation { observers.append($0) } }
    }

    func open() {
        isOpen = true
        for one in waiting { one.resume() }
        waiting = []
    }
}

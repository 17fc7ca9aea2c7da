import MCFoundation
import NIOCore
public import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request over HTTPS and its answer, over a connection of its own: all that a device or a log-in with another
/// provider needs. A client library would cost minutes of compiling for what nobody here asks of it (pools, redirects,
/// HTTP/2).
public struct WebExchange: Sendable {
    public struct Request: Sendable {
        public var host: String
        public var port: Int
        public var method: HTTPMethod
        /// Path and query.
        public var target: String
        public var headers: [(String, String)] = []
        public var body: [UInt8] = []
        /// Octets of the answer's body.
        public var limit = 1 << 20

        public init(host: String, port: Int, method: HTTPMethod, target: String) {
            self.host = host
            self.port = port
            self.method = method
            self.target = target
        }
    }

    public struct Answer: Sendable {
        public var status: Int
        public var headers: HTTPHeaders
        public var body: [UInt8]

        public func header(_ name: String) -> String? { headers.first(name: name) }

        /// What the server wants shown with the next request to it, as the value of `Cookie` (RFC 6265 4.2); nil where
        /// it sets nothing.
        public var cookies: String? {
            let pairs = headers["set-cookie"].map { $0.prefix { $0 != ";" } }
            return pairs.isEmpty ? nil : pairs.joined(separator: "; ")
        }
    }

    public struct Failure: Error, CustomStringConvertible {
        public var description: String
        public var isTooLarge = false
    }

    private let context: NIOSSLContext
    private let limit: TimeAmount

    /// - Parameters:
    ///   - authorityPEM: who may certify the servers, and nobody else; nil: whom the machine trusts.
    ///   - limitSeconds: how long an answer may take.
    /// - Throws: Where the authority is no certificate.
    public init(authorityPEM: String?, limitSeconds: Int64 = 30) throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorityPEM {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authorityPEM.utf8)))
        }
        tls.applicationProtocols = ["http/1.1"]
        context = try NIOSSLContext(configuration: tls)
        limit = .seconds(limitSeconds)
    }

    /// - Throws: `Failure`, or what the connection ends by.
    public func send(_ request: Request) async throws -> Answer {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: Answer.self)
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(.seconds(5)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                // An address has no name that TLS could ask for; the certificate is checked against it all the same.
                let name = MCFoundation.IPAddress(request.host) == nil ? request.host : nil
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLClientHandler(context: context, serverHostname: name))
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                try channel.pipeline.syncOperations.addHandler(
                    AnswerCollector(request, answer: answer))
            }
        }
        let late = loop.scheduleTask(in: limit) { answer.fail(Failure(description: "no answer in time")) }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: request.host, port: request.port).get()
        } catch {
            late.cancel()
            answer.fail(error)
            throw error
        }
        defer {
            late.cancel()
            channel.close(promise: nil)
        }
        return try await answer.futureResult.get()
    }
}

/// Sends the request as soon as there is a connection, and puts the answer together. It lives on its event loop.
private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: WebExchange.Request
    private let answer: EventLoopPromise<WebExchange.Answer>
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(_ request: WebExchange.Request, answer: EventLoopPromise<WebExchange.Answer>) {
        self.request = request
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers = HTTPHeaders(request.headers)
        let host = request.host.contains(":") ? "[\(request.host)]" : request.host
        headers.add(name: "host", value: "\(host):\(request.port)")
        headers.add(name: "connection", value: "close")
        if !request.body.isEmpty || request.method == .POST || request.method == .PUT {
            headers.add(name: "content-length", value: "\(request.body.count)")
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: request.method, uri: request.target, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.body.isEmpty {
            let octets = context.channel.allocator.buffer(bytes: request.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(octets))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part):
            guard body.count + part.readableBytes <= request.limit else {
                body = []
                return fail("an answer is too long", isTooLarge: true, context)
            }
            body += Array(part.readableBytesView)
        case .end:
            guard let head else { return fail("an answer has no beginning", context) }
            answer.succeed(WebExchange.Answer(status: Int(head.status.code), headers: head.headers, body: body))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // After an answer this says nothing more.
        answer.fail(WebExchange.Failure(description: "the connection ended before an answer"))
        context.fireChannelInactive()
    }

    private func fail(_ why: String, isTooLarge: Bool = false, _ context: ChannelHandlerContext) {
        answer.fail(WebExchange.Failure(description: why, isTooLarge: isTooLarge))
        context.close(promise: nil)
    }
}

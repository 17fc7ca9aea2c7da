import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
public import MCFoundation
import NIOCore
public import NIOSSL
import ServiceLifecycle
import Synchronization

/// Why a web server did not start.
public struct WebServerError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
}

/// Where a web server listens, and with which certificate.
public struct WebListener: Sendable {
    public var address: MCFoundation.SocketAddress
    /// nil: plain HTTP, which is for loopback only and refused elsewhere.
    public var tls: TLSConfiguration?

    public init(address: MCFoundation.SocketAddress, tls: TLSConfiguration?) {
        self.address = address
        self.tls = tls
    }

    /// HTTPS with the certificate (and its chain) and the key of two PEM texts.
    public init(address: MCFoundation.SocketAddress, certificatePEM: String, keyPEM: String) throws {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)))
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        self.init(address: address, tls: tls)
    }
}

/// One HTTP listener with its handler. Hummingbird stays in this room.
public final class WebServer: Sendable {
    /// The address with the port that the system chose where none was given.
    public let address: MCFoundation.SocketAddress
    private let task: Task<Void, any Error>
    private let group: ServiceGroup

    private init(address: MCFoundation.SocketAddress, task: Task<Void, any Error>, group: ServiceGroup) {
        self.address = address
        self.task = task
        self.group = group
    }

    /// Binds and serves until `stop`.
    public static func start(
        _ listener: WebListener, limits: WebLimits = WebLimits(), logger: Logger, handler: any WebHandler
    ) async throws -> WebServer {
        guard listener.tls != nil || listener.address.address.isLoopback else {
            throw WebServerError(description: "\(listener.address): HTTP without TLS is for loopback only")
        }
        let (bound, tellBound) = AsyncStream.makeStream(of: MCFoundation.SocketAddress.self)
        let responder = CallbackResponder<PeerContext> { request, context in
            await WebExchange.answer(request, from: context.source, limits: limits, handler: handler)
        }
        var http1 = HTTP1Channel.Configuration(
            idleTimeout: .nanoseconds(limits.idle.wholeNanoseconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
                maxHeaderFieldCount: limits.headerFields))
        http1.idleTimeout = .nanoseconds(limits.idle.wholeNanoseconds)
        let base = HTTPServerBuilder.http1(configuration: http1)
        let server = try listener.tls.map { try HTTPServerBuilder.tls(base, tlsConfiguration: $0) } ?? base
        let application = Application(
            responder: responder, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(listener.address.address.description, port: Int(listener.address.port)),
                availableConnectionsDelegate: MaximumAvailableConnections.maximum(limits.connections, logger: logger)),
            onServerRunning: { channel in
                if let port = channel.localAddress?.port.flatMap({ UInt16(exactly: $0) }) {
                    tellBound.yield(MCFoundation.SocketAddress(listener.address.address, port: port))
                }
                tellBound.finish()
            }, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        let task = Task {
            defer { tellBound.finish() }
            try await group.run()
        }
        for await address in bound { return WebServer(address: address, task: task, group: group) }
        do {
            try await task.value
        } catch {
            throw WebServerError(description: "\(listener.address): \(error)")
        }
        throw WebServerError(description: "\(listener.address): the server ended at once")
    }

    /// Lets requests that are being answered end, closes the rest and returns when all is over.
    public func stop() async {
        await group.triggerGracefulShutdown()
        _ = try? await task.value
    }
}

/// What Hummingbird knows of a peer.
private struct PeerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let source: IPAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        self.source = source.channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
    }
}

/// From Hummingbird's types to ours and back.
private enum WebExchange {
    static func answer(
        _ request: Request, from source: IPAddress?, limits: WebLimits, handler: any WebHandler
    ) async -> Response {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: limits.bodyBytes)
        } catch is NIOTooManyBytesError {
            return response(WebResponse(status: 413))
        } catch {
            return response(WebResponse(status: 400))
        }
        let target = request.head.path ?? "/"
        let mark = target.firstIndex(of: "?")
        let asked = WebRequest(
            method: request.method.rawValue, path: String(target[..<(mark ?? target.endIndex)]),
            query: mark.map { String(target[target.index(after: $0)...]) } ?? "",
            headers: request.headers.map { WebHeader($0.name.canonicalName, $0.value) },
            body: Array(body.readableBytesView), source: source)
        return response(await handler.respond(to: asked), isHead: asked.method == "HEAD")
    }

    private static func response(_ answer: WebResponse, isHead: Bool = false) -> Response {
        var fields = HTTPFields()
        for header in answer.headers {
            guard let name = HTTPField.Name(header.name), HTTPField.isValidValue(header.value) else { continue }
            fields.append(HTTPField(name: name, value: header.value))
        }
        let body = isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        return Response(status: .init(code: answer.status), headers: fields, body: body)
    }
}

extension IPAddress {
    /// 127.0.0.0/8 and ::1.
    fileprivate var isLoopback: Bool { isIPv6 ? high == 0 && low == 1 : low >> 24 == 127 }
}

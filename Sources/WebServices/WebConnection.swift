import Logging
import MCFoundation
import NIOCore
import NIOHTTP1
import NIOTLS

/// One connection: a request is gathered within limits, a task asks the handler, the answer is sent, and the next
/// request is let in or the connection ends. It lives on its event loop.
final class WebConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Where a connection stands. All but `answering`, whose time is the handler's, have a timer.
    private enum Phase {
        /// TLS is being agreed on. Becomes `waiting`.
        case handshaking
        /// Nothing of a request has come. Becomes `arriving`, `gathering`.
        case waiting
        /// Octets have come but no whole head. Becomes `gathering`, `lingering`.
        case arriving
        /// The head is there, the body is coming. Becomes `answering`, `lingering`.
        case gathering(WebArrival)
        /// The handler is asked. Becomes `sending`.
        case answering(HTTPRequestHead)
        /// The answer is on its way to the socket. Becomes `waiting`, `lingering`.
        case sending
        /// The last answer is out, and nothing is read any more. Becomes `over`.
        case lingering
        case over
    }

    /// Octets of a body that are handed on at once, so that progress is seen.
    private static let slice = 64 << 10

    private let limits: WebLimits
    private let isSecure: Bool
    private let connections: WebConnections
    private let logger: Logger
    private let handler: any WebHandler
    private var phase = Phase.waiting
    private var timer: Scheduled<Void>?
    /// Nothing is asked after this answer: one side has said so, or the server ends.
    private var isLast = false
    private var source: IPAddress?

    init(
        limits: WebLimits, isSecure: Bool, connections: WebConnections, logger: Logger, handler: any WebHandler
    ) {
        self.limits = limits
        self.isSecure = isSecure
        self.connections = connections
        self.logger = logger
        self.handler = handler
    }

    func channelActive(context: ChannelHandlerContext) {
        source = context.channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
        if isSecure {
            phase = .handshaking
            restartTimer(limits.handshake, context)
        } else {
            wait(context)
        }
        // The server's end may have been told before there was this handler.
        if connections.isStopping { close(context) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .over
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), phase) {
        case (.head(let head), .waiting), (.head(let head), .arriving): begin(head, context)
        case (.body(let part), .gathering(var arrival)):
            // So that the octets have one owner and are not copied.
            phase = .arriving
            do throws(WebArrival.Refusal) {
                try arrival.add(part)
                phase = .gathering(arrival)
            } catch {
                refuse(error.status, context)
            }
        case (.end, .gathering(let arrival)): ask(arrival, context)
        // What comes after a refusal.
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (event, phase) {
        case (TLSUserEvent.handshakeCompleted, .handshaking): wait(context)
        case (is WebOctetsCame, .waiting):
            phase = .arriving
            restartTimer(limits.requestTime, context)
        // A client that says no more may still read; and a server that ends answers what it has begun to hear.
        case (ChannelEvent.inputClosed, .answering), (ChannelEvent.inputClosed, .sending), (is WebServerEnds, .sending),
            (is WebServerEnds, .answering), (is WebServerEnds, .gathering):
            isLast = true
        case (ChannelEvent.inputClosed, _), (is WebServerEnds, _): close(context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error as? HTTPParserError, phase) {
        case (let fault?, .waiting), (let fault?, .arriving), (let fault?, .gathering):
            switch fault {
            case .headerOverflow: refuse(.requestHeaderFieldsTooLarge, context)
            case .invalidVersion: refuse(.httpVersionNotSupported, context)
            default: refuse(.badRequest, context)
            }
        // The decoder complains of what comes after a refusal, too.
        case (_?, .lingering): break
        default:
            logger.debug("A web connection broke", metadata: ["error": "\(error)"])
            close(context)
        }
    }

    // MARK: A request

    private func wait(_ context: ChannelHandlerContext) {
        phase = .waiting
        restartTimer(limits.idle, context)
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        // A request that was sent with the one before has not been seen to come.
        if case .waiting = phase { restartTimer(limits.requestTime, context) }
        do throws(WebArrival.Refusal) {
            let arrival = try WebArrival(head, from: source) { min(limits.bodyBytes, handler.bodyLimit(of: $0)) }
            if !arrival.keepsAlive { isLast = true }
            phase = .gathering(arrival)
            guard arrival.expectsContinue else { return }
            let goOn = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(goOn)), promise: nil)
        } catch {
            refuse(error.status, context)
        }
    }

    private func ask(_ arrival: WebArrival, _ context: ChannelHandlerContext) {
        phase = .answering(arrival.head)
        timer?.cancel()
        let promise = context.eventLoop.makePromise(of: WebResponse.self)
        let request = arrival.request(from: source)
        let channel = context.channel
        promise.futureResult.assumeIsolated().whenSuccess { [self] response in
            connections.ended(channel)
            answer(response, context)
        }
        // Not cancelled when the client goes: what a handler has begun (a change, its audit entry) it may end.
        let task = Task { [handler] in promise.succeed(await handler.respond(to: request)) }
        connections.began(channel, task)
    }

    // MARK: An answer

    private func answer(_ response: WebResponse, _ context: ChannelHandlerContext) {
        // Otherwise the client has gone.
        guard case .answering(let request) = phase else { return }
        phase = .sending
        restartTimer(limits.idle, context)
        send(WebAnswer(response, to: request, isLast: isLast), from: context, for: context) { [self] in
            guard case .sending = phase else { return }
            if isLast { return linger(context) }
            wait(context)
            // It lets the next request in: not before the answer is out, so that who does not read asks no more.
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private func send(
        _ answer: WebAnswer, from sender: ChannelHandlerContext, for context: ChannelHandlerContext,
        then: @escaping () -> Void
    ) {
        var parts = [HTTPServerResponsePart.head(answer.head)]
        var body = answer.body
        while let part = body.readSlice(length: min(Self.slice, body.readableBytes)), part.readableBytes > 0 {
            parts.append(.body(.byteBuffer(part)))
        }
        for (number, part) in parts.enumerated() {
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenSuccess { [self] in
                if case .sending = phase { restartTimer(limits.idle, context) }
                if number == parts.count - 1 { then() }
            }
            sender.write(wrapOutboundOut(part), promise: promise)
        }
        sender.flush()
    }

    // MARK: The end

    /// Answers what no handler is asked, and ends. Past the handler of pipelining, which knows no answer before there
    /// is a request.
    private func refuse(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        guard let sender = try? context.pipeline.syncOperations.context(handlerType: HTTPServerPipelineHandler.self)
        else { return close(context) }
        phase = .lingering
        stopReading(context)
        restartTimer(limits.linger, context)
        send(WebAnswer.refusal(status), from: sender, for: context) { sender.close(mode: .output, promise: nil) }
    }

    /// Says that nothing more will come, and leaves the client the time to read it: closed at once, with octets unread,
    /// the system would reset the connection and take the answer with it (RFC 9112 9.6).
    private func linger(_ context: ChannelHandlerContext) {
        phase = .lingering
        stopReading(context)
        restartTimer(limits.linger, context)
        context.close(mode: .output, promise: nil)
    }

    private func stopReading(_ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
    }

    private func close(_ context: ChannelHandlerContext) {
        phase = .over
        timer?.cancel()
        context.close(promise: nil)
    }

    private func restartTimer(_ duration: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(duration.wholeNanoseconds)) { [self] in
            switch phase {
            case .arriving, .gathering: refuse(.requestTimeout, context)
            case .handshaking, .waiting, .sending, .lingering: close(context)
            case .answering, .over: break
            }
        }
    }
}

/// Something came. The decoder tells of a head only when it is whole.
struct WebOctetsCame: Sendable {}

/// In front of the decoder.
final class WebOctets: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireUserInboundEventTriggered(WebOctetsCame())
        context.fireChannelRead(data)
    }
}

import MCFoundation
import NIOCore
import NIOSSL
import NIOTLS
import SIP
import SIPUserAgent

/// The last handler of a TCP or TLS connection: cuts the stream into messages, answers keep-alives, watches the clock,
/// and stops reading while the cell is behind.
final class StreamHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Origin {
        case accepted(listener: String)
        case dialled(Target)
    }

    private enum State {
        case idle
        case handshaking
        case open(StreamFlow)
        case closed
    }

    private let shared: FlowContext
    private let origin: Origin
    private let transport: TransportKind
    private let verdict: VerdictBox?
    private var state = State.idle
    private var framer: StreamFramer
    private var context: ChannelHandlerContext?
    private var clock: StreamClock
    private var resume: (@Sendable () -> Void)?
    private var isPaused = false
    private var owesRead = false
    private var isRefused = false
    private var timer: (at: NIODeadline, task: Scheduled<Void>)?

    /// `verdict` is given for TLS only.
    init(shared: FlowContext, origin: Origin, transport: TransportKind, verdict: VerdictBox?) {
        self.shared = shared
        self.origin = origin
        self.transport = transport
        self.verdict = verdict
        framer = StreamFramer(limits: shared.messageLimits, side: origin.isAccepted ? .accepted : .opened)
        clock = StreamClock(timeouts: shared.timeouts, isAccepted: origin.isAccepted)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        resume = { bound.eventLoop.execute { bound.value.goOn() } }
        if context.channel.isActive { begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.task.cancel()
        timer = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard case .idle = state else { return }
        clock.opened(at: .now(), handshakes: transport == .tls)
        state = .handshaking
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        // After the close every write has its result, so what was lost is known.
        context.channel.closeFuture.whenComplete { _ in bound.value.finish() }
        if transport != .tls { open(context) }
        arm()
    }

    private func open(_ context: ChannelHandlerContext) {
        guard case .handshaking = state, !isRefused else { return }
        var names: [String] = []
        switch verdict?.judgeResumed(try? context.pipeline.syncOperations.nioSSL_peerCertificate()) {
        case .believed(let proven): names = proven
        case .refused(let why): return distrust(why)
        case nil: break
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let flow = StreamFlow(id: shared.mintFlow(), channel: context.channel, context: shared) { keepAlive in
            bound.eventLoop.execute { bound.value.set(keepAlive) }
        }
        var details = FlowDetails(
            transport: transport, remote: .init(context.remoteAddress) ?? .unknown,
            local: .init(context.localAddress) ?? .unknown, certificateNames: names)
        switch origin {
        case .accepted(let listener): details.listener = listener
        case .dialled(let target):
            details.isOutbound = true
            details.target = target
            shared.counters.add(\.openedConnections)
        }
        state = .open(flow)
        clock.handshakeDone()
        shared.counters.add(\.openFlows)
        shared.mailbox.post(.opened(flow.id, details, flow))
    }

    private func finish() {
        timer?.task.cancel()
        timer = nil
        switch state {
        case .open(let flow):
            isPaused = false
            drain()
            state = .closed
            shared.counters.add(\.openFlows, -1)
            shared.mailbox.post(.closed(flow.id, lostMessages: flow.lostMessages))
        case .idle, .handshaking:
            state = .closed
            if case .dialled(let target) = origin { shared.mailbox.post(.dialFailed(target)) }
        case .closed:
            break
        }
    }

    // MARK: Reading

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            open(context)
            arm()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard case .open = state else { return }
        clock.received(at: .now())
        framer.append([UInt8](buffer: buffer))
        drain()
        arm()
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { owesRead = true } else { context.read() }
    }

    private func drain() {
        guard case .open(let flow) = state, !isRefused else { return }
        while !isPaused {
            do {
                guard let frame = try framer.next() else { break }
                clock.framed()
                take(frame, flow)
            } catch {
                shared.counters.add(\.malformedStreams)
                answer(error, flow)
                refuse("no SIP", detail: error.diagnosis)
                return
            }
        }
        // Half a keep-alive may rest for as long as it likes.
        clock.rests(isPartial: framer.bufferedOctets > 2, at: .now())
    }

    /// What cannot be cut from the stream never reaches the cell; where a request could be read as far as an answer
    /// needs, its sender is told before the connection closes.
    private func answer(_ error: SIPParseError, _ flow: StreamFlow) {
        guard let status = error.status, var request = error.partial else { return }
        if let source = MCFoundation.SocketAddress(context?.remoteAddress) {
            request.markSource(source, flow: flow.id, transport: transport)
        }
        var random = SystemRandomNumberGenerator()
        flow.write(request.response(status, toTag: random.token(10)).serialized())
    }

    private func take(_ frame: Frame, _ flow: StreamFlow) {
        switch frame {
        case .message(let octets):
            shared.counters.add(\.messagesReceived)
            guard shared.mailbox.post(.received(flow.id, octets), whenFull: resume) else { return }
            shared.counters.add(\.pausedReads)
            isPaused = true
        case .keepAlivePing:
            shared.counters.add(\.keepAlivesAnswered)
            flow.write([13, 10])
        case .keepAlivePong:
            clock.ponged()
        }
    }

    /// The cell has room again.
    private func goOn() {
        guard isPaused else { return }
        isPaused = false
        clock.received(at: .now())
        drain()
        guard !isPaused, owesRead else { return }
        owesRead = false
        context?.read()
        arm()
    }

    // MARK: Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        arm()
    }

    private func set(_ keepAlive: StreamKeepAlive) {
        switch keepAlive {
        case .sends(let interval): clock.setKeepAlive(interval, at: .now())
        case .expects(let silence): clock.expectKeepAlive(silence)
        }
        arm()
    }

    // MARK: Time

    private func arm() {
        guard case .open(let flow) = state else { return armFor(clock.deadline(stalledSince: nil)) }
        armFor(clock.deadline(stalledSince: flow.stalledSince))
    }

    /// An earlier timer stays and looks again when it fires: no timer is moved per packet.
    private func armFor(_ deadline: NIODeadline?) {
        guard let context, let deadline else { return }
        if let timer {
            guard deadline < timer.at else { return }
            timer.task.cancel()
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = (deadline, context.eventLoop.scheduleTask(deadline: deadline) { bound.value.timeAdvanced() })
    }

    private func timeAdvanced() {
        timer = nil
        // The close is on its way: nothing is due any more.
        guard !isRefused else { return }
        var flow: StreamFlow?
        if case .open(let open) = state { flow = open }
        switch clock.advance(to: .now(), stalledSince: flow?.stalledSince, isPaused: isPaused) {
        case .nothing: break
        case .ping: flow?.write([13, 10, 13, 10])
        case .handshakeTooLong:
            shared.counters.add(\.handshakeTimeouts)
            refuse("handshake too slow")
        case .messageTooLong:
            shared.counters.add(\.messageTimeouts)
            refuse("message too slow")
        case .idle:
            shared.counters.add(\.idleTimeouts)
            isRefused = true
            context?.close(promise: nil)
        case .stalled:
            isRefused = true
            flow?.giveUp()
        case .dead:
            shared.counters.add(\.deadPeers)
            refuse("keep-alive unanswered")
        }
        arm()
    }

    // MARK: Refusing

    private func distrust(_ why: String) {
        guard !isRefused else { return }
        shared.counters.add(\.refusedCertificates)
        let source = IPAddress(context?.remoteAddress)
        refuse("certificate refused", detail: why)
        var refused = RefusedCertificate(remote: source, listener: nil, target: nil, reason: why)
        switch origin {
        case .accepted(let listener): refused.listener = listener
        case .dialled(let target): refused.target = target
        }
        shared.mailbox.post(.distrusted(refused))
    }

    private func refuse(_ reason: String, detail: String = "") {
        guard !isRefused else { return }
        isRefused = true
        shared.log.refused(.init(context?.remoteAddress), reason: reason, detail: detail)
        context?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .handshaking = state, !isRefused {
            if case .refused(let why) = verdict?.verdict {
                distrust(why)
            } else if "\(error)".contains("PEER_DID_NOT_RETURN_A_CERTIFICATE") {
                distrust("none shown")
            } else if transport == .tls {
                shared.counters.add(\.failedHandshakes)
                refuse("handshake failed")
            }
        }
        context.close(promise: nil)
    }
}

extension StreamHandler.Origin {
    var isAccepted: Bool {
        switch self {
        case .accepted: true
        case .dialled: false
        }
    }
}

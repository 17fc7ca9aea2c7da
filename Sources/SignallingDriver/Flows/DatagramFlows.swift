import MCFoundation
import NIOCore
import SIPUserAgent
import Synchronization

/// The sending side of a UDP association.
struct DatagramFlow: OutgoingFlow {
    let socket: DatagramSocket
    let remote: NIOCore.SocketAddress

    func send(_ message: [UInt8]) { socket.send(message, to: remote) }

    /// The association stays with the port that the peer sent from.
    func send(_ message: [UInt8], port: UInt16) {
        var remote = remote
        remote.port = Int(port)
        socket.send(message, to: remote)
    }

    func close() { socket.forget(remote) }
    func setKeepAlive(_ interval: Duration?) { socket.within { $0.setKeepAlive(interval, with: remote) } }
    func expectKeepAlive(_ silence: Duration?) { socket.within { $0.expectKeepAlive(silence, from: remote) } }
}

/// One UDP socket and the associations on it.
final class DatagramSocket: Sendable {
    let channel: any Channel
    private let handler: NIOLoopBound<DatagramHandler>
    private let context: FlowContext
    private let waiting = Atomic<Int>(0)

    init(channel: any Channel, handler: NIOLoopBound<DatagramHandler>, context: FlowContext) {
        self.channel = channel
        self.handler = handler
        self.context = context
    }

    var isIPv6: Bool { channel.localAddress?.protocol == .inet6 }

    /// Datagrams that the network does not take in time are lost, as on any UDP path; the sender repeats them.
    func send(_ message: [UInt8], to remote: NIOCore.SocketAddress) {
        let count = message.count
        guard count <= 65_507,
            waiting.wrappingAdd(count, ordering: .relaxed).newValue <= context.limits.queuedOctetsPerFlow
        else {
            if count <= 65_507 { waiting.wrappingSubtract(count, ordering: .relaxed) }
            context.counters.add(\.undeliverableMessages)
            return
        }
        let envelope = AddressedEnvelope(remoteAddress: remote, data: channel.allocator.buffer(bytes: message))
        channel.writeAndFlush(envelope).whenComplete { [self] result in
            waiting.wrappingSubtract(count, ordering: .relaxed)
            switch result {
            case .success: context.counters.add(\.messagesSent)
            case .failure: context.counters.add(\.undeliverableMessages)
            }
        }
    }

    /// On the socket's thread.
    func within(_ work: @escaping @Sendable (DatagramHandler) -> Void) {
        channel.eventLoop.execute { [handler] in work(handler.value) }
    }

    func forget(_ remote: NIOCore.SocketAddress) { within { $0.forget(remote) } }

    /// An association that this side begins.
    func open(_ target: Target, at remote: NIOCore.SocketAddress) { within { $0.open(target, at: remote) } }
}

/// Sorts datagrams by remote address.
final class DatagramHandler: ChannelDuplexHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private struct Association {
        var flow: FlowID
        var source: IPAddress
        /// When something came or went.
        var usedAt: NIODeadline
        /// When something came.
        var heardAt: NIODeadline
        /// What the peer promised instead of the idle time.
        var silence: TimeAmount?
        /// How often it is pinged, and when next.
        var keepAlive: (interval: TimeAmount, next: NIODeadline)?
        /// Since when a ping has no answer.
        var pingedAt: NIODeadline?
    }

    private let shared: FlowContext
    private let listener: String?
    /// Whose handler this is. There before the first datagram, and until the channel is closed.
    var socket: DatagramSocket?
    private var associations: [NIOCore.SocketAddress: Association] = [:]
    private var associationsBySource: [IPAddress: Int] = [:]
    private var context: ChannelHandlerContext?
    private var resume: (@Sendable () -> Void)?
    private var isPaused = false
    private var owesRead = false
    private var sweep: RepeatedTask?

    init(shared: FlowContext, listener: String?) {
        self.shared = shared
        self.listener = listener
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        resume = { bound.eventLoop.execute { bound.value.goOn() } }
        let interval = min(shared.timeouts.idle, shared.timeouts.datagramSweep).amount
        sweep = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.lookOver(at: .now())
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        sweep?.cancel()
        self.context = nil
        socket = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        for remote in Array(associations.keys) { forget(remote) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An ICMP error of one peer: the socket serves the others.
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let octets = [UInt8](buffer: envelope.data)
        guard DatagramHandler.resemblesSIP(octets) else { return keepAliveReceived(octets, envelope.remoteAddress) }
        guard let flow = association(with: envelope.remoteAddress) else {
            shared.counters.add(\.refusedDatagrams)
            shared.log.refused(.init(envelope.remoteAddress), reason: "too many associations")
            return
        }
        shared.counters.add(\.messagesReceived)
        if shared.mailbox.post(.received(flow, octets), whenFull: isPaused ? nil : resume), !isPaused {
            shared.counters.add(\.pausedReads)
            isPaused = true
        }
    }

    /// What is no SIP opens nothing. Empty lines keep a NAT binding open and need no answer (RFC 5626 answers them on
    /// streams only); STUN Binding requests are answered to whoever asks (RFC 5626 4.4.2, 8).
    private func keepAliveReceived(_ octets: [UInt8], _ remote: NIOCore.SocketAddress) {
        if octets.allSatisfy({ $0 == 13 || $0 == 10 || $0 == 0 }) { return heard(remote) }
        guard let message = STUNMessage(octets), let source = MCFoundation.SocketAddress(remote) else {
            shared.counters.add(\.malformedDatagrams)
            return shared.log.refused(.init(remote), reason: "no SIP")
        }
        heard(remote)
        guard let answer = message.answer(to: source) else { return }
        shared.counters.add(\.keepAlivesAnswered)
        socket?.send(answer, to: remote)
    }

    private func heard(_ remote: NIOCore.SocketAddress) {
        let now = NIODeadline.now()
        associations[remote]?.usedAt = now
        associations[remote]?.heardAt = now
        associations[remote]?.pingedAt = nil
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { owesRead = true } else { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        associations[unwrapOutboundIn(data).remoteAddress]?.usedAt = .now()
        context.write(data, promise: promise)
    }

    func open(_ target: Target, at remote: NIOCore.SocketAddress) {
        if let known = associations[remote] {
            shared.mailbox.post(.reached(target, known.flow))
        } else if add(remote, target: target) == nil {
            shared.mailbox.post(.dialFailed(target))
        }
    }

    func forget(_ remote: NIOCore.SocketAddress) {
        guard let association = associations.removeValue(forKey: remote) else { return }
        let others = associationsBySource[association.source, default: 1] - 1
        associationsBySource[association.source] = others > 0 ? others : nil
        shared.counters.add(\.openFlows, -1)
        shared.mailbox.post(.closed(association.flow, lostMessages: false))
    }

    private func association(with remote: NIOCore.SocketAddress) -> FlowID? {
        if let known = associations[remote] {
            heard(remote)
            return known.flow
        }
        return add(remote, target: nil)
    }

    private func add(_ remote: NIOCore.SocketAddress, target: Target?) -> FlowID? {
        guard let socket, associations.count < shared.limits.datagramAssociations,
            let address = MCFoundation.SocketAddress(remote)
        else { return nil }
        let ofSource = associationsBySource[address.address, default: 0]
        guard ofSource < shared.limits.datagramAssociationsPerSource else { return nil }
        associationsBySource[address.address] = ofSource + 1
        let flow = shared.mintFlow()
        let now = NIODeadline.now()
        associations[remote] = Association(flow: flow, source: address.address, usedAt: now, heardAt: now)
        shared.counters.add(\.openFlows)
        let details = FlowDetails(
            transport: .udp, remote: address, local: .init(context?.localAddress) ?? .unknown,
            isOutbound: target != nil, target: target, listener: target == nil ? listener : nil)
        shared.mailbox.post(.opened(flow, details, DatagramFlow(socket: socket, remote: remote)))
        return flow
    }

    func setKeepAlive(_ interval: Duration?, with remote: NIOCore.SocketAddress) {
        associations[remote]?.keepAlive = interval.map { (interval: $0.amount, next: NIODeadline.now() + $0.amount) }
        associations[remote]?.pingedAt = nil
    }

    func expectKeepAlive(_ silence: Duration?, from remote: NIOCore.SocketAddress) {
        associations[remote]?.silence = silence?.amount
    }

    private func lookOver(at now: NIODeadline) {
        for (remote, association) in associations {
            if association.usedAt + shared.timeouts.idle.amount < now
                || association.silence.map({ association.heardAt + $0 < now }) ?? false
            {
                shared.counters.add(\.idleTimeouts)
                forget(remote)
            } else if let pingedAt = association.pingedAt {
                // One datagram that is lost is no dead peer.
                if pingedAt + shared.timeouts.pong.amount * 3 < now {
                    shared.counters.add(\.deadPeers)
                    shared.log.refused(association.source, reason: "keep-alive unanswered")
                    forget(remote)
                } else {
                    ping(remote, at: now)
                }
            } else if let keepAlive = association.keepAlive, keepAlive.next <= now {
                ping(remote, at: now)
                associations[remote]?.keepAlive?.next = now + keepAlive.interval
            }
        }
    }

    private func ping(_ remote: NIOCore.SocketAddress, at now: NIODeadline) {
        if associations[remote]?.pingedAt == nil { associations[remote]?.pingedAt = now }
        var random = SystemRandomNumberGenerator()
        let transaction = (0..<12).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        socket?.send(STUNMessage.request(transaction: transaction), to: remote)
    }

    private func goOn() {
        guard isPaused else { return }
        isPaused = false
        guard owesRead else { return }
        owesRead = false
        context?.read()
    }

    /// Whether the first line names a SIP version, whichever: what it says else is the cell's to judge. Keeps stray
    /// datagrams from opening associations.
    static func resemblesSIP(_ octets: [UInt8]) -> Bool {
        let first = octets.prefix(32_768).drop { $0 == 13 || $0 == 10 }.prefix { $0 != 13 && $0 != 10 }
        // Blanks behind the version are the codec's to refuse (RFC 4475 3.1.2.10).
        guard let end = first.lastIndex(where: { $0 != 32 && $0 != 9 }) else { return false }
        let line = first[...end]
        let mark = Array("SIP/".utf8)
        guard line.count >= mark.count else { return false }
        func matches(at start: Int) -> Bool {
            zip(line[start...], mark).allSatisfy { $0 & 0xdf == $1 & 0xdf || $0 == $1 }
        }
        if matches(at: line.startIndex) { return true }
        guard let space = line.lastIndex(of: 32), line.endIndex - space > mark.count else { return false }
        return matches(at: space + 1)
    }
}

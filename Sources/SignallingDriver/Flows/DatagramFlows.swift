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
    /// RFC 5626 keeps UDP alive by STUN, which nothing here speaks: a device on UDP refreshes its registration.
    func setKeepAlive(_ interval: Duration?) {}
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

    func forget(_ remote: NIOCore.SocketAddress) {
        channel.eventLoop.execute { [handler] in handler.value.forget(remote) }
    }

    /// An association that this side begins.
    func open(_ target: Target, at remote: NIOCore.SocketAddress) {
        channel.eventLoop.execute { [self] in handler.value.open(target, at: remote, socket: self) }
    }

    func attach() {
        channel.eventLoop.execute { [self] in handler.value.socket = self }
    }
}

/// Sorts datagrams by remote address.
final class DatagramHandler: ChannelDuplexHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private struct Association {
        var flow: FlowID
        var usedAt: NIODeadline
    }

    private let shared: FlowContext
    private let listener: String?
    weak var socket: DatagramSocket?
    private var associations: [NIOCore.SocketAddress: Association] = [:]
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
        let interval = shared.timeouts.idle.amount
        sweep = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.forgetIdle()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        sweep?.cancel()
        self.context = nil
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
        guard DatagramHandler.resemblesSIP(octets) else {
            // Empty lines keep a NAT binding open and need no answer (RFC 5626 answers on streams only).
            if !octets.allSatisfy({ $0 == 13 || $0 == 10 || $0 == 0 }) {
                shared.counters.add(\.malformedDatagrams)
                shared.log.refused(.init(envelope.remoteAddress), reason: "no SIP")
            }
            return
        }
        guard let flow = association(with: envelope.remoteAddress) else {
            shared.counters.add(\.refusedDatagrams)
            return
        }
        shared.counters.add(\.messagesReceived)
        if shared.mailbox.post(.received(flow, octets), whenFull: isPaused ? nil : resume), !isPaused {
            shared.counters.add(\.pausedReads)
            isPaused = true
        }
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { owesRead = true } else { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        associations[unwrapOutboundIn(data).remoteAddress]?.usedAt = .now()
        context.write(data, promise: promise)
    }

    func open(_ target: Target, at remote: NIOCore.SocketAddress, socket: DatagramSocket) {
        if let known = associations[remote] {
            shared.mailbox.post(.reached(target, known.flow))
        } else if add(remote, target: target, socket: socket) == nil {
            shared.mailbox.post(.dialFailed(target))
        }
    }

    func forget(_ remote: NIOCore.SocketAddress) {
        guard let association = associations.removeValue(forKey: remote) else { return }
        shared.counters.add(\.openFlows, -1)
        shared.mailbox.post(.closed(association.flow, lostMessages: false))
    }

    private func association(with remote: NIOCore.SocketAddress) -> FlowID? {
        if let known = associations[remote] {
            associations[remote]?.usedAt = .now()
            return known.flow
        }
        guard let socket else { return nil }
        return add(remote, target: nil, socket: socket)
    }

    private func add(_ remote: NIOCore.SocketAddress, target: Target?, socket: DatagramSocket) -> FlowID? {
        guard associations.count < shared.limits.datagramAssociations,
            let address = MCFoundation.SocketAddress(remote)
        else { return nil }
        let flow = shared.mintFlow()
        associations[remote] = Association(flow: flow, usedAt: .now())
        shared.counters.add(\.openFlows)
        let details = FlowDetails(
            transport: .udp, remote: address, local: .init(context?.localAddress) ?? .unknown,
            isOutbound: target != nil, target: target, listener: target == nil ? listener : nil)
        shared.mailbox.post(.opened(flow, details, DatagramFlow(socket: socket, remote: remote)))
        return flow
    }

    private func forgetIdle() {
        let limit = NIODeadline.now() - shared.timeouts.idle.amount
        for (remote, association) in associations where association.usedAt < limit {
            shared.counters.add(\.idleTimeouts)
            forget(remote)
        }
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
        let line = octets.prefix(32_768).drop { $0 == 13 || $0 == 10 }.prefix { $0 != 13 && $0 != 10 }
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

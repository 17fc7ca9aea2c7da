import MCFoundation
import NIOCore
import Synchronization

/// What tells every connection that the server ends.
struct WebServerEnds: Sendable {}

/// The connections of one server, for their limit and for the end. A place is taken from when a connection is accepted
/// until it is closed and what it asked is answered.
final class WebConnections: Sendable {
    private struct Entry {
        var channel: any Channel
        var isClosed = false
        var answering: Task<Void, Never>?
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// Who waits to accept, when all places are taken.
        var accepting: (@Sendable () -> Void)?
        /// Kept from when the server ends.
        var over: EventLoopPromise<Void>?
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = max(1, limit) }

    var isStopping: Bool { state.withLock { $0.over != nil } }

    /// Whether one more may be accepted; where not, `retry` is called once when that has changed.
    func hasPlace(orElse retry: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.entries.count < limit { return true }
            state.accepting = retry
            return false
        }
    }

    /// False when the server ends: nobody new comes in.
    func enter(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isIn = state.withLock { state in
            guard state.over == nil else { return false }
            state.entries[id] = Entry(channel: channel)
            return true
        }
        if isIn { channel.closeFuture.whenComplete { _ in self.change(id) { $0.isClosed = true } } }
        return isIn
    }

    func began(_ channel: any Channel, _ task: Task<Void, Never>) {
        change(ObjectIdentifier(channel)) { $0.answering = task }
    }

    func ended(_ channel: any Channel) {
        change(ObjectIdentifier(channel)) { $0.answering = nil }
    }

    /// Tells all connections; the future is there when the last has left, at the latest after `limit`.
    func stop(on loop: any EventLoop, within limit: Duration) -> EventLoopFuture<Void> {
        let over = loop.makePromise(of: Void.self)
        let (earlier, channels) = state.withLock { state -> (EventLoopPromise<Void>?, [any Channel]) in
            if let earlier = state.over { return (earlier, []) }
            state.over = over
            return (nil, state.entries.values.map(\.channel))
        }
        if let earlier {
            over.succeed()
            return earlier.futureResult
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(WebServerEnds()) }
        if channels.isEmpty { over.succeed() }
        let late = loop.scheduleTask(in: .nanoseconds(limit.wholeNanoseconds)) {
            self.abandon()
            over.succeed()
        }
        over.futureResult.whenComplete { _ in late.cancel() }
        return over.futureResult
    }

    /// Waits for nobody any more.
    private func abandon() {
        for entry in state.withLock({ Array($0.entries.values) }) {
            entry.answering?.cancel()
            entry.channel.close(promise: nil)
        }
    }

    private func change(_ id: ObjectIdentifier, _ change: (inout Entry) -> Void) {
        let (accepting, over) = state.withLock { state -> ((@Sendable () -> Void)?, EventLoopPromise<Void>?) in
            guard var entry = state.entries[id] else { return (nil, nil) }
            change(&entry)
            guard entry.isClosed, entry.answering == nil else {
                state.entries[id] = entry
                return (nil, nil)
            }
            state.entries[id] = nil
            defer { state.accepting = nil }
            return (state.accepting, state.entries.isEmpty ? state.over : nil)
        }
        accepting?()
        over?.succeed()
    }
}

/// On the listening channel: reads, which is to accept, only while there are places.
final class WebAccepting: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let connections: WebConnections

    init(_ connections: WebConnections) { self.connections = connections }

    func read(context: ChannelHandlerContext) {
        let bound = context.loopBound
        let loop = context.eventLoop
        let hasPlace = connections.hasPlace {
            // On the loop again: the handler may have been on its way through this very method.
            loop.execute { bound.value.handlerRead() }
        }
        if hasPlace { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let accepted = unwrapInboundIn(data)
        guard connections.enter(accepted) else { return accepted.close(promise: nil) }
        context.fireChannelRead(data)
    }
}

extension ChannelHandlerContext {
    /// Asks again, from the end of the pipeline, where nothing has changed since.
    fileprivate func handlerRead() { channel.read() }
}

import Logging
import MCFoundation
import NIOCore
import NIOPosix
import NIOSSL
import SIPUserAgent

/// Listeners and connections of one owner. What arrives is delivered on the owner's thread, in batches, in order per flow.
final class SignallingTransport: Sendable {
    /// Where each listener is bound, by its name.
    var addresses: [String: MCFoundation.SocketAddress] { listeners.addresses }
    private let loop: any EventLoop
    private let context: FlowContext
    private let dialler: Dialler
    private let table: NIOLoopBoundBox<FlowTable>
    private let listeners: Listeners

    var counters: SignallingCounters { context.counters.value }

    /// `deliver` is called on `loop`.
    static func start(
        _ configuration: TransportConfiguration, threads: SignallingThreads, loop: any EventLoop, logger: Logger,
        deliver: @escaping @Sendable ([TransportEvent]) -> Void
    ) async throws -> SignallingTransport {
        let mailbox = Mailbox<FlowSignal>(loop: loop, limit: configuration.limits.mailbox)
        let log = RefusalLog(logger: logger, limit: configuration.limits.loggedPeers)
        let context = try FlowContext(mailbox: mailbox, log: log, configuration: configuration)
        let dialler = Dialler(sockets: threads.sockets, context: context)
        let table = NIOLoopBoundBox<FlowTable>.makeBoxSendingValue(
            FlowTable(context: context, dialler: dialler), eventLoop: loop)
        mailbox.connect { signals in table.value.take(signals, deliver: deliver) }
        let listeners = Listeners(
            configuration.listeners, sockets: threads.sockets, context: context, dialler: dialler)
        if configuration.listensFromTheStart { try await listeners.bindAll() }
        return SignallingTransport(
            loop: loop, context: context, dialler: dialler, table: table, listeners: listeners)
    }

    private init(
        loop: any EventLoop, context: FlowContext, dialler: Dialler, table: NIOLoopBoundBox<FlowTable>,
        listeners: Listeners
    ) {
        self.loop = loop
        self.context = context
        self.dialler = dialler
        self.table = table
        self.listeners = listeners
    }

    /// New connections are made by these certificates, authorities, limits and timeouts; those that stand stay as they
    /// are, and so do listeners and the bounds on one message. Throws, and changes nothing, where a certificate does not
    /// fit. From any thread.
    func reconfigure(_ configuration: TransportConfiguration) throws { try context.reconfigure(configuration) }

    /// To be called on the owner's thread.
    func perform(_ order: TransportOrder) {
        switch order {
        case .startListening: listeners.start()
        case .stopListening: listeners.stop { [context] in context.mailbox.post(.listenersClosed) }
        case .transmit, .connect, .close, .keepAlive, .expectKeepAlive: table.value.perform(order)
        }
    }

    /// Runs work on the owner's thread, after all that arrived before.
    func run(_ work: @escaping @Sendable () -> Void) {
        context.mailbox.post(.work(work))
    }

    /// Accepts nothing more, then closes every flow.
    func stop() async {
        await listeners.closeAll()
        let table = table
        try? await loop.submit { table.value.stop() }.get()
        await dialler.closeSockets()
    }
}

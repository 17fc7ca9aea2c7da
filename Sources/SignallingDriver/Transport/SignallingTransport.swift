import Logging
import MCFoundation
import NIOCore
import NIOPosix
import NIOSSL
import SIPUserAgent

/// Listeners and connections of one owner. What arrives is delivered on the owner's thread, in batches, in order per flow.
final class SignallingTransport: Sendable {
    /// Where each listener was bound, by its name.
    let addresses: [String: MCFoundation.SocketAddress]
    private let loop: any EventLoop
    private let context: FlowContext
    private let dialler: Dialler
    private let table: NIOLoopBoundBox<FlowTable>
    private let listening: [any Channel]

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
        var listening: [any Channel] = []
        var addresses: [String: MCFoundation.SocketAddress] = [:]
        do {
            for listener in configuration.listeners {
                let channel = try await Acceptor(listener, sockets: threads.sockets, context: context).bind()
                listening.append(channel.channel)
                addresses[listener.name] = .init(channel.channel.localAddress)
                if let socket = channel.datagrams { dialler.adopt(socket) }
            }
        } catch {
            for channel in listening { try? await channel.close() }
            throw error
        }
        return SignallingTransport(
            addresses: addresses, loop: loop, context: context, dialler: dialler, table: table, listening: listening)
    }

    private init(
        addresses: [String: MCFoundation.SocketAddress], loop: any EventLoop, context: FlowContext, dialler: Dialler,
        table: NIOLoopBoundBox<FlowTable>, listening: [any Channel]
    ) {
        self.addresses = addresses
        self.loop = loop
        self.context = context
        self.dialler = dialler
        self.table = table
        self.listening = listening
    }

    /// New connections are made by these certificates, authorities, limits and timeouts; those that stand stay as they
    /// are, and so do listeners and the bounds on one message. Throws, and changes nothing, where a certificate does not
    /// fit. From any thread.
    func reconfigure(_ configuration: TransportConfiguration) throws { try context.reconfigure(configuration) }

    /// To be called on the owner's thread.
    func perform(_ order: TransportOrder) {
        table.value.perform(order)
    }

    /// Runs work on the owner's thread, after all that arrived before.
    func run(_ work: @escaping @Sendable () -> Void) {
        context.mailbox.post(.work(work))
    }

    /// Accepts nothing more, then closes every flow.
    func stop() async {
        for channel in listening { try? await channel.close() }
        let table = table
        try? await loop.submit { table.value.stop() }.get()
        await dialler.closeSockets()
    }
}

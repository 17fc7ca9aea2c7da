import HostTime
public import Logging
public import MCFoundation
import NIOCore
import NIOPosix

/// What a machine on a thread of its own is told.
public enum HostEvent<Input: Sendable>: Sendable {
    case transport(TransportEvent)
    /// What others on this side sent with `MachineHost.deliver`.
    case input(Input)
    /// The machine's `nextDeadline` is reached.
    case timeAdvanced
}

/// Gives one machine, a value, a thread, sockets and a clock. The machine never leaves its thread; it is told one thing at
/// a time and answers with orders to the transport. A signalling cell and the client of a responder live in it alike.
public final class MachineHost<Machine, Input: Sendable>: Sendable {
    /// Tells the machine, carries out those of its actions that are not the transport's, and gives the rest.
    public typealias Step = @Sendable (inout Machine, HostEvent<Input>, Now) -> [TransportOrder]

    private let transport: SignallingTransport
    private let core: NIOLoopBoundBox<HostCore<Machine, Input>>
    private let threads: SignallingThreads
    private let ownsThreads: Bool

    /// Where each listener was bound, by its name: tells the ports that the operating system chose.
    public var addresses: [String: MCFoundation.SocketAddress] { transport.addresses }
    public var counters: SignallingCounters { transport.counters }

    /// Binds every listener, then runs. `threads`: nil makes threads of its own.
    public static func start(
        _ configuration: TransportConfiguration, machine: sending Machine, threads: SignallingThreads? = nil,
        logger: Logger, nextDeadline: @escaping @Sendable (borrowing Machine) -> Instant?, step: @escaping Step
    ) async throws -> MachineHost {
        let ownsThreads = threads == nil
        let threads = threads ?? SignallingThreads()
        let loop = threads.cells.next()
        let core = NIOLoopBoundBox.makeBoxSendingValue(
            HostCore(machine: machine, loop: loop, step: step, nextDeadline: nextDeadline), eventLoop: loop)
        do {
            let transport = try await SignallingTransport.start(
                configuration, threads: threads, loop: loop, logger: logger
            ) { events in
                core.value.take(events.map(HostEvent.transport))
            }
            try await loop.submit { core.value.begin(transport, core) }.get()
            return MachineHost(transport: transport, core: core, threads: threads, ownsThreads: ownsThreads)
        } catch {
            if ownsThreads { await threads.stop() }
            throw error
        }
    }

    private init(
        transport: SignallingTransport, core: NIOLoopBoundBox<HostCore<Machine, Input>>, threads: SignallingThreads,
        ownsThreads: Bool
    ) {
        self.transport = transport
        self.core = core
        self.threads = threads
        self.ownsThreads = ownsThreads
    }

    /// Tells the machine something, from any thread; in order per caller.
    public func deliver(_ input: Input) {
        let core = core
        transport.run { core.value.take([.input(input)]) }
    }

    /// Runs `read` with the machine on its thread.
    public func inspect<Result: Sendable>(
        _ read: @escaping @Sendable (inout Machine) -> Result
    ) async -> Result {
        let core = core
        let transport = transport
        return await withCheckedContinuation { continuation in
            transport.run { continuation.resume(returning: read(&core.value.machine)) }
        }
    }

    /// New connections are made by these certificates, authorities, limits and timeouts; those that stand stay as they
    /// are, and so do listeners (they are known by name) and the bounds on one message. Throws, and changes nothing,
    /// where a certificate does not fit.
    public func reconfigure(_ configuration: TransportConfiguration) throws {
        try transport.reconfigure(configuration)
    }

    /// Closes listeners and flows and ends threads of its own. The machine is told nothing more.
    public func stop() async {
        let core = core
        await withCheckedContinuation { continuation in
            transport.run {
                core.value.end()
                continuation.resume()
            }
        }
        await transport.stop()
        if ownsThreads { await threads.stop() }
    }
}

/// The machine on its thread, with its one timer.
final class HostCore<Machine, Input: Sendable> {
    var machine: Machine
    private let loop: any EventLoop
    private let step: @Sendable (inout Machine, HostEvent<Input>, Now) -> [TransportOrder]
    private let nextDeadline: @Sendable (borrowing Machine) -> Instant?
    private var transport: SignallingTransport?
    private var own: NIOLoopBoundBox<HostCore>?
    private var waiting: [HostEvent<Input>] = []
    private var timer: (at: Instant, task: Scheduled<Void>)?
    private var hasEnded = false

    init(
        machine: sending Machine, loop: any EventLoop,
        step: @escaping @Sendable (inout Machine, HostEvent<Input>, Now) -> [TransportOrder],
        nextDeadline: @escaping @Sendable (borrowing Machine) -> Instant?
    ) {
        self.machine = machine
        self.loop = loop
        self.step = step
        self.nextDeadline = nextDeadline
    }

    /// Listeners may be faster than the start: what came before waits.
    func begin(_ transport: SignallingTransport, _ own: NIOLoopBoundBox<HostCore>) {
        self.transport = transport
        self.own = own
        take(waiting)
        waiting = []
    }

    func end() {
        hasEnded = true
        timer?.task.cancel()
        timer = nil
    }

    func take(_ events: [HostEvent<Input>]) {
        guard !hasEnded else { return }
        guard let transport else {
            waiting += events
            return
        }
        for event in events {
            for order in step(&machine, event, SystemClock.now()) { transport.perform(order) }
        }
        arm()
    }

    private func arm() {
        guard let deadline = nextDeadline(machine) else {
            timer?.task.cancel()
            timer = nil
            return
        }
        if let timer {
            guard timer.at != deadline else { return }
            timer.task.cancel()
        }
        guard let own else { return }
        timer = (deadline, loop.scheduleTask(deadline: NIODeadline(deadline)) { own.value.timeAdvanced() })
    }

    private func timeAdvanced() {
        timer = nil
        take([.timeAdvanced])
    }
}

import CNet
public import CallControl
import FloorControl
public import MCFoundation
public import MediaDistribution
import Synchronization

/// Runs one media cell on a thread of its own: sockets, time and mailboxes around `MediaCell`.
public final class MediaDriver: Sendable {
    /// The cell's sockets as peers know them, with the ports that the system chose.
    public let sockets: [MediaSocket]
    private let mailbox: Mailbox
    private let thread: Mutex<ThreadHandle?>

    private init(sockets: [MediaSocket], mailbox: Mailbox, thread: consuming ThreadHandle) {
        self.sockets = sockets
        self.mailbox = mailbox
        self.thread = Mutex(thread)
    }

    /// Opens the sockets and starts the thread. `onEvents` is called on that thread, with what happened in one turn:
    /// it hands on and does not wait.
    public static func start(
        _ configuration: MediaDriverConfiguration, onEvents: @escaping @Sendable ([MediaEvent]) -> Void
    ) throws(NetworkFailure) -> MediaDriver {
        let mailbox = try Mailbox()
        let loop = try MediaLoop(configuration, mailbox: mailbox, onEvents: onEvents)
        let sockets = loop.sockets
        let context = Unmanaged.passRetained(loop)
        let handle = cnet_thread_start(
            "media",
            { context in
                guard let context else { return }
                Unmanaged<MediaLoop>.fromOpaque(context).takeRetainedValue().run()
            }, context.toOpaque())
        guard let handle else {
            context.release()
            throw NetworkFailure(.noThread)
        }
        return MediaDriver(sockets: sockets, mailbox: mailbox, thread: ThreadHandle(pointer: handle))
    }

    /// Hands commands to the cell. They are carried out in the order of the calls; none is dropped. After `stop`
    /// nothing happens any more.
    public func send(_ commands: [MediaCommand]) {
        mailbox.post(commands)
    }

    public func counters() -> MediaDriverCounters {
        var counters = mailbox.counters
        thread.withLock { handle in
            if let handle { counters.processorNanoseconds = cnet_thread_time_of(handle.pointer) }
        }
        return counters
    }

    /// Our address that a peer of this face and family sends to; nil where there is no such socket.
    public func address(_ use: MediaSocket.Use, _ face: MediaFace, isIPv6: Bool = false) -> SocketAddress? {
        sockets.first { $0.use == use && $0.face == face && $0.address.address.isIPv6 == isIPv6 }?.address
    }

    /// Carries out what was sent before, sends what waits, closes the sockets and returns when the thread has ended.
    /// Not to be called from `onEvents`.
    public func stop() {
        let handle = thread.withLock { handle -> ThreadHandle? in
            defer { handle = nil }
            return handle
        }
        guard let handle else { return }
        mailbox.post([], stopping: true)
        cnet_thread_join(handle.pointer)
    }

    deinit { stop() }
}

/// A C thread. Unchecked, for a pointer is not Sendable: it belongs to whoever took it out of the lock, and is joined once.
struct ThreadHandle: @unchecked Sendable {
    let pointer: OpaquePointer
}

/// Where other threads leave commands and read counters. Appending never fails and never waits for the cell, so no
/// command is lost; the wake-up is written only when the cell may be asleep.
final class Mailbox: Sendable {
    private struct Content {
        var commands: [MediaCommand] = []
        var isStopping = false
        var isClosed = false
        var counters = MediaDriverCounters()
    }
    private let content = Mutex(Content())
    let event: Int32

    init() throws(NetworkFailure) {
        event = cnet_event_create()
        guard event >= 0 else { throw NetworkFailure(.cannotWait, systemError: -event) }
    }

    deinit { cnet_close(event) }

    func post(_ commands: [MediaCommand], stopping: Bool = false) {
        let wakes = content.withLock { content -> Bool in
            guard !content.isClosed else { return false }
            let wasEmpty = content.commands.isEmpty
            content.commands += commands
            if stopping { content.isStopping = true }
            return stopping || (wasEmpty && !content.commands.isEmpty)
        }
        if wakes { cnet_event_signal(event) }
    }

    /// Everything that was posted, and whether the driver is to stop.
    func take(into commands: inout [MediaCommand]) -> Bool {
        cnet_event_clear(event)
        return content.withLock { content in
            swap(&commands, &content.commands)
            return content.isStopping
        }
    }

    func close() {
        content.withLock { content in
            content.isClosed = true
            content.commands.removeAll()
        }
    }

    var counters: MediaDriverCounters {
        get { content.withLock { $0.counters } }
        set { content.withLock { $0.counters = newValue } }
    }
}

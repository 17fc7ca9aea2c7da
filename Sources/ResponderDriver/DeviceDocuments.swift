import HostTime
import Logging
import MCFoundation
import Responder
import ResponderLogin
import Synchronization

/// The documents of one device: learned before it registers, and followed while it runs.
final class DeviceDocuments: Sendable {
    private let bootstrap: DeviceBootstrap
    private let late: LateCommands
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var tasks: [Task<Void, Never>] = []
        var tell: AsyncStream<(uri: String, etag: String?)>.Continuation?
    }

    /// nil where the profile says everything itself.
    init?(
        _ profile: DeviceProfile, logger: Logger, notice: @escaping @Sendable (DeviceNotice) -> Void
    ) throws {
        guard case .documents(let learning) = profile.knowledge else { return nil }
        let late = LateCommands()
        bootstrap = try DeviceBootstrap(learning) { news in
            let now = SystemClock.now().instant
            switch news {
            case .notice(let told): notice(.document(told, at: now))
            case .configuration(let configuration):
                late.give(.configure(configuration))
                notice(.configured(configuration, at: now))
            case .token(let tokens): late.give(.renewToken(tokens.access))
            }
        }
        self.late = late
        self.logger = logger
    }

    func come() async throws(BootstrapError) -> BootstrapOutcome { try await bootstrap.come() }

    /// From now on commands that follow from documents reach the client.
    func follow(_ command: @escaping @Sendable (ResponderCommand) -> Void) {
        late.connect(command)
        let (changes, tell) = AsyncStream.makeStream(of: (uri: String, etag: String?).self)
        let following = Task { [bootstrap] in
            for await change in changes { await bootstrap.documentChanged(uri: change.uri, etag: change.etag) }
        }
        let freshness = Task { [bootstrap, logger] in
            await bootstrap.keepFresh { failure in
                logger.warning("the token cannot be renewed", metadata: ["why": "\(failure)"])
            }
        }
        state.withLock { state in
            state.tasks = [following, freshness]
            state.tell = tell
        }
    }

    /// A NOTIFY told it.
    func changed(uri: String, etag: String?) {
        _ = state.withLock { $0.tell?.yield((uri, etag)) }
    }

    func stop() async {
        let tasks = state.withLock { state in
            state.tell?.finish()
            return state.tasks
        }
        for task in tasks { task.cancel() }
        await bootstrap.end()
    }
}

/// Commands from before there is a client: the settings it starts with hold them already.
private final class LateCommands: Sendable {
    private let command = Mutex<(@Sendable (ResponderCommand) -> Void)?>(nil)

    func connect(_ command: @escaping @Sendable (ResponderCommand) -> Void) {
        self.command.withLock { $0 = command }
    }

    func give(_ wish: ResponderCommand) {
        command.withLock { $0 }?(wish)
    }
}

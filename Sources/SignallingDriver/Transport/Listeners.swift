import MCFoundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import SIPUserAgent

/// The listeners of a transport: bound at the start, or when another process gives their addresses up.
final class Listeners: Sendable {
    private struct State {
        var bound: [String: any Channel] = [:]
        var addresses: [String: MCFoundation.SocketAddress] = [:]
        /// Counts up with every order: what an earlier one had begun is not gone on with.
        var order = 0
        /// The last thing that was begun; the next waits for it.
        var work: Task<Void, Never>?
    }

    private let wanted: [Listener]
    private let sockets: any EventLoopGroup
    private let context: FlowContext
    private let dialler: Dialler
    private let state = NIOLockedValueBox(State())

    init(_ wanted: [Listener], sockets: any EventLoopGroup, context: FlowContext, dialler: Dialler) {
        self.wanted = wanted
        self.sockets = sockets
        self.context = context
        self.dialler = dialler
    }

    /// Where each listener was bound, by its name.
    var addresses: [String: MCFoundation.SocketAddress] { state.withLockedValue { $0.addresses } }

    /// Binds all. Where one cannot be had none is kept.
    func bindAll() async throws {
        do {
            for listener in wanted { try await bind(listener) }
        } catch {
            await closeAll()
            throw error
        }
    }

    /// Binds what is not bound, again and again until all is, or something else is ordered.
    func start() {
        begin { listeners, order in
            var pause = listeners.context.timeouts.bind
            while listeners.isCurrent(order) {
                var missing = false
                for listener in listeners.wanted where !listeners.isBound(listener) {
                    do { try await listeners.bind(listener) } catch { missing = true }
                }
                guard missing else { return }
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, listeners.context.timeouts.longestBind)
            }
        }
    }

    /// Closes those of streams, then calls. Datagrams have no connections that would stay: whose socket is closed is not
    /// reached any more, so that stays.
    func stop(then closed: @escaping @Sendable () -> Void) {
        begin { listeners, _ in
            await listeners.close { $0.transport.isReliable }
            closed()
        }
    }

    func closeAll() async {
        let work = state.withLockedValue { state in
            state.order += 1
            return state.work
        }
        await work?.value
        await close { _ in true }
    }

    private func begin(_ work: @escaping @Sendable (Listeners, Int) async -> Void) {
        state.withLockedValue { state in
            state.order += 1
            state.work = Task { [order = state.order, before = state.work] in
                await before?.value
                await work(self, order)
            }
        }
    }

    private func isCurrent(_ order: Int) -> Bool { state.withLockedValue { $0.order == order } }

    private func isBound(_ listener: Listener) -> Bool { state.withLockedValue { $0.bound[listener.name] != nil } }

    private func bind(_ listener: Listener) async throws {
        let bound = try await Acceptor(listener, sockets: sockets, context: context).bind()
        if let socket = bound.datagrams { dialler.adopt(socket) }
        state.withLockedValue { state in
            state.bound[listener.name] = bound.channel
            state.addresses[listener.name] = .init(bound.channel.localAddress)
        }
    }

    private func close(where condition: (Listener) -> Bool) async {
        for listener in wanted where condition(listener) {
            let channel = state.withLockedValue { state in
                state.addresses[listener.name] = nil
                return state.bound.removeValue(forKey: listener.name)
            }
            try? await channel?.close()
        }
    }
}

import Synchronization

/// Keeps what one part says until the part that it is for stands; then hands it on at once, in order.
final class Relay<Event: Sendable>: Sendable {
    private struct State {
        var waiting: [Event] = []
        var deliver: (@Sendable (Event) -> Void)?
    }

    private let state = Mutex(State())

    func deliver(_ events: [Event]) {
        state.withLock { state in
            guard let deliver = state.deliver else {
                state.waiting += events
                return
            }
            for event in events { deliver(event) }
        }
    }

    func connect(_ deliver: @escaping @Sendable (Event) -> Void) {
        state.withLock { state in
            for event in state.waiting { deliver(event) }
            state.waiting = []
            state.deliver = deliver
        }
    }
}

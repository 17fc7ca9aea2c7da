import NIOConcurrencyHelpers
import NIOCore

/// Where the threads of sockets leave what the thread of the cell takes. Nothing is ever dropped: when more waits than
/// the limit, those who read sockets are asked to stop until half of it is gone.
final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isDraining = false
        var take: (@Sendable ([Item]) -> Void)?
        /// Woken, each once, when there is room again.
        var waiting: [@Sendable () -> Void] = []
    }
    private let state = NIOLockedValueBox(State())
    private let loop: any EventLoop
    private let limit: Int

    init(loop: any EventLoop, limit: Int) {
        self.loop = loop
        self.limit = limit
    }

    /// From now on `take` is called on the loop with all that waits, in order.
    func connect(take: @escaping @Sendable ([Item]) -> Void) {
        state.withLockedValue { $0.take = take }
        loop.execute { self.drain() }
    }

    /// True: the mailbox is full, and `resume` will be called once when it is no longer.
    @discardableResult
    func post(_ item: Item, whenFull resume: (@Sendable () -> Void)? = nil) -> Bool {
        let (mustWake, isFull) = state.withLockedValue { state in
            state.items.append(item)
            let isFull = state.items.count >= limit
            if isFull, let resume { state.waiting.append(resume) }
            let mustWake = !state.isDraining
            state.isDraining = true
            return (mustWake, isFull)
        }
        if mustWake { loop.execute { self.drain() } }
        return isFull
    }

    /// Takes what is there, then lets the loop do its timers and other work before it looks again.
    private func drain() {
        let (items, waiting, take) = state.withLockedValue { state in
            guard let take = state.take else {
                state.isDraining = false
                return (items: [Item](), waiting: [@Sendable () -> Void](), take: { @Sendable (_: [Item]) in })
            }
            defer {
                state.items = []
                state.waiting = []
            }
            return (state.items, state.waiting, take)
        }
        if !items.isEmpty { take(items) }
        for resume in waiting { resume() }
        let isDone = state.withLockedValue { state in
            guard state.items.isEmpty || state.take == nil else { return false }
            state.isDraining = false
            return true
        }
        if !isDone { loop.execute { self.drain() } }
    }
}

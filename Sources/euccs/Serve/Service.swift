import ConfigurationFiles
import Foundation
import MCFoundation
import NationalSystem
import Synchronization
import WebServices

/// What a process that serves is to do next.
enum Service {
    enum Event: Sendable {
        case askedToEnd
        /// Another process has the listeners now.
        case succeeded
        /// That one is gone, before the last call had ended here.
        case aloneAgain
        /// Nobody is left here whom the end of the process would cut, or he had time enough.
        case left
    }

    /// How often it is looked whether somebody is left.
    private static let interval = Duration.milliseconds(200)
    /// Calls that go on for longer are cut; who took part comes back in the other process.
    private static let patience = Duration.seconds(3_600)

    static func events(of system: NationalSystem, end: EndSignal) -> AsyncStream<Event> {
        let (events, tell) = AsyncStream.makeStream(of: Event.self)
        let watches = [
            Task {
                await end.wait()
                tell.yield(.askedToEnd)
            },
            Task {
                var leaving: Task<Void, Never>?
                for await news in system.successions {
                    switch news {
                    case .began:
                        tell.yield(.succeeded)
                        leaving = Task {
                            let clock = ContinuousClock()
                            let limit = clock.now + patience
                            while !Task.isCancelled, clock.now < limit {
                                if await system.isLeft() { break }
                                try? await Task.sleep(for: interval)
                            }
                            if !Task.isCancelled { tell.yield(.left) }
                        }
                    case .ended:
                        // A successor whose predecessor has ended goes on as it is.
                        guard let waiting = leaving else { continue }
                        waiting.cancel()
                        leaving = nil
                        tell.yield(.aloneAgain)
                    case .refused: break
                    }
                }
            },
        ]
        tell.onTermination = { _ in for watch in watches { watch.cancel() } }
        return events
    }
}

/// A value that there is later; whoever needs it waits.
final class Awaited<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiting: [CheckedContinuation<Value, Never>] = []
    }

    private let state = Mutex(State())

    func set(_ value: Value) {
        let waiting = state.withLock { state in
            state.value = value
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: value) }
    }

    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let value = state.withLock { state -> Value? in
                if state.value == nil { state.waiting.append(continuation) }
                return state.value
            }
            if let value { continuation.resume(returning: value) }
        }
    }
}

/// The web servers of a process, while it has them.
final class ServedWeb: Sendable {
    private let start: @Sendable () async throws -> NationalWeb
    private let web: Mutex<NationalWeb>

    var current: NationalWeb { web.withLock { $0 } }

    init(start: @escaping @Sendable () async throws -> NationalWeb) async throws {
        self.start = start
        web = Mutex(try await start())
    }

    func close() async {
        let open = web.withLock { web in
            defer { web = NationalWeb() }
            return web
        }
        await open.stop()
    }

    func open(complain: (any Error) -> Void) async {
        do {
            let opened = try await start()
            web.withLock { $0 = opened }
        } catch { complain(error) }
    }
}

extension WebConfiguration {
    /// Returns when nobody listens at the addresses any more: whoever did has closed them.
    func waitUntilFree() async {
        for address in https + [operations].compactMap({ $0 }) {
            while !(await WebServer.isFree(address)), !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
    }
}

import Foundation
import Logging
import NationalSystem

/// Lets the calls of a system end before it does.
enum Drainage {
    /// How often it is looked whether a call is left.
    private static let interval = Duration.milliseconds(200)
    /// A start takes moments; who is turned away comes when the next process is there.
    private static let restart = Duration.seconds(5)

    /// Returns when no call is left, the time is over, or somebody asks again.
    static func run(_ system: NationalSystem, atMost duration: Duration, end: EndSignal, logger: Logger) async {
        guard duration > .zero else { return }
        system.beginDrain(retryAfter: duration + restart)
        logger.notice("draining: no new calls and registrations", metadata: ["at-most": "\(duration)"])
        let clock = ContinuousClock()
        let limit = clock.now + duration
        let waiting = Task {
            while !Task.isCancelled, clock.now < limit {
                if await system.hasNoCall() { return "no call is left" }
                try? await Task.sleep(for: interval)
            }
            return Task.isCancelled ? "asked again" : "the time is over"
        }
        let impatience = Task {
            await end.wait()
            waiting.cancel()
        }
        let why = await waiting.value
        logger.notice("drained", metadata: ["why": "\(why)"])
        impatience.cancel()
    }
}

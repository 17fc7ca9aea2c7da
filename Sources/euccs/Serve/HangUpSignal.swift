import Dispatch
import Foundation

/// Requests to read the configuration again (SIGHUP), noticed from the moment this is made.
final class HangUpSignal: Sendable {
    // Kept alive, never otherwise touched.
    private nonisolated(unsafe) let source: any DispatchSourceSignal

    /// `tell` is called for each, on any thread.
    init(_ tell: @escaping @Sendable () -> Void) {
        signal(SIGHUP, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler(handler: tell)
        source.resume()
    }

    deinit { source.cancel() }
}

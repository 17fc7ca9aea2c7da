import NIOCore
import NIOPosix

/// The threads that signalling runs on: some for sockets, and one for each cell. Several transports may share them.
public final class SignallingThreads: Sendable {
    let sockets: MultiThreadedEventLoopGroup
    let cells: MultiThreadedEventLoopGroup

    /// `cells`: threads on which cells live; each transport is given one of them in turn and stays there.
    public init(sockets: Int = 1, cells: Int = 1) {
        self.sockets = MultiThreadedEventLoopGroup(numberOfThreads: max(1, sockets))
        self.cells = MultiThreadedEventLoopGroup(numberOfThreads: max(1, cells))
    }

    /// Ends the threads. Whatever ran on them must have stopped.
    public func stop() async {
        try? await sockets.shutdownGracefully()
        try? await cells.shutdownGracefully()
    }
}

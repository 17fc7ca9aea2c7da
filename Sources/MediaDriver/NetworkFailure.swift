import Glibc
public import MCFoundation

/// What the operating system refused.
public struct NetworkFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        case cannotBind(SocketAddress)
        case cannotWait
        case cannotSend
        case cannotReceive
        case outOfMemory
        case noThread
        /// More sockets than one cell can number.
        case tooManySockets
    }
    public var code: Code
    /// The operating system's error number; 0 where there is none.
    public var systemError: Int32

    public init(_ code: Code, systemError: Int32 = 0) {
        self.code = code
        self.systemError = systemError
    }

    public var description: String {
        guard systemError != 0, let text = strerror(systemError) else { return "\(code)" }
        return "\(code): \(String(cString: text))"
    }
}

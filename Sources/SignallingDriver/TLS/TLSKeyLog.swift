import Foundation
import NIOCore
import Synchronization

/// Writes the secrets of TLS sessions to a file from which a dissector reads what was said. For trials only: whoever
/// has the file and a capture reads everything.
public final class TLSKeyLog: Sendable {
    private let file: Mutex<FileHandle>

    /// - Parameter path: readable for its owner only; what stands there is kept, so that several processes can share it.
    public init(path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteNoPermission, userInfo: [NSFilePathErrorKey: path]) }
        file = Mutex(FileHandle(fileDescriptor: descriptor, closeOnDealloc: true))
    }

    /// One line of the format of SSLKEYLOGFILE, with its line end.
    func append(_ line: ByteBuffer) {
        let data = Data(line.readableBytesView)
        file.withLock { try? $0.write(contentsOf: data) }
    }
}

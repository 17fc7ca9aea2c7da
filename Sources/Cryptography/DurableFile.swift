import Glibc

/// A file that could not be written.
public struct DurableFileError: Error, Hashable, Sendable {
    /// `errno`.
    public var code: Int32
}

/// Files that are there whole or not at all, also after a loss of power.
public enum DurableFile {
    /// Writes a new file beside the target, on the disk before it takes its place, and the place on the disk before this
    /// returns. An older file's wider mode does not survive.
    ///
    /// - Parameters:
    ///   - mode: of the new file, from its first moment.
    ///   - isReplacing: false: a file that is there already stays, and EEXIST is thrown.
    public static func write(
        _ octets: some Collection<UInt8>, to path: String, mode: UInt32, isReplacing: Bool = true
    ) throws(DurableFileError) {
        let fresh = path + ".new"
        unlink(fresh)
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw DurableFileError(code: errno) }
        var failure: Int32?
        var rest = Array(octets)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else {
                if written < 0, errno == EINTR { continue }
                failure = errno
                break
            }
            rest = rest.dropFirst(written)
        }
        if failure == nil, fsync(descriptor) != 0 { failure = errno }
        close(descriptor)
        if failure == nil, (isReplacing ? rename(fresh, path) : link(fresh, path)) != 0 { failure = errno }
        if failure != nil || !isReplacing { unlink(fresh) }
        if let failure { throw DurableFileError(code: failure) }
        try synchronize(folderOf: path)
    }

    /// What a folder holds is on the disk only when the folder is.
    private static func synchronize(folderOf path: String) throws(DurableFileError) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DurableFileError(code: errno) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw DurableFileError(code: errno) }
    }
}

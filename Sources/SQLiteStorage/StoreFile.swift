import Foundation
import Storage

/// Files of stores and backups. A file that SQLite may have open is never opened here: closing it would drop the locks
/// of the whole process on it (POSIX fcntl).
enum StoreFile {
    /// For the owner only: there are verifiers of passwords in it.
    private static let mode: mode_t = 0o600

    /// Makes the file where there is none, and closes it to everybody but its owner.
    static func prepare(_ path: String) throws(StoreError) {
        if try create(path) {
            try synchronise(folder(of: path))
            return
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw StoreError(errno: errno, "looking at \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.io, "\(path) is not a file") }
        guard access(path, R_OK | W_OK) == 0 else { throw StoreError(errno: errno, "writing \(path)") }
        guard access(folder(of: path), W_OK) == 0 else { throw StoreError(errno: errno, "writing beside \(path)") }
        guard status.st_mode & 0o077 != 0 else { return }
        guard chmod(path, mode) == 0 else { throw StoreError(errno: errno, "closing \(path) to others") }
    }

    /// - Returns: whether it was made; false where it existed.
    static func create(_ path: String) throws(StoreError) -> Bool {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else {
            if errno == EEXIST { return false }
            throw StoreError(errno: errno, "making \(path)")
        }
        close(file)
        return true
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Waits until the disk has a file that nobody has open, or a folder with the names in it.
    static func synchronise(_ path: String) throws(StoreError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw StoreError(errno: errno, "opening \(path)") }
        defer { close(file) }
        guard fsync(file) == 0 else { throw StoreError(errno: errno, "synchronising \(path)") }
    }

    /// Removes a database with what stands beside it; what is not there does not matter.
    static func remove(_ path: String) {
        unlink(path)
        removeBeside(path)
    }

    /// Removes what stands beside a database, and not the database.
    static func removeBeside(_ path: String) {
        for suffix in ["-journal", "-wal", "-shm"] { unlink(path + suffix) }
    }

    /// Gives a file a second name, which may be another's until then. What stood beside that one goes with it.
    static func keep(_ path: String, as name: String) throws(StoreError) {
        let part = name + ".part"
        unlink(part)
        guard link(path, part) == 0 else { throw StoreError(errno: errno, "making \(part)") }
        removeBeside(name)
        // Two names of one file would both stay.
        defer { unlink(part) }
        try move(part, to: name)
        try synchronise(folder(of: name))
    }

    /// Gives a finished file the name of another at once: whoever looks finds one or the other.
    static func replace(_ path: String, by part: String) throws(StoreError) {
        try move(part, to: path)
        try synchronise(folder(of: path))
    }

    /// Gives a finished file its name, unless the name is taken.
    static func publish(_ part: String, as path: String) throws(StoreError) {
        guard link(part, path) == 0 else { throw StoreError(errno: errno, "making \(path)") }
        unlink(part)
        try synchronise(folder(of: path))
    }

    static func move(_ path: String, to other: String) throws(StoreError) {
        guard rename(path, other) == 0 else { throw StoreError(errno: errno, "renaming \(path) to \(other)") }
    }

    static func folder(of path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().path
    }
}

/// The turn of one process to open, make or restore the stores of a folder.
struct FolderTurn {
    private let folder: Int32

    private static let retryMicroseconds: UInt32 = 5_000

    /// Waits its turn, but not for longer than is said; then throws `.busy`.
    init(of path: String, waitingMilliseconds: Int) throws(StoreError) {
        let name = StoreFile.folder(of: path)
        let folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw StoreError(errno: errno, "opening the folder \(name)") }
        self.folder = folder
        var waited = 0
        while flock(folder, LOCK_EX | LOCK_NB) != 0 {
            let number = errno
            guard number == EWOULDBLOCK || number == EINTR else {
                close(folder)
                throw StoreError(errno: number, "locking the folder \(name)")
            }
            guard waited < waitingMilliseconds * 1_000 else {
                close(folder)
                throw StoreError(.busy, "somebody else opens or restores a store in \(name)")
            }
            usleep(Self.retryMicroseconds)
            waited += Int(Self.retryMicroseconds)
        }
    }

    /// The end of the descriptor ends the lock.
    func end() { close(folder) }
}

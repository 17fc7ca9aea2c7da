import Foundation

/// Why a key cannot be read or kept.
public struct SealKeyFileError: Error, Hashable, Sendable, CustomStringConvertible {
    public var path: String
    /// What is wrong, without a key.
    public var diagnosis: String

    public var description: String { "\(path): \(diagnosis)" }
}

/// The private key of the seals, in a file of its own beside the store: whoever gets hold of the store, or of a backup of
/// it, can still not seal what he changed.
public enum SealKeyFile {
    /// The mode that the file must have: its owner reads and writes it.
    private static let mode: mode_t = 0o600

    /// Reads the key, or makes one where there is no file.
    public static func open(_ path: String) throws(SealKeyFileError) -> SealKey {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure(path) }
            return try make(path)
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path) }
        guard status.st_mode & 0o077 == 0 else {
            throw SealKeyFileError(path: path, diagnosis: "others than its owner may read it; expected mode 0600")
        }
        guard let data = try? file.readToEnd(), let pem = String(data: data, encoding: .utf8),
            let key = try? SealKey(pem: pem)
        else { throw SealKeyFileError(path: path, diagnosis: "expected a P-256 private key in PEM") }
        return key
    }

    /// A new key in the place of the one that is there. Seals of the old one are believed on.
    public static func rotate(_ path: String) throws(SealKeyFileError) -> SealKey {
        let fresh = path + ".new"
        unlink(fresh)
        let key = try make(fresh)
        guard rename(fresh, path) == 0 else { throw failure(path) }
        return key
    }

    private static func make(_ path: String) throws(SealKeyFileError) -> SealKey {
        guard let key = try? SealKey() else {
            throw SealKeyFileError(path: path, diagnosis: "the cryptographic library makes no key")
        }
        let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(key.pem.utf8))
            try file.synchronize()
        } catch {
            unlink(path)
            throw SealKeyFileError(path: path, diagnosis: "it cannot be written: \(error)")
        }
        return key
    }

    private static func failure(_ path: String) -> SealKeyFileError {
        SealKeyFileError(path: path, diagnosis: String(cString: strerror(errno)))
    }
}

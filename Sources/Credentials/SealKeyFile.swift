import Cryptography
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
    private static let mode: UInt32 = 0o600

    /// Reads the key, or makes one where there is no file.
    public static func open(_ path: String) throws(SealKeyFileError) -> SealKey {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure(path) }
            return try make(path, isReplacing: false)
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
        try make(path, isReplacing: true)
    }

    private static func make(_ path: String, isReplacing: Bool) throws(SealKeyFileError) -> SealKey {
        guard let key = try? SealKey() else {
            throw SealKeyFileError(path: path, diagnosis: "the cryptographic library makes no key")
        }
        do {
            try DurableFile.write(key.pem.utf8, to: path, mode: mode, isReplacing: isReplacing)
            return key
        } catch {
            throw SealKeyFileError(path: path, diagnosis: String(cString: strerror(error.code)))
        }
    }

    private static func failure(_ path: String) -> SealKeyFileError {
        SealKeyFileError(path: path, diagnosis: String(cString: strerror(errno)))
    }
}

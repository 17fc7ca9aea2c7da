public import Cryptography
public import Foundation

/// A private key as PEM. It prints as a mark, never as the key.
public struct PrivateKeyPEM: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The PEM document. For writing to a protected file or handing to the TLS library only.
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public var description: String { "(private key)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A certificate with its key, as they were issued together.
public struct IssuedCertificate: Sendable {
    public let certificate: Certificate
    public let certificatePEM: String
    public let keyPEM: PrivateKeyPEM
    /// Until when it holds.
    public var notAfter: Date { certificate.end }
}

/// PEM files on disk. A key is never readable by anybody but its owner, not even for the moment of its writing.
public enum PEMFile {
    /// Writes a certificate, readable by all.
    public static func write(certificate pem: String, to path: String) throws {
        try write(pem, to: path, mode: 0o644)
    }

    /// Writes a key with mode 0600.
    public static func write(key: PrivateKeyPEM, to path: String) throws {
        try write(key.text, to: path, mode: 0o600)
    }

    public static func readKey(from path: String) throws -> PrivateKeyPEM {
        PrivateKeyPEM(try String(contentsOfFile: path, encoding: .utf8))
    }

    /// Puts a renewed certificate and its key in the place of what was there, which stays as `.previous`. The key comes
    /// first; a reader between the two sees a pair that does not match, keeps what it has and looks again.
    public static func replace(
        _ issued: IssuedCertificate, certificate certificatePath: String, key keyPath: String
    ) throws {
        for path in [certificatePath, keyPath] {
            unlink(path + ".previous")
            guard link(path, path + ".previous") == 0 || errno == ENOENT else {
                throw PEMFileError(path: path + ".previous", code: errno)
            }
        }
        try write(key: issued.keyPEM, to: keyPath)
        try write(certificate: issued.certificatePEM, to: certificatePath)
    }

    private static func write(_ text: String, to path: String, mode: UInt32) throws {
        do {
            try DurableFile.write(text.utf8, to: path, mode: mode)
        } catch {
            throw PEMFileError(path: path, code: error.code)
        }
    }
}

/// A file that could not be written.
public struct PEMFileError: Error, Hashable, CustomStringConvertible {
    public let path: String
    /// `errno`.
    public let code: Int32

    public var description: String { "\(path): \(String(cString: strerror(code)))" }
}

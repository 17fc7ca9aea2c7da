public import CertificateAuthority
public import ConfigurationFiles
import Foundation
import HostTime
import MCFoundation
import MCSystem
import SignallingDriver
import Synchronization

/// What a system that runs goes by, and where it is in its life.
struct RunningState: Sendable {
    var configuration: SystemConfiguration
    var isDraining = false
}

/// A configuration whose certificates were read and fit, ready to be run by.
public struct PreparedConfiguration: Sendable {
    public let configuration: SystemConfiguration
    fileprivate let transport: TransportConfiguration
}

/// A certificate file that does not fit.
public struct CertificateRefusal: Error, Hashable, CustomStringConvertible {
    public var file: String
    public var reason: CertificateFileError

    public var description: String { "\(file): \(reason)" }
}

/// Reloading and ending.
extension NationalSystem {
    /// What the system runs by now.
    public var configuration: SystemConfiguration { state.withLock { $0.configuration } }

    /// True from the moment it was asked to drain: load balancers and probes are told that it is not ready.
    public var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Reads the certificates of a configuration and looks whether they fit: readable, of one pair, holding now. It has to
    /// be an `effective` one of a `ConfigurationChange`; nothing changes yet.
    public func prepare(_ configuration: SystemConfiguration) throws -> PreparedConfiguration {
        let now = Date()
        for file in configuration.certificateFiles {
            do throws(CertificateFileError) {
                try Self.check(file, at: now)
            } catch {
                throw CertificateRefusal(file: file.certificate, reason: error)
            }
        }
        return PreparedConfiguration(configuration: configuration, transport: try transport(configuration))
    }

    private static func check(_ file: CertificateFile, at now: Date) throws(CertificateFileError) {
        guard let keyFile = file.key else {
            // An authority that has expired believes nobody; that is for the log to say, and does no harm.
            _ = try CertificateSummary.read(path: file.certificate)
            return
        }
        guard let certificate = FileManager.default.contents(atPath: file.certificate) else {
            throw .unreadable("cannot be read")
        }
        guard let key = FileManager.default.contents(atPath: keyFile) else { throw .keyUnreadable }
        try CertificateIdentity.check(
            certificatePEM: String(decoding: certificate, as: UTF8.self),
            key: PrivateKeyPEM(String(decoding: key, as: UTF8.self)), at: now)
    }

    /// From now on the system runs by it: connections that are made use its certificates, authorities, limits and
    /// timeouts; those that stand stay. Throws, and changes nothing, where the TLS library does not take a certificate.
    public func apply(_ prepared: PreparedConfiguration) throws {
        try signalling.reconfigure(prepared.transport)
        state.withLock { $0.configuration = prepared.configuration }
    }

    /// Calls that run go on; who would call or register from now on is told to come again after that time.
    public func beginDrain(retryAfter: Duration) {
        state.withLock { $0.isDraining = true }
        signalling.drain(retryAfter: retryAfter)
    }

    /// Whether no call is left, and none is being set up.
    public func hasNoCall() async -> Bool { await signalling.look().population.hasNoCall }
}

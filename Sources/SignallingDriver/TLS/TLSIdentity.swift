public import Cryptography
import MCFoundation
import NIOSSL

/// A certificate chain with its private key, as PEM. It prints no key.
public struct TLSIdentity: Sendable, CustomStringConvertible, CustomReflectable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    /// `certificatePEM`: the leaf first, then intermediates.
    public init(certificatePEM: String, keyPEM: String) throws {
        chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
        key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
    }

    public var description: String { "TLSIdentity" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// An authority that is believed, and for which domains.
public struct PinnedAuthority: Sendable {
    /// For the log.
    public var name: String
    public var roots: [Certificate]
    /// Domains, lower case, that its certificates may prove; nil: any (the nation's own authority).
    public var mayAssert: [String]?

    /// Reads one or more PEM certificates.
    ///
    /// - Throws: Where the text holds anything else, or none.
    public init(name: String, pem: String, mayAssert: [String]? = nil) throws {
        self.name = name
        self.roots = try Certificates.read(pem: pem)
        self.mayAssert = mayAssert?.map { $0.lowercased() }
    }
}

/// How a listener proves itself and whom it believes.
public struct ServerTLS: Sendable {
    public enum ClientCertificate: Hashable, Sendable {
        /// None is asked for.
        case none
        /// Verified where one is shown.
        case optional
        /// Mutual TLS: without a certificate there is no connection.
        case required
    }
    public var identity: TLSIdentity
    public var clientCertificate: ClientCertificate
    public var authorities: [PinnedAuthority]
    /// Trials only: where the secrets of sessions are written.
    public var keyLog: TLSKeyLog?

    public init(
        identity: TLSIdentity, clientCertificate: ClientCertificate = .none, authorities: [PinnedAuthority] = [],
        keyLog: TLSKeyLog? = nil
    ) {
        self.keyLog = keyLog
        self.identity = identity
        self.clientCertificate = clientCertificate
        self.authorities = authorities
    }
}

/// How connections that this side opens prove themselves and whom they believe. No authority: no connection; what the
/// operating system trusts does not count.
public struct OutboundTrust: Sendable {
    /// Shown to servers that ask for a certificate.
    public var identity: TLSIdentity?
    /// Believed where `authoritiesByName` says nothing of the name.
    public var authorities: [PinnedAuthority]
    /// By the name that the peer must prove (`Target.serverName`, else its host), lower case.
    public var authoritiesByName: [String: [PinnedAuthority]]

    public init(
        identity: TLSIdentity? = nil, authorities: [PinnedAuthority] = [],
        authoritiesByName: [String: [PinnedAuthority]] = [:]
    ) {
        self.identity = identity
        self.authorities = authorities
        self.authoritiesByName = authoritiesByName
    }

    func authorities(for name: String) -> [PinnedAuthority] {
        authoritiesByName[name.lowercased()] ?? authorities
    }
}

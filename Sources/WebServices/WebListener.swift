public import MCFoundation
public import NIOSSL

/// Where a web server listens, and with which certificate.
public struct WebListener: Sendable {
    public var address: MCFoundation.SocketAddress
    /// nil: plain HTTP, which is for loopback only and refused elsewhere.
    public var tls: TLSConfiguration?

    public init(address: MCFoundation.SocketAddress, tls: TLSConfiguration?) {
        self.address = address
        self.tls = tls
    }

    /// HTTPS with the certificate (and its chain) and the key of two PEM texts.
    public init(address: MCFoundation.SocketAddress, certificatePEM: String, keyPEM: String) throws {
        self.init(address: address, tls: try Self.tls(certificatePEM: certificatePEM, keyPEM: keyPEM))
    }

    /// How a server shows a certificate (and its chain) of PEM texts.
    static func tls(certificatePEM: String, keyPEM: String) throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)))
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        return tls
    }
}

import NIOCore
import NIOSSL

/// Contexts of the TLS library. TLS 1.2 is the oldest that is spoken.
enum TLSContexts {
    static func server(_ tls: ServerTLS) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: tls.identity.chain.map { .certificate($0) }, privateKey: .privateKey(tls.identity.key))
        configuration.minimumTLSVersion = .tlsv12
        // Verification itself is ours; this says only whether the peer is asked and whether it must show one.
        configuration.certificateVerification =
            switch tls.clientCertificate {
            case .none: .none
            case .optional: .optionalVerification
            case .required: .noHostnameVerification
            }
        configuration.trustRoots = .certificates([])
        if let log = tls.keyLog { configuration.keyLogCallback = { log.append($0) } }
        return try NIOSSLContext(configuration: configuration)
    }

    static func client(_ identity: TLSIdentity?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates([])
        if let identity {
            configuration.certificateChain = identity.chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(identity.key)
        }
        return try NIOSSLContext(configuration: configuration)
    }
}

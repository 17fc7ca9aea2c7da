public import Cryptography
public import Foundation

/// The authority of one country: it vouches for the servers, gateways and devices of one MC system. Partners pin it;
/// nobody trusts it for domains that are not its own.
public struct CertificateAuthority: Sendable {
    /// The self-signed root.
    public let certificate: Certificate
    private let key: P256PrivateKey

    /// Makes a new root with a fresh P-256 key.
    ///
    /// `country` is an ISO 3166 two-letter code, `validity` the range in which the root and all that it issues hold.
    public init(name: String, country: String, validity: Range<Date>) throws {
        let validity = validity.inWholeSeconds
        let key = try P256PrivateKey()
        self.key = key
        certificate = try CertificateIssuance(
            notBefore: validity.lowerBound.inSeconds, notAfter: validity.upperBound.inSeconds, country: country,
            organisation: name, commonName: "\(name) Root", kind: .root
        ).issue(for: key.publicKey, signedBy: key, issuer: nil)
    }

    /// Takes up an authority that was written before. Throws where the key does not belong to the certificate.
    public init(certificatePEM: String, key keyPEM: PrivateKeyPEM) throws {
        guard let certificate = Certificate.read(pem: certificatePEM)?.first else {
            throw CertificateFileError.unreadable("no certificate in PEM")
        }
        guard let key = P256PrivateKey(pem: keyPEM.text) else { throw CertificateFileError.keyUnreadable }
        guard certificate.matches(key: key.pem) == true else {
            throw CertificateAuthorityError.keyDoesNotMatchCertificate
        }
        self.certificate = certificate
        self.key = key
    }

    /// The root as partners and devices pin it.
    public var certificatePEM: String {
        get throws { try certificate.pem }
    }

    public var keyPEM: PrivateKeyPEM { PrivateKeyPEM(key.pem) }

    /// Issues one certificate with a fresh P-256 key.
    public func issue(_ request: CertificateRequest) throws -> IssuedCertificate {
        guard !request.names.isEmpty else { throw CertificateAuthorityError.noNames }
        let validity = request.validity.inWholeSeconds
        guard validity.lowerBound >= certificate.begin, validity.upperBound <= certificate.end else {
            throw CertificateAuthorityError.outlivesAuthority
        }
        let key = try P256PrivateKey()
        let leaf = try CertificateIssuance(
            notBefore: validity.lowerBound.inSeconds, notAfter: validity.upperBound.inSeconds,
            commonName: request.commonName,
            kind: .leaf(
                request.purpose.usages, speaksForSIPDomain: request.purpose.speaksForSIPDomain,
                names: try request.names.map { try $0.certified })
        ).issue(for: key.publicKey, signedBy: self.key, issuer: certificate)
        return IssuedCertificate(
            certificate: leaf, certificatePEM: try leaf.pem, keyPEM: PrivateKeyPEM(key.pem))
    }
}

/// Why the authority refuses.
public enum CertificateAuthorityError: Error, Equatable {
    case keyDoesNotMatchCertificate
    /// A certificate without names proves nothing (RFC 5922 7.1).
    case noNames
    /// The validity asked for is not inside the validity of the root.
    case outlivesAuthority
    /// No IPv4 or IPv6 address.
    case invalidAddress(String)
    /// The certificate to be renewed was issued by somebody else.
    case issuedByAnother(String)
    /// The certificate to be renewed has no extended key usage that says what it is for.
    case unknownPurpose
}

extension CertificateAuthorityError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .keyDoesNotMatchCertificate: "the key does not belong to the authority's certificate"
        case .noNames: "a certificate without names proves nothing"
        case .outlivesAuthority: "the time asked for is not inside that of the authority"
        case .invalidAddress(let text): "\(text) is no IPv4 or IPv6 address"
        case .issuedByAnother(let issuer): "issued by another authority (\(issuer)), which has to renew it"
        case .unknownPurpose: "the certificate does not say what it is for"
        }
    }
}

extension Range<Date> {
    /// Certificates hold whole seconds; a bound with a fraction would be rounded to either side.
    fileprivate var inWholeSeconds: Range<Date> {
        func whole(_ date: Date) -> Date { Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down)) }
        return whole(lowerBound)..<whole(upperBound)
    }
}

extension Date {
    /// Seconds since 1970, rounded down; far outside of what certificates hold, the nearest that fits.
    fileprivate var inSeconds: Int64 { Int64(exactly: timeIntervalSince1970.rounded(.down)) ?? .max }
}

extension Certificate {
    var begin: Date { Date(timeIntervalSince1970: Double(notBefore)) }
    var end: Date { Date(timeIntervalSince1970: Double(notAfter)) }
}

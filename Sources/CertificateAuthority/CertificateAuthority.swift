import Crypto
public import Foundation
import SwiftASN1
public import X509

/// The authority of one country: it vouches for the servers, gateways and devices of one MC system. Partners pin it;
/// nobody trusts it for domains that are not its own.
public struct CertificateAuthority: Sendable {
    /// The self-signed root.
    public let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// Makes a new root with a fresh P-256 key.
    ///
    /// `country` is an ISO 3166 two-letter code, `validity` the range in which the root and all that it issues hold.
    public init(name: String, country: String, validity: Range<Date>) throws {
        let validity = validity.inWholeSeconds
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName {
            CountryName(country)
            OrganizationName(name)
            CommonName("\(name) Root")
        }
        let signer = Certificate.PrivateKey(key)
        let identifier = SubjectKeyIdentifier(hash: signer.publicKey)
        self.key = key
        // A path length of 0: the root signs leaves only, so no stolen leaf can sign for another domain.
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: signer.publicKey,
            notValidBefore: validity.lowerBound, notValidAfter: validity.upperBound,
            issuer: subject, subject: subject,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                identifier
            },
            issuerPrivateKey: signer)
    }

    /// Takes up an authority that was written before. Throws where the key does not belong to the certificate.
    public init(certificatePEM: String, key keyPEM: PrivateKeyPEM) throws {
        let certificate = try Certificate(pemEncoded: certificatePEM)
        let key = try P256.Signing.PrivateKey(pemRepresentation: keyPEM.text)
        guard Certificate.PublicKey(key.publicKey) == certificate.publicKey else {
            throw CertificateAuthorityError.keyDoesNotMatchCertificate
        }
        self.certificate = certificate
        self.key = key
    }

    /// The root as partners and devices pin it.
    public var certificatePEM: String {
        get throws { try certificate.serializeAsPEM().pemString + "\n" }
    }

    public var keyPEM: PrivateKeyPEM { PrivateKeyPEM(key.pemRepresentation + "\n") }

    /// Issues one certificate with a fresh P-256 key.
    public func issue(_ request: CertificateRequest) throws -> IssuedCertificate {
        guard !request.names.isEmpty else { throw CertificateAuthorityError.noNames }
        let validity = request.validity.inWholeSeconds
        guard validity.lowerBound >= certificate.notValidBefore, validity.upperBound <= certificate.notValidAfter
        else { throw CertificateAuthorityError.outlivesAuthority }
        let key = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(key.publicKey)
        let signer = Certificate.PrivateKey(self.key)
        let authorityIdentifier = SubjectKeyIdentifier(hash: signer.publicKey).keyIdentifier
        let usages = try ExtendedKeyUsage(request.purpose.usages)
        let names = try request.names.map { try $0.generalName }
        let leaf = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: publicKey,
            notValidBefore: validity.lowerBound, notValidAfter: validity.upperBound,
            issuer: certificate.subject,
            subject: DistinguishedName { CommonName(request.commonName) },
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                usages
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: authorityIdentifier)
                SubjectAlternativeNames(names)
            },
            issuerPrivateKey: signer)
        return IssuedCertificate(
            certificate: leaf,
            certificatePEM: try leaf.serializeAsPEM().pemString + "\n",
            keyPEM: PrivateKeyPEM(key.pemRepresentation + "\n"))
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

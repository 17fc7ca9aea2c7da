import Cryptography
public import Foundation

/// What people want to know of a certificate.
public struct CertificateSummary: Hashable, Sendable {
    /// Distinguished names as RFC 4514 writes them.
    public var subject: String
    public var issuer: String
    /// The subjectAltName: URIs and DNS names as they stand, addresses as text.
    public var names: [String]
    public var notBefore: Date
    public var notAfter: Date
    /// Whether it may sign others (RFC 5280 4.2.1.9).
    public var isAuthority: Bool

    /// Every certificate of a PEM text, in its order.
    public static func read(pem: String) throws(CertificateFileError) -> [CertificateSummary] {
        guard let certificates = Certificate.read(pem: pem) else { throw .unreadable("no certificate in PEM") }
        return certificates.map(CertificateSummary.init)
    }

    /// Every certificate of a PEM file, in its order.
    public static func read(path: String) throws(CertificateFileError) -> [CertificateSummary] {
        guard let data = FileManager.default.contents(atPath: path) else { throw .unreadable("cannot be read") }
        return try read(pem: String(decoding: data, as: UTF8.self))
    }

    init(_ certificate: Certificate) {
        subject = certificate.subject
        issuer = certificate.issuer
        names = certificate.namesAsText
        notBefore = certificate.begin
        notAfter = certificate.end
        isAuthority = certificate.isAuthority
    }

    /// Whole days that are left, rounded down: 0 on the last day, below 0 where it has expired.
    public func daysLeft(at now: Date) -> Int { CertificateSummary.days(from: now, until: notAfter) }

    static func days(from now: Date, until end: Date) -> Int {
        // A certificate may hold until the year 9999 and be read at any time: far inside of what Int holds.
        Int((end.timeIntervalSince(now) / 86_400).rounded(.down))
    }
}

/// Why a certificate or its key cannot be used.
public enum CertificateFileError: Error, Hashable, CustomStringConvertible {
    /// What is wrong with the file.
    case unreadable(String)
    case keyUnreadable
    case keyDoesNotMatchCertificate
    case expired(Date)
    case notYetValid(Date)

    public var description: String {
        switch self {
        case .unreadable(let what): what
        case .keyUnreadable: "no private key in PEM"
        case .keyDoesNotMatchCertificate: "the key does not belong to the certificate"
        case .expired(let end): "expired \(end.formatted(.iso8601))"
        case .notYetValid(let begin): "not valid before \(begin.formatted(.iso8601))"
        }
    }
}

/// Looks whether a certificate and its key can serve.
public enum CertificateIdentity {
    /// What the leaf says. Throws where the key does not belong to it, or it does not hold at this moment.
    @discardableResult
    public static func check(
        certificatePEM: String, key: PrivateKeyPEM, at now: Date
    ) throws(CertificateFileError) -> CertificateSummary {
        guard let certificate = Certificate.read(pem: certificatePEM)?.first else {
            throw .unreadable("no certificate in PEM")
        }
        let leaf = CertificateSummary(certificate)
        guard let isOwn = certificate.matches(key: key.text) else { throw .keyUnreadable }
        guard isOwn else { throw .keyDoesNotMatchCertificate }
        guard now >= leaf.notBefore else { throw .notYetValid(leaf.notBefore) }
        guard now < leaf.notAfter else { throw .expired(leaf.notAfter) }
        return leaf
    }
}

extension Certificate {
    var namesAsText: [String] {
        names.compactMap { name in
            switch name {
            case .uri(let text), .dns(let text): text
            case .address(let octets): CertificateRequest.Name.text(ofAddress: octets)
            }
        }
    }
}

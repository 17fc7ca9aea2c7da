public import Foundation
import SwiftASN1
import X509

extension CertificateAuthority {
    /// The same certificate for another time, with a fresh key. Throws where it was not issued by this authority: who
    /// did issue it has to renew it.
    public func renew(_ certificatePEM: String, validity: Range<Date>) throws -> IssuedCertificate {
        let old: Certificate
        do {
            guard let document = try PEMDocument.parseMultiple(pemString: certificatePEM).first else {
                throw CertificateFileError.unreadable("no certificate in PEM")
            }
            old = try Certificate(pemDocument: document)
        } catch {
            throw CertificateFileError.unreadable("no certificate in PEM")
        }
        guard old.issuer == certificate.subject, certificate.publicKey.isValidSignature(old.signature, for: old) else {
            throw CertificateAuthorityError.issuedByAnother(old.issuer.description)
        }
        guard let purpose = CertificateRequest.Purpose(old) else { throw CertificateAuthorityError.unknownPurpose }
        return try issue(
            CertificateRequest(
                purpose: purpose, commonName: old.commonName, names: old.alternativeNames.compactMap(\.requested),
                validity: validity))
    }

    /// From now, so many days, but not beyond the authority itself. It begins an hour ago, for clocks differ.
    public func validity(days: Int, from now: Date) -> Range<Date> {
        let begin = max(certificate.notValidBefore, now.addingTimeInterval(-3_600))
        let end = min(certificate.notValidAfter, now.addingTimeInterval(Double(days) * 86_400))
        return begin..<max(begin, end)
    }
}

extension CertificateRequest.Purpose {
    /// What an issued certificate is for, by its extended key usage.
    init?(_ certificate: Certificate) {
        guard let usages = try? certificate.extensions.extendedKeyUsage else { return nil }
        switch (usages.contains(.serverAuth), usages.contains(.clientAuth)) {
        case (true, true): self = .gateway
        case (true, false): self = .server
        case (false, true): self = .client
        case (false, false): return nil
        }
    }
}

extension CertificateRequest.Name {
    /// Text of four or sixteen octets; nil for any other number.
    static func text(ofAddress octets: [UInt8]) -> String? {
        let family: Int32
        switch octets.count {
        case 4: family = AF_INET
        case 16: family = AF_INET6
        default: return nil
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, octets, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension GeneralName {
    /// The name as it is asked for; nil for kinds that the authority does not issue.
    fileprivate var requested: CertificateRequest.Name? {
        switch self {
        case .uniformResourceIdentifier(let uri) where uri.lowercased().hasPrefix("sip:"):
            .sipDomain(String(uri.dropFirst(4)))
        case .dnsName(let name): .dns(name)
        case .ipAddress(let octets):
            CertificateRequest.Name.text(ofAddress: Array(octets.bytes)).map(CertificateRequest.Name.address)
        case .uniformResourceIdentifier, .otherName, .rfc822Name, .x400Address, .directoryName, .ediPartyName,
            .registeredID:
            nil
        }
    }
}

extension Certificate {
    fileprivate var commonName: String {
        for attributes in subject {
            for attribute in attributes where attribute.type == .RDNAttributeType.commonName {
                return String(describing: attribute.value)
            }
        }
        return namesAsText.first ?? ""
    }
}

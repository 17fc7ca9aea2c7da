import Cryptography
public import Foundation

extension CertificateAuthority {
    /// The same certificate for another time, with a fresh key. Throws where it was not issued by this authority: who
    /// did issue it has to renew it.
    public func renew(_ certificatePEM: String, validity: Range<Date>) throws -> IssuedCertificate {
        guard let old = Certificate.read(pem: certificatePEM)?.first else {
            throw CertificateFileError.unreadable("no certificate in PEM")
        }
        guard old.isSigned(by: certificate) else { throw CertificateAuthorityError.issuedByAnother(old.issuer) }
        guard let purpose = CertificateRequest.Purpose(old) else { throw CertificateAuthorityError.unknownPurpose }
        return try issue(
            CertificateRequest(
                purpose: purpose, commonName: old.commonName ?? old.namesAsText.first ?? "",
                names: old.names.compactMap(CertificateRequest.Name.init),
                validity: validity))
    }

    /// From now, so many days, but not beyond the authority itself. It begins an hour ago, for clocks differ.
    public func validity(days: Int, from now: Date) -> Range<Date> {
        let begin = max(certificate.begin, now.addingTimeInterval(-3_600))
        let end = min(certificate.end, now.addingTimeInterval(Double(days) * 86_400))
        return begin..<max(begin, end)
    }
}

extension CertificateRequest.Purpose {
    /// What an issued certificate is for, by its extended key usage.
    init?(_ certificate: Certificate) {
        guard let usages = certificate.usages else { return nil }
        switch (usages.serves, usages.dials) {
        case (true, true): self = .gateway
        case (true, false): self = .server
        case (false, true): self = .client
        case (false, false): return nil
        }
    }
}

extension CertificateRequest.Name {
    /// The name as it is asked for; nil for kinds that the authority does not issue.
    init?(_ name: Certificate.Name) {
        switch name {
        case .uri(let uri):
            guard uri.lowercased().hasPrefix("sip:") else { return nil }
            self = .sipDomain(String(uri.dropFirst(4)))
        case .dns(let name): self = .dns(name)
        case .address(let octets):
            guard let text = Self.text(ofAddress: octets) else { return nil }
            self = .address(text)
        }
    }

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

import Policy

/// A certificate file that a configuration names.
public struct CertificateFile: Hashable, Sendable {
    /// What it is for: `access`, `interconnection`, `web`, `authority`, `provider`, or `partner` with the name of the
    /// partner.
    public var role: String
    public var certificate: String
    /// Set for certificates that the system itself shows.
    public var key: String?

    public init(role: String, certificate: String, key: String? = nil) {
        self.role = role
        self.certificate = certificate
        self.key = key
    }
}

extension SystemConfiguration {
    /// Every certificate that the system shows or believes, each file once.
    public var certificateFiles: [CertificateFile] {
        var files = [
            CertificateFile(
                role: "access", certificate: certificates.access.certificate, key: certificates.access.key)
        ]
        if certificates.interconnection != certificates.access {
            files.append(
                CertificateFile(
                    role: "interconnection", certificate: certificates.interconnection.certificate,
                    key: certificates.interconnection.key))
        }
        if let web, web.certificate != certificates.access, web.certificate != certificates.interconnection {
            files.append(
                CertificateFile(role: "web", certificate: web.certificate.certificate, key: web.certificate.key))
        }
        if let authority = certificates.authority {
            files.append(CertificateFile(role: "authority", certificate: authority))
        }
        if let authority = web?.provider?.authority {
            files.append(CertificateFile(role: "provider", certificate: authority))
        }
        for partner in partners {
            files.append(
                CertificateFile(role: "partner \(partner.partner.system)", certificate: partner.authorityFile))
        }
        return files
    }
}

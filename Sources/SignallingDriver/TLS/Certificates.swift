import Cryptography
import MCFoundation

/// Reading of certificates and of the names that they prove.
enum Certificates {
    static func read(pem: String) throws -> [Certificate] {
        guard let all = Certificate.read(pem: pem) else { throw CertificateError.unreadable }
        return all
    }

    /// The names of a certificate for SIP (RFC 5922 7.1).
    static func names(of certificate: Certificate) -> CertificateNames {
        var names = CertificateNames()
        for name in certificate.names {
            switch name {
            case .uri(let uri):
                // A SIPS URI and a URI with a user part identify no domain (RFC 5922 7.1).
                if let host = sipDomain(of: uri) { names.sipDomains.append(host) }
            case .dns(let name): names.dnsNames.append(name.lowercased())
            case .address(let octets):
                if let address = IPAddress(octets: octets[...]) { names.addresses.append(address) }
            }
        }
        return names
    }

    private static func sipDomain(of uri: String) -> String? {
        let lower = uri.lowercased()
        guard lower.hasPrefix("sip:") else { return nil }
        let rest = lower.dropFirst(4)
        guard !rest.isEmpty, !rest.contains("@") else { return nil }
        let host = rest.prefix { $0 != ";" && $0 != "?" && $0 != ":" }
        return host.isEmpty ? nil : String(host)
    }
}

/// A file of authorities that holds none, or something else.
public enum CertificateError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable

    public var description: String { "no certificate in PEM" }
}

/// What the subjectAltName of a certificate says, lower case.
struct CertificateNames: Hashable, Sendable {
    var sipDomains: [String] = []
    var dnsNames: [String] = []
    var addresses: [IPAddress] = []

    /// RFC 5922 7.1: DNS names count only where the certificate has no SIP URI.
    var domains: [String] { sipDomains.isEmpty ? dnsNames : sipDomains }

    /// Whether the certificate proves the name that the connection was opened for (RFC 5922 7.2: the whole name is
    /// compared, there are no wildcards).
    func proves(_ name: String) -> Bool {
        if let address = IPAddress(name) { return addresses.contains(address) }
        return domains.contains(name.lowercased())
    }
}

extension IPAddress {
    init?(octets: ArraySlice<UInt8>) {
        switch octets.count {
        case 4: self.init(v4: octets.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            let word = { (part: ArraySlice<UInt8>) in part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
            self.init(v6High: word(octets.prefix(8)), low: word(octets.suffix(8)))
        default: return nil
        }
    }
}

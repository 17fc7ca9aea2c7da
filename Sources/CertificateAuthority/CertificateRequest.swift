import Cryptography
public import Foundation

/// What a certificate is to be issued for.
public struct CertificateRequest: Hashable, Sendable {
    public var purpose: Purpose
    public var commonName: String
    public var names: [Name]
    public var validity: Range<Date>

    public init(purpose: Purpose, commonName: String, names: [Name], validity: Range<Date>) {
        self.purpose = purpose
        self.commonName = commonName
        self.names = names
        self.validity = validity
    }

    /// What the holder may do with its key.
    public enum Purpose: Hashable, Sendable {
        /// Accepts clients.
        case server
        /// Accepts and opens connections between systems (mutual TLS).
        case gateway
        /// Opens connections only: a device.
        case client
    }

    /// One subject alternative name.
    public enum Name: Hashable, Sendable {
        /// The domain as RFC 5922 7.1 wants it: the URI `sip:<domain>`.
        case sipDomain(String)
        case dns(String)
        /// Dotted IPv4 or IPv6 text: for peers that are dialled by address.
        case address(String)
    }

    /// The names of a server or gateway of a domain: the SIP URI, the domain as DNS name, and its hosts.
    public static func names(ofDomain domain: String, hosts: [String] = [], addresses: [String] = []) -> [Name] {
        [.sipDomain(domain), .dns(domain)] + hosts.map(Name.dns) + addresses.map(Name.address)
    }
}

extension CertificateRequest.Purpose {
    var usages: Certificate.Usages {
        switch self {
        case .server: Certificate.Usages(serves: true)
        case .gateway: Certificate.Usages(serves: true, dials: true)
        case .client: Certificate.Usages(dials: true)
        }
    }

    /// RFC 5924 4.1: id-kp-sipDomain marks a certificate that speaks for a SIP domain.
    var speaksForSIPDomain: Bool { self != .client }
}

extension CertificateRequest.Name {
    var certified: Certificate.Name {
        get throws {
            switch self {
            case .sipDomain(let domain): .uri("sip:" + domain)
            case .dns(let name): .dns(name)
            case .address(let text): .address(try Self.octets(of: text))
            }
        }
    }

    private static func octets(of text: String) throws -> [UInt8] {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            return withUnsafeBytes(of: &v4) { Array($0) }
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { throw CertificateAuthorityError.invalidAddress(text) }
        return withUnsafeBytes(of: &v6) { Array($0) }
    }
}

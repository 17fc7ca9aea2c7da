import CCrypto

/// An X.509 certificate (RFC 5280): its octets, and what it says.
public struct Certificate: Sendable {
    public let der: [UInt8]
    /// Distinguished names as RFC 4514 writes them.
    public private(set) var subject = ""
    public private(set) var issuer = ""
    public private(set) var commonName: String?
    /// The subjectAltName, in its order; kinds of which this system makes no use are left out.
    public private(set) var names: [Name] = []
    /// Seconds since 1970.
    public private(set) var notBefore: Int64 = 0
    public private(set) var notAfter: Int64 = 0
    /// Whether it may sign others (4.2.1.9).
    public private(set) var isAuthority = false
    /// The extended key usage (4.2.1.12); nil where there is none, which allows everything.
    public private(set) var usages: Usages?

    public enum Name: Hashable, Sendable {
        case uri(String)
        case dns(String)
        /// 4 or 16 octets, where the certificate is not odd.
        case address([UInt8])
    }

    public struct Usages: Hashable, Sendable {
        /// To be a server, to be a client, anything.
        public var serves: Bool
        public var dials: Bool
        public var any: Bool

        public init(serves: Bool = false, dials: Bool = false, any: Bool = false) {
            self.serves = serves
            self.dials = dials
            self.any = any
        }
    }

    /// More than any certificate of this field needs.
    static let maximumOctets = 65_536

    /// Nil where the octets are no certificate, or not only one.
    public init?(der: [UInt8]) {
        guard der.count <= Self.maximumOctets else { return nil }
        self.der = der
        var fields = ccrypto_certificate()
        var told: [(kind: UInt32, octets: [UInt8])] = []
        let isRead = withUnsafeMutablePointer(to: &told) { told in
            Octets.with(der) { der in
                ccrypto_certificate_read(
                    der, &fields,
                    { context, kind, octets, count in
                        context?.assumingMemoryBound(to: [(kind: UInt32, octets: [UInt8])].self).pointee
                            .append((UInt32(kind), Array(UnsafeBufferPointer(start: octets, count: count))))
                    }, told) == 1
            }
        }
        guard isRead else { return nil }
        notBefore = fields.not_before
        notAfter = fields.not_after
        isAuthority = fields.is_authority
        if fields.has_usages {
            usages = Usages(serves: fields.serves, dials: fields.dials, any: fields.any_usage)
        }
        for (kind, octets) in told { take(kind, octets) }
    }

    private mutating func take(_ kind: UInt32, _ octets: [UInt8]) {
        let text = String(decoding: octets, as: UTF8.self)
        switch kind {
        case CCRYPTO_SUBJECT.rawValue: subject = text
        case CCRYPTO_ISSUER.rawValue: issuer = text
        case CCRYPTO_COMMON_NAME.rawValue: commonName = text
        case CCRYPTO_URI.rawValue: names.append(.uri(text))
        case CCRYPTO_DNS.rawValue: names.append(.dns(text))
        case CCRYPTO_ADDRESS.rawValue: names.append(.address(octets))
        default: break
        }
    }

    /// Every certificate of a PEM text, in its order; nil where anything in it is none, or where there is none.
    public static func read(pem: String) -> [Certificate]? {
        var all: [Certificate] = []
        while let der = Octets.with(
            pem.utf8,
            { pem in
                Octets.filled(capacity: maximumOctets) {
                    ccrypto_pem_certificate(pem, all.count, $0.baseAddress, $0.count)
                }
            })
        {
            guard !der.isEmpty else { return all.isEmpty ? nil : all }
            guard let certificate = Certificate(der: der) else { return nil }
            all.append(certificate)
        }
        return nil
    }

    public var pem: String {
        get throws(CryptographyError) {
            let text = Octets.with(der) { der in
                Octets.text(capacity: 2 * Self.maximumOctets) { ccrypto_certificate_pem(der, $0, $1) }
            }
            guard let text else { throw CryptographyError(operation: "a certificate in PEM") }
            return text
        }
    }

    /// Whether it names the authority as its issuer and bears its signature. Nothing else is looked at.
    public func isSigned(by authority: Certificate) -> Bool {
        Octets.with(der) { own in
            Octets.with(authority.der) { ccrypto_certificate_is_signed_by(own, $0) == 1 }
        }
    }

    /// Whether a private key of any kind, in PEM, belongs to it; nil where the text is no such key.
    public func matches(key pem: String) -> Bool? {
        let verdict = Octets.with(der) { own in Octets.with(pem.utf8) { ccrypto_certificate_matches(own, $0) } }
        return verdict < 0 ? nil : verdict == 1
    }
}

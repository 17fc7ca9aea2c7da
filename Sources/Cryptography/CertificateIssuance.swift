import CCrypto

/// What a certificate says that is about to be issued.
public struct CertificateIssuance: Sendable {
    /// Seconds since 1970.
    public var notBefore: Int64
    public var notAfter: Int64
    public var country: String?
    public var organisation: String?
    public var commonName: String
    public var kind: Kind

    public enum Kind: Hashable, Sendable {
        /// Signs leaves (path length 0), and itself.
        case root
        /// `speaksForSIPDomain`: id-kp-sipDomain (RFC 5924 4.1).
        case leaf(Certificate.Usages, speaksForSIPDomain: Bool, names: [Certificate.Name])
    }

    public init(
        notBefore: Int64, notAfter: Int64, country: String? = nil, organisation: String? = nil, commonName: String,
        kind: Kind
    ) {
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.country = country
        self.organisation = organisation
        self.commonName = commonName
        self.kind = kind
    }

    /// A certificate for the holder of a key.
    ///
    /// - Parameters:
    ///   - signer: The authority's key.
    ///   - issuer: The authority; nil for a root, which signs itself.
    public func issue(
        for holder: P256PublicKey, signedBy signer: P256PrivateKey, issuer: Certificate?
    ) throws(CryptographyError) -> Certificate {
        var request = ccrypto_request()
        request.not_before = notBefore
        request.not_after = notAfter
        var names: [Certificate.Name] = []
        switch kind {
        case .root: request.is_authority = true
        case .leaf(let usages, let speaksForSIPDomain, let asked):
            request.serves = usages.serves
            request.dials = usages.dials
            request.speaks_for_sip_domain = speaksForSIPDomain
            names = asked
        }
        withUnsafeMutableBytes(of: &request.point) { $0.copyBytes(from: holder.octets) }
        let texts = [country ?? "", organisation ?? "", commonName].map { Array($0.utf8) }
        let der = Octets.with(all: texts + names.map(\.octets)) { views in
            request.country = views[0]
            request.organisation = views[1]
            request.common_name = views[2]
            let named = zip(names, views[3...]).map { ccrypto_name(kind: $0.kind, value: $1) }
            return named.withUnsafeBufferPointer { named in
                request.names = named.baseAddress
                request.name_count = named.count
                return Octets.with(signer.pem.utf8) { signer in
                    Octets.with(issuer?.der ?? []) { issuer in
                        Octets.filled(capacity: Certificate.maximumOctets) {
                            ccrypto_issue(&request, signer, issuer, $0.baseAddress, $0.count)
                        }
                    }
                }
            }
        }
        guard let der, let certificate = Certificate(der: der) else {
            throw CryptographyError(operation: "a certificate for \(commonName)")
        }
        return certificate
    }
}

extension Certificate.Name {
    fileprivate var octets: [UInt8] {
        switch self {
        case .uri(let text), .dns(let text): Array(text.utf8)
        case .address(let octets): octets
        }
    }

    fileprivate var kind: Int32 {
        switch self {
        case .uri: Int32(CCRYPTO_URI.rawValue)
        case .dns: Int32(CCRYPTO_DNS.rawValue)
        case .address: Int32(CCRYPTO_ADDRESS.rawValue)
        }
    }
}

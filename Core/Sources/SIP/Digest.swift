import CDigest

/// The hash of a digest challenge (RFC 8760 2.1). The session variants are not offered.
public enum DigestAlgorithm: String, Hashable, Sendable, CaseIterable {
    case sha256 = "SHA-256"
    case md5 = "MD5"

    /// The token of the `algorithm` parameter, without regard to case; a missing one means MD5 (RFC 7616 3.3).
    public init?(token: String?) {
        guard let token else {
            self = .md5
            return
        }
        guard let found = Self.allCases.first(where: { Ascii.equalsIgnoringCase($0.rawValue, token) }) else {
            return nil
        }
        self = found
    }

    /// The hash in lower-case hexadecimal; nil where the crypto library refuses the algorithm.
    func hexHash(_ text: String) -> String? {
        let octets = Array(text.utf8)
        var hash = [UInt8](repeating: 0, count: self == .md5 ? 16 : 32)
        let done = self == .md5 ? cdigest_md5(octets, octets.count, &hash) : cdigest_sha256(octets, octets.count, &hash)
        guard done == 1 else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// Digest access authentication with `qop=auth` (RFC 3261 22.4, RFC 7616, RFC 8760).
public enum Digest {
    /// What a server keeps instead of a password: `H(user:realm:password)`, lower-case hexadecimal. Nil where the
    /// crypto library refuses the algorithm.
    public static func ha1(user: String, realm: String, password: String, algorithm: DigestAlgorithm) -> String? {
        algorithm.hexHash("\(user):\(realm):\(password)")
    }

    /// The response for `qop=auth`, or by the rule without qop where `nonceCount` is nil (RFC 2069 peers).
    ///
    /// - Parameters:
    ///   - uri: The `uri` parameter exactly as it stands in the credentials.
    ///   - nonceCount: Eight hexadecimal digits are made of it.
    /// - Returns: Lower-case hexadecimal; nil where the crypto library refuses the algorithm.
    public static func response(
        ha1: String, algorithm: DigestAlgorithm, method: Method, uri: String, nonce: String, nonceCount: UInt32?,
        clientNonce: String
    ) -> String? {
        guard let ha2 = algorithm.hexHash("\(method):\(uri)") else { return nil }
        guard let nonceCount else { return algorithm.hexHash("\(ha1):\(nonce):\(ha2)") }
        return algorithm.hexHash("\(ha1):\(nonce):\(nonceCount.eightHexDigits):\(clientNonce):auth:\(ha2)")
    }

    /// True where both texts are the same; the time taken tells nothing of where they differ.
    public static func equalInConstantTime(_ left: String, _ right: String) -> Bool {
        let a = Array(left.utf8)
        let b = Array(right.utf8)
        return a.count == b.count && cdigest_equal(a, b, a.count) == 1
    }
}

extension UInt32 {
    fileprivate var eightHexDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// A `Digest` challenge: the value of WWW-Authenticate or Proxy-Authenticate.
public struct DigestChallenge: Hashable, Sendable {
    public var realm: String
    public var nonce: String
    public var algorithm: DigestAlgorithm
    /// `qop=auth` is among what the server offers.
    public var offersAuth: Bool
    public var opaque: String?
    /// The nonce was too old; the password was right.
    public var isStale: Bool

    public init(
        realm: String, nonce: String, algorithm: DigestAlgorithm, offersAuth: Bool = true, opaque: String? = nil,
        isStale: Bool = false
    ) {
        self.realm = realm
        self.nonce = nonce
        self.algorithm = algorithm
        self.offersAuth = offersAuth
        self.opaque = opaque
        self.isStale = isStale
    }

    /// The credentials that answer this challenge; nil where the crypto library refuses the algorithm.
    public func credentials(
        user: String, password: String, method: Method, uri: String, nonceCount: UInt32, clientNonce: String
    ) -> DigestCredentials? {
        let count = offersAuth ? nonceCount : nil
        guard let ha1 = Digest.ha1(user: user, realm: realm, password: password, algorithm: algorithm),
            let response = Digest.response(
                ha1: ha1, algorithm: algorithm, method: method, uri: uri, nonce: nonce, nonceCount: count,
                clientNonce: clientNonce)
        else { return nil }
        return DigestCredentials(
            user: user, realm: realm, nonce: nonce, uri: uri, response: response, algorithm: algorithm,
            nonceCount: count, clientNonce: offersAuth ? clientNonce : nil, opaque: opaque)
    }
}

extension DigestChallenge: LosslessStringConvertible {
    /// Nil for another scheme, an algorithm we do not know or a challenge without realm and nonce.
    public init?(_ text: String) {
        guard let parameters = AuthenticationParameters.digest(text), let realm = parameters["realm"],
            let nonce = parameters["nonce"],
            let algorithm = DigestAlgorithm(token: parameters["algorithm"])
        else { return nil }
        let offers = parameters["qop"]?.split(separator: ",").map { $0.filter { $0 != " " }.lowercased() } ?? []
        // A server that offers auth-int alone cannot be answered with auth.
        guard offers.isEmpty || offers.contains("auth") else { return nil }
        self.init(
            realm: realm, nonce: nonce, algorithm: algorithm, offersAuth: offers.contains("auth"),
            opaque: parameters["opaque"], isStale: parameters["stale"]?.lowercased() == "true")
    }

    public var description: String {
        var text = "Digest realm=\(realm.quoted),nonce=\(nonce.quoted)"
        if let opaque { text += ",opaque=\(opaque.quoted)" }
        text += ",algorithm=\(algorithm.rawValue)"
        if offersAuth { text += ",qop=\"auth\"" }
        if isStale { text += ",stale=true" }
        return text
    }
}

/// `Digest` credentials: the value of Authorization or Proxy-Authorization.
public struct DigestCredentials: Hashable, Sendable {
    public var user: String
    public var realm: String
    public var nonce: String
    public var uri: String
    /// Hexadecimal.
    public var response: String
    public var algorithm: DigestAlgorithm
    /// Nil where the peer answered without qop.
    public var nonceCount: UInt32?
    public var clientNonce: String?
    public var opaque: String?

    public init(
        user: String, realm: String, nonce: String, uri: String, response: String, algorithm: DigestAlgorithm,
        nonceCount: UInt32?, clientNonce: String?, opaque: String? = nil
    ) {
        self.user = user
        self.realm = realm
        self.nonce = nonce
        self.uri = uri
        self.response = response
        self.algorithm = algorithm
        self.nonceCount = nonceCount
        self.clientNonce = clientNonce
        self.opaque = opaque
    }

    /// True where the response was made with the password behind `ha1` (of the same algorithm) for `method`. Whether
    /// nonce, nonce count and uri are acceptable is the caller's to decide.
    public func proves(ha1: String, method: Method) -> Bool {
        let expected = Digest.response(
            ha1: ha1, algorithm: algorithm, method: method, uri: uri, nonce: nonce, nonceCount: nonceCount,
            clientNonce: clientNonce ?? "")
        guard let expected else { return false }
        return Digest.equalInConstantTime(expected, response.lowercased())
    }
}

extension DigestCredentials: LosslessStringConvertible {
    /// Nil for another scheme, an algorithm or qop we do not know, or missing parameters.
    public init?(_ text: String) {
        guard let parameters = AuthenticationParameters.digest(text), let user = parameters["username"],
            let realm = parameters["realm"], let nonce = parameters["nonce"], let uri = parameters["uri"],
            let response = parameters["response"],
            let algorithm = DigestAlgorithm(token: parameters["algorithm"])
        else { return nil }
        var count: UInt32?
        if let qop = parameters["qop"] {
            guard Ascii.equalsIgnoringCase(qop, "auth"), let digits = parameters["nc"], digits.utf8.count == 8,
                digits.isMade(of: .hex), let number = UInt32(digits, radix: 16), parameters["cnonce"] != nil
            else { return nil }
            count = number
        }
        self.init(
            user: user, realm: realm, nonce: nonce, uri: uri, response: response, algorithm: algorithm,
            nonceCount: count, clientNonce: parameters["cnonce"], opaque: parameters["opaque"])
    }

    public var description: String {
        var text = "Digest username=\(user.quoted),realm=\(realm.quoted),nonce=\(nonce.quoted),uri=\(uri.quoted)"
        text += ",response=\"\(response)\",algorithm=\(algorithm.rawValue)"
        if let clientNonce { text += ",cnonce=\(clientNonce.quoted)" }
        if let opaque { text += ",opaque=\(opaque.quoted)" }
        if let nonceCount { text += ",qop=auth,nc=\(nonceCount.eightHexDigits)" }
        return text
    }
}

/// `auth-param` lists: the scheme, then comma-separated names and values (RFC 3261 25.1).
enum AuthenticationParameters {
    /// The parameters of a `Digest` value; nil for another scheme, faults, or a name that stands twice.
    static func digest(_ text: String) -> Parameters? {
        text.withOctets { bytes in
            let range = bytes.trimmed(0..<bytes.count)
            var position = range.lowerBound
            let scheme = bytes.run(of: .token, &position, range.upperBound)
            guard bytes.equalsIgnoringCase(scheme, "Digest"), position < range.upperBound,
                Ascii.isBlank(bytes[position])
            else { return nil }
            return parameters(bytes, position, range.upperBound)
        }
    }

    private static func parameters(_ bytes: Octets, _ start: Int, _ end: Int) -> Parameters? {
        var result = Parameters()
        var position = start
        while true {
            bytes.skipBlanks(&position, end)
            let name = bytes.run(of: .token, &position, end)
            guard !name.isEmpty, bytes.accept(Ascii.equals, &position, end), position < end else { return nil }
            let value: String
            if bytes[position] == Ascii.quote {
                guard let inner = bytes.quotedString(&position, end) else { return nil }
                value = bytes.unquoted(inner)
            } else {
                let token = bytes.run(of: .parameterValue, &position, end)
                guard !token.isEmpty else { return nil }
                value = bytes.text(token)
            }
            let text = bytes.text(name)
            guard !result.has(text) else { return nil }
            result.items.append(Parameter(text, value))
            bytes.skipBlanks(&position, end)
            guard position < end else { return result }
            guard bytes.accept(Ascii.comma, &position, end) else { return nil }
        }
    }
}

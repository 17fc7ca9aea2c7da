import IdentityManagement

/// The claims of an ID token as JSON has them: all may be missing, or be of another kind.
struct PresentedIDToken: Decodable, Sendable {
    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    private var texts: [String: String] = [:]
    private var audience: [String] = []
    private var times: [String: Int64] = [:]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        for key in container.allKeys {
            if let text = try? container.decode(String.self, forKey: key) { texts[key.stringValue] = text }
        }
        // One text or several (RFC 7519 4.1.3).
        audience = texts["aud"].map { [$0] } ?? (try? container.decode([String].self, forKey: Name("aud"))) ?? []
        // A NumericDate may have a fraction (RFC 7519 2).
        for name in ["exp", "iat", "nbf"] {
            guard let time = try? container.decode(Double.self, forKey: Name(name)) else { continue }
            times[name] = Int64(exactly: time.rounded(.down))
        }
    }

    /// - Parameter claim: by which the nation knows the user.
    func claims(user claim: String) -> IDTokenClaims {
        var claims = IDTokenClaims()
        claims.issuer = texts["iss"]
        claims.audience = audience
        claims.authorizedParty = texts["azp"]
        claims.expires = times["exp"]
        claims.issuedAt = times["iat"]
        claims.notBefore = times["nbf"]
        claims.nonce = texts["nonce"]
        claims.user = texts[claim]
        return claims
    }
}

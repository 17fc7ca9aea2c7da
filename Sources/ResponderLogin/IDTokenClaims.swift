import Foundation
import MCFoundation

/// What a device reads of an ID token (OpenID Connect Core 2, TS 33.180 B.2). It came from the token endpoint over TLS, so
/// its signature need not be verified (3.1.3.7, 6).
struct IDTokenClaims: Decodable {
    var iss: String
    var aud: Audience
    var mcptt_id: String?

    /// One text or several (RFC 7519 4.1.3).
    struct Audience: Decodable {
        var names: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                names = [one]
            } else {
                names = try container.decode([String].self)
            }
        }
    }

    /// nil for what is no JWS with these claims.
    init?(_ token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        guard let payload = Base64URL.decode(String(parts[1])),
            let claims = try? JSONDecoder().decode(Self.self, from: Data(payload))
        else { return nil }
        self = claims
    }

    func isFor(_ clientID: String) -> Bool { aud.names.contains(clientID) }
}

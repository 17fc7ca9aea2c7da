import Credentials
import IdentityManagement
public import MCFoundation

/// The claims of a token as JSON has them (RFC 7519 4.1, TS 33.180 Annex B): all may be missing.
struct SignedClaims: Decodable, Sendable {
    var iss: String?
    var sub: String?
    var aud: Audience?
    var exp: Int64?
    var nbf: Int64?
    var iat: Int64?
    var jti: String?
    var client_id: String?
    var scope: String?
    var mcptt_id: String?
    var mcvideo_id: String?
    var mcdata_id: String?

    /// One text or several (RFC 7519 4.1.3).
    struct Audience: Decodable, Sendable {
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

    var presented: PresentedToken {
        var token = PresentedToken()
        token.issuer = iss
        token.subject = sub
        token.audience = aud?.names ?? []
        token.expires = exp
        token.notBefore = nbf
        token.issuedAt = iat
        token.tokenID = jti
        token.clientID = client_id
        token.scope = scope
        token.mcpttID = mcptt_id
        token.mcvideoID = mcvideo_id
        token.mcdataID = mcdata_id
        return token
    }
}

extension TokenKey {
    /// The public half as identity management publishes it.
    var signingKey: SigningKey {
        let (x, y) = publicCoordinates
        return SigningKey(keyID: id, parameters: .p256(x: Base64URL.encode(x), y: Base64URL.encode(y)))
    }
}

/// A signing key as it is kept: who has it can make tokens, so it does not print.
public struct KeptSigningKey: Sendable, CustomStringConvertible, CustomReflectable {
    public var id: String
    public var pem: String
    public var made: UTCTime
    /// When it was taken into use, where the keys before it are erased: else that follows from them.
    public var used: UTCTime?

    public init(id: String, pem: String, made: UTCTime, used: UTCTime? = nil) {
        self.id = id
        self.pem = pem
        self.made = made
        self.used = used
    }

    public var description: String { "KeptSigningKey(\(id))" }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}

public import CallControl
public import Foundation
public import Responder

/// With what a device logs its user in.
public struct LoginProfile: Sendable {
    /// The issuer: where identity management of the nation stands, `https://mc.it.example:8443/identity`.
    public var issuer: URL
    public var userName: String
    public var password: Secret
    /// PEM text of the authority that certifies the issuer.
    public var authorityPEM: String

    public init(issuer: URL, userName: String, password: Secret, authorityPEM: String) {
        self.issuer = issuer
        self.userName = userName
        self.password = password
        self.authorityPEM = authorityPEM
    }
}

/// Tokens of one log-in (RFC 6749 5.1).
public struct LoginTokens: Sendable {
    public var access: AccessToken
    /// Of the access token.
    public var lifetime: Duration
    var refresh: Secret
}

/// Why there is no token.
public struct LoginError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// Nobody answered, or not as the protocol has it.
        case unreachable
        /// User name or password were refused, or the user may not log in now.
        case refused
    }

    public var code: Code
    /// Holds no secret.
    public var description: String
}

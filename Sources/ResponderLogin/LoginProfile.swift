public import CallControl
public import Foundation
public import MCFoundation
public import Responder

/// With what a device logs its user in.
public struct LoginProfile: Sendable {
    /// Where identity management stands.
    public enum Place: Sendable {
        /// It tells its endpoints itself (RFC 8414): `https://mc.it.example:8443/identity`.
        case issuer(URL)
        /// As the UE initial configuration names them (TS 24.484 7.2).
        case endpoints(LoginEndpoints)
    }

    public var place: Place
    public var userName: String
    public var password: Secret
    /// PEM text of the authority that certifies the issuer.
    public var authorityPEM: String

    public init(issuer: URL, userName: String, password: Secret, authorityPEM: String) {
        self.init(at: .issuer(issuer), userName: userName, password: password, authorityPEM: authorityPEM)
    }

    public init(at place: Place, userName: String, password: Secret, authorityPEM: String) {
        self.place = place
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
    /// As the ID token says them (TS 33.180 B.2); nil where there was none.
    public var issuer: String?
    public var mcpttID: MCPTTID?
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

/// Why a client cannot be registered.
public enum IdentityClientError: Error, Hashable, Sendable, CustomStringConvertible {
    case noClientID
    case noRedirectURI
    /// Not an absolute URI of visible ASCII, or with a fragment (RFC 6749 3.1.2), or of a scheme that runs what it
    /// carries.
    case unusableRedirectURI(String)

    public var description: String {
        switch self {
        case .noClientID: "client without client_id"
        case .noRedirectURI: "client without redirect URI"
        case .unusableRedirectURI(let uri): "unusable redirect URI \(uri)"
        }
    }
}

/// A registered client (TS 33.180 B.3): an application on the devices. All are public clients (RFC 6749 2.1): what is
/// installed on every device keeps no secret, so PKCE binds the code instead (RFC 8252 8.1).
public struct IdentityClient: Hashable, Sendable {
    public let clientID: String
    /// Compared octet by octet.
    public let redirectURIs: [String]

    public init(clientID: String, redirectURIs: [String]) throws(IdentityClientError) {
        guard !clientID.isEmpty else { throw .noClientID }
        guard !redirectURIs.isEmpty else { throw .noRedirectURI }
        for uri in redirectURIs where !IdentityClient.isUsable(uri) { throw .unusableRedirectURI(uri) }
        self.clientID = clientID
        self.redirectURIs = redirectURIs
    }

    /// The registered URI that a request names; nil where it names none. A `String` is equal to others of other octets, so
    /// that what is used from here on is what was registered.
    func redirectURI(_ asked: String) -> String? {
        redirectURIs.first { $0.utf8.elementsEqual(asked.utf8) }
    }

    private static func isUsable(_ uri: String) -> Bool {
        guard uri.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"\"<>\\^`{|}#".utf8.contains($0) }),
            let colon = uri.utf8.firstIndex(of: UInt8(ascii: ":"))
        else { return false }
        let scheme = uri[..<colon].lowercased()
        guard let first = scheme.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else {
            return false
        }
        return !["javascript", "data", "vbscript", "file", "blob"].contains(scheme)
    }
}

extension [IdentityClient] {
    /// Octet by octet, too.
    func client(_ clientID: String) -> IdentityClient? {
        first { $0.clientID.utf8.elementsEqual(clientID.utf8) }
    }
}

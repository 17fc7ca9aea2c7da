/// A textual identity of one kind. The kinds are distinct types so that no function can take one for another:
/// a device is not a user, a SIP identity is not a mission critical one.
public protocol TextualIdentity: Hashable, Comparable, Sendable, CustomStringConvertible {
    var value: String { get }
    init(_ value: String)
}

extension TextualIdentity {
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    public var description: String { value }
}

/// SIP private user identity (IMPI): the user name of digest authentication.
public struct PrivateUserIdentity: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// SIP public user identity (IMPU), a SIP URI as text: what is registered and what P-Asserted-Identity carries.
public struct PublicUserIdentity: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// The MCPTT ID of a user (TS 23.280), a URI as text. It never stands in Request-URI, From or To.
public struct MCPTTID: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// The MCPTT client ID: one device of a user. Bindings and affiliations belong to (user, client).
public struct MCPTTClientID: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// The SIP instance identifier of a user agent, RFC 5626 `+sip.instance`.
public struct InstanceID: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// The MCPTT group ID, a URI as text.
public struct MCPTTGroupID: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// A role that a user may hold for a while ("fire chief Liguria"), a URI as text.
public struct FunctionalAlias: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// Names one MC system in routing tables and agreements, by the domain name it is known by.
public struct MCSystemID: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

/// A public service identity (PSI): the SIP URI by which a function of a system is addressed.
public struct PublicServiceIdentity: TextualIdentity {
    public let value: String
    public init(_ value: String) { self.value = value }
}

extension TextualIdentity {
    /// The domain part of a `sip:user@domain` identity, lower case, without port or parameters; nil where there is none.
    public var domain: String? {
        guard let at = value.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let rest = value[value.index(after: at)...]
        let end = rest.firstIndex { $0 == ";" || $0 == ":" || $0 == "?" || $0 == ">" } ?? rest.endIndex
        let domain = rest[..<end].lowercased()
        return domain.isEmpty ? nil : domain
    }
}

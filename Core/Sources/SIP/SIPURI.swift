/// One `;name` or `;name=value` parameter, unescaped and unquoted.
public struct Parameter: Sendable {
    public var name: String
    public var value: String?
    /// The value stood in quotes and is written in quotes again. It does not count in comparisons.
    public var isQuoted: Bool

    public init(_ name: String, _ value: String? = nil, isQuoted: Bool = false) {
        self.name = name
        self.value = value
        self.isQuoted = isQuoted
    }
}

extension Parameter: Hashable {
    public static func == (left: Parameter, right: Parameter) -> Bool {
        left.name == right.name && left.value == right.value
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(value)
    }
}

/// Parameters in the order received. Names are looked up without regard to case.
public struct Parameters: Hashable, Sendable {
    public var items: [Parameter] = []

    public init(_ items: [Parameter] = []) {
        self.items = items
    }

    /// The value of a parameter; an empty string where the parameter stands without a value; nil where it is missing.
    public subscript(name: String) -> String? {
        get { items.first { Ascii.equalsIgnoringCase($0.name, name) }.map { $0.value ?? "" } }
        set {
            let index = items.firstIndex { Ascii.equalsIgnoringCase($0.name, name) }
            switch (index, newValue) {
            case (let index?, let value?): items[index].value = value
            case (let index?, nil): items.remove(at: index)
            case (nil, let value?): items.append(Parameter(name, value))
            case (nil, nil): break
            }
        }
    }

    public func has(_ name: String) -> Bool { self[name] != nil }

    /// Adds a parameter without value, or makes an existing one valueless.
    public mutating func setFlag(_ name: String) {
        self[name] = nil
        items.append(Parameter(name))
    }
}

/// A URI where SIP allows one: `sip:` and `sips:` taken apart (RFC 3261 19.1), every other scheme kept as text.
public struct SIPURI: Hashable, Sendable {
    public enum Scheme: Hashable, Sendable {
        case sip, sips
        /// `tel:`, `urn:`, `cid:` and whatever else: the scheme in lower case; the rest is in `opaque`.
        case other(String)
    }

    public var scheme: Scheme
    /// User part with escapes as received (RFC 3261 19.1.4 compares unescaped); nil where the URI has none.
    public var user: String?
    public var password: String?
    /// Host as received, IPv6 in brackets; empty for other schemes.
    public var host: String
    public var port: UInt16?
    public var parameters: Parameters
    /// `?name=value` headers, as received.
    public var headers: String?
    /// What follows the scheme's colon for schemes other than sip and sips.
    public var opaque: String

    public init(
        scheme: Scheme = .sip, user: String? = nil, host: String, port: UInt16? = nil,
        parameters: Parameters = Parameters()
    ) {
        self.scheme = scheme
        self.user = user
        self.password = nil
        self.host = host
        self.port = port
        self.parameters = parameters
        self.headers = nil
        self.opaque = ""
    }

    public init(scheme: String, opaque: String) {
        self.init(scheme: .other(scheme.lowercased()), host: "")
        self.opaque = opaque
    }
}

/// `"display" <uri>;parameters`: From, To, Contact, Route, P-Asserted-Identity and their kin.
public struct NameAddress: Hashable, Sendable {
    /// Without quotes and escapes; nil where there is none.
    public var displayName: String?
    public var uri: SIPURI
    /// Header parameters (behind the angle brackets).
    public var parameters: Parameters

    public init(displayName: String? = nil, uri: SIPURI, parameters: Parameters = Parameters()) {
        self.displayName = displayName
        self.uri = uri
        self.parameters = parameters
    }

    public var tag: String? {
        get { parameters["tag"] }
        set { parameters["tag"] = newValue }
    }
}

/// One Via value: `SIP/2.0/TLS host:port;branch=...` (RFC 3261 20.42).
public struct Via: Hashable, Sendable {
    /// Upper case: UDP, TCP, TLS, WS, WSS or whatever was received.
    public var transport: String
    public var host: String
    public var port: UInt16?
    public var parameters: Parameters

    public init(transport: String, host: String, port: UInt16? = nil, parameters: Parameters = Parameters()) {
        self.transport = transport
        self.host = host
        self.port = port
        self.parameters = parameters
    }

    public var branch: String? {
        get { parameters["branch"] }
        set { parameters["branch"] = newValue }
    }
}

/// CSeq: a number below 2^31 and the method (RFC 3261 8.1.1.5).
public struct CSeq: Hashable, Sendable {
    public var number: UInt32
    public var method: Method

    public init(_ number: UInt32, _ method: Method) {
        self.number = number
        self.method = method
    }
}

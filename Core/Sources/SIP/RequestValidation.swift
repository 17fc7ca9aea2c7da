/// What an element can do, for the inspection of requests (RFC 3261 8.2 and 16.3).
public struct RequestCapabilities: Hashable, Sendable {
    public enum Role: Hashable, Sendable {
        case userAgent, registrar, proxy
    }

    public var role: Role
    /// URI schemes it can serve, in lower case.
    public var schemes: [String]
    public var methods: [Method]
    /// Option tags it understands.
    public var extensions: [String]
    /// Media types it reads, such as `application/sdp`.
    public var bodyTypes: [String]
    /// Media types its answers are written in; empty where an answer needs no body.
    public var answerTypes: [String]

    public init(
        role: Role, schemes: [String] = ["sip", "sips", "tel"], methods: [Method], extensions: [String] = [],
        bodyTypes: [String] = [], answerTypes: [String] = []
    ) {
        self.role = role
        self.schemes = schemes
        self.methods = methods
        self.extensions = extensions
        self.bodyTypes = bodyTypes
        self.answerTypes = answerTypes
    }
}

/// How a request that cannot be served is to be answered.
public struct RequestRefusal: Hashable, Sendable {
    public var status: Int
    /// What the answer has to say: Allow, Unsupported, Accept, Accept-Encoding.
    public var headers: Headers

    init(_ status: Int, _ name: HeaderName? = nil, _ values: [String] = []) {
        self.status = status
        headers = Headers()
        if let name {
            for value in values { headers.append(name, value) }
            if values.isEmpty { headers.append(name, "") }
        }
    }
}

/// The inspection that comes before any service looks at a request.
public enum RequestValidation {
    /// Nil where the request may be served. ACK is never refused, as it is never answered; CANCEL never for an
    /// extension (RFC 3261 8.2.2.3).
    public static func refusal(of request: SIPRequest, by element: RequestCapabilities) -> RequestRefusal? {
        guard request.method != .ack else { return nil }
        switch element.role {
        case .proxy: return proxyRefusal(request, element)
        case .userAgent, .registrar: return serverRefusal(request, element)
        }
    }

    /// RFC 3261 16.3: scheme, Max-Forwards, Proxy-Require.
    private static func proxyRefusal(_ request: SIPRequest, _ element: RequestCapabilities) -> RequestRefusal? {
        guard element.schemes.contains(request.uri.schemeName) else { return RequestRefusal(416) }
        if request.headers.integer(.maxForwards) == 0 { return RequestRefusal(483) }
        return unsupported(request, .proxyRequire, element)
    }

    /// RFC 3261 8.2.1 to 8.2.3, and 10.3 for what a registrar adds.
    private static func serverRefusal(_ request: SIPRequest, _ element: RequestCapabilities) -> RequestRefusal? {
        guard element.methods.contains(request.method) else {
            let allowed = element.methods.map(\.description)
            if case .other = request.method { return RequestRefusal(501, .allow, allowed) }
            return RequestRefusal(405, .allow, allowed)
        }
        guard element.schemes.contains(request.uri.schemeName) else { return RequestRefusal(416) }
        if let refusal = unsupported(request, .require, element) { return refusal }
        if element.role == .registrar {
            // RFC 3261 10.3 item 5: an address-of-record that is none of this domain.
            guard let to = request.headers.to, element.schemes.contains(to.uri.schemeName) else {
                return RequestRefusal(404)
            }
        }
        if let refusal = unreadable(request, element) { return refusal }
        return unacceptable(request, element)
    }

    private static func unsupported(
        _ request: SIPRequest, _ name: HeaderName, _ element: RequestCapabilities
    ) -> RequestRefusal? {
        guard request.method != .cancel else { return nil }
        let unknown = request.headers.values(name).filter { option in
            !option.isEmpty && !element.extensions.contains { Ascii.equalsIgnoringCase($0, option) }
        }
        return unknown.isEmpty ? nil : RequestRefusal(420, .unsupported, unknown)
    }

    /// RFC 3261 8.2.3: a body that must be understood and is not.
    private static func unreadable(_ request: SIPRequest, _ element: RequestCapabilities) -> RequestRefusal? {
        guard !request.body.isEmpty, !isOptional(request.headers) else { return nil }
        guard request.headers.contentType != nil else { return RequestRefusal(400) }
        let encodings = request.headers.values(.contentEncoding)
        guard encodings.allSatisfy({ $0.isEmpty || Ascii.equalsIgnoringCase($0, "identity") }) else {
            return RequestRefusal(415, HeaderName("Accept-Encoding"), ["identity"])
        }
        let isRead = request.parts.allSatisfy { part in
            isOptional(part.headers) || element.bodyTypes.contains { part.contentType.matches($0) }
        }
        return isRead ? nil : RequestRefusal(415, .accept, element.bodyTypes)
    }

    /// `handling=optional` of Content-Disposition (RFC 3261 20.11).
    private static func isOptional(_ headers: Headers) -> Bool {
        guard let text = headers[.contentDisposition] else { return false }
        return text.withOctets { bytes in
            var position = 0
            _ = bytes.run(of: .token, &position, bytes.count)
            guard bytes.areParameters(position..<bytes.count) else { return false }
            return bytes.parameters(position..<bytes.count)["handling"]?.lowercased() == "optional"
        }
    }

    /// RFC 3261 21.4.7: Accept leaves nothing that an answer could be written in.
    private static func unacceptable(_ request: SIPRequest, _ element: RequestCapabilities) -> RequestRefusal? {
        guard !element.answerTypes.isEmpty, request.headers.has(.accept) else { return nil }
        let accepted = request.headers.values(.accept).compactMap { ContentType($0) }
        let isPossible = accepted.contains { range in
            element.answerTypes.contains { type in
                range.matches(type) || range.essence == "*/*"
                    || (range.subtype == "*" && type.lowercased().hasPrefix(range.type + "/"))
            }
        }
        return isPossible ? nil : RequestRefusal(406)
    }
}

extension SIPURI {
    /// The scheme in lower case.
    public var schemeName: String {
        switch scheme {
        case .sip: "sip"
        case .sips: "sips"
        case .other(let name): name
        }
    }
}

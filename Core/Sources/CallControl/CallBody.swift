public import MCDocuments
public import SIP

/// What the body of a call control message carries: mcptt-info, a session description, and parts that are passed on
/// unread (TS 24.379 6.6).
public struct CallBody: Hashable, Sendable {
    public var information: MCPTTInfo?
    /// A session description as octets: functions without media of their own pass it on as it is.
    public var sessionDescription: [UInt8]?
    /// `application/resource-lists+xml`, keys, location and what else stands beside.
    public var others: [BodyPart]

    public init(information: MCPTTInfo? = nil, sessionDescription: [UInt8]? = nil, others: [BodyPart] = []) {
        self.information = information
        self.sessionDescription = sessionDescription
        self.others = others
    }

    /// - Throws: 400 for an mcptt-info that cannot be read, 413 for one that is too large.
    public init(reading request: SIPRequest) throws(Refusal) {
        try self.init(request.parts)
    }

    /// - Throws: as for requests; the caller decides what an unreadable answer means.
    public init(reading response: SIPResponse) throws(Refusal) {
        try self.init(response.parts)
    }

    private init(_ parts: [BodyPart]) throws(Refusal) {
        self.init()
        for part in parts {
            if part.contentType.matches(MIMEType.mcpttInfo) {
                // A second one is neither read nor passed on: who gets it might believe that one.
                guard information == nil else { continue }
                do throws(DocumentError) {
                    information = try MCPTTInfo(parsing: part.body)
                } catch {
                    throw Refusal(status: error.reason == .tooLarge ? 413 : 400)
                }
            } else if part.contentType.matches(MIMEType.sessionDescription), sessionDescription == nil {
                sessionDescription = part.body
            } else {
                others.append(part)
            }
        }
    }

    /// The parts as they stand in a message: the session description last, as clients expect it.
    public var parts: [BodyPart] {
        var parts: [BodyPart] = []
        if let information {
            parts.append(BodyPart(type: MIMEType.mcpttInfo, body: information.serialized()))
        }
        parts += others
        if let sessionDescription {
            parts.append(BodyPart(type: MIMEType.sessionDescription, body: sessionDescription))
        }
        return parts
    }

    /// Sets Content-Type in `headers` and returns the octets of the body. Our bodies are XML and SDP, in which the
    /// boundary cannot stand at the start of a line behind two hyphens.
    public func write(into headers: inout Headers) -> [UInt8] {
        Self.write(parts, into: &headers)
    }

    public static func write(_ parts: [BodyPart], into headers: inout Headers) -> [UInt8] {
        var carrier = SIPResponse(status: 200)
        carrier.headers = headers
        carrier.setBody(parts, boundary: boundary)
        headers = carrier.headers
        return carrier.body
    }

    private static let boundary = "mcptt-body-part"
}

extension BodyPart {
    /// A part of one of the types in `MIMEType`.
    public init(type: String, body: [UInt8]) {
        let halves = type.split(separator: "/", maxSplits: 1).map { String($0) }
        self.init(contentType: ContentType(halves.first ?? "application", halves.last ?? "octet-stream"), body: body)
    }
}

extension MCPTTInfo {
    /// - Throws: 403 with warning 140 where an element is encrypted: what cannot be read must not be ignored.
    public func requireReadable() throws(Refusal) {
        guard protectedElements.isEmpty else { throw Refusal(.cannotDecrypt) }
    }
}

extension Headers {
    /// The fields that describe a body which is carried over unchanged.
    public var bodyDescription: Headers {
        var headers = Headers()
        headers.copy([.contentType, .contentDisposition, .contentID, .contentEncoding], from: self)
        return headers
    }

    /// The package of Event, without parameters (RFC 6665 8.2.1).
    public var eventPackage: String? { self[.event].map { String($0.prefix { $0 != ";" && $0 != " " }) } }
}

// Bodies as parts, the same for requests and responses.
extension SIPRequest {
    /// The parts of the body: none for no body, one for a plain body.
    public var parts: [BodyPart] { headers.parts(of: body) }

    /// The first part of the media type `type`, such as `application/sdp`.
    public func part(_ type: String) -> BodyPart? { parts.first { $0.contentType.matches(type) } }

    /// Sets body and Content-Type: nothing for no part, plain for one, multipart/mixed for more.
    public mutating func setBody(_ parts: [BodyPart], boundary: String) {
        body = headers.setParts(parts, boundary: boundary)
    }
}

extension SIPResponse {
    /// The parts of the body: none for no body, one for a plain body.
    public var parts: [BodyPart] { headers.parts(of: body) }

    /// The first part of the media type `type`, such as `application/sdp`.
    public func part(_ type: String) -> BodyPart? { parts.first { $0.contentType.matches(type) } }

    /// Sets body and Content-Type: nothing for no part, plain for one, multipart/mixed for more.
    public mutating func setBody(_ parts: [BodyPart], boundary: String) {
        body = headers.setParts(parts, boundary: boundary)
    }
}

extension Headers {
    fileprivate func parts(of body: [UInt8]) -> [BodyPart] {
        guard !body.isEmpty, let type = contentType else { return [] }
        if type.type == "multipart" { return (try? Multipart.split(body, type)) ?? [] }
        var own = Headers()
        for name in [HeaderName.contentDisposition, .contentID] {
            if let value = self[name] { own.append(name, value) }
        }
        return [BodyPart(contentType: type, headers: own, body: body)]
    }

    fileprivate mutating func setParts(_ parts: [BodyPart], boundary: String) -> [UInt8] {
        remove(.contentDisposition)
        remove(.contentID)
        guard parts.count != 1 else {
            set(.contentType, parts[0].contentType.description)
            for (name, value) in parts[0].headers.all { append(name, value) }
            return parts[0].body
        }
        guard !parts.isEmpty else {
            remove(.contentType)
            return []
        }
        let joined = Multipart.join(parts, boundary: boundary)
        set(.contentType, joined.contentType)
        return joined.body
    }
}

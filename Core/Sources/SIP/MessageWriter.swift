extension SIPMessage {
    /// The message as it goes on the wire. Content-Length is written from the body, whatever the headers say.
    public func serialized() -> [UInt8] {
        switch self {
        case .request(let request): request.serialized()
        case .response(let response): response.serialized()
        }
    }

    public var headers: Headers {
        switch self {
        case .request(let request): request.headers
        case .response(let response): response.headers
        }
    }

    public var body: [UInt8] {
        switch self {
        case .request(let request): request.body
        case .response(let response): response.body
        }
    }
}

extension SIPRequest {
    /// The request as it goes on the wire, with Content-Length.
    public func serialized() -> [UInt8] {
        headers.serialized(startLine: "\(method) \(uri) SIP/2.0", body: body)
    }
}

extension SIPResponse {
    /// The response as it goes on the wire, with Content-Length.
    public func serialized() -> [UInt8] {
        headers.serialized(startLine: "SIP/2.0 \(status) \(reason)", body: body)
    }
}

extension Headers {
    fileprivate func serialized(startLine: String, body: [UInt8]) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(startLine.utf8.count + storage.count + fields.count * 8 + body.count + 32)
        // A reason phrase may come from a peer; it must not start a header field.
        for byte in startLine.utf8 where byte != Ascii.carriageReturn && byte != Ascii.lineFeed { octets.append(byte) }
        octets.append(Ascii.carriageReturn)
        octets.append(Ascii.lineFeed)
        write(into: &octets)
        octets += Array("Content-Length: \(body.count)\r\n\r\n".utf8)
        octets += body
        return octets
    }

    /// Every field but Content-Length, each with its line break.
    func write(into octets: inout [UInt8]) {
        for field in fields where field.number != KnownHeader.contentLength.rawValue {
            if let known = KnownHeader(rawValue: field.number) {
                known.spelling.withUTF8Buffer { octets.append(contentsOf: $0) }
            } else {
                octets += storage[field.name]
            }
            octets.append(Ascii.colon)
            octets.append(Ascii.space)
            octets += storage[field.value]
            octets.append(Ascii.carriageReturn)
            octets.append(Ascii.lineFeed)
        }
    }
}

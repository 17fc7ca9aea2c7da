/// Where the parts of a URI stand.
struct URILayout {
    var scheme: Range<Int>
    var isSIP = false
    var user: Range<Int>?
    var password: Range<Int>?
    var host = 0..<0
    var port: UInt16?
    /// `;name=value` runs, from the first semicolon.
    var parameters = 0..<0
    var headers: Range<Int>?
    var opaque = 0..<0
}

// The URI grammar of RFC 3261 25.1 (`SIP-URI`, `SIPS-URI`; `absoluteURI` for the rest).
extension Span<UInt8> {
    /// The layout of the URI that fills `range`; nil where there is none.
    func uri(_ range: Range<Int>) -> URILayout? {
        var position = range.lowerBound
        let end = range.upperBound
        let scheme = run(of: .scheme, &position, end)
        guard !scheme.isEmpty, position < end, self[position] == Ascii.colon,
            !ByteSet.digit.contains(self[scheme.lowerBound])
        else { return nil }
        position += 1
        var layout = URILayout(scheme: scheme)
        guard equalsIgnoringCase(scheme, "sip") || equalsIgnoringCase(scheme, "sips") else {
            layout.opaque = position..<end
            guard !layout.opaque.isEmpty, layout.opaque.allSatisfy({ ByteSet.opaque.contains(self[$0]) }) else {
                return nil
            }
            return layout
        }
        layout.isSIP = true
        guard userInfo(&position, end, &layout), let host = host(&position, end) else { return nil }
        layout.host = host
        if position < end, self[position] == Ascii.colon {
            position += 1
            guard let port = decimal(run(of: .digit, &position, end), maximum: 65_535) else { return nil }
            layout.port = UInt16(port)
        }
        guard uriParameters(&position, end, &layout) else { return nil }
        if position < end {
            guard self[position] == Ascii.question, position + 1 < end, consists(position + 1..<end, of: .uriHeader)
            else { return nil }
            layout.headers = position + 1..<end
        }
        return layout
    }

    /// `host = hostname / IPv4address / IPv6reference`.
    func host(_ position: inout Int, _ end: Int) -> Range<Int>? {
        let start = position
        guard position < end, self[position] == Ascii.openBracket else {
            let name = run(of: .host, &position, end)
            return name.isEmpty ? nil : name
        }
        position += 1
        let address = run(of: .ipv6, &position, end)
        guard position < end, self[position] == Ascii.closeBracket, address.contains(where: { self[$0] == Ascii.colon })
        else { return nil }
        position += 1
        return start..<position
    }

    private func userInfo(_ position: inout Int, _ end: Int, _ layout: inout URILayout) -> Bool {
        var index = position
        var colon: Int?
        while index < end, self[index] != Ascii.at {
            if self[index] == Ascii.colon, colon == nil { colon = index }
            index += 1
        }
        guard index < end else { return true }
        let user = position..<(colon ?? index)
        guard !user.isEmpty, consists(user, of: .user) else { return false }
        layout.user = user
        if let colon {
            let password = colon + 1..<index
            guard consists(password, of: .password) else { return false }
            layout.password = password
        }
        position = index + 1
        return true
    }

    private func uriParameters(_ position: inout Int, _ end: Int, _ layout: inout URILayout) -> Bool {
        let start = position
        var count = 0
        while position < end, self[position] == Ascii.semicolon {
            position += 1
            count += 1
            guard count <= SIPLimits.parameters else { return false }
            guard uriParameterPart(&position, end) else { return false }
            if position < end, self[position] == Ascii.equals {
                position += 1
                guard uriParameterPart(&position, end) else { return false }
            }
        }
        layout.parameters = start..<position
        return true
    }

    private func uriParameterPart(_ position: inout Int, _ end: Int) -> Bool {
        let start = position
        while position < end {
            let byte = self[position]
            if ByteSet.uriParameter.contains(byte) {
                position += 1
            } else if byte == Ascii.percent {
                guard position + 2 < end, ByteSet.hex.contains(self[position + 1]),
                    ByteSet.hex.contains(self[position + 2])
                else { return false }
                position += 3
            } else {
                break
            }
        }
        return position > start
    }
}

extension SIPURI: LosslessStringConvertible {
    /// Reads a URI. `sip:` and `sips:` by RFC 3261 25.1, other schemes as they are; nil for what is none.
    public init?(_ text: String) {
        let uri = text.withOctets { bytes in bytes.uri(0..<bytes.count).map { SIPURI(bytes, $0) } }
        guard let uri else { return nil }
        self = uri
    }

    init(_ bytes: Octets, _ layout: URILayout) {
        scheme =
            if layout.isSIP {
                layout.scheme.count == 3 ? .sip : .sips
            } else {
                .other(bytes.text(layout.scheme).lowercased())
            }
        user = layout.user.map { bytes.text($0) }
        password = layout.password.map { bytes.text($0) }
        host = bytes.text(layout.host)
        port = layout.port
        headers = layout.headers.map { bytes.text($0) }
        opaque = bytes.text(layout.opaque)
        parameters = Parameters()
        guard !layout.parameters.isEmpty else { return }
        parameters.items.reserveCapacity(4)
        var position = layout.parameters.lowerBound
        while position < layout.parameters.upperBound {
            position += 1
            let start = position
            var equals: Int?
            while position < layout.parameters.upperBound, bytes[position] != Ascii.semicolon {
                if bytes[position] == Ascii.equals { equals = position }
                position += 1
            }
            let name = bytes.unescaped(start..<(equals ?? position))
            parameters.items.append(Parameter(name, equals.map { bytes.unescaped($0 + 1..<position) }))
        }
    }

    public var description: String {
        var text: String
        switch scheme {
        case .other(let name): return name.isEmpty ? opaque : name + ":" + opaque
        case .sip: text = "sip:"
        case .sips: text = "sips:"
        }
        if let user {
            text += user
            if let password { text += ":" + password }
            text += "@"
        }
        text += host
        if let port { text += ":\(port)" }
        for item in parameters.items {
            text += ";" + item.name.escaped(outside: .uriParameter)
            // pvalue has one character at least (RFC 3261 25.1).
            if let value = item.value, !value.isEmpty { text += "=" + value.escaped(outside: .uriParameter) }
        }
        if let headers { text += "?" + headers }
        return text
    }
}

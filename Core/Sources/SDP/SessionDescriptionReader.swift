extension SessionDescription {
    /// Reads a description. Lines may end with CR LF or LF alone (RFC 8866 5). `v`, `o`, `s` and `t` must be there.
    public init(parsing octets: [UInt8], limits: SDPLimits = .init()) throws(SDPError) {
        guard octets.count <= limits.octets else { throw SDPError(line: 0, "longer than \(limits.octets) octets") }
        var reader = SessionDescriptionReader(limits: limits)
        try reader.read(octets)
        self = try reader.finish()
    }
}

/// Takes the lines one after the other; a media description is open once the first `m=` was seen.
private struct SessionDescriptionReader {
    let limits: SDPLimits
    var line = 0
    var seenVersion = false
    var origin: Origin?
    var name: String?
    var time: String?
    var information: String?
    var connection: Connection?
    var attributes: [SDPAttribute] = []
    var otherLines: [SDPLine] = []
    var media: [MediaDescription] = []

    init(limits: SDPLimits) {
        self.limits = limits
    }

    mutating func read(_ octets: [UInt8]) throws(SDPError) {
        var start = 0
        while start < octets.count {
            var end = start
            while end < octets.count, octets[end] != 10 { end += 1 }
            let next = end + 1
            if end > start, octets[end - 1] == 13 { end -= 1 }
            line += 1
            guard line <= limits.lines else { throw error("more than \(limits.lines) lines") }
            guard end - start <= limits.lineOctets else { throw error("longer than \(limits.lineOctets) octets") }
            if start == end {
                // An empty line can only be a tail that somebody's body builder left.
                guard octets[start...].allSatisfy({ $0 == 10 || $0 == 13 }) else { throw error("empty line") }
                return
            }
            try take(octets[start..<end])
            start = next
        }
    }

    func error(_ diagnosis: String) -> SDPError { SDPError(line: line, diagnosis) }

    mutating func take(_ octets: ArraySlice<UInt8>) throws(SDPError) {
        let start = octets.startIndex
        guard octets.count >= 2, octets[start + 1] == UInt8(ascii: "="),
            (97...122).contains(octets[start] | 0x20)
        else { throw error("expected a letter and an equals sign") }
        let type = octets[start]
        guard !octets.contains(0), !octets.contains(13),
            let value = String(validating: octets[(start + 2)...], as: UTF8.self)
        else { throw error("value is not UTF-8 text") }
        guard seenVersion || type == UInt8(ascii: "v") else { throw error("expected v=0 first") }
        switch type {
        case UInt8(ascii: "v"):
            guard !seenVersion else { throw error("second v= line") }
            guard value == "0" else { throw error("version is not 0") }
            seenVersion = true
        case UInt8(ascii: "m"):
            guard media.count < limits.media else { throw error("more than \(limits.media) media descriptions") }
            media.append(try readMedia(value))
        case UInt8(ascii: "a"):
            let attribute = try readAttribute(value)
            if media.isEmpty {
                attributes.append(attribute)
            } else {
                media[media.count - 1].attributes.append(attribute)
            }
        case UInt8(ascii: "c"):
            let connection = try readConnection(value)
            // Several c= lines in one media description are layered multicast: the further ones are kept as they are.
            if media.isEmpty {
                guard self.connection == nil else { throw error("second c= line") }
                self.connection = connection
            } else if media[media.count - 1].connection == nil {
                media[media.count - 1].connection = connection
            } else {
                keep(type, value)
            }
        case UInt8(ascii: "i"):
            if media.isEmpty {
                guard information == nil else { throw error("second i= line") }
                information = value
            } else {
                guard media[media.count - 1].information == nil else { throw error("second i= line") }
                media[media.count - 1].information = value
            }
        case UInt8(ascii: "o"), UInt8(ascii: "s"), UInt8(ascii: "t"):
            try takeSessionLine(type, value)
        default:
            keep(type, value)
        }
    }

    mutating func takeSessionLine(_ type: UInt8, _ value: String) throws(SDPError) {
        guard media.isEmpty else { throw error("session line after m=") }
        switch type {
        case UInt8(ascii: "o"):
            guard origin == nil else { throw error("second o= line") }
            origin = try readOrigin(value)
        case UInt8(ascii: "s"):
            guard name == nil else { throw error("second s= line") }
            name = value
        default:
            let parts = Substring(value).fields(" ")
            guard parts.count == 2, parts.allSatisfy({ DecimalNumber.read($0, as: UInt64.self) != nil }) else {
                throw error("expected t=<start> <stop>")
            }
            if time == nil { time = value } else { keep(type, value) }
        }
    }

    mutating func keep(_ type: UInt8, _ value: String) {
        let kept = SDPLine(type: Unicode.Scalar(type), value: value)
        if media.isEmpty { otherLines.append(kept) } else { media[media.count - 1].otherLines.append(kept) }
    }

    func readOrigin(_ value: String) throws(SDPError) -> Origin {
        let parts = Substring(value).fields(" ", omittingEmpty: false)
        guard parts.count == 6, parts.allSatisfy({ !$0.isEmpty }),
            let session = DecimalNumber.read(parts[1], as: UInt64.self),
            let version = DecimalNumber.read(parts[2], as: UInt64.self)
        else { throw error("expected o=<user> <session> <version> <net> <type> <address>") }
        return Origin(
            username: String(parts[0]), sessionID: session, version: version,
            connection: try connection(parts[3], parts[4], parts[5]))
    }

    func readConnection(_ value: String) throws(SDPError) -> Connection {
        let parts = Substring(value).fields(" ", omittingEmpty: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else {
            throw error("expected <net> <type> <address>")
        }
        return try connection(parts[0], parts[1], parts[2])
    }

    func connection(_ network: Substring, _ type: Substring, _ address: Substring) throws(SDPError) -> Connection {
        guard network != "IN" || type == "IP4" || type == "IP6" else { throw error("address type is not IP4 or IP6") }
        return Connection(networkType: String(network), addressType: String(type), address: String(address))
    }

    func readMedia(_ value: String) throws(SDPError) -> MediaDescription {
        let parts = Substring(value).fields(" ")
        guard parts.count >= 4 else { throw error("expected m=<media> <port> <proto> <fmt> ...") }
        guard parts.count - 3 <= limits.formats else { throw error("more than \(limits.formats) formats") }
        let ports = parts[1].fields("/", omittingEmpty: false)
        guard ports.count <= 2, let port = DecimalNumber.read(ports[0], as: UInt16.self) else {
            throw error("port is not a number below 65536")
        }
        var media = MediaDescription(
            kind: String(parts[0]), port: port, transport: String(parts[2]), formats: parts[3...].map { String($0) })
        if ports.count == 2 {
            guard let count = DecimalNumber.read(ports[1], as: UInt16.self), count > 0 else {
                throw error("number of ports is not a positive number")
            }
            media.portCount = count
        }
        return media
    }

    func readAttribute(_ value: String) throws(SDPError) -> SDPAttribute {
        guard let colon = value.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            guard !value.isEmpty else { throw error("attribute without a name") }
            return SDPAttribute(value)
        }
        guard colon != value.startIndex else { throw error("attribute without a name") }
        let attribute = SDPAttribute(String(value[..<colon]), String(value[value.utf8.index(after: colon)...]))
        if attribute.name == "rtpmap", attribute.value.flatMap({ RTPMap($0) }) == nil {
            throw error("expected a=rtpmap:<payload type> <encoding>/<clock rate>[/<channels>]")
        }
        return attribute
    }

    func finish() throws(SDPError) -> SessionDescription {
        guard seenVersion else { throw SDPError(line: 0, "v= is missing") }
        guard let origin else { throw SDPError(line: 0, "o= is missing") }
        guard let name else { throw SDPError(line: 0, "s= is missing") }
        guard let time else { throw SDPError(line: 0, "t= is missing") }
        var result = SessionDescription(
            origin: origin, name: name, connection: connection, attributes: attributes, media: media)
        result.information = information
        result.time = time
        result.otherLines = otherLines
        return result
    }
}

extension SIPMessage {
    /// Reads one whole message.
    ///
    /// - Parameter bytes: A datagram, or what a `StreamFramer` cut out of a stream. What follows the octets that
    ///   Content-Length counts is dropped (RFC 3261 18.3); without Content-Length the body ends with `bytes`.
    /// - Throws: `SIPParseError` with the status to answer, or none where the octets are to be dropped.
    public static func parse(_ bytes: [UInt8], limits: SIPLimits = SIPLimits()) throws(SIPParseError) -> SIPMessage {
        guard let section = HeaderSection(bytes, limits: limits) else {
            throw MessageParser.withoutHeaderSection(bytes, limits: limits)
        }
        var parser = MessageParser(limits: limits)
        parser.readStartLine(section.octets.span)
        parser.readFields(section.octets.span)
        parser.checkMandatoryFields(section.octets.span)
        let length = parser.bodyLength(available: bytes.count - section.end)
        return try parser.finish(section.octets, body: Array(bytes[section.end..<section.end + length]))
    }
}

/// The octets of start line and header fields up to and with the empty line, line folding taken out.
struct HeaderSection {
    private(set) var octets: [UInt8]
    /// Where the body begins in the octets given.
    let end: Int

    /// Nil where no empty line stands within the limit.
    init?(_ bytes: [UInt8], limits: SIPLimits) {
        let span = bytes.span
        // Line breaks before the start line are ignored (RFC 3261 7.5).
        var start = 0
        while start + 1 < span.count, span[start] == Ascii.carriageReturn, span[start + 1] == Ascii.lineFeed {
            start += 2
        }
        var isFolded = false
        let limit = start + limits.headerOctets
        guard let end = Self.end(span, from: start, limit: limit, &isFolded) else { return nil }
        var octets = Array(bytes[start..<end])
        if isFolded { Self.unfold(&octets) }
        self.octets = octets
        self.end = end
    }

    /// The position behind the first empty line.
    static func end(_ bytes: Octets, from start: Int, limit: Int) -> Int? {
        var isFolded = false
        return end(bytes, from: start, limit: limit, &isFolded)
    }

    private static func end(_ bytes: Octets, from start: Int, limit: Int, _ isFolded: inout Bool) -> Int? {
        let last = min(bytes.count, limit) - 3
        var index = start
        while index < last {
            index = bytes.lineBreak(from: index, last)
            guard index < last else { return nil }
            if bytes[index] == Ascii.carriageReturn, bytes[index + 1] == Ascii.lineFeed {
                let next = bytes[index + 2]
                if next == Ascii.carriageReturn, bytes[index + 3] == Ascii.lineFeed { return index + 4 }
                if Ascii.isBlank(next) { isFolded = true }
                index += 1
            }
            index += 1
        }
        return nil
    }

    /// A line break before a blank is white space (RFC 3261 7.3.1). Spaces take its place, so that no position moves.
    private static func unfold(_ octets: inout [UInt8]) {
        var index = 0
        while true {
            index = octets.span.lineBreak(from: index, octets.count - 2)
            guard index < octets.count - 2 else { return }
            if octets[index] == Ascii.carriageReturn, octets[index + 1] == Ascii.lineFeed,
                Ascii.isBlank(octets[index + 2])
            {
                octets[index] = Ascii.space
                octets[index + 1] = Ascii.space
            }
            index += 1
        }
    }
}

/// Reads the start line and the header fields of one message. It goes on behind a fault, so that the answer to a faulty
/// request has as much to copy as possible (RFC 3261 8.2.6).
struct MessageParser {
    let limits: SIPLimits
    private let index = KnownHeaderIndex.shared
    private var position = 0
    private var fields: [Headers.Field] = []
    private var seen: UInt128 = 0
    private var contentLength: UInt64?
    private var cseqMethod: Range<Int>?

    private var isResponse = false
    private var method: Range<Int>?
    private var uri: URILayout?
    private var uriText = 0..<0
    private var status = 0
    private var reason = 0..<0
    private var fault: (status: Int, diagnosis: String)?

    init(limits: SIPLimits) {
        self.limits = limits
        fields.reserveCapacity(32)
    }

    private mutating func fail(_ status: Int, _ diagnosis: String) {
        if fault == nil { fault = (status, diagnosis) }
    }

    private func isSet(_ header: KnownHeader) -> Bool { seen &>> UInt128(header.rawValue) & 1 == 1 }
}

// The start line.
extension MessageParser {
    mutating func readStartLine(_ bytes: Octets) {
        let lineEnd = bytes.lineBreak(from: 0, bytes.count)
        position = lineEnd
        if lineEnd > 4, bytes.equalsIgnoringCase(0..<4, "SIP/") {
            readStatusLine(bytes, lineEnd)
        } else {
            readRequestLine(bytes, lineEnd)
        }
        guard position + 1 < bytes.count, bytes[position] == Ascii.carriageReturn,
            bytes[position + 1] == Ascii.lineFeed
        else {
            fail(400, "start line does not end with CRLF")
            while position < bytes.count, bytes[position] != Ascii.lineFeed { position += 1 }
            position = min(position + 1, bytes.count)
            return
        }
        position += 2
    }

    private mutating func readStatusLine(_ bytes: Octets, _ end: Int) {
        isResponse = true
        guard end >= 11, bytes.equalsIgnoringCase(4..<7, "2.0"), bytes[7] == Ascii.space,
            let number = bytes.decimal(8..<11, maximum: 699), number >= 100
        else { return fail(400, "status line malformed") }
        // The space before an empty reason phrase is left out by some.
        guard end == 11 || bytes[11] == Ascii.space else { return fail(400, "status code malformed") }
        status = Int(number)
        reason = min(12, end)..<end
    }

    private mutating func readRequestLine(_ bytes: Octets, _ end: Int) {
        var position = 0
        let method = bytes.run(of: .token, &position, end)
        guard !method.isEmpty, position < end, bytes[position] == Ascii.space else {
            return fail(400, "request line malformed")
        }
        self.method = method
        // The version is the last word: whatever stands between is the URI, which must not hold white space.
        var versionStart = end
        while versionStart > position, bytes[versionStart - 1] != Ascii.space { versionStart -= 1 }
        let version = versionStart..<end
        // A single space leaves no room for a URI between method and version.
        guard versionStart > position + 1 else { return fail(400, "request line malformed") }
        let words = position + 1..<versionStart - 1
        uriText = bytes.trimmed(words)
        guard version.count >= 4, bytes.equalsIgnoringCase(version.lowerBound..<version.lowerBound + 4, "SIP/") else {
            return fail(400, "request line malformed")
        }
        guard bytes.equalsIgnoringCase(version, "SIP/2.0") else { return fail(505, "SIP version is not 2.0") }
        guard uriText.count <= limits.uriOctets else { return fail(414, "Request-URI too long") }
        guard uriText == words, let uri = bytes.uri(uriText) else {
            return fail(400, "Request-URI malformed")
        }
        // RFC 3261 19.1.1: a Request-URI has no headers.
        guard uri.headers == nil else { return fail(400, "Request-URI with headers") }
        self.uri = uri
    }
}

// The header fields.
extension MessageParser {
    mutating func readFields(_ bytes: Octets) {
        let end = bytes.count - 2
        while position < end {
            let name = bytes.run(of: .token, &position, end)
            bytes.skipBlanks(&position, end)
            let hasColon = position < end && bytes[position] == Ascii.colon
            if hasColon { position += 1 }
            let start = position
            position = bytes.lineBreak(from: start, end)
            let value = bytes.trimmed(start..<position)
            let lineEnds =
                position + 1 < bytes.count && bytes[position] == Ascii.carriageReturn
                && bytes[position + 1] == Ascii.lineFeed
            position += lineEnds ? 2 : 1
            guard lineEnds else {
                fail(400, "stray line break in a header field")
                continue
            }
            guard !name.isEmpty, hasColon else {
                fail(400, "header field malformed")
                continue
            }
            add(bytes, name, value)
        }
    }

    private mutating func add(_ bytes: Octets, _ name: Range<Int>, _ value: Range<Int>) {
        let number = index.number(bytes, name)
        let shape = index.shapes[Int(number)]
        switch shape {
        case .text:
            store(number, name, value)
        case .list:
            split(bytes, number, name, value, keepingEmpty: true) { _, _ in true }
        case .addresses:
            let isContact = number == KnownHeader.contact.rawValue
            if isContact, value.count == 1, bytes[value.lowerBound] == UInt8(ascii: "*") {
                store(number, name, value)
            } else {
                split(bytes, number, name, value, keepingEmpty: false) { $0.nameAddress($1) != nil }
            }
        case .via:
            split(bytes, number, name, value, keepingEmpty: false) { $0.via($1) != nil }
        case .address, .callID, .contentType, .cseq, .hops, .number, .octets, .single:
            if seen &>> UInt128(number) & 1 == 1 {
                return fail(400, "header field repeated that stands once")
            }
            store(number, name, value)
            check(bytes, shape, value)
        }
        seen |= 1 &<< UInt128(number)
    }

    private mutating func store(_ number: UInt8, _ name: Range<Int>, _ value: Range<Int>) {
        guard fields.count < limits.fields else { return fail(513, "too many header fields") }
        fields.append(
            Headers.Field(
                number: number, nameStart: UInt32(name.lowerBound), nameEnd: UInt32(name.upperBound),
                start: UInt32(value.lowerBound), end: UInt32(value.upperBound)))
    }

    /// Checks a value of a header that stands once.
    private mutating func check(_ bytes: Octets, _ shape: KnownHeader.Shape, _ value: Range<Int>) {
        switch shape {
        case .address:
            if bytes.nameAddress(value) == nil { fail(400, "address malformed") }
        case .callID:
            if value.isEmpty || !value.allSatisfy({ ByteSet.callID.contains(bytes[$0]) }) {
                fail(400, "Call-ID malformed")
            }
        case .contentType:
            if bytes.contentType(value) == nil { fail(400, "Content-Type malformed") }
        case .cseq:
            guard let cseq = bytes.cseq(value) else { return fail(400, "CSeq malformed") }
            cseqMethod = cseq.method
        case .hops:
            if bytes.decimal(value, maximum: 255) == nil { fail(400, "Max-Forwards malformed") }
        case .octets:
            guard let length = bytes.decimal(value, maximum: UInt64(Int32.max)) else {
                return fail(400, "Content-Length malformed")
            }
            contentLength = length
        case .number:
            var position = value.lowerBound
            let digits = bytes.run(of: .digit, &position, value.upperBound)
            if bytes.decimal(digits, maximum: UInt64(UInt32.max)) == nil { fail(400, "number malformed or too large") }
        case .addresses, .list, .single, .text, .via:
            break
        }
    }

    /// Splits at the commas that stand neither in quotes nor in angle brackets.
    private mutating func split(
        _ bytes: Octets, _ number: UInt8, _ name: Range<Int>, _ value: Range<Int>, keepingEmpty: Bool,
        _ isWellFormed: (Octets, Range<Int>) -> Bool
    ) {
        var index = value.lowerBound
        var start = index
        var isBracketed = false
        let wasCount = fields.count
        while index <= value.upperBound {
            while index < value.upperBound, !ByteSet.listStructure.contains(bytes[index]) { index += 1 }
            let byte = index < value.upperBound ? bytes[index] : Ascii.comma
            switch byte {
            case Ascii.quote where !isBracketed:
                guard bytes.quotedString(&index, value.upperBound) != nil else {
                    store(number, name, bytes.trimmed(start..<value.upperBound))
                    return fail(400, "quotes not closed")
                }
                continue
            case Ascii.less:
                isBracketed = true
            case Ascii.greater:
                isBracketed = false
            case Ascii.comma where !isBracketed || index == value.upperBound:
                let part = bytes.trimmed(start..<index)
                start = index + 1
                // Empty elements of a list of tokens say nothing; of a list of addresses they are an error.
                guard !part.isEmpty || !keepingEmpty else { break }
                if !isWellFormed(bytes, part) { fail(400, "value of a list malformed") }
                store(number, name, part)
            default:
                break
            }
            index += 1
        }
        // `Supported:` and its like may be empty, which differs from being left out (RFC 3261 20.1, 20.5).
        if fields.count == wasCount, keepingEmpty { store(number, name, value.upperBound..<value.upperBound) }
    }
}

// What follows the header fields.
extension MessageParser {
    mutating func checkMandatoryFields(_ bytes: Octets) {
        for header in [KnownHeader.via, .from, .to, .callID, .cseq] where !isSet(header) {
            fail(400, "mandatory header field missing")
        }
        var contacts = 0
        var hasWildcard = false
        for field in fields where field.number == KnownHeader.contact.rawValue {
            contacts += 1
            if field.value.count == 1, bytes[field.value.lowerBound] == UInt8(ascii: "*") { hasWildcard = true }
        }
        if hasWildcard, contacts > 1 { fail(400, "Contact asterisk beside other values") }
        guard !isResponse, let method, let cseqMethod else { return }
        guard method.count == cseqMethod.count,
            zip(method, cseqMethod).allSatisfy({ bytes[$0] == bytes[$1] })
        else {
            if case .other = Method(bytes, method) { return fail(501, "method unknown, and CSeq names another") }
            return fail(400, "method of CSeq differs")
        }
    }

    /// How many octets of what follows are the body.
    mutating func bodyLength(available: Int) -> Int {
        var length = available
        if let contentLength {
            if contentLength > UInt64(available) {
                fail(400, "body shorter than Content-Length")
            } else {
                length = Int(contentLength)
            }
        }
        guard length <= limits.bodyOctets else {
            fail(413, "body too large")
            return 0
        }
        return length
    }

    mutating func finish(_ section: [UInt8], body: [UInt8]) throws(SIPParseError) -> SIPMessage {
        var headers = Headers(storage: section, fields: fields)
        if fault == nil, !Multipart.isWellFormed(body, headers, limits: limits) {
            fail(400, "multipart body malformed")
        }
        let bytes = section.span
        if let fault {
            throw SIPParseError(
                status: isAnswerable(bytes) ? fault.status : nil, diagnosis: fault.diagnosis,
                partial: partial(bytes, headers))
        }
        if isResponse {
            return .response(
                SIPResponse(status: status, reason: bytes.text(reason), headers: headers, body: body))
        }
        guard let method, let uri else {
            throw SIPParseError(status: nil, diagnosis: "request line malformed")
        }
        // RFC 3261 16.3 item 3 and 8.1.1.6: an old client leaves it out; 70 is what a new one writes.
        if !isSet(.maxForwards) { headers.append(.maxForwards, "70") }
        return .request(
            SIPRequest(method: Method(bytes, method), uri: SIPURI(bytes, uri), headers: headers, body: body))
    }

    /// Responses and ACK are never answered (RFC 3261 17.1.1.3, 18.3); without Via there is nowhere to answer to.
    private func isAnswerable(_ bytes: Octets) -> Bool {
        guard !isResponse, let method, isSet(.via) else { return false }
        return !Method.ack.isSpelled(bytes, method)
    }

    private func partial(_ bytes: Octets, _ headers: Headers) -> SIPRequest? {
        guard !isResponse, let method else { return nil }
        let uri = uri.map { SIPURI(bytes, $0) } ?? SIPURI(scheme: "", opaque: bytes.text(uriText))
        return SIPRequest(method: Method(bytes, method), uri: uri, headers: headers)
    }

    /// What to say of octets that have no empty line within the limit: with what could be read, so that a request that
    /// lost its end is answered.
    static func withoutHeaderSection(_ bytes: [UInt8], limits: SIPLimits) -> SIPParseError {
        guard bytes.count + 4 <= limits.headerOctets else {
            return SIPParseError(status: nil, diagnosis: "header section too large")
        }
        let lineBreak = [Ascii.carriageReturn, Ascii.lineFeed]
        let completed = bytes + (bytes.suffix(2) == lineBreak[...] ? lineBreak : lineBreak + lineBreak)
        let diagnosis = "header section without end"
        guard let section = HeaderSection(completed, limits: limits) else {
            return SIPParseError(status: nil, diagnosis: diagnosis)
        }
        var parser = MessageParser(limits: limits)
        parser.fail(400, diagnosis)
        parser.readStartLine(section.octets.span)
        parser.readFields(section.octets.span)
        do throws(SIPParseError) {
            _ = try parser.finish(section.octets, body: [])
        } catch {
            return error
        }
        return SIPParseError(status: nil, diagnosis: diagnosis)
    }
}

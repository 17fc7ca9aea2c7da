/// One part of a body: a plain body is one part, a multipart body has several (RFC 2046 5.1).
public struct BodyPart: Hashable, Sendable {
    public var contentType: ContentType
    /// The part's other header fields (Content-Disposition, Content-ID ...).
    public var headers: Headers
    public var body: [UInt8]

    public init(contentType: ContentType, headers: Headers = Headers(), body: [UInt8]) {
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }
}

/// Reading and writing of multipart bodies, octet exact.
public enum Multipart {
    /// Takes a body apart. A nested multipart stays one part.
    ///
    /// - Throws: `SIPParseError` 400 where the boundary is missing, no part stands or the end is missing, and 413 above
    ///   the limit of parts.
    public static func split(
        _ body: [UInt8], _ contentType: ContentType, limits: SIPLimits = SIPLimits()
    ) throws(SIPParseError) -> [BodyPart] {
        guard contentType.type == "multipart" else { return [BodyPart(contentType: contentType, body: body)] }
        guard let ranges = ranges(body, contentType) else {
            throw SIPParseError(status: 400, diagnosis: "multipart body malformed")
        }
        guard ranges.count <= limits.bodyParts else {
            throw SIPParseError(status: 413, diagnosis: "too many body parts")
        }
        var parts: [BodyPart] = []
        for range in ranges {
            guard let part = part(body, range, limits) else {
                throw SIPParseError(status: 400, diagnosis: "header of a body part malformed")
            }
            parts.append(part)
        }
        return parts
    }

    /// Puts parts together as multipart/mixed.
    ///
    /// - Parameter boundary: Up to 70 characters that must not stand in any part behind a line break and two hyphens.
    /// - Returns: The value of Content-Type and the body.
    public static func join(_ parts: [BodyPart], boundary: String) -> (contentType: String, body: [UInt8]) {
        let type = ContentType(
            "multipart", "mixed", parameters: Parameters([Parameter("boundary", boundary, isQuoted: true)]))
        var octets: [UInt8] = []
        octets.reserveCapacity(parts.reduce(64) { $0 + $1.body.count + 160 })
        for part in parts {
            octets += Array("--\(boundary)\r\nContent-Type: \(part.contentType)\r\n".utf8)
            part.headers.write(into: &octets)
            octets += [Ascii.carriageReturn, Ascii.lineFeed]
            octets += part.body
            octets += [Ascii.carriageReturn, Ascii.lineFeed]
        }
        octets += Array("--\(boundary)--\r\n".utf8)
        return (type.description, octets)
    }

    /// False where the headers announce a multipart body and the body is none.
    static func isWellFormed(_ body: [UInt8], _ headers: Headers, limits: SIPLimits) -> Bool {
        let isMultipart = headers.first(.contentType) { bytes, value in
            value.count > 10 && bytes.equalsIgnoringCase(value.lowerBound..<value.lowerBound + 10, "multipart/")
        }
        guard isMultipart == true, !body.isEmpty else { return true }
        guard let type = headers.contentType, let ranges = ranges(body, type), ranges.count <= limits.bodyParts else {
            return false
        }
        return ranges.allSatisfy { part(body, $0, limits) != nil }
    }

    /// Where the parts stand: between the delimiters, without the line break that belongs to the next one.
    private static func ranges(_ body: [UInt8], _ type: ContentType) -> [Range<Int>]? {
        guard let boundary = type.parameters["boundary"], (1...70).contains(boundary.utf8.count),
            boundary.isMade(of: .boundary), boundary.utf8.last != Ascii.space
        else { return nil }
        let delimiter = Array("--\(boundary)".utf8)
        let bytes = body.span
        var ranges: [Range<Int>] = []
        var partStart: Int?
        var position = 0
        while let found = find(delimiter.span, in: bytes, from: position) {
            var index = found + delimiter.count
            let isLast = index + 1 < bytes.count && bytes[index] == Ascii.hyphen && bytes[index + 1] == Ascii.hyphen
            if isLast { index += 2 }
            bytes.skipBlanks(&index, bytes.count)
            let endsLine =
                index + 1 < bytes.count && bytes[index] == Ascii.carriageReturn
                && bytes[index + 1] == Ascii.lineFeed
            guard endsLine || (isLast && index == bytes.count) else {
                // A longer word that begins like the boundary is content.
                position = found + delimiter.count
                continue
            }
            if let partStart { ranges.append(partStart..<max(partStart, found - 2)) }
            if isLast { return ranges.isEmpty ? nil : ranges }
            position = index + 2
            partStart = position
            // The line break before a delimiter is the delimiter's: an empty part has none left.
            position -= 2
        }
        return nil
    }

    /// The next place where `delimiter` starts a line.
    private static func find(_ delimiter: Octets, in bytes: Octets, from start: Int) -> Int? {
        var index = start
        while index + delimiter.count <= bytes.count {
            let startsLine =
                index == 0
                || (index >= 2 && bytes[index - 1] == Ascii.lineFeed && bytes[index - 2] == Ascii.carriageReturn)
            if startsLine {
                var offset = 0
                while offset < delimiter.count, bytes[index + offset] == delimiter[offset] { offset += 1 }
                if offset == delimiter.count { return index }
            }
            index += 1
            while index < bytes.count, bytes[index - 1] != Ascii.lineFeed { index += 1 }
        }
        return nil
    }

    private static func part(_ body: [UInt8], _ range: Range<Int>, _ limits: SIPLimits) -> BodyPart? {
        let bytes = body.span
        var headers = Headers()
        var type: ContentType?
        var position = range.lowerBound
        var count = 0
        while true {
            guard position + 1 < range.upperBound else {
                // Header fields only, or nothing at all: the line break behind them went to the delimiter.
                guard position >= range.upperBound else { return nil }
                break
            }
            if bytes[position] == Ascii.carriageReturn, bytes[position + 1] == Ascii.lineFeed {
                position += 2
                break
            }
            count += 1
            guard count <= limits.fields, let field = field(bytes, &position, range.upperBound) else { return nil }
            if field.name == .contentType {
                guard let found = ContentType(field.value) else { return nil }
                type = found
            } else if field.name != .contentLength {
                headers.append(field.name, field.value)
            }
        }
        // RFC 2046 5.1: without Content-Type a part is plain text.
        return BodyPart(
            contentType: type ?? ContentType("text", "plain"), headers: headers,
            body: Array(body[min(position, range.upperBound)..<range.upperBound]))
    }

    private static func field(_ bytes: Octets, _ position: inout Int, _ end: Int) -> (name: HeaderName, value: String)?
    {
        let name = bytes.run(of: .token, &position, end)
        bytes.skipBlanks(&position, end)
        guard !name.isEmpty, position < end, bytes[position] == Ascii.colon else { return nil }
        position += 1
        let start = position
        while position < end {
            if bytes[position] == Ascii.carriageReturn {
                let isFolded = position + 2 < end && Ascii.isBlank(bytes[position + 2])
                if !isFolded { break }
            }
            position += 1
        }
        let value = bytes.trimmed(start..<position)
        if position < end {
            guard position + 1 < end, bytes[position + 1] == Ascii.lineFeed else { return nil }
            position += 2
        }
        // In a header section line breaks are stored as spaces, which is what a folded line means.
        return (HeaderName(bytes.text(name)), bytes.text(value))
    }
}

extension Headers {
    /// Content-Type, read.
    public var contentType: ContentType? { first(.contentType) { ContentType($0, $1) } }
}

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
        let boundary = Array((contentType.parameters["boundary"] ?? "").utf8)
        guard let ranges = ranges(body, boundary.span) else {
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
        guard !body.isEmpty, let index = headers.firstIndex(.contentType) else { return true }
        let bytes = headers.storage.span
        guard let layout = bytes.contentType(headers.fields[index].value) else { return false }
        guard bytes.equalsIgnoringCase(layout.type, "multipart") else { return true }
        guard let boundary = boundary(bytes, layout.parameters) else { return false }
        let found: [Range<Int>]?
        if boundary.hasEscapes {
            // Escapes are read in the rare case that there are some.
            let read = Array(bytes.unquoted(boundary.value).utf8)
            found = ranges(body, read.span)
        } else {
            found = ranges(body, bytes.extracting(boundary.value))
        }
        guard let ranges = found, ranges.count <= limits.bodyParts else { return false }
        let octets = body.span
        return ranges.allSatisfy { range in
            let start = bodyStart(octets, range, limits) { name, value in
                KnownHeaderIndex.shared.number(octets, name) != KnownHeader.contentType.rawValue
                    || octets.contentType(value) != nil
            }
            return start != nil
        }
    }

    private static func boundary(
        _ bytes: Octets, _ parameters: Range<Int>
    ) -> (value: Range<Int>, hasEscapes: Bool)? {
        var position = parameters.lowerBound
        var found: ParameterLayout?
        while bytes.nextParameter(&position, parameters.upperBound, &found), let parameter = found {
            guard bytes.equalsIgnoringCase(parameter.name, "boundary"), let value = parameter.value else { continue }
            return (value, parameter.isQuoted && value.contains { bytes[$0] == Ascii.backslash })
        }
        return nil
    }

    /// Where the parts stand: between the delimiters, without the line break that belongs to the next one.
    private static func ranges(_ body: [UInt8], _ boundary: Octets) -> [Range<Int>]? {
        guard (1...70).contains(boundary.count), boundary[boundary.count - 1] != Ascii.space else { return nil }
        for index in 0..<boundary.count where !ByteSet.boundary.contains(boundary[index]) { return nil }
        let length = boundary.count + 2
        let bytes = body.span
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(4)
        var partStart: Int?
        var position = 0
        while let found = find(boundary, in: bytes, from: position) {
            var index = found + length
            let isLast = index + 1 < bytes.count && bytes[index] == Ascii.hyphen && bytes[index + 1] == Ascii.hyphen
            if isLast { index += 2 }
            bytes.skipBlanks(&index, bytes.count)
            let endsLine =
                index + 1 < bytes.count && bytes[index] == Ascii.carriageReturn
                && bytes[index + 1] == Ascii.lineFeed
            guard endsLine || (isLast && index == bytes.count) else {
                // A longer word that begins like the boundary is content.
                position = found + length
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

    /// The next place where two hyphens and `boundary` start a line.
    private static func find(_ boundary: Octets, in bytes: Octets, from start: Int) -> Int? {
        var index = start
        while index + 2 + boundary.count <= bytes.count {
            let startsLine =
                index == 0
                || (index >= 2 && bytes[index - 1] == Ascii.lineFeed && bytes[index - 2] == Ascii.carriageReturn)
            if startsLine, bytes[index] == Ascii.hyphen, bytes[index + 1] == Ascii.hyphen {
                var offset = 0
                while offset < boundary.count, bytes[index + 2 + offset] == boundary[offset] { offset += 1 }
                if offset == boundary.count { return index }
            }
            index = bytes.lineBreak(from: index, bytes.count) + 1
        }
        return nil
    }

    private static func part(_ body: [UInt8], _ range: Range<Int>, _ limits: SIPLimits) -> BodyPart? {
        let bytes = body.span
        var headers = Headers()
        // RFC 2046 5.1: without Content-Type a part is plain text.
        var type = ContentType("text", "plain")
        let start = bodyStart(bytes, range, limits) { nameRange, value in
            let name = HeaderName(bytes.text(nameRange))
            if name == .contentType {
                guard let found = ContentType(bytes, value) else { return false }
                type = found
            } else if name != .contentLength {
                // Stored line breaks become spaces, which is what a folded line means.
                headers.append(name, bytes.text(value))
            }
            return true
        }
        guard let start else { return nil }
        return BodyPart(contentType: type, headers: headers, body: Array(body[start..<range.upperBound]))
    }

    /// Reads the header fields of the part in `range` and finds where its body starts; nil where they are malformed or
    /// `take` refuses one.
    private static func bodyStart(
        _ bytes: Octets, _ range: Range<Int>, _ limits: SIPLimits, _ take: (Range<Int>, Range<Int>) -> Bool
    ) -> Int? {
        let end = range.upperBound
        var position = range.lowerBound
        for _ in 0...limits.fields {
            // Header fields only, or nothing at all: the line break behind them went to the delimiter.
            guard position < end else { return end }
            if position + 1 < end, bytes[position] == Ascii.carriageReturn, bytes[position + 1] == Ascii.lineFeed {
                return position + 2
            }
            let name = bytes.run(of: .token, &position, end)
            bytes.skipBlanks(&position, end)
            guard !name.isEmpty, position < end, bytes[position] == Ascii.colon else { return nil }
            position += 1
            let start = position
            position = bytes.lineBreak(from: position, end)
            while position + 2 < end, Ascii.isBlank(bytes[position + 2]) {
                position = bytes.lineBreak(from: position + 2, end)
            }
            guard take(name, bytes.trimmed(start..<position)) else { return nil }
            guard position < end else { return end }
            guard position + 1 < end, bytes[position] == Ascii.carriageReturn, bytes[position + 1] == Ascii.lineFeed
            else { return nil }
            position += 2
        }
        return nil
    }
}

extension Headers {
    /// Content-Type, read.
    public var contentType: ContentType? { first(.contentType) { ContentType($0, $1) } }
}

/// What a stream transport carries.
public enum Frame: Hashable, Sendable {
    /// One whole message, for `SIPMessage.parse`.
    case message([UInt8])
    /// CRLF CRLF: the peer wants a pong (RFC 5626 4.4.1).
    case keepAlivePing
    /// CRLF: the answer to our ping.
    case keepAlivePong
}

/// Cuts the octets of one TCP or TLS connection into messages (RFC 3261 18.3).
///
/// A fault in the framing cannot be mended: once `next` has thrown, it throws the same for ever, and the connection
/// is to be closed, after the answer where the error has a status.
public struct StreamFramer: Sendable {
    /// Who opened the connection: a lone CRLF is a pong to the side that sends pings, half a ping to the other.
    public enum Side: Hashable, Sendable {
        case accepted, opened
    }

    private let limits: SIPLimits
    private let side: Side
    private var buffer: [UInt8] = []
    /// Octets at the front of the buffer that were handed out already.
    private var consumed = 0
    /// How far the search for the empty line has come.
    private var searched = 0
    /// Length in all of the message at the front, once its header section is complete.
    private var expected: Int?
    private var fault: SIPParseError?

    public init(limits: SIPLimits = SIPLimits(), side: Side = .accepted) {
        self.limits = limits
        self.side = side
    }

    /// Octets held for messages that are not complete or were not asked for.
    public var bufferedOctets: Int { buffer.count - consumed }

    /// Takes in what was read. Nothing is kept behind a fault.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        guard fault == nil else { return }
        if consumed > 0, consumed >= buffer.count / 2 {
            buffer.removeFirst(consumed)
            searched -= consumed
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next message or keep-alive; nil where more octets are needed.
    ///
    /// - Throws: `SIPParseError` for a header section without end, missing, repeated, negative or unreadable
    ///   Content-Length and for a body above the limit.
    public mutating func next() throws(SIPParseError) -> Frame? {
        if let fault { throw fault }
        do {
            return try cut()
        } catch {
            fault = error
            buffer = []
            consumed = 0
            throw error
        }
    }

    private mutating func cut() throws(SIPParseError) -> Frame? {
        if expected == nil {
            if let keepAlive = takeLineBreaks() { return keepAlive }
            guard let end = try headerEnd() else { return nil }
            expected = try length(headerEnd: end)
        }
        guard let expected, bufferedOctets >= expected else { return nil }
        let message = Array(buffer[consumed..<consumed + expected])
        consumed += expected
        searched = consumed
        self.expected = nil
        return .message(message)
    }

    /// Line breaks between messages: pings and pongs, else nothing (RFC 3261 7.5).
    private mutating func takeLineBreaks() -> Frame? {
        func isLineBreak(at index: Int) -> Bool {
            index + 1 < buffer.count && buffer[index] == Ascii.carriageReturn && buffer[index + 1] == Ascii.lineFeed
        }
        guard isLineBreak(at: consumed) else { return nil }
        if isLineBreak(at: consumed + 2) {
            consumed += 4
            return .keepAlivePing
        }
        switch side {
        case .opened:
            consumed += 2
            return .keepAlivePong
        case .accepted:
            // The other half of a ping may be under way; before a message the line break means nothing.
            let next = consumed + 2
            guard next < buffer.count, !(next + 1 == buffer.count && buffer[next] == Ascii.carriageReturn) else {
                return nil
            }
            consumed += 2
            return nil
        }
    }

    private mutating func headerEnd() throws(SIPParseError) -> Int? {
        let from = max(consumed, searched)
        if let end = HeaderSection.end(buffer.span, from: from, limit: consumed + limits.headerOctets) { return end }
        guard bufferedOctets < limits.headerOctets else {
            throw SIPParseError(status: nil, diagnosis: "header section too large")
        }
        searched = max(consumed, buffer.count - 3)
        return nil
    }

    /// The length of the message at the front, header section and body.
    private func length(headerEnd: Int) throws(SIPParseError) -> Int {
        let section = Array(buffer[consumed..<headerEnd])
        let body: Int
        switch ContentLengthField.read(section, limits: limits) {
        case .octets(let count):
            guard count <= limits.bodyOctets else { throw refusal(section, 413, "body too large") }
            body = count
        case .missing:
            throw refusal(section, 400, "no Content-Length on a stream")
        case .malformed:
            throw refusal(section, 400, "Content-Length malformed or repeated")
        }
        return section.count + body
    }

    /// The error, with what the header section has for an answer.
    private func refusal(_ section: [UInt8], _ status: Int, _ diagnosis: String) -> SIPParseError {
        do throws(SIPParseError) {
            guard case .request(let request) = try SIPMessage.parse(section, limits: limits), request.method != .ack
            else { return SIPParseError(status: nil, diagnosis: diagnosis) }
            return SIPParseError(status: status, diagnosis: diagnosis, partial: request)
        } catch {
            return SIPParseError(status: error.status.map { _ in status }, diagnosis: diagnosis, partial: error.partial)
        }
    }
}

/// The length that a header section states.
enum ContentLengthField {
    case missing, malformed
    case octets(Int)

    static func read(_ section: [UInt8], limits: SIPLimits) -> ContentLengthField {
        guard let unfolded = HeaderSection(section, limits: limits) else { return .malformed }
        let bytes = unfolded.octets.span
        var result = ContentLengthField.missing
        var position = 0
        while position < bytes.count {
            let start = position
            while position < bytes.count, bytes[position] != Ascii.lineFeed { position += 1 }
            let end = position
            position += 1
            var index = start
            let name = bytes.run(of: .token, &index, end)
            guard KnownHeaderIndex.shared.number(bytes, name) == KnownHeader.contentLength.rawValue,
                bytes.accept(Ascii.colon, &index, end)
            else { continue }
            guard case .missing = result, end > index, bytes[end - 1] == Ascii.carriageReturn,
                let length = bytes.decimal(bytes.trimmed(index..<end - 1), maximum: UInt64(Int32.max))
            else { return .malformed }
            result = .octets(Int(length))
        }
        return result
    }
}

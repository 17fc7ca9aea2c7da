/// A value of Warning: `399 host "text"` (RFC 3261 20.43). Mission critical services put their own three-digit code in
/// front of the text of a 399 (TS 24.379 4.4).
public struct SIPWarning: Hashable, Sendable {
    /// Three digits; RFC 3261 20.43 gives 300 to 399 a meaning.
    public var code: Int
    /// The host or pseudonym of who warns.
    public var agent: String
    public var text: String

    public init(code: Int = 399, agent: String, text: String) {
        self.code = code
        self.agent = agent
        self.text = text
    }

    /// A warning of a mission critical service: `399 agent "code text"`.
    public init(mcpttCode: Int, text: String, agent: String) {
        self.init(agent: agent, text: "\(mcpttCode) \(text)")
    }

    /// The code of the mission critical service, where the text begins with one.
    public var mcpttCode: Int? {
        guard code == 399 else { return nil }
        let digits = text.utf8.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ ByteSet.digit.contains($0) }) else { return nil }
        let rest = text.utf8.dropFirst(3)
        guard rest.isEmpty || rest.first == Ascii.space else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    }
}

extension SIPWarning: LosslessStringConvertible {
    public init?(_ text: String) {
        let warning = text.withOctets { bytes -> SIPWarning? in
            let range = bytes.trimmed(0..<bytes.count)
            var position = range.lowerBound
            let digits = bytes.run(of: .digit, &position, range.upperBound)
            guard digits.count == 3, let code = bytes.decimal(digits, maximum: 999) else { return nil }
            bytes.skipBlanks(&position, range.upperBound)
            let start = position
            while position < range.upperBound, !Ascii.isBlank(bytes[position]) { position += 1 }
            let agent = start..<position
            bytes.skipBlanks(&position, range.upperBound)
            guard !agent.isEmpty, position < range.upperBound, bytes[position] == Ascii.quote,
                let inner = bytes.quotedString(&position, range.upperBound), position == range.upperBound
            else { return nil }
            return SIPWarning(code: Int(code), agent: bytes.text(agent), text: bytes.unquoted(inner))
        }
        guard let warning else { return nil }
        self = warning
    }

    public var description: String {
        // Three digits, whatever they say (RFC 3261 25.1).
        let digits = "\(code)"
        return String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + "\(digits) \(agent) \(text.quoted)"
    }
}

extension Headers {
    /// The warnings that can be read.
    public var warnings: [SIPWarning] { values(.warning).compactMap { SIPWarning($0) } }
}

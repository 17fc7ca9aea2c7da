/// A media type with its parameters: `type/subtype;name=value` (RFC 3261 20.15, RFC 2045 5.1).
public struct ContentType: Hashable, Sendable {
    /// In lower case, as types and subtypes compare without regard to case.
    public var type: String
    public var subtype: String
    public var parameters: Parameters

    public init(_ type: String, _ subtype: String, parameters: Parameters = Parameters()) {
        self.type = type.lowercased()
        self.subtype = subtype.lowercased()
        self.parameters = parameters
    }

    /// `type/subtype` without parameters.
    public var essence: String { type + "/" + subtype }

    /// True where this is the media type named by `text`, which has no parameters.
    public func matches(_ text: String) -> Bool { Ascii.equalsIgnoringCase(essence, text) }
}

extension ContentType: LosslessStringConvertible {
    public init?(_ text: String) {
        let type = text.withOctets { bytes in ContentType(bytes, bytes.trimmed(0..<bytes.count)) }
        guard let type else { return nil }
        self = type
    }

    init?(_ bytes: Octets, _ range: Range<Int>) {
        guard let layout = bytes.contentType(range) else { return nil }
        self.init(
            bytes.text(layout.type), bytes.text(layout.subtype), parameters: bytes.parameters(layout.parameters))
    }

    public var description: String { essence + parameters.headerText }
}

struct ContentTypeLayout {
    var type: Range<Int>
    var subtype: Range<Int>
    var parameters: Range<Int>
}

extension Span<UInt8> {
    /// `m-type SLASH m-subtype *( SEMI m-parameter )` (RFC 3261 25.1).
    func contentType(_ range: Range<Int>) -> ContentTypeLayout? {
        let end = range.upperBound
        var position = range.lowerBound
        let type = run(of: .token, &position, end)
        guard !type.isEmpty, accept(Ascii.slash, &position, end) else { return nil }
        let subtype = run(of: .token, &position, end)
        guard !subtype.isEmpty, areParameters(position..<end) else { return nil }
        return ContentTypeLayout(type: type, subtype: subtype, parameters: position..<end)
    }
}

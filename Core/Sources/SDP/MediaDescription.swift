/// `m=` with the lines that belong to it.
public struct MediaDescription: Hashable, Sendable {
    /// `audio`, `application`, ...
    public var kind: String
    /// 0: rejected in an answer, not wanted in an offer (RFC 3264 5.1 and 6).
    public var port: UInt16
    /// The number after the slash in the port field; nil where there is none.
    public var portCount: UInt16?
    /// `RTP/AVP`, `udp`, ...
    public var transport: String
    /// Payload types of RTP, `MCPTT` for floor control.
    public var formats: [String]
    /// `i=`: TS 24.379 labels the audio of a call `speech`.
    public var information: String?
    public var connection: Connection?
    public var attributes: [SDPAttribute]
    /// Lines of other types (`b k`, unknown ones), in order of arrival.
    public var otherLines: [SDPLine]

    public init(
        kind: String, port: UInt16, transport: String, formats: [String], information: String? = nil,
        attributes: [SDPAttribute] = []
    ) {
        self.kind = kind
        self.port = port
        self.transport = transport
        self.formats = formats
        self.information = information
        self.attributes = attributes
        self.otherLines = []
    }

    /// True for the floor control channel: `m=application <port> udp MCPTT` (TS 24.380 4.3).
    public var isFloorControl: Bool {
        kind == "application" && transport.lowercased() == "udp"
            && formats.contains { $0.lowercased() == "mcptt" }
    }

    /// The mapping of an RTP payload type, from `a=rtpmap`.
    public func rtpMap(for format: String) -> RTPMap? {
        for attribute in attributes where attribute.name == "rtpmap" {
            guard let value = attribute.value, value.begins(withFormat: format), let map = RTPMap(value) else {
                continue
            }
            return map
        }
        return nil
    }

    /// The parameters of a format, from `a=fmtp`: what follows the format and a space.
    public func formatParameters(for format: String) -> String? {
        for attribute in attributes where attribute.name == "fmtp" {
            guard let value = attribute.value, value.begins(withFormat: format) else { continue }
            return String(decoding: value.utf8.dropFirst(format.utf8.count + 1), as: UTF8.self)
        }
        return nil
    }

    /// `a=ptime`: milliseconds of media in a packet that the author would like.
    public var packetTimeMilliseconds: Int? { attributes.value(of: "ptime").flatMap { Int($0) } }

    /// `a=maxptime`: milliseconds of media in a packet that the author can take.
    public var maximumPacketTimeMilliseconds: Int? { attributes.value(of: "maxptime").flatMap { Int($0) } }
}

/// The value of `a=rtpmap`: payload type, encoding name, clock rate and, for audio, channels.
public struct RTPMap: Hashable, Sendable, LosslessStringConvertible {
    public var payloadType: UInt8
    /// Compared without regard to case (RFC 8866 6.6).
    public var encoding: String
    /// Timestamp units per second.
    public var clockRate: UInt32
    /// nil where the line names none: one channel.
    public var channels: UInt8?

    public init(payloadType: UInt8, encoding: String, clockRate: UInt32, channels: UInt8? = nil) {
        self.payloadType = payloadType
        self.encoding = encoding
        self.clockRate = clockRate
        self.channels = channels
    }

    public init?(_ text: String) {
        guard let space = text.utf8.firstIndex(of: UInt8(ascii: " ")),
            let payloadType = DecimalNumber.read(text[..<space], as: UInt8.self), payloadType < 128
        else { return nil }
        let parts = text[text.utf8.index(after: space)...].fields("/", omittingEmpty: false)
        guard parts.count == 2 || parts.count == 3, let encoding = parts.first, !encoding.isEmpty,
            let rate = DecimalNumber.read(parts[1], as: UInt32.self)
        else { return nil }
        if parts.count == 3 {
            guard let count = DecimalNumber.read(parts[2], as: UInt8.self) else { return nil }
            channels = count
        }
        self.payloadType = payloadType
        self.encoding = String(encoding)
        self.clockRate = rate
    }

    public var description: String {
        "\(payloadType) \(encoding)/\(clockRate)" + (channels.map { "/\($0)" } ?? "")
    }
}

extension [SDPAttribute] {
    /// The value of the first attribute of a name; nil also where it has no value.
    public func value(of name: String) -> String? {
        first { $0.name == name }?.value
    }

    /// True where an attribute of the name is there, with or without a value.
    public func contains(named name: String) -> Bool {
        contains { $0.name == name }
    }

    /// The first of the four direction attributes; nil where none stands.
    public var direction: MediaDirection? {
        get {
            for attribute in self where attribute.value == nil {
                if let direction = MediaDirection(rawValue: attribute.name) { return direction }
            }
            return nil
        }
        set {
            removeAll { $0.value == nil && MediaDirection(rawValue: $0.name) != nil }
            if let newValue { append(SDPAttribute(newValue.rawValue)) }
        }
    }
}

extension String {
    /// True where the text is this format, in any case, a space, and whatever comes then.
    fileprivate func begins(withFormat format: String) -> Bool {
        let (own, wanted) = (utf8, format.utf8)
        guard own.count > wanted.count, own.dropFirst(wanted.count).first == UInt8(ascii: " ") else { return false }
        return zip(own, wanted).allSatisfy { left, right in
            left == right || (left ^ right == 0x20 && (97...122).contains(left | 0x20))
        }
    }
}

/// Unsigned numbers as the grammars of SDP write them: digits only, no sign.
enum DecimalNumber {
    static func read<Number: FixedWidthInteger>(_ text: some StringProtocol, as type: Number.Type) -> Number? {
        guard let first = text.utf8.first, (48...57).contains(first) else { return nil }
        return Number(text)
    }
}

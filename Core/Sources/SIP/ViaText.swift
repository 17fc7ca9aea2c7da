struct ViaLayout {
    var transport: Range<Int>
    var host: Range<Int>
    var port: UInt16?
    var parameters: Range<Int>
}

extension Span<UInt8> {
    /// `via-parm = sent-protocol LWS sent-by *( SEMI via-params )` (RFC 3261 25.1).
    func via(_ range: Range<Int>) -> ViaLayout? {
        let end = range.upperBound
        var position = range.lowerBound
        guard equalsIgnoringCase(run(of: .token, &position, end), "SIP"), accept(Ascii.slash, &position, end),
            equalsIgnoringCase(run(of: .token, &position, end), "2.0"), accept(Ascii.slash, &position, end)
        else { return nil }
        let transport = run(of: .token, &position, end)
        guard !transport.isEmpty, position < end, Ascii.isBlank(self[position]) else { return nil }
        skipBlanks(&position, end)
        guard let host = host(&position, end) else { return nil }
        var layout = ViaLayout(transport: transport, host: host, port: nil, parameters: position..<end)
        if accept(Ascii.colon, &position, end) {
            guard let port = decimal(run(of: .digit, &position, end), maximum: 65_535) else { return nil }
            layout.port = UInt16(port)
        }
        layout.parameters = position..<end
        return areParameters(layout.parameters) ? layout : nil
    }

    /// `CSeq = 1*DIGIT LWS Method`, the number below 2^31 (RFC 3261 8.1.1.5).
    func cseq(_ range: Range<Int>) -> (number: UInt32, method: Range<Int>)? {
        let end = range.upperBound
        var position = range.lowerBound
        guard let number = decimal(run(of: .digit, &position, end), maximum: UInt64(Int32.max)), position < end,
            Ascii.isBlank(self[position])
        else { return nil }
        skipBlanks(&position, end)
        let method = run(of: .token, &position, end)
        guard !method.isEmpty, position == end else { return nil }
        return (UInt32(number), method)
    }
}

extension Via: LosslessStringConvertible {
    public init?(_ text: String) {
        let via = text.withOctets { bytes in Via(bytes, bytes.trimmed(0..<bytes.count)) }
        guard let via else { return nil }
        self = via
    }

    init?(_ bytes: Octets, _ range: Range<Int>) {
        guard let layout = bytes.via(range) else { return nil }
        let transport = bytes.text(layout.transport)
        let isUpper = !transport.utf8.contains { $0 >= 97 && $0 <= 122 }
        self.init(
            transport: isUpper ? transport : transport.uppercased(), host: bytes.text(layout.host), port: layout.port,
            parameters: bytes.parameters(layout.parameters))
    }

    public var description: String {
        let portText = port.map { ":\($0)" } ?? ""
        return "SIP/2.0/\(transport) \(host)\(portText)\(parameters.headerText)"
    }
}

extension CSeq: LosslessStringConvertible {
    public init?(_ text: String) {
        let cseq = text.withOctets { bytes in CSeq(bytes, bytes.trimmed(0..<bytes.count)) }
        guard let cseq else { return nil }
        self = cseq
    }

    init?(_ bytes: Octets, _ range: Range<Int>) {
        guard let layout = bytes.cseq(range) else { return nil }
        self.init(layout.number, Method(bytes, layout.method))
    }

    public var description: String { "\(number) \(method)" }
}

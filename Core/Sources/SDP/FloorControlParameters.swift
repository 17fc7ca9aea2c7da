/// The parameters of `a=fmtp:MCPTT` (TS 24.380 clauses 12 and 14): what two ends agree about floor control.
public struct FloorControlParameters: Hashable, Sendable {
    /// `mc_queueing`: the end can queue requests or be queued.
    public var queueing: Bool
    /// `mc_priority`: the highest floor priority that will be asked for.
    public var priority: UInt8?
    /// `mc_granted`: in an offer, that a grant in the answer is understood; in an answer, that the floor is granted.
    public var granted: Bool
    /// `mc_implicit_request`: the request that carries the offer also asks for the floor.
    public var implicitRequest: Bool
    /// `mc_ssrc`: SSRC of audio.
    public var ssrc: UInt32?
    /// `mc_floor_ssrc`: SSRC in the header of the author's floor control messages.
    public var floorSSRC: UInt32?
    /// `mc_no_floor_ctrl`: a call in a pre-established session without floor control.
    public var noFloorControl: Bool
    /// Parameters that nothing here understands, as they stood.
    public var others: [String]

    public init(
        queueing: Bool = false, priority: UInt8? = nil, granted: Bool = false, implicitRequest: Bool = false,
        ssrc: UInt32? = nil, floorSSRC: UInt32? = nil, noFloorControl: Bool = false, others: [String] = []
    ) {
        self.queueing = queueing
        self.priority = priority
        self.granted = granted
        self.implicitRequest = implicitRequest
        self.ssrc = ssrc
        self.floorSSRC = floorSSRC
        self.noFloorControl = noFloorControl
        self.others = others
    }

    /// Reads what follows `MCPTT ` in the attribute. Also takes `mc_queing`, which clients in the field write.
    /// - Throws: `SDPError` (line 0) for a number that is none.
    public init(parsing text: some StringProtocol) throws(SDPError) {
        self.init()
        for piece in Substring(text).fields(";") {
            let trimmed = piece.trimmed
            guard !trimmed.isEmpty else { continue }
            let equals = trimmed.utf8.firstIndex(of: UInt8(ascii: "="))
            let name = trimmed[..<(equals ?? trimmed.endIndex)].trimmed.lowercased()
            let value = equals.map { String(trimmed[trimmed.utf8.index(after: $0)...].trimmed) }
            switch name {
            case "mc_queueing", "mc_queing": queueing = true
            case "mc_granted": granted = true
            case "mc_implicit_request": implicitRequest = true
            case "mc_no_floor_ctrl": noFloorControl = true
            case "mc_priority": priority = try Self.number(value, of: name)
            case "mc_ssrc": ssrc = try Self.number(value, of: name)
            case "mc_floor_ssrc": floorSSRC = try Self.number(value, of: name)
            default: others.append(String(trimmed))
            }
        }
    }

    private static func number<Number: FixedWidthInteger>(
        _ value: String?, of name: String
    ) throws(SDPError) -> Number {
        guard let value, let number = DecimalNumber.read(value, as: Number.self) else {
            throw SDPError(line: 0, "\(name) is not a number of \(Number.bitWidth) bits")
        }
        return number
    }

    /// The parameters as they stand after `MCPTT `; empty where there are none.
    public var text: String {
        var parts: [String] = []
        if queueing { parts.append("mc_queueing") }
        if let priority { parts.append("mc_priority=\(priority)") }
        if granted { parts.append("mc_granted") }
        if implicitRequest { parts.append("mc_implicit_request") }
        if let ssrc { parts.append("mc_ssrc=\(ssrc)") }
        if let floorSSRC { parts.append("mc_floor_ssrc=\(floorSSRC)") }
        if noFloorControl { parts.append("mc_no_floor_ctrl") }
        return (parts + others).joined(separator: ";")
    }

    /// These wishes of an answerer, cut to what an offer allows: an answer holds only parameters that the offer had,
    /// and no higher priority (TS 24.380 14.3).
    public func answering(_ offer: FloorControlParameters) -> FloorControlParameters {
        FloorControlParameters(
            queueing: queueing && offer.queueing,
            priority: offer.priority.flatMap { offered in priority.map { min($0, offered) } },
            granted: granted && offer.granted,
            implicitRequest: implicitRequest && offer.implicitRequest,
            ssrc: offer.ssrc == nil ? nil : ssrc,
            floorSSRC: offer.floorSSRC == nil ? nil : floorSSRC,
            noFloorControl: noFloorControl && offer.noFloorControl,
            others: others.filter { offer.names($0) })
    }

    private func names(_ parameter: String) -> Bool {
        let name = parameter.prefix { $0 != "=" }
        return others.contains { $0.prefix { $0 != "=" } == name }
    }
}

import FloorControl
import MCFoundation

/// A floor control server under a virtual clock, with participants named by small numbers. What it does is told in
/// short lines, so that a test reads as a transcript.
struct ServerCall {
    var server: FloorServer
    var milliseconds: Int64 = 0
    /// Granted messages that asked for acknowledgement and similar details, in order.
    var sent: [FloorMessage] = []

    init(_ settings: FloorSettings = .init()) {
        server = FloorServer(settings: settings)
    }

    var now: Now {
        Now(instant: Instant(nanoseconds: milliseconds * 1_000_000), utc: UTCTime(microseconds: 0))
    }

    static func description(
        _ number: UInt32, priority: UInt8 = 5, tier: CallTier = .normal, isQueueing: Bool = true,
        isReceiveOnly: Bool = false, isImplicitRequest: Bool = false, isPrivate: Bool = false
    ) -> FloorParticipantDescription {
        FloorParticipantDescription(
            mcpttID: MCPTTID("sip:\(number)@mc.example"), maxPriority: priority, defaultPriority: min(priority, 5),
            tier: tier, isQueueing: isQueueing, isReceiveOnly: isReceiveOnly, isImplicitRequest: isImplicitRequest,
            isPrivate: isPrivate, audioSSRC: 100 + number, floorSSRC: 900 + number)
    }

    @discardableResult
    mutating func join(_ number: UInt32, _ description: FloorParticipantDescription? = nil) -> [String] {
        tell(.joined(ParticipantKey(UInt64(number)), description ?? Self.description(number)))
    }

    @discardableResult
    mutating func join(numbers: ClosedRange<UInt32>) -> [String] {
        numbers.flatMap { join($0) }
    }

    @discardableResult
    mutating func receive(_ kind: FloorMessageKind, from number: UInt64, priority: UInt8? = nil, ack: Bool = false)
        -> [String]
    {
        var message = FloorMessage(kind, ssrc: 0, acknowledgementRequested: ack)
        message.priority = priority
        return receive(message, from: number)
    }

    @discardableResult
    mutating func receive(_ message: FloorMessage, from number: UInt64) -> [String] {
        tell(.received(message, from: ParticipantKey(number)))
    }

    @discardableResult
    mutating func tell(_ event: FloorServerEvent) -> [String] {
        server.handle(event, at: now).flatMap { note($0) }
    }

    /// A packet: "admitted" or "dropped", then what follows from it.
    @discardableResult
    mutating func media(from number: UInt64) -> [String] {
        let isAdmitted = server.mediaReceived(from: ParticipantKey(number), at: now.instant)
        return [isAdmitted ? "admitted" : "dropped"] + server.takePendingActions().flatMap { note($0) }
    }

    /// Lets time pass, firing each deadline when it is due.
    @discardableResult
    mutating func pass(milliseconds duration: Int64) -> [String] {
        let end = milliseconds + duration
        var lines: [String] = []
        while let deadline = server.nextDeadline, deadline.nanoseconds <= end * 1_000_000 {
            milliseconds = max(milliseconds, (deadline.nanoseconds + 999_999) / 1_000_000)
            lines += tell(.timeAdvanced)
        }
        milliseconds = end
        return lines
    }

    /// A talker sends a packet each 100 ms.
    @discardableResult
    mutating func talk(_ number: UInt64, milliseconds duration: Int64) -> [String] {
        var lines: [String] = []
        for _ in 0..<(duration / 100) {
            lines += media(from: number).filter { $0 != "admitted" }
            lines += pass(milliseconds: 100)
        }
        return lines
    }

    private mutating func note(_ action: FloorServerAction) -> [String] {
        switch action {
        case .send(let message, let key): return [note(message, to: key)]
        case .announce(let keys):
            return keys.compactMap { key in server.announcement(to: key).map { note($0, to: key) } }
        case .talkerChanged(let key, let ssrc):
            return ["talker \(key.map { "\($0.value)" } ?? "nobody")\(ssrc.map { " ssrc \($0)" } ?? "")"]
        case .inactive: return ["inactive"]
        case .misbehaves(let key): return ["misbehaves \(key.value)"]
        case .refused(let key): return ["refused \(key.value)"]
        }
    }

    private mutating func note(_ message: FloorMessage, to key: ParticipantKey) -> String {
        sent.append(message)
        return "\(Self.line(message)) > \(key.value)"
    }

    private static func line(_ message: FloorMessage) -> String {
        var words = ["\(message.kind)" + (message.acknowledgementRequested ? "!" : "")]
        if let duration = message.duration { words.append("\(duration)s") }
        if message.kind == .granted, let priority = message.priority { words.append("priority \(priority)") }
        if let cause = message.rejectCause { words.append("#\(cause.value)") }
        if let party = message.grantedParty { words.append("by \(party.value.dropFirst(4).prefix { $0 != "@" })") }
        if message.permissionToRequest == false { words.append("listen") }
        if let number = message.sequenceNumber { words.append("no. \(number)") }
        if let info = message.queueInfo { words.append("position \(info.position) priority \(info.priority)") }
        if let type = message.messageType { words.append("of \(type)") }
        return words.joined(separator: " ")
    }
}

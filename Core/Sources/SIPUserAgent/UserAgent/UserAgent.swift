public import MCFoundation
public import SIP

/// The core of a user agent (RFC 3261 8, 12 to 15) above transactions, for as many sessions and subscriptions as its
/// limits allow. Input comes by `handle`, commands are methods; both fill two queues that the owner empties: outputs
/// for the layer below, events for itself.
public struct UserAgent: Sendable {
    let number: UInt8
    var random: SeededGenerator
    let limits: UserAgentLimits
    /// Option tags that a request may `Require` of us.
    let extensions: [String]
    /// What `Allow` says.
    let methods: [Method]
    private var lastID: UInt64 = 0
    private var outputs: [SIPOutput] = []
    private var events: [UserAgentEvent] = []
    private var eventsTaken = 0

    /// The option tags a function of a mission critical system understands or may ignore safely.
    public static let commonExtensions = [
        "timer", "100rel", "tdialog", "norefersub", "explicitsub", "nosub", "path", "outbound", "gruu", "pref",
        "resource-priority", "multiple-refer", "recipient-list-invite", "histinfo", "privacy", "replaces",
        "eventlist", "answermode",
    ]
    public static let commonMethods: [Method] = [
        .invite, .ack, .cancel, .bye, .prack, .update, .info, .message, .options, .refer, .subscribe, .notify,
        .publish,
    ]

    /// `number` becomes the upper eight bits of every identifier minted here, so that answers find their function.
    public init(
        number: UInt8, random: SeededGenerator, limits: UserAgentLimits = .init(),
        extensions: [String] = UserAgent.commonExtensions, methods: [Method] = UserAgent.commonMethods
    ) {
        self.number = number
        self.random = random
        self.limits = limits
        self.extensions = extensions
        self.methods = methods
    }

    /// What is to be passed down, in order.
    public mutating func takeOutputs() -> [SIPOutput] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    /// What is to be told to the owner, in order; nil where there is no more.
    public mutating func nextEvent() -> UserAgentEvent? {
        guard eventsTaken < events.count else {
            events.removeAll(keepingCapacity: true)
            eventsTaken = 0
            return nil
        }
        defer { eventsTaken += 1 }
        return events[eventsTaken]
    }

    mutating func put(_ output: SIPOutput) { outputs.append(output) }
    mutating func tell(_ event: UserAgentEvent) { events.append(event) }

    mutating func mint() -> UInt64 {
        lastID += 1
        return UInt64(number) << 56 | lastID
    }
}

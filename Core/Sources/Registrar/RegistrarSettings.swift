/// What a registrar is told once. Realm, users and secrets come with the directory.
public struct RegistrarSettings: Hashable, Sendable {
    /// Seconds; a shorter request is refused with 423 (RFC 3261 10.3 step 7).
    public var minimumExpires: UInt32 = 60
    /// Seconds; a longer request is granted this much.
    public var maximumExpires: UInt32 = 3_600
    /// Seconds granted to a client that does not promise keep-alives (RFC 5626): below the time after which the shell
    /// closes a silent flow, so that its refresh comes before.
    public var maximumExpiresWithoutKeepAlive: UInt32 = 540
    /// Seconds, where the client asks for nothing.
    public var defaultExpires: UInt32 = 3_600
    /// Seconds after which the server takes a flow without keep-alive for dead (RFC 5626 5.4, Flow-Timer).
    public var flowTimer: UInt32 = 120
    /// How much later than Flow-Timer a keep-alive may come: the network delays it (RFC 5626 5.4).
    public var flowTimerGrace: Duration = .seconds(20)
    /// How long a binding outlives its flow without being reachable, so that a device that changes its network is not
    /// taken for one that left.
    public var flowGrace: Duration = .seconds(5)
    /// Clients without RFC 5626 are refused with 421.
    public var requiresOutbound = false
    public var limits = RegistrarLimits()

    public init() {}
}

/// Bounds on what clients can make a registrar keep.
public struct RegistrarLimits: Hashable, Sendable {
    /// Contact values in one REGISTER.
    public var contactsPerRequest = 8
    /// Path values that proxies before the edge wrote.
    public var pathValues = 8
    /// Bindings of one user.
    public var bindingsPerUser = 8
    /// Bindings altogether.
    public var bindings = 200_000
    /// Users that share one flow (a test tool, or a gateway of telephones).
    public var usersPerFlow = 256

    public init() {}
}

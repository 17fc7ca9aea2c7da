public import CallControl
public import MCFoundation
public import Policy
public import SIP
public import SIPUserAgent

/// What the cell tells the registrar.
public enum RegistrarEvent: Sendable {
    /// A REGISTER that is valid as a message.
    case registerReceived(SIPRequest, ServerTransactionID, RegistrationHop)
    case flowClosed(FlowID)
    case directoryReplaced(DirectorySnapshot)
    /// A device of a user is not to be reached any more: who used it is not authorised. It may register again.
    case deviceWithdrawn(PublicUserIdentity, RegisteredContact)
    case timeAdvanced
}

/// Where a REGISTER came in, and what the edge tells the device about itself.
public struct RegistrationHop: Hashable, Sendable {
    public var flow: FlowID
    /// The way back over this flow (RFC 3327): echoed in the answer, above what proxies before the edge wrote.
    public var path: NameAddress
    /// The way of the device's later requests (RFC 3608).
    public var serviceRoute: NameAddress
    /// False where another proxy stands between the device and the edge: the flow is then not the device's own
    /// (RFC 5626 5.1).
    public var isFirstHop: Bool

    public init(flow: FlowID, path: NameAddress, serviceRoute: NameAddress, isFirstHop: Bool) {
        self.flow = flow
        self.path = path
        self.serviceRoute = serviceRoute
        self.isFirstHop = isFirstHop
    }
}

/// What the registrar wants done.
public enum RegistrarAction: Hashable, Sendable {
    case respond(SIPResponse, ServerTransactionID)
    /// The device was told a Flow-Timer: silence for that long means that the flow is dead (RFC 5626 5.4).
    case expectKeepAlive(FlowID, Duration)
    case registrationChanged(PublicUserIdentity, RegistrationChange)
    case note(Observation)
}

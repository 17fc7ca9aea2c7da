import MCFoundation

/// The key under which session identities and contacts are hidden from partners. It does not print.
public struct SessionIdentityKey: Sendable, CustomStringConvertible, CustomReflectable {
    let octets: [UInt8]

    /// nil for fewer than 32 octets.
    public init?(_ octets: [UInt8]) {
        guard octets.count >= 32 else { return nil }
        self.octets = octets
    }

    public var description: String { "SessionIdentityKey" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// What a gateway is told once. Partners and agreements come with the directory.
public struct GatewaySettings: Hashable, Sendable {
    /// Between two OPTIONS to a partner.
    public var heartbeatInterval: Duration = .seconds(5)
    /// Heartbeats without answer until a partner counts as lost.
    public var missesUntilLost = 3
    public var limits = GatewayLimits()

    public init() {}
}

/// How much of something each partner holds. Looked up only.
struct PartnerTally: Sendable {
    private var counts: [MCSystemID: Int] = [:]

    subscript(partner: MCSystemID) -> Int { counts[partner] ?? 0 }

    mutating func add(_ partner: MCSystemID) { counts[partner, default: 0] += 1 }

    mutating func remove(_ partner: MCSystemID) {
        let left = self[partner] - 1
        counts[partner] = left > 0 ? left : nil
    }
}

/// Bounds on what peers can make a gateway keep.
public struct GatewayLimits: Hashable, Sendable {
    /// Sessions across the border, each with two dialogs and two media legs.
    public var sessions = 20_000
    public var sessionsPerPartner = 10_000
    /// Requests that wait for the other side's answer.
    public var pendingRequests = 20_000
    /// Of those, to or from one partner: one that floods us or is silent does not stop the others.
    public var pendingRequestsPerPartner = 5_000
    public var subscriptions = 90_000
    /// Both ways what a controlling function lets one partner have of users, and of participants of calls beside.
    public var subscriptionsPerPartner = 45_000

    public init() {}
}

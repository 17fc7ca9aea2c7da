public import FloorControl
public import MCFoundation

/// Another MC system, and what was agreed with it.
public struct Partner: Hashable, Sendable {
    public var system: MCSystemID
    /// ISO 3166, two capital letters: of whoever the system speaks for; empty where nobody said. No domain tells it.
    public var country: String
    /// Domains whose users, groups and services it may speak for, lower case. Also what the routing table sends there.
    public var domains: [String]
    /// As published by the partner, for its first domain where nothing else was agreed.
    public var services: ServiceIdentities
    /// Its gateways in order of preference.
    public var gateways: [GatewayTarget]
    public var agreement: Agreement
    /// Offer one shared audio stream a call (the vendor attribute between gateways); a partner that does not know it
    /// gets a stream a member anyhow.
    public var offersTrunks: Bool
    /// What it homes or serves though its domains do not say so.
    public var exceptions: RoutingExceptions
    /// How it wants floor messages written.
    public var floorDialect: FloorDialect

    /// `services` follow from the first domain where they are left out.
    public init(
        system: MCSystemID, country: String = "", domains: [String], services: ServiceIdentities? = nil,
        gateways: [GatewayTarget], agreement: Agreement = Agreement(), offersTrunks: Bool = true,
        exceptions: RoutingExceptions = .init(), floorDialect: FloorDialect = .current
    ) {
        self.system = system
        self.country = country
        self.domains = domains.map { $0.lowercased() }
        self.services = services ?? ServiceIdentities(domain: self.domains.first ?? system.value)
        self.gateways = gateways
        self.agreement = agreement
        self.offersTrunks = offersTrunks
        self.exceptions = exceptions
        self.floorDialect = floorDialect
    }
}

/// Single groups, users and aliases that are a partner's whatever the domain in their names says. They go before domains
/// in the routing table, and what is listed here the partner may speak for.
public struct RoutingExceptions: Hashable, Sendable {
    /// Groups that it homes.
    public var groups: [MCPTTGroupID]
    /// Users that it homes and serves.
    public var users: [MCPTTID]
    /// Users that it serves; they are homed where their names, or another partner's exceptions, say.
    public var servedUsers: [MCPTTID]
    /// Functional aliases that it homes.
    public var aliases: [FunctionalAlias]

    public init(
        groups: [MCPTTGroupID] = [], users: [MCPTTID] = [], servedUsers: [MCPTTID] = [],
        aliases: [FunctionalAlias] = []
    ) {
        self.groups = groups
        self.users = users
        self.servedUsers = servedUsers
        self.aliases = aliases
    }
}

/// One address of a partner's gateway; mutual TLS is the rule between systems.
public struct GatewayTarget: Hashable, Sendable {
    /// Name or address (IPv6 in brackets) to connect to.
    public var host: String
    public var port: UInt16
    /// The name that its certificate must prove (RFC 5922 7.2).
    public var serverName: String

    public init(host: String, port: UInt16 = 5061, serverName: String) {
        self.host = host
        self.port = port
        self.serverName = serverName
    }
}

/// Who and what an agreement covers.
public enum Admission<ID: TextualIdentity>: Hashable, Sendable {
    case all
    case none
    /// Those listed.
    case only([ID])

    public func admits(_ id: ID) -> Bool {
        switch self {
        case .all: true
        case .none: false
        case .only(let ids): ids.contains(id)
        }
    }
}

/// What two systems agreed about groups and users. Each side keeps its own; refusals 179 (leaving) and 180 (entering).
public struct Agreement: Hashable, Sendable {
    /// Groups of ours that the partner's users may affiliate with and call.
    public var groupsOffered: Admission<MCPTTGroupID>
    /// Groups of the partner that our users may affiliate with and call.
    public var groupsUsed: Admission<MCPTTGroupID>
    /// Users of the partner that may take part here.
    public var usersAdmitted: Admission<MCPTTID>
    /// Users of ours that may take part there.
    public var usersReleased: Admission<MCPTTID>

    public init(
        groupsOffered: Admission<MCPTTGroupID> = .all, groupsUsed: Admission<MCPTTGroupID> = .all,
        usersAdmitted: Admission<MCPTTID> = .all, usersReleased: Admission<MCPTTID> = .all
    ) {
        self.groupsOffered = groupsOffered
        self.groupsUsed = groupsUsed
        self.usersAdmitted = usersAdmitted
        self.usersReleased = usersReleased
    }
}

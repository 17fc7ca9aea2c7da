public import CallControl
public import FloorControl
public import MCFoundation
public import Policy
public import SIPUserAgent

/// Where users and groups come from; the text is a path.
public enum DirectorySource: Hashable, Sendable {
    /// A plain file, read at the start.
    case file(String)
    /// The store of a nation, whose changes take effect at once.
    case store(String)
}

/// The configuration of one national system, as `euccs serve --config FILE` reads it. What the file leaves out stands
/// here with its default.
public struct SystemConfiguration: Sendable {
    public var identity: SystemIdentity
    /// For people: "Italia Emergenza".
    public var name: String
    /// ISO 3166, two capital letters.
    public var country: String
    public var access: AccessListeners
    public var interconnection: InterconnectionListeners
    public var certificates: CertificateFiles
    public var media: MediaPlane
    /// What a process that takes the place of another one, which still has these ports, adds to each; nil: none may.
    public var secondPorts: Int?
    public var partners: [PartnerConfiguration]
    public var timers = ServiceTimers()
    public var limits = ServiceLimits()
    public var floor = FloorRules()
    public var logLevel = LogLevel.info
    public var directory: DirectorySource
    /// nil: nobody logs in here, and the proof of a device's password is enough to be served.
    public var web: WebConfiguration?

    /// The sockets of such a process.
    public var secondMedia: MediaPlane? { secondPorts.flatMap { media.shifted(by: $0) } }

    /// What stands in Via and Record-Route towards clients.
    public var accessSentBy: SentBy {
        SentBy(
            host: access.host, udpPort: access.udp.first?.port, tcpPort: access.tcp.first?.port,
            tlsPort: access.tls.first?.port)
    }

    /// What stands in Via and Record-Route towards partners.
    public var interconnectionSentBy: SentBy {
        SentBy(host: interconnection.host, tlsPort: interconnection.tls.first?.port)
    }
}

/// Where clients are accepted.
public struct AccessListeners: Hashable, Sendable {
    /// The name that clients are told; by default the first address, else the domain.
    public var host: String
    public var tls: [SocketAddress] = []
    public var tcp: [SocketAddress] = []
    public var udp: [SocketAddress] = []
}

/// Where gateways of partners are accepted: mutual TLS only.
public struct InterconnectionListeners: Hashable, Sendable {
    public var host: String
    public var tls: [SocketAddress] = []
}

/// Where log-in, documents and administration are reached, over HTTPS. With it every client needs an access token.
public struct WebConfiguration: Hashable, Sendable {
    /// How clients reach it, without a final slash: `https://mc.it.example:8443`.
    public var url: String
    public var https: [SocketAddress]
    public var certificate: CertificateFiles.Identity
    /// Health, readiness and metrics, in plain HTTP on loopback.
    public var operations: SocketAddress?
    /// MCC and MNC of the mobile network that devices are at home in (`<PLMN>`, TS 24.484 7.2).
    public var homeNetwork = "00101"
    /// Applications that may log users in.
    public var clients: [WebClient]
    /// Who authenticates the users instead of us; nil: we do, by their passwords.
    public var provider: ProviderConfiguration?

    /// The client that is known where the file names none: the responder of this house.
    public static let responder = WebClient(id: "euccs-responder", redirectURIs: ["eu.euccs.responder:/signed-in"])
}

/// A nation's own OpenID provider, with this system as its client.
public struct ProviderConfiguration: Hashable, Sendable {
    public var issuer: String
    public var authorizationEndpoint: String
    public var tokenEndpoint: String
    /// Where its keys are published.
    public var keysEndpoint: String
    public var clientID: String
    /// A file with the secret that the provider gave to us; nil: none.
    public var clientSecretFile: String?
    /// PEM file of who certifies its servers; nil: whom the machine trusts.
    public var authority: String?
    public var scope = "openid"
    /// The claim of its ID tokens that holds the log-in name of the user.
    public var claim = "sub"
    public var algorithms = ProviderAlgorithm.allCases

    public init(
        issuer: String, authorizationEndpoint: String, tokenEndpoint: String, keysEndpoint: String, clientID: String,
        clientSecretFile: String? = nil, authority: String? = nil
    ) {
        self.issuer = issuer
        self.authorizationEndpoint = authorizationEndpoint
        self.tokenEndpoint = tokenEndpoint
        self.keysEndpoint = keysEndpoint
        self.clientID = clientID
        self.clientSecretFile = clientSecretFile
        self.authority = authority
    }
}

/// How a provider may sign its ID tokens (RFC 7518 3.1, RFC 8037 3.1).
public enum ProviderAlgorithm: String, CaseIterable, Hashable, Sendable {
    case es256 = "ES256"
    case es384 = "ES384"
    case rs256 = "RS256"
    case ps256 = "PS256"
    case edDSA = "EdDSA"
}

/// An application on devices (RFC 6749 2.1, a public client).
public struct WebClient: Hashable, Sendable {
    public var id: String
    public var redirectURIs: [String]

    public init(id: String, redirectURIs: [String]) {
        self.id = id
        self.redirectURIs = redirectURIs
    }
}

/// PEM files.
public struct CertificateFiles: Hashable, Sendable {
    public struct Identity: Hashable, Sendable {
        public var certificate: String
        public var key: String
    }

    /// Towards clients.
    public var access: Identity
    /// Towards partners; the same as towards clients where nothing else is said.
    public var interconnection: Identity
    /// The nation's own authority: signs clients' certificates.
    public var authority: String?
    public var clientCertificates = ClientCertificates.none
}

/// Whether clients are asked for a certificate.
public enum ClientCertificates: String, CaseIterable, Hashable, Sendable {
    case none, optional, required
}

/// A partner system with the file of the authority that is pinned for it.
public struct PartnerConfiguration: Hashable, Sendable {
    public var partner: Partner
    public var authorityFile: String
}

/// Times that an operator may set.
public struct ServiceTimers: Hashable, Sendable {
    /// Longest registration that is granted.
    public var registrationExpires = Duration.seconds(3_600)
    /// RFC 5626 Flow-Timer: how often clients send a keep-alive at the latest.
    public var flowTimer = Duration.seconds(120)
    /// Between two OPTIONS to a partner's gateway.
    public var heartbeat = Duration.seconds(5)
    public var tlsHandshake = Duration.seconds(8)
    /// From the first to the last octet of one message on a stream.
    public var message = Duration.seconds(15)
    /// Connection on which nothing came.
    public var idle = Duration.seconds(600)
    /// How long running calls may go on after the system was asked to end; zero: it ends at once.
    public var drain = Duration.zero
}

/// Bounds that an operator may set.
public struct ServiceLimits: Hashable, Sendable {
    public var connections = 20_000
    public var connectionsPerSource = 512
    /// Octets of one message's header section and body.
    public var headerOctets = 32_768
    public var bodyOctets = 262_144
    /// Heartbeats without answer after which a partner is lost.
    public var lostHeartbeats = 3
}

/// From which weight on lines are logged.
public enum LogLevel: String, CaseIterable, Hashable, Sendable {
    case trace, debug, info, notice, warning, error, critical
}

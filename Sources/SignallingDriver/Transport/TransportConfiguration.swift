public import MCFoundation
public import SIP
public import SIPUserAgent

/// Where signalling is accepted and how connections are opened.
public struct TransportConfiguration: Sendable {
    public var listeners: [Listener]
    /// False: nothing is bound before `TransportOrder.startListening`.
    public var listensFromTheStart = true
    /// How TLS connections that this side opens prove themselves and whom they believe.
    public var outbound: OutboundTrust
    public var limits: TransportLimits
    public var timeouts: TransportTimeouts
    /// Bounds on one message.
    public var messageLimits: SIPLimits

    public init(
        listeners: [Listener] = [], outbound: OutboundTrust = OutboundTrust(),
        limits: TransportLimits = TransportLimits(), timeouts: TransportTimeouts = TransportTimeouts(),
        messageLimits: SIPLimits = SIPLimits()
    ) {
        self.messageLimits = messageLimits
        self.listeners = listeners
        self.outbound = outbound
        self.limits = limits
        self.timeouts = timeouts
    }
}

/// One address on which peers are accepted.
public struct Listener: Sendable {
    /// Names the listener in logs and in `SignallingTransport.addresses`.
    public var name: String
    public var transport: TransportKind
    /// Port 0: the operating system chooses.
    public var address: SocketAddress
    /// Needed for TLS, ignored otherwise.
    public var tls: ServerTLS?

    public init(name: String, transport: TransportKind, address: SocketAddress, tls: ServerTLS? = nil) {
        self.name = name
        self.transport = transport
        self.address = address
        self.tls = tls
    }
}

/// Bounds on what peers can make the shell hold.
public struct TransportLimits: Hashable, Sendable {
    /// Connections accepted on all listeners together.
    public var connections = 20_000
    /// Connections accepted from one address.
    public var connectionsPerSource = 512
    /// UDP associations on one socket.
    public var datagramAssociations = 20_000
    /// UDP associations of one address on one socket.
    public var datagramAssociationsPerSource = 512
    /// Octets given to a flow and not yet taken by its peer; beyond it the flow is closed.
    public var queuedOctetsPerFlow = 1_048_576
    /// Messages that wait for a connection being opened; beyond it the target counts as failed.
    public var queuedMessagesPerTarget = 1_024
    /// Targets of which a state is kept.
    public var targets = 4_096
    /// Events that wait for the cell; beyond it flows are no longer read.
    public var mailbox = 4_096
    /// Certificates that a peer may show in one handshake.
    public var certificateChain = 6
    /// Peers of whom the log remembers when they were last named.
    public var loggedPeers = 1_024

    public init() {}
}

/// How long the shell waits for a peer.
public struct TransportTimeouts: Hashable, Sendable {
    /// Opening of a connection, without TLS.
    public var connect = Duration.seconds(4)
    /// TLS handshake.
    public var handshake = Duration.seconds(8)
    /// From the opening of an accepted connection to its first whole message or keep-alive.
    public var firstMessage = Duration.seconds(30)
    /// From the first to the last octet of one message.
    public var message = Duration.seconds(15)
    /// An accepted connection or UDP association from which nothing came; longer than the keep-alive interval that
    /// clients are told (RFC 5626 Flow-Timer).
    public var idle = Duration.seconds(600)
    /// How often UDP associations are looked over for silence and keep-alives.
    public var datagramSweep = Duration.seconds(5)
    /// A peer that takes nothing of what waits for it.
    public var writeStall = Duration.seconds(20)
    /// Answer to a keep-alive (RFC 5626 4.4.1: 10 seconds).
    public var pong = Duration.seconds(10)
    /// First and longest pause before a target that could not be reached is tried again.
    public var firstBackOff = Duration.milliseconds(250)
    public var longestBackOff = Duration.seconds(10)
    /// First and longest pause before an address that somebody else has is tried again.
    public var bind = Duration.milliseconds(10)
    public var longestBind = Duration.milliseconds(500)

    public init() {}
}

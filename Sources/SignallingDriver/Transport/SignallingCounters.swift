import NIOConcurrencyHelpers

/// Everything that a transport counts, since its start. Totals unless they say otherwise.
public struct SignallingCounters: Hashable, Sendable {
    /// Flows that stand now.
    public var openFlows = 0
    /// Connections accepted on listeners, before any handshake.
    public var acceptedConnections = 0
    /// Accepted connections that were closed at once because of `TransportLimits.connections` or `connectionsPerSource`.
    public var refusedConnections = 0
    /// Connections opened to targets that came to stand.
    public var openedConnections = 0
    /// Attempts to reach a target that failed.
    public var failedConnections = 0
    /// TLS handshakes that failed for another reason than the certificate.
    public var failedHandshakes = 0
    /// TLS handshakes, or connections right after them, refused because of the peer's certificate.
    public var refusedCertificates = 0
    /// Connections closed because the handshake took too long.
    public var handshakeTimeouts = 0
    /// Connections closed because no whole message came in time, or one was sent too slowly.
    public var messageTimeouts = 0
    /// Flows closed because nothing came for the idle time.
    public var idleTimeouts = 0
    /// Flows closed because the peer did not take what waited for it.
    public var slowPeers = 0
    /// Flows closed because a keep-alive was not answered.
    public var deadPeers = 0
    /// Streams closed because what came was no SIP, or larger than the limits.
    public var malformedStreams = 0
    /// Datagrams thrown away because they were no SIP.
    public var malformedDatagrams = 0
    /// Datagrams thrown away because `TransportLimits.datagramAssociations` or `datagramAssociationsPerSource` was
    /// reached.
    public var refusedDatagrams = 0
    /// Messages for a flow that no longer stands, or too large for a datagram.
    public var undeliverableMessages = 0
    /// Whole messages received and sent.
    public var messagesReceived = 0
    public var messagesSent = 0
    /// Keep-alives of RFC 5626 answered: CRLF on streams, STUN on UDP.
    public var keepAlivesAnswered = 0
    /// How often a flow was not read for a while because the cell was behind.
    public var pausedReads = 0

    public init() {}
}

/// The counters as several threads write them.
final class CounterBox: Sendable {
    private let counters = NIOLockedValueBox(SignallingCounters())

    var value: SignallingCounters { counters.withLockedValue { $0 } }

    func add(_ key: any WritableKeyPath<SignallingCounters, Int> & Sendable, _ count: Int = 1) {
        counters.withLockedValue { $0[keyPath: key] += count }
    }
}

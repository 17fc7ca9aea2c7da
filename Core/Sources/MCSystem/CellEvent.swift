public import Administration
public import CallControl
public import DocumentNotification
public import MCFoundation
public import Policy
public import SIPUserAgent

/// What the driver tells a signalling cell, in past tense.
public enum CellEvent: Sendable {
    /// A connection stands (TLS: the handshake is done), or the first datagram of a UDP association arrived.
    case flowOpened(FlowID, FlowDescription)
    /// Nothing more arrives from that flow and nothing can be sent on it.
    case flowClosed(FlowID)
    /// One whole message as it was framed (a datagram, or what `StreamFramer` cut from a stream). Keep-alives of
    /// RFC 5626 are answered by the shell and do not come here.
    case received(FlowID, [UInt8])
    /// No connection to that target could be made, or the one it had broke with messages unsent.
    case targetFailed(Target)
    /// The certificate of a peer is not believed; it has no connection.
    case certificateRefused(PeerCertificateRefusal)
    case media(MediaEvent)
    /// The answer to `CellAction.verify`. One that comes too late, or twice, is passed over.
    case tokenVerified(TokenJobID, TokenVerdict)
    /// These tokens count no more, whatever their time: whoever is authorised by one is dropped, his calls end, and so do
    /// the registrations of the devices that presented them.
    case tokensRevoked(RevokedTokens)
    /// The answer to `CellAction.lookUpDocuments`. It is told in order with `documentsChanged`.
    case documentsFound(DocumentLookUpID, [FoundDocument])
    /// Group and configuration documents that a commit changed.
    case documentsChanged([DocumentChange])
    /// The directory as it is from now on.
    case directoryReplaced(DirectorySnapshot)
    /// The system is about to end: who is not registered yet, and each call that would begin, is told to come again
    /// after that time; registrations, calls and all within them go on. Told again, the last time counts. There is no
    /// way back.
    case drainBegan(retryAfter: Duration)
    /// This process is to take the place of the one that serves at that address: its border side, where it is asked over
    /// mutual TLS with the certificate of the gateway that they share. `CellAction.startListening` follows, or an
    /// observation `succession.refused`.
    case successionBegan(Target)
    /// The answer to `CellAction.stopListening`.
    case listenersClosed
    /// `nextDeadline` is reached.
    case timeAdvanced
}

/// Whose certificate was not believed, and why.
public struct PeerCertificateRefusal: Hashable, Sendable {
    /// nil where it came to no connection.
    public var remote: IPAddress?
    /// It came to where partners are accepted, or a partner was dialled.
    public var isBorder: Bool
    /// Whom we dialled.
    public var target: Target?
    public var reason: String

    public init(remote: IPAddress?, isBorder: Bool, target: Target?, reason: String) {
        self.remote = remote
        self.isBorder = isBorder
        self.target = target
        self.reason = reason
    }
}

/// What a signalling cell wants done.
public enum CellAction: Hashable, Sendable {
    /// One whole message. `.beside`: a datagram from the socket of that flow. `.target`: over a connection to it, opened where there is none; the driver tells
    /// `.flowOpened` with that target before anything that arrives on it, or `.targetFailed`.
    case transmit([UInt8], NextHop)
    /// The peer broke the rules of the transport, or is a stranger who was told so once.
    case close(FlowID)
    /// The peer was told a Flow-Timer and promised keep-alives: where nothing comes for that long the flow is dead and to
    /// be closed (RFC 5626 5.4).
    case expectKeepAlive(FlowID, Duration)
    case media(MediaCommand)
    /// Verify an access token: slow work, for a pool outside. The driver tells `.tokenVerified` with the same identifier;
    /// where it does not, the client is told to come again.
    case verify(TokenJob)
    /// Say which documents there are (`FleetDocuments.documents`). The driver tells `.documentsFound` with the same
    /// identifier; where it does not, the client is told to come again.
    case lookUpDocuments(DocumentLookUp)
    /// Close the listeners of streams; what stands goes on. The driver tells `.listenersClosed` when another process may
    /// bind the same addresses.
    case stopListening
    /// Bind the listeners of streams: nobody else does.
    case startListening
    case note(Observation)
}

/// What the driver knows of a connection or UDP association.
public struct FlowDescription: Hashable, Sendable {
    public var transport: TransportKind
    public var remote: SocketAddress
    public var local: SocketAddress
    /// The names that the peer's verified certificate proves: DNS names and hosts of SIP URIs in its subjectAltName
    /// (RFC 5922 7.1). Whoever verifies it lists only names that the authority which signed it may vouch for: an
    /// authority pinned for one partner proves nothing about another. Empty where the peer showed no certificate or no
    /// pinned authority signed it.
    public var certificateNames: [String]
    /// True where this side opened the connection.
    public var isOutbound: Bool
    /// Set where the connection was opened for this target.
    public var target: Target?
    /// The side whose listener accepted the flow; nil where this side opened it.
    public var face: MediaFace?

    public init(
        transport: TransportKind, remote: SocketAddress, local: SocketAddress, certificateNames: [String] = [],
        isOutbound: Bool = false, target: Target? = nil, face: MediaFace? = nil
    ) {
        self.transport = transport
        self.remote = remote
        self.local = local
        self.certificateNames = certificateNames
        self.isOutbound = isOutbound
        self.target = target
        self.face = face
    }
}

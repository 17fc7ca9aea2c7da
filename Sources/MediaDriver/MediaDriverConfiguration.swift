public import CallControl
public import MCFoundation
public import MediaDistribution

/// What a media cell gets from the machine.
public struct MediaDriverConfiguration: Hashable, Sendable {
    public struct Socket: Hashable, Sendable {
        public var use: MediaSocket.Use
        public var face: MediaFace
        /// Port 0: the system chooses one.
        public var local: SocketAddress
        /// As peers see it, where that is not the local address (any-address, translation in front of us). A port 0
        /// stands for the local port.
        public var advertised: SocketAddress?

        public init(
            _ use: MediaSocket.Use, _ face: MediaFace, local: SocketAddress, advertised: SocketAddress? = nil
        ) {
            self.use = use
            self.face = face
            self.local = local
            self.advertised = advertised
        }
    }

    /// In the order in which the cell numbers them, at most 60. Those of one use, face and address family are pairs in
    /// the order of the list.
    public var sockets: [Socket]
    public var limits: MediaLimits
    /// Octets asked of the kernel for what waits to be read, per socket. A burst of 1,000 small packets takes 800 kB
    /// as the kernel counts.
    public var receiveBufferBytes: Int32
    /// Octets asked of the kernel for what waits to leave, per socket.
    public var sendBufferBytes: Int32
    /// Packets that may wait to be forwarded.
    public var packetBuffers: Int
    /// Copies that are sent before the cell looks for something more urgent.
    public var chunk: Int
    /// Commands carried out before packets are looked at again.
    public var commandsPerTurn: Int
    /// How long a full socket may hold up one packet's copies before the rest of them is given up.
    public var patience: Duration
    /// Speech that waited longer than this is not sent any more: the listener has gone on without it.
    public var longestWait: Duration
    /// Lets the kernel stamp floor datagrams, so that the counters tell how long replies took.
    public var measuresReplies: Bool

    public init(
        sockets: [Socket], limits: MediaLimits = .init(), receiveBufferBytes: Int32 = 8 << 20,
        sendBufferBytes: Int32 = 8 << 20, packetBuffers: Int = 1_024, chunk: Int = 128, commandsPerTurn: Int = 256,
        patience: Duration = .milliseconds(20), longestWait: Duration = .milliseconds(200),
        measuresReplies: Bool = false
    ) {
        self.sockets = sockets
        self.limits = limits
        self.receiveBufferBytes = receiveBufferBytes
        self.sendBufferBytes = sendBufferBytes
        self.packetBuffers = max(packetBuffers, 256)
        self.chunk = max(chunk, 1)
        self.commandsPerTurn = max(commandsPerTurn, 1)
        self.patience = patience
        self.longestWait = longestWait
        self.measuresReplies = measuresReplies
    }
}

/// What a media driver counted since it began.
public struct MediaDriverCounters: Hashable, Sendable {
    public var media = MediaCounters()
    public var commandsCarriedOut: UInt64 = 0
    public var datagramsReceived: UInt64 = 0
    /// Longer than any datagram that the cell looks at.
    public var datagramsTruncated: UInt64 = 0
    /// Copies of audio packets that left.
    public var copiesSent: UInt64 = 0
    /// Of them, those that left in segmented sends of several packets to one destination.
    public var copiesSegmented: UInt64 = 0
    /// Copies that the system refused to send.
    public var copiesFailed: UInt64 = 0
    /// Copies given up because the socket stayed full.
    public var copiesGivenUp: UInt64 = 0
    /// Copies given up because they had waited too long behind others.
    public var copiesTooOld: UInt64 = 0
    /// Packets not taken up because as many of their tier waited as may, so that those of a higher one are read.
    public var packetsOverQuota: UInt64 = 0
    public var floorDatagramsSent: UInt64 = 0
    public var floorDatagramsFailed: UInt64 = 0
    /// Datagrams that the kernel threw away because the cell did not read in time; looked at once a second.
    public var kernelDrops: UInt64 = 0
    /// From a floor datagram's arrival in the kernel until the replies that its turn made were handed to it, where the
    /// configuration asks for it.
    public var replyTimes = LatencyHistogram()
    /// Processor time of the cell's thread, nanoseconds.
    public var processorNanoseconds: Int64 = 0

    public init() {}
}

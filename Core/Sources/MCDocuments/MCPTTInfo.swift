public import MCFoundation

/// The mcptt-info body (TS 24.379 F.1, release 20 schema): who calls whom, in which kind of call, in which state. It
/// travels beside the SDP because MCPTT identities never stand in SIP headers.
public struct MCPTTInfo: Hashable, Sendable {
    /// `mcptt-access-token`.
    public var accessToken: String?
    public var sessionType: MCPTTSessionType?
    /// `mcptt-request-uri`: the user, group or alias that the request is for.
    public var requestURI: String?
    public var callingUserID: MCPTTID?
    public var calledPartyID: MCPTTID?
    public var callingGroupID: MCPTTGroupID?
    /// `required`.
    public var required: Bool?
    public var emergencyIndicator: Bool?
    public var alertIndicator: Bool?
    public var imminentPerilIndicator: Bool?
    public var broadcastIndicator: Bool?
    /// `mc-org`.
    public var organization: String?
    /// `floor-state`.
    public var floorState: String?
    public var associatedGroupID: MCPTTGroupID?
    public var originatedBy: MCPTTID?
    /// `MKFC-GKTPs` as markup that stands by itself.
    public var floorControlKeys: String?
    public var clientID: MCPTTClientID?
    /// `alert-ind-rcvd`.
    public var alertIndicatorReceived: Bool?
    /// `gw-mcptt-usage`.
    public var gatewayUsage: Bool?
    /// What stands in `anyExt` of `mcptt-Params`.
    public var extensions: MCPTTInfoExtensions
    /// What stands in `anyExt` of the root.
    public var rootExtensions: MCPTTInfoExtensions
    /// Elements whose value is encrypted (XML Encryption, TS 33.180 9.3), as markup that stands by itself, in order.
    /// Without keys the property of such an element is nil; a function must refuse what it cannot read.
    public var protectedElements: [ProtectedElement]
    /// Children of `mcptt-Params` from other namespaces, as markup that stands by itself.
    public var foreignElements: [String]

    /// One encrypted child of `mcptt-Params`.
    public struct ProtectedElement: Hashable, Sendable {
        /// Local name.
        public var name: String
        public var markup: String

        public init(name: String, markup: String) {
            self.name = name
            self.markup = markup
        }
    }

    public init(
        sessionType: MCPTTSessionType? = nil, requestURI: String? = nil, callingUserID: MCPTTID? = nil,
        calledPartyID: MCPTTID? = nil, callingGroupID: MCPTTGroupID? = nil, emergencyIndicator: Bool? = nil,
        clientID: MCPTTClientID? = nil
    ) {
        self.sessionType = sessionType
        self.requestURI = requestURI
        self.callingUserID = callingUserID
        self.calledPartyID = calledPartyID
        self.callingGroupID = callingGroupID
        self.emergencyIndicator = emergencyIndicator
        self.clientID = clientID
        extensions = .init()
        rootExtensions = .init()
        protectedElements = []
        foreignElements = []
    }
}

/// `session-type`. A value of a later release is kept as it is.
public struct MCPTTSessionType: RawRepresentable, Hashable, Sendable {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let prearranged = MCPTTSessionType(rawValue: "prearranged")
    public static let chat = MCPTTSessionType(rawValue: "chat")
    public static let privateCall = MCPTTSessionType(rawValue: "private")
    public static let firstToAnswer = MCPTTSessionType(rawValue: "first-to-answer")
    public static let ambientListening = MCPTTSessionType(rawValue: "ambient-listening")
    public static let adHoc = MCPTTSessionType(rawValue: "adhoc")
}

public import CallControl
public import ControllingFunction
public import DocumentNotification
public import FloorControl
public import MCGateway
public import ParticipatingFunction
public import Registrar
public import SIP
public import SIPUserAgent

/// What a signalling cell is told once. Users, groups and partners come with the directory.
public struct CellSettings: Sendable {
    /// Number of the cell in its system; stands in what the cell mints.
    public var cell: UInt8
    /// The side that clients see, as it stands in Via, Record-Route, Path and Service-Route.
    public var access: SentBy
    /// The side that partner systems see.
    public var interconnection: SentBy
    /// The media cells beside this one.
    public var media: MediaPlane
    /// Every process of a system that shares this key can read the session identities that another one gave to
    /// partners: what keeps rejoin and subscriptions working after the loss of a gateway.
    public var sessionIdentityKey: SessionIdentityKey
    public var registrar = RegistrarSettings()
    public var participating = ParticipatingSettings()
    public var controlling = ControllingSettings()
    public var gateway = GatewaySettings()
    public var documents = DocumentNotificationSettings()
    /// Every message between two functions of the cell is written to octets and read again: for tests, which must see
    /// the same outcome.
    public var serializesInternally = false
    /// The process takes the place of one that still serves (`CellEvent.successionBegan`): partners are not its own yet.
    public var isSuccessor = false
    public var limits = CellLimits()
    /// Bounds on each message, whatever it came over. The framing of streams has the same ones.
    public var messages = SIPLimits()

    /// Nobody is served without a valid access token, telephones that are configured by name excepted.
    public var requiresToken: Bool {
        get { participating.authorisation.requiresToken }
        set {
            participating.authorisation.requiresToken = newValue
            documents.authorisation.requiresToken = newValue
        }
    }

    /// How the floor is controlled in every call.
    public var floor: FloorRules {
        get { controlling.floor }
        set { controlling.floor = newValue }
    }

    public init(
        cell: UInt8 = 0, access: SentBy, interconnection: SentBy, media: MediaPlane,
        sessionIdentityKey: SessionIdentityKey
    ) {
        self.cell = cell
        self.access = access
        self.interconnection = interconnection
        self.media = media
        self.sessionIdentityKey = sessionIdentityKey
    }
}

/// Bounds on what peers can make a cell keep.
public struct CellLimits: Hashable, Sendable {
    /// Flows that are open at a time; a further one is closed.
    public var flows = 100_000
    /// Sources and kinds of refusal of which the cell remembers when they were last noted.
    public var notedRefusals = 1_024
    /// Messages that were none, after which a connection is cut.
    public var malformedPerFlow = 16
    /// Messages between functions that wait for their answer.
    public var internalTransactions = 100_000
    /// Messages between functions that one event may cause. More is a loop of ours; it is cut and noted.
    public var internalMessagesPerEvent = 100_000

    public init() {}
}

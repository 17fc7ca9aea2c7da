public import ConfigurationDocuments
public import FloorControl
internal import MCDocuments
public import MCFoundation
public import SDP

/// What the documents of a user say, as far as his client obeys it.
public struct UserConfiguration: Hashable, Sendable {
    public var mcpttID: MCPTTID
    /// Of the mission critical organisation (UE initial configuration).
    public var domain: String
    /// nil: the UE initial configuration does not say it.
    public var participatingService: PublicServiceIdentity?
    /// Where subscriptions to documents go: `<GMS-URI>`.
    public var documentService: PublicServiceIdentity
    public var floorTimers: FloorParticipantTimers
    /// Index of the profile that the client works by.
    public var userProfile: UInt8 = 0
    public var displayName: String?
    /// Of the user profile, 0 to 255.
    public var priority: UInt8?
    /// Bounds of the device (N4, N10); nil: there is no UE configuration for it.
    public var maximumGroupCalls: Int?
    public var maximumPrivateCalls: Int?
    /// Groups of the profile whose documents could be had, in the order of the profile.
    public var groups: [ResponderGroup]
    /// What to subscribe to, relative to the XCAP root; a collection has a slash at its end.
    public var watched: [String]

    public init(
        mcpttID: MCPTTID, domain: String, participatingService: PublicServiceIdentity? = nil,
        documentService: PublicServiceIdentity, floorTimers: FloorParticipantTimers = .init(), priority: UInt8? = nil,
        groups: [ResponderGroup] = [], watched: [String] = []
    ) {
        self.mcpttID = mcpttID
        self.domain = domain
        self.participatingService = participatingService
        self.documentService = documentService
        self.floorTimers = floorTimers
        self.priority = priority
        self.groups = groups
        self.watched = watched
    }

    public func group(_ id: MCPTTGroupID) -> ResponderGroup? { groups.first { $0.id == id } }
}

/// A group as its document describes it to a member.
public struct ResponderGroup: Hashable, Sendable {
    public var id: MCPTTGroupID
    public var displayName: String
    public var kind: GroupCallKind
    /// nil: the document names no encoding that this client has.
    public var codec: SpeechCodec?
    /// `<user-priority>` of the user himself; nil: the document does not say it.
    public var priority: UInt8?
    /// In the order of the document; empty where the list is kept from this user.
    public var members: [MCPTTID]
    /// Nobody can call it now.
    public var isDisabled: Bool

    public init(
        id: MCPTTGroupID, displayName: String = "", kind: GroupCallKind = .prearranged, codec: SpeechCodec? = nil,
        priority: UInt8? = nil, members: [MCPTTID] = [], isDisabled: Bool = false
    ) {
        self.id = id
        self.displayName = displayName
        self.kind = kind
        self.codec = codec
        self.priority = priority
        self.members = members
        self.isDisabled = isDisabled
    }

    /// OPEN: a group document does not say how AMR-WB is packed; octet-aligned is offered (RFC 4867 8.1).
    public init(_ document: GroupDocument, of user: MCPTTID) {
        var codec: SpeechCodec?
        for name in document.voiceEncodings where codec == nil {
            switch name.uppercased() {
            case "AMR-WB": codec = .amrWB(octetAlign: true)
            case "OPUS": codec = .opus
            default: break
            }
        }
        self.init(
            id: document.id, displayName: document.displayName,
            kind: document.invitesMembers ? .prearranged : .chat,
            codec: codec, priority: document.entries.first { $0.mcpttID == user }?.priority,
            members: document.entries.map(\.mcpttID), isDisabled: document.isDisabled)
    }
}

extension FloorParticipantTimers {
    /// Seconds of the UE initial configuration; zero is no timer, so the default holds (TS 24.484 7.2.2.7).
    init(_ timers: UEInitialConfiguration.Timers) {
        self.init()
        func take(_ seconds: UInt8, _ timer: WritableKeyPath<FloorParticipantTimers, Duration>) {
            if seconds > 0 { self[keyPath: timer] = .seconds(Int(seconds)) }
        }
        take(timers.t100, \.floorRelease)
        take(timers.t101, \.floorRequest)
        take(timers.t103, \.endOfMedia)
        take(timers.t104, \.queuePositionRequest)
        take(timers.t132, \.queuedGrant)
    }
}

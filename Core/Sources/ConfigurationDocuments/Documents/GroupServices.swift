/// What a group document says of MCVideo (TS 24.481 7.2.2). Times in milliseconds.
///
/// OPEN: nothing on the call path asks for it yet.
public struct VideoGroup: Codable, Hashable, Sendable {
    /// `<mcvideo-on-network-invite-members>`: true prearranged, false chat.
    public var invitesMembers: Bool
    public var maximumDuration: Int?
    /// Names of media subtypes, best first.
    public var audioEncodings: [String]
    public var videoEncodings: [String]
    /// `<mcvideo-maximum-simultaneous-mcvideo-transmitting-group-members>`
    public var maximumTransmitters: UInt32?
    public var minimumToStart: UInt16?
    public var priority: UInt8?
    /// `<on-network-reception-hang-timer>`
    public var receptionHangTime: Int?
    /// `<mcvideo-on-network-allow-conference-state>` for every member.
    public var allowsConferenceState: Bool

    public init(invitesMembers: Bool = false, allowsConferenceState: Bool = false) {
        self.invitesMembers = invitesMembers
        audioEncodings = []
        videoEncodings = []
        self.allowsConferenceState = allowsConferenceState
    }
}

/// What a group document says of MCData (TS 24.481 7.2.2). Sizes in octets.
///
/// OPEN: nothing on the call path asks for it yet.
public struct DataGroup: Codable, Hashable, Sendable {
    public var allowsShortData: Bool
    public var allowsFiles: Bool
    public var allowsConversations = false
    public var allowsTransmissionControl = false
    public var allowsReceptionControl = false
    public var allowsEnhancedStatus = false
    /// `<mcdata-on-network-max-data-size-for-SDS>`
    public var maximumShortData: UInt32?
    /// `<mcdata-on-network-max-data-size-for-FD>`
    public var maximumFile: UInt32?
    /// `<mcdata-on-network-max-data-size-auto-recv>`
    public var maximumAutomatic: UInt32?
    public var priority: UInt8?
    /// `<mcdata-allow-transmit-data-in-this-group>` for every member.
    public var maySend: Bool

    public init(allowsShortData: Bool = false, allowsFiles: Bool = false, maySend: Bool = false) {
        self.allowsShortData = allowsShortData
        self.allowsFiles = allowsFiles
        self.maySend = maySend
    }
}

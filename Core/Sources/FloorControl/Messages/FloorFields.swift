public import MCFoundation

/// Field 2, Reject Cause of Floor Deny and Floor Revoke.
public struct RejectCause: Hashable, Sendable {
    public var value: UInt16
    public var phrase: String?

    public init(_ value: UInt16, phrase: String? = nil) {
        self.value = value
        self.phrase = phrase
    }

    public init(_ cause: FloorDenyCause) { self.init(cause.rawValue) }
    public init(_ cause: FloorRevokeCause) { self.init(cause.rawValue) }
}

/// Field 3, Queue Info.
public struct QueueInfo: Hashable, Sendable {
    /// 1 is the next to talk; 254 and 255 have meanings of their own.
    public var position: UInt8
    public var priority: UInt8

    public static let notQueued: UInt8 = 254
    public static let positionUnknown: UInt8 = 255

    public init(position: UInt8, priority: UInt8) {
        self.position = position
        self.priority = priority
    }
}

/// Field 10, Source of a Floor Ack.
public enum FloorMessageSource: UInt16, Hashable, Sendable {
    case floorParticipant = 0
    case participatingFunction = 1
    case controllingFunction = 2
    case nonControllingFunction = 3
}

/// Field 11, Track Info: inserted by non-controlling functions so that replies find their way back.
public struct TrackInfo: Hashable, Sendable {
    public var supportsQueueing: Bool
    /// At most 255 octets of UTF-8; empty is allowed.
    public var participantType: String
    public var references: [UInt32]

    public init(supportsQueueing: Bool, participantType: String, references: [UInt32]) {
        self.supportsQueueing = supportsQueueing
        self.participantType = participantType
        self.references = references
    }
}

/// One entry of the queue that an off-network Floor Granted hands on: SSRC, Queued User ID, Queue Info.
public struct QueuedUser: Hashable, Sendable {
    public var ssrc: UInt32
    public var userID: MCPTTID?
    public var info: QueueInfo?

    public init(ssrc: UInt32, userID: MCPTTID? = nil, info: QueueInfo? = nil) {
        self.ssrc = ssrc
        self.userID = userID
        self.info = info
    }
}

/// Field 21, Queued Floor Requests Purpose.
public enum QueuedFloorRequestsPurpose: UInt16, Hashable, Sendable {
    case cancelRequest = 0
    case cancelResult = 1
    case cancelNotification = 2
}

/// Field 24, Media Flow Control Indicator.
public enum MediaFlowControlIndicator: Hashable, Sendable {
    case stop, resume
}

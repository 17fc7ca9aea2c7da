public import MCFoundation

/// A group that this system homes: what its group document says (TS 24.481 7.2), in values.
public struct Group: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// `<on-network-invite-members>` true: members are invited.
        case prearranged
        /// Members join by themselves.
        case chat
    }

    public var id: MCPTTGroupID
    public var displayName: String
    public var kind: Kind
    /// False where the document carries `<on-network-disabled>`. Refusal 115.
    public var isEnabled: Bool
    /// Sorted by MCPTT ID, one entry a user.
    public private(set) var members: [Member]
    /// `<on-network-max-participant-count>`. Refusal 122.
    public var maximumParticipants: Int
    /// `<on-network-hang-timer>`: T4 of floor control.
    public var hangTime: Duration
    /// `<on-network-maximum-duration>`: TNG3; nil where calls of the group have no end.
    public var maximumDuration: Duration?
    /// `<transmit-time><time-limit>`: T2 of floor control.
    public var talkLimit: Duration
    /// Depth of the floor queue; 0 turns queueing off.
    public var queueDepth: Int
    /// `<mcptt-on-network-audio-cut-in>`
    public var hasAudioCutIn: Bool
    public var speech: SpeechProfile
    /// `<on-network-minimum-number-to-start>`, the initiator counted. Below it a call is not started, and is released.
    public var minimumToStart: Int
    /// What happens while required members are missing.
    public var acknowledgement: RequiredMembersRule
    public var release: ReleasePolicy
    /// `<on-network-group-priority>`, 0 to 255.
    public var priority: UInt8
    public var emergency: EmergencyRule
    /// `<on-network-allow-conference-state>`. Refusal 138.
    public var allowsConferenceState: Bool
    /// `<on-network-temporary>`: the groups that this temporary group joins, sorted; empty for every other group. Its
    /// members are theirs, and who is affiliated with one of them is so with this.
    public var constituents: [MCPTTGroupID] = []
    /// `<on-network-regrouped>`: the temporary group that this is a constituent of. Refusal 148.
    public var regroupedInto: MCPTTGroupID?

    /// A member listed twice counts as his last entry.
    public init(
        id: MCPTTGroupID, displayName: String = "", kind: Kind, isEnabled: Bool = true, members: [Member],
        maximumParticipants: Int = 2_000, hangTime: Duration = .seconds(30), maximumDuration: Duration? = nil,
        talkLimit: Duration = .seconds(30), queueDepth: Int = 8, hasAudioCutIn: Bool = false,
        speech: SpeechProfile = .amrWB(octetAligned: true), minimumToStart: Int = 1,
        acknowledgement: RequiredMembersRule = RequiredMembersRule(), release: ReleasePolicy = ReleasePolicy(),
        priority: UInt8 = 0, emergency: EmergencyRule = EmergencyRule(), allowsConferenceState: Bool = true
    ) {
        self.id = id
        self.displayName = displayName
        self.kind = kind
        self.isEnabled = isEnabled
        self.members = []
        self.maximumParticipants = maximumParticipants
        self.hangTime = hangTime
        self.maximumDuration = maximumDuration
        self.talkLimit = talkLimit
        self.queueDepth = queueDepth
        self.hasAudioCutIn = hasAudioCutIn
        self.speech = speech
        self.minimumToStart = minimumToStart
        self.acknowledgement = acknowledgement
        self.release = release
        self.priority = priority
        self.emergency = emergency
        self.allowsConferenceState = allowsConferenceState
        setMembers(members)
    }

    public mutating func setMembers(_ members: [Member]) {
        let ordered = members.enumerated().sorted {
            ($0.element.mcpttID, $0.offset) < ($1.element.mcpttID, $1.offset)
        }
        self.members = []
        self.members.reserveCapacity(ordered.count)
        for (_, member) in ordered {
            if self.members.last?.mcpttID == member.mcpttID { self.members.removeLast() }
            self.members.append(member)
        }
    }

    /// The entry of a user, found by bisection; nil where he is no member.
    public func member(_ user: MCPTTID) -> Member? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].mcpttID < user { low = middle + 1 } else { high = middle }
        }
        guard low < members.count, members[low].mcpttID == user else { return nil }
        return members[low]
    }
}

/// One `<entry>` of the group's list. The user may belong to another system.
public struct Member: Hashable, Sendable {
    public var mcpttID: MCPTTID
    /// `<user-priority>`, 0 to 255: caps what the member may ask of the floor.
    public var priority: UInt8
    /// `<on-network-recvonly>`: may not talk.
    public var isReceiveOnly: Bool
    /// `<on-network-required>`: the call waits for his answer.
    public var isRequired: Bool
    /// `allow-initiate-conference`. Refusal 119.
    public var mayInitiate: Bool
    /// `join-handling`. Refusal 121.
    public var mayJoin: Bool
    /// `allow-MCPTT-emergency-call` and `allow-imminent-peril-call` of the group's rules for him.
    public var mayCallInEmergency: Bool
    /// `on-network-allow-conference-state` of the group's rules for him: he may see who takes part. Refusal 138.
    public var maySeeParticipants: Bool

    public init(
        mcpttID: MCPTTID, priority: UInt8 = 0, isReceiveOnly: Bool = false, isRequired: Bool = false,
        mayInitiate: Bool = true, mayJoin: Bool = true, mayCallInEmergency: Bool = true,
        maySeeParticipants: Bool = true
    ) {
        self.mcpttID = mcpttID
        self.priority = priority
        self.isReceiveOnly = isReceiveOnly
        self.isRequired = isRequired
        self.mayInitiate = mayInitiate
        self.mayJoin = mayJoin
        self.mayCallInEmergency = mayCallInEmergency
        self.maySeeParticipants = maySeeParticipants
    }
}

/// The one codec of a group. Nobody transcodes: an offer without it is refused with 488.
public enum SpeechProfile: Hashable, Sendable {
    /// AMR-WB, 16 kHz, 20 ms (RFC 4867).
    case amrWB(octetAligned: Bool)
    /// Opus, 48 kHz clock, 20 ms (RFC 7587).
    case opus
}

/// Acknowledged call set-up (TS 24.379 6.3.3.5).
public struct RequiredMembersRule: Hashable, Sendable {
    /// `<on-network-action-upon-expiration-of-timeout-for-acknowledgement-of-required-members>`
    public enum OnTimeout: Hashable, Sendable {
        /// The call starts without them: 200 with warning 111.
        case proceed
        /// The call is given up: 480 with warning 112.
        case abandon
    }

    /// TNG1: how long required members have to answer.
    public var timeout: Duration
    public var onTimeout: OnTimeout

    public init(timeout: Duration = .seconds(5), onTimeout: OnTimeout = .proceed) {
        self.timeout = timeout
        self.onTimeout = onTimeout
    }
}

/// When a call ends, beside TNG3 (TS 24.379 6.3.8).
public struct ReleasePolicy: Hashable, Sendable {
    /// The hang timer T4 ended without a talker.
    public var onInactivity = true
    /// The one who began the call left it of his own will.
    public var whenInitiatorLeaves = false
    /// At most one participant is left.
    public var whenAlone = true

    public init() {}
}

/// Which tiers above normal a group knows.
public struct EmergencyRule: Hashable, Sendable {
    public var allowsEmergencyCalls: Bool
    public var allowsImminentPerilCalls: Bool

    public init(allowsEmergencyCalls: Bool = true, allowsImminentPerilCalls: Bool = true) {
        self.allowsEmergencyCalls = allowsEmergencyCalls
        self.allowsImminentPerilCalls = allowsImminentPerilCalls
    }
}

import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SDP
import SIP
import SIPUserAgent

/// One group call: there is at most one for a group.
struct GroupCall: Sendable {
    /// As the directory has it, but for its codec.
    private(set) var group: Group
    let media: MediaCallID
    /// The contact that stands for the call (TS 24.379 4.5).
    let identity: SIPURI
    let token: String
    let initiator: ClientKey
    /// The leg of the only one who talks, in a broadcast call.
    var broadcaster: LegID?
    var tier: CallTier
    /// Who declared it in a call that was up.
    var declarer: MCPTTID?
    /// The one RTP payload type of all: packets are never rewritten.
    let payloadType: UInt8
    private let floorRules: FloorRules
    var phase: Phase
    /// When all were told that it runs; nil while it is set up. TNG3 counts from then.
    var began: Instant?
    private(set) var participants: OrderedDictionary<SessionID, Participant> = [:]
    /// Looked up only.
    private var sessions: [ClientKey: SessionID] = [:]
    /// Those who take part or will as soon as the call starts.
    private(set) var answeredCount = 0
    /// Of those, the clients of each user. Looked up only.
    private var clientsByUser: [MCPTTID: Int] = [:]
    /// Two users were in at a time.
    private(set) var wasShared = false
    /// Subscribers to the conference event package.
    var observers: OrderedDictionary<SubscriptionID, MCPTTID> = [:]
    /// Version of conference-info documents (RFC 4575 5.1).
    var conferenceVersion: UInt32 = 0

    enum Phase: Hashable, Sendable {
        /// The initiator waits for his 200; can turn into `running`.
        case settingUp(SetUp)
        case running
    }

    /// Exists only until the initiator has his answer.
    struct SetUp: Hashable, Sendable {
        var caller: SessionID
        /// Members without whose answer TNG1 holds the call back.
        var missingRequired: [MCPTTID]
        /// TNG1 ran out: the call proceeds without them.
        var isAcknowledgementOver = false
        /// The wait for those who answer automatically is over.
        var isWaitOver = false
    }

    init(
        group: Group, media: MediaCallID, identity: SIPURI, token: String, initiator: ClientKey,
        broadcaster: LegID? = nil, tier: CallTier, payloadType: UInt8, floorRules: FloorRules, phase: Phase
    ) {
        self.group = group
        self.media = media
        self.identity = identity
        self.token = token
        self.initiator = initiator
        self.broadcaster = broadcaster
        self.tier = tier
        self.payloadType = payloadType
        self.floorRules = floorRules
        self.phase = phase
    }

    /// Clients that were invited and have not answered.
    var invitedCount: Int { participants.count - answeredCount }

    /// Users who take part, with however many clients: what minimum and "alone" mean.
    var answeredUserCount: Int { clientsByUser.count }

    func takesPart(_ user: MCPTTID) -> Bool { clientsByUser[user] != nil }

    /// Whether he is told who takes part: he does himself, and neither the group nor his entry forbids it.
    func maySee(_ user: MCPTTID) -> Bool {
        takesPart(user) && group.allowsConferenceState && group.member(user)?.maySeeParticipants ?? false
    }

    private mutating func countIn(_ user: MCPTTID) {
        answeredCount += 1
        clientsByUser[user, default: 0] += 1
        if clientsByUser.count > 1 { wasShared = true }
    }

    private mutating func countOut(_ user: MCPTTID) {
        answeredCount -= 1
        let left = (clientsByUser[user] ?? 0) - 1
        clientsByUser[user] = left > 0 ? left : nil
    }

    /// Whom invitations name as caller: the initiator, or, once he is gone, somebody who is in the call. A partner
    /// believes of its own users only what it knows.
    var announcedCaller: MCPTTID {
        if takesPart(initiator.user) { return initiator.user }
        return participants.values.first { $0.hasAnswered }?.key.user ?? initiator.user
    }

    /// What a client is still owed, once.
    mutating func takeOwed(_ session: SessionID) -> MCPTTInfo? {
        defer { participants[session]?.owed = nil }
        return participants[session]?.owed
    }

    /// A client is told the tier by what is sent to it now.
    mutating func told(_ session: SessionID) { participants[session]?.toldTier = tier }

    mutating func set(_ declared: CallTier, of session: SessionID) { participants[session]?.tier = declared }

    /// The version of a description that is sent in a session anew.
    mutating func nextDescriptionVersion(in session: SessionID) -> UInt64 {
        participants[session]?.nextDescriptionVersion() ?? 1
    }

    func session(of key: ClientKey) -> SessionID? { sessions[key] }

    /// How records name the call, here and wherever else it is. Not by its token: whoever has that could rejoin.
    var reference: String { SessionIdentity.reference(of: identity) ?? "" }

    /// What every record of the call says of it.
    var fields: [Observation.Field] {
        [.init("call", reference), .init("group", group.id.value, isPersonal: true), .init("tier", "\(tier)")]
            + incident
    }

    /// A call in emergency or imminent peril is an incident, from when it became one on: it has the call's own name.
    var incident: [Observation.Field] { tier > .normal ? [.init("incident", reference)] : [] }

    mutating func insert(_ participant: Participant, _ session: SessionID) {
        participants[session] = participant
        sessions[participant.key] = session
        if participant.hasAnswered { countIn(participant.key.user) }
    }

    @discardableResult
    mutating func remove(_ session: SessionID) -> Participant? {
        guard let participant = participants.removeValue(forKey: session) else { return nil }
        if sessions[participant.key] == session { sessions[participant.key] = nil }
        if participant.hasAnswered { countOut(participant.key.user) }
        return participant
    }

    mutating func set(_ state: Participant.State, of session: SessionID) {
        guard let before = participants[session] else { return }
        participants[session]?.state = state
        if !before.hasAnswered, participants[session]?.hasAnswered == true { countIn(before.key.user) }
    }

    /// The group as the directory has it now, but for its codec, which all who are in agreed on.
    func followed(_ current: Group) -> Group {
        var group = current
        group.speech = self.group.speech
        return group
    }

    mutating func follow(_ current: Group) { group = followed(current) }

    mutating func move(_ session: SessionID, to ports: MediaPorts, pair: UInt8, isCut: Bool) {
        participants[session]?.move(to: ports, pair: pair, isCut: isCut)
    }
    mutating func cut(_ session: SessionID) { participants[session]?.cut() }
    mutating func connected(_ session: SessionID) { participants[session]?.connected() }
    mutating func set(_ member: Member, of session: SessionID) { participants[session]?.member = member }
    mutating func set(_ floor: NegotiatedFloor, of session: SessionID) { participants[session]?.floor = floor }

    /// T2, T4 and the rest of what floor control needs to know (TS 24.380 11.1.3).
    var floorSettings: FloorSettings {
        var timers = floorRules.timers
        timers.stopTalking = group.talkLimit
        timers.inactivity = group.hangTime
        return FloorSettings(
            timers: timers, groupID: group.id, tier: tier, isQueueing: group.queueDepth > 0,
            queueDepth: group.queueDepth, isAudioCutIn: group.hasAudioCutIn,
            broadcastInitiator: broadcaster.map { ParticipantKey($0.value) },
            isTemporaryGroup: !group.constituents.isEmpty,
            asksForAcknowledgement: floorRules.asksForAcknowledgement)
    }
}

/// One client in a call, from the INVITE on, whichever side sent it.
struct Participant: Sendable {
    let key: ClientKey
    /// As the directory has him now.
    var member: Member
    /// The system that serves the user.
    let system: MCSystemID
    private(set) var leg: Leg
    /// The tier that the user declared for himself, and nobody has called off.
    var tier: CallTier
    /// The tier of the call that his client was told last.
    var toldTier = CallTier.normal
    var state: State
    /// What is to be said once the session stands: the INVITE brought an alert, which is not served.
    var owed: MCPTTInfo?
    /// He came by himself into a call that was there, or a place to meet: what needs the right to join.
    var isJoiner = false
    /// nil until his client has answered, or was.
    var floor: NegotiatedFloor?
    /// Invited for the second time, in the other address family.
    var isSecondTry = false
    /// Of the description that we last sent in the session: one higher with each (RFC 3264 8).
    private(set) var descriptionVersion: UInt64 = 1

    mutating func nextDescriptionVersion() -> UInt64 {
        descriptionVersion += 1
        return descriptionVersion
    }

    /// What stands in the media cell for this participant.
    struct Leg: Hashable, Sendable {
        let id: LegID
        /// Assigned to the user for talking.
        let audioSSRC: UInt32
        /// Ours, in floor messages to the user.
        let floorSSRC: UInt32
        fileprivate(set) var ports: MediaPorts
        /// Which pair of its address family they are, and which the media cell serves him at: another one until he has
        /// been told.
        fileprivate(set) var pair: UInt8 = 0
        fileprivate(set) var servedPair: UInt8 = 0
        /// The media cell has let go of the peer's addresses and waits for those of the new ports.
        var isCut = false
    }

    /// His client gets other ports of ours to send to.
    mutating func move(to ports: MediaPorts, pair: UInt8, isCut: Bool) {
        leg.ports = ports
        leg.pair = pair
        leg.isCut = isCut
    }

    mutating func cut() { leg.isCut = true }

    /// The media cell knows where his client is, who knows where we are.
    mutating func connected() {
        leg.isCut = false
        leg.servedPair = leg.pair
    }

    enum State: Sendable {
        /// Our INVITE is out. Becomes `waiting` or `joined` with the answer.
        case invited(SessionDescription)
        /// The initiator before his 200. Becomes `joined`.
        case calling(SpeechOffer, SessionDescription)
        /// Answered before the call started. Becomes `joined`.
        case waiting(FloorParticipantDescription)
        case joined(SessionDescription?)
    }

    var hasAnswered: Bool {
        switch state {
        case .invited: false
        case .calling, .waiting, .joined: true
        }
    }

    /// His session stands, whether or not the call has started.
    var isInSession: Bool {
        switch state {
        case .invited, .calling: false
        case .waiting, .joined: true
        }
    }

    var isJoined: Bool {
        if case .joined = state { true } else { false }
    }

    /// Who he is and which system speaks for him, as records say it.
    var fields: [Observation.Field] {
        [.init("user", key.user.value, isPersonal: true), .init("system", system.value)]
    }
}

/// What a participant's floor description was made of beside his rights.
struct NegotiatedFloor: Hashable, Sendable {
    var parameters: FloorControlParameters
    /// False where the client has no floor control: it listens.
    var hasFloor: Bool
}

/// Why a call ends (TS 24.379 6.3.8), as it stands in observations and in Reason.
enum ReleaseCause: String, Sendable {
    case inactivity = "inactivity"
    case maximumDuration = "maximum duration"
    case alone = "one participant left"
    case belowMinimum = "fewer than the minimum"
    case initiatorLeft = "initiator left"
    case broadcastOver = "broadcast over"
    case abandoned = "required members missing"
    case callerGone = "initiator gone"
    case nobodyAnswered = "nobody answered"
    case mediaRefused = "no media resources"
    case groupRemoved = "group removed or disabled"
    case rightWithdrawn = "right withdrawn"

    var reasonHeader: String { "SIP;cause=200;text=\"\(rawValue)\"" }
}

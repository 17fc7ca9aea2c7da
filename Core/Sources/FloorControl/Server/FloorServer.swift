public import MCFoundation
import OrderedCollections

/// The floor control server of one call: the general state machine (TS 24.380 6.3.4) and the machine per participant
/// (6.3.5) in one value, so that at any time there is at most one holder of the floor.
///
/// Dual floor (6.3.6) and multi-talker are not part of it.
public struct FloorServer: Sendable {
    public internal(set) var settings: FloorSettings
    var floor: Floor = .startStop
    var participants: OrderedDictionary<ParticipantKey, Participant> = [:]
    var queue = FloorQueue()
    /// Participants with an offence, so that timers need not look at all.
    var offenders: [ParticipantKey] = []
    /// Of the last Floor Taken or Floor Idle.
    var sequenceNumber: UInt16 = 0
    /// What `mediaReceived` wants done; see `takePendingActions`.
    public internal(set) var pendingActions: [FloorServerAction] = []

    /// The states of the general machine with the data that exists only in them.
    enum Floor: Hashable, Sendable {
        case startStop
        /// 'G: Floor Idle'
        case idle(Idle)
        /// 'G: Floor Taken'
        case taken(Talk)
        /// 'G: pending Floor Revoke'
        case pendingRevoke(Talk, Revocation)
        case releasing
    }

    struct Idle: Hashable, Sendable {
        /// T7 and C7; nil once the limit is reached.
        var repetition: Repetition?
        /// T4
        var inactivity: Instant?
    }

    struct Talk: Hashable, Sendable {
        var holder: ParticipantKey
        var tier: CallTier
        var priority: UInt8
        /// T1
        var endOfMedia: Instant
        /// T2, from the first packet on.
        var stopTalking: Instant?
        /// No deadline of T2 that a first packet could start lies before this, so that the packet path need not tell
        /// anybody of a new deadline.
        var earliestStopTalking: Instant
        /// T20 and C20, while a grant out of the queue is neither acknowledged nor used.
        var grant: Repetition?
    }

    struct Revocation: Hashable, Sendable {
        var cause: FloorRevokeCause
        /// T3
        var grace: Instant
        /// T8 and C8; nil once the limit is reached.
        var repetition: Repetition?
    }

    struct Repetition: Hashable, Sendable {
        var deadline: Instant
        /// Transmissions so far.
        var count = 1
    }

    /// The machine per participant. Which of its states holds follows from the general machine, but for these.
    struct Participant: Sendable {
        var description: FloorParticipantDescription
        /// T9
        var retryAfter: Instant?
        /// Until then packets may still be on the way from a talk that ended in order.
        var lateMediaUntil: Instant?
        /// 'U: not permitted but sends media'
        var offence: Offence?
        /// Of the last request that carried it: replies go back the same way.
        var trackInfo: TrackInfo?
    }

    struct Offence: Hashable, Sendable {
        /// T8 and C8.
        var repetition: Repetition
        /// A packet came since the last Floor Revoke.
        var goesOn = false
    }

    public init(settings: FloorSettings) {
        self.settings = settings
    }

    /// The participant whose RTP is forwarded, also during the grace time of a revocation.
    public var holder: ParticipantKey? { talk?.holder }

    /// The waiting participants, the next first.
    public var waiting: [ParticipantKey] { queue.entries.map(\.key) }

    public var participantCount: Int { participants.count }

    var talk: Talk? {
        switch floor {
        case .taken(let talk), .pendingRevoke(let talk, _): talk
        case .startStop, .idle, .releasing: nil
        }
    }

    /// The next time at which `.timeAdvanced` is due. `mediaReceived` may move it to later, and to earlier only
    /// together with `pendingActions`.
    public var nextDeadline: Instant? {
        var next: Instant? =
            switch floor {
            case .startStop, .releasing: nil
            case .idle(let idle): earlier(idle.repetition?.deadline, idle.inactivity)
            case .taken(let talk):
                earlier(min(talk.endOfMedia, talk.stopTalking ?? talk.earliestStopTalking), talk.grant?.deadline)
            case .pendingRevoke(let talk, let revocation):
                earlier(min(talk.endOfMedia, revocation.grace), revocation.repetition?.deadline)
            }
        for key in offenders {
            next = earlier(next, participants[key]?.offence?.repetition.deadline)
        }
        return next
    }

    public mutating func handle(_ event: FloorServerEvent, at now: Now) -> [FloorServerAction] {
        var actions: [FloorServerAction] = []
        guard floor != .releasing else { return actions }
        switch event {
        case .joined(let key, let description):
            join(key, description, at: now.instant, &actions)
        case .left(let key):
            leave(key, at: now.instant, &actions)
        case .received(let message, let key):
            receive(message, from: key, at: now.instant, &actions)
        case .reconfigured(let settings):
            self.settings = settings
        case .released:
            if talk != nil { actions.append(.talkerChanged(nil, ssrc: nil)) }
            floor = .releasing
            queue.removeAll()
            participants.removeAll()
            offenders.removeAll()
            pendingActions.removeAll()
        case .timeAdvanced:
            expireTimers(at: now.instant, &actions)
        }
        return actions
    }

    private mutating func join(
        _ key: ParticipantKey, _ description: FloorParticipantDescription, at now: Instant,
        _ actions: inout [FloorServerAction]
    ) {
        if participants[key] != nil {
            redescribe(key, description, at: now, &actions)
            return
        }
        guard participants.count < settings.limits.participants else {
            actions.append(.refused(key))
            return
        }
        participants[key] = Participant(description: description)
        let takesFloor = description.isImplicitRequest && mayHold(key)
        switch floor {
        case .startStop, .idle:
            // TS 24.380 6.3.4.2.2: an implicit request takes the floor at once, though nobody else is in yet.
            if takesFloor {
                grant(key, isAwaited: false, at: now, &actions)
                return
            }
            if floor == .startStop {
                enterIdle(at: now, &actions)
            } else {
                actions.append(.send(idleMessage(to: key), to: key))
            }
            if description.isImplicitRequest {
                actions.append(.send(denyMessage(.receiveOnly, to: key), to: key))
            }
        case .taken, .pendingRevoke:
            actions.append(.send(takenMessage(to: key), to: key))
            if description.isImplicitRequest {
                receiveRequest(nil, from: key, at: now, &actions)
            }
        case .releasing:
            break
        }
    }

    private func mayHold(_ key: ParticipantKey) -> Bool {
        guard let participant = participants[key], !participant.description.isReceiveOnly else { return false }
        return settings.broadcastInitiator == nil || settings.broadcastInitiator == key
    }

    /// Rights or tier of a participant changed: its place in the queue follows, and it may now take the floor.
    private mutating func redescribe(
        _ key: ParticipantKey, _ description: FloorParticipantDescription, at now: Instant,
        _ actions: inout [FloorServerAction]
    ) {
        let formerSSRC = participants[key]?.description.audioSSRC
        participants[key]?.description = description
        if holder == key {
            redescribeHolder(key, formerly: formerSSRC, at: now, &actions)
            return
        }
        guard let entry = queue.remove(key) else { return }
        if !mayHold(key) {
            actions.append(.send(denyMessage(.receiveOnly, to: key), to: key))
            return
        }
        let renewed = FloorQueue.Entry(
            key: key, tier: description.tier, priority: min(entry.priority, description.maxPriority))
        queue.insert(renewed)
        if preempts(renewed) { revoke(.preempted, at: now, &actions) }
    }

    /// A talker that declares an emergency is from then on as hard to interrupt as if it had asked with it, and one that
    /// cancels it no harder than anybody. The others are told where its stream has another SSRC.
    private mutating func redescribeHolder(
        _ key: ParticipantKey, formerly formerSSRC: UInt32?, at now: Instant, _ actions: inout [FloorServerAction]
    ) {
        guard mayHold(key), let description = participants[key]?.description else {
            revoke(.noPermission, at: now, &actions)
            return
        }
        switch floor {
        case .taken(let talk): floor = .taken(redescribed(talk, description))
        case .pendingRevoke(let talk, let revocation):
            floor = .pendingRevoke(redescribed(talk, description), revocation)
        case .startStop, .idle, .releasing: return
        }
        if formerSSRC != description.audioSSRC { sendTakenToOthers(&actions) }
        if let next = queue.entries.first, preempts(next) { revoke(.preempted, at: now, &actions) }
    }

    private func redescribed(_ talk: Talk, _ description: FloorParticipantDescription) -> Talk {
        var talk = talk
        let least = description.tier > talk.tier ? effectivePriority(nil, of: description) : 0
        talk.priority = effectivePriority(max(talk.priority, least), of: description)
        talk.tier = description.tier
        return talk
    }

    private mutating func leave(_ key: ParticipantKey, at now: Instant, _ actions: inout [FloorServerAction]) {
        guard participants.removeValue(forKey: key) != nil else { return }
        offenders.removeAll { $0 == key }
        queue.remove(key)
        let wasHolder = holder == key
        if participants.isEmpty {
            floor = .startStop
            if wasHolder { actions.append(.talkerChanged(nil, ssrc: nil)) }
        } else if wasHolder {
            enterIdle(at: now, &actions)
        }
    }
}

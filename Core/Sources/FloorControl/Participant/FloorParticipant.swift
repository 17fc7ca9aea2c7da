public import MCFoundation

/// The floor participant: state transition diagram for basic operation of the client (TS 24.380 6.2.4).
public struct FloorParticipant: Sendable {
    public private(set) var settings: FloorParticipantSettings
    public internal(set) var state: State = .startStop
    /// T103 while somebody else's media comes in.
    var endOfMedia: Instant?
    /// Of the last Floor Taken or Floor Idle that counted; an older one was overtaken on the way.
    private var lastSequenceNumber: UInt16?
    /// With dual floor: which of the two talkers this one is; nil where it talks alone or not at all.
    public internal(set) var dualFloorRole: DualFloorRole?
    /// Whom the last Floor Taken named: the user is not told twice.
    var announced: FloorTalker?

    /// The states of TS 24.380 6.2.4 with the data that exists only in them.
    public enum State: Hashable, Sendable {
        case startStop
        /// 'U: has no permission'
        case hasNoPermission
        /// 'U: pending Request', T101 and C101.
        case pendingRequest(Repetition)
        /// 'U: has permission'
        case hasPermission
        /// 'U: pending Release', T100 and C100. `isPressed`: the button went down again meanwhile.
        case pendingRelease(Repetition, isPressed: Bool)
        /// 'U: queued'
        case queued(Waiting)
        case releasing
    }

    /// TS 24.380 6.2.4.5: two may talk at once, of whom one overrides the other.
    public enum DualFloorRole: Hashable, Sendable {
        case overriding, overridden
    }

    /// A message that is sent again until it is answered.
    public struct Repetition: Hashable, Sendable {
        public var deadline: Instant
        /// Transmissions so far.
        public var count = 1
    }

    public struct Waiting: Hashable, Sendable {
        /// T104 and C104 while a Floor Queue Position Request is unanswered.
        public var positionRequest: Repetition?
        /// T132 and what the server granted, while the user is asked.
        public var offer: Offer?

        public struct Offer: Hashable, Sendable {
            public var deadline: Instant
            public var audioSSRC: UInt32?
            public var duration: UInt16?
        }
    }

    public init(settings: FloorParticipantSettings) {
        self.settings = settings
    }

    /// True in the one state in which RTP may be sent.
    public var mayTalk: Bool { state == .hasPermission }

    /// The next time at which `.timeAdvanced` is due.
    public var nextDeadline: Instant? {
        let own: Instant? =
            switch state {
            case .pendingRequest(let repetition), .pendingRelease(let repetition, _): repetition.deadline
            case .queued(let waiting): earlier(waiting.positionRequest?.deadline, waiting.offer?.deadline)
            case .startStop, .hasNoPermission, .hasPermission, .releasing: nil
            }
        return earlier(own, endOfMedia)
    }

    /// The bits, priority or alias of later requests.
    public mutating func reconfigure(_ settings: FloorParticipantSettings) {
        self.settings = settings
    }

    public mutating func handle(_ event: FloorParticipantEvent, at now: Now) -> [FloorParticipantAction] {
        switch event {
        case .sessionEstablished(let implicitRequest, let granted):
            return establish(implicitRequest: implicitRequest, granted: granted, at: now.instant)
        case .pressed:
            return press(at: now.instant)
        case .released:
            return release(at: now.instant)
        case .queuedGrantAccepted:
            guard case .queued(let waiting) = state, let offer = waiting.offer else { return [] }
            return beginTalk(audioSSRC: offer.audioSSRC, duration: offer.duration)
        case .queuePositionAsked:
            guard case .queued(var waiting) = state, waiting.offer == nil else { return [] }
            waiting.positionRequest = Repetition(deadline: now.instant + settings.timers.queuePositionRequest)
            state = .queued(waiting)
            return [.send(queuePositionRequest())]
        case .received(let message):
            return receive(message, at: now.instant)
        case .mediaReceived:
            return noteMedia(at: now.instant)
        case .sessionReleasing:
            guard state != .startStop else { return [] }
            return stop(.releasing)
        case .sessionEnded:
            return stop(.startStop)
        case .timeAdvanced:
            return expireTimers(at: now.instant)
        }
    }

    private mutating func establish(
        implicitRequest: Bool, granted: Bool, at now: Instant
    ) -> [FloorParticipantAction] {
        guard state == .startStop else { return [] }
        if implicitRequest, granted {
            return beginTalk(audioSSRC: nil, duration: nil)
        }
        state =
            implicitRequest
            ? .pendingRequest(Repetition(deadline: now + settings.timers.floorRequest)) : .hasNoPermission
        return []
    }

    private mutating func press(at now: Instant) -> [FloorParticipantAction] {
        switch state {
        case .hasNoPermission:
            return ask(at: now)
        case .pendingRelease(let repetition, _):
            // A Floor Request now could overtake the Floor Release; it goes out once the release is confirmed.
            state = .pendingRelease(repetition, isPressed: true)
            return []
        case .startStop, .pendingRequest, .hasPermission, .queued, .releasing:
            return []
        }
    }

    private mutating func release(at now: Instant) -> [FloorParticipantAction] {
        switch state {
        case .pendingRequest, .queued:
            return beginRelease(at: now)
        case .hasPermission:
            return [.stopMedia] + beginRelease(at: now)
        case .pendingRelease(let repetition, _):
            state = .pendingRelease(repetition, isPressed: false)
            return []
        case .startStop, .hasNoPermission, .releasing:
            return []
        }
    }

    private mutating func stop(_ next: State) -> [FloorParticipantAction] {
        let wasTalking = mayTalk
        state = next
        dualFloorRole = nil
        endOfMedia = nil
        return wasTalking ? [.stopMedia] : []
    }

    mutating func ask(at now: Instant) -> [FloorParticipantAction] {
        state = .pendingRequest(Repetition(deadline: now + settings.timers.floorRequest))
        return [.send(request())]
    }

    mutating func beginTalk(audioSSRC: UInt32?, duration: UInt16?) -> [FloorParticipantAction] {
        state = .hasPermission
        endOfMedia = nil
        return [.startMedia(audioSSRC: audioSSRC), .notify(.granted(duration: duration))]
    }

    /// `indicator`: that of the Floor Revoke which is answered.
    mutating func beginRelease(indicator: FloorIndicator? = nil, at now: Instant) -> [FloorParticipantAction] {
        state = .pendingRelease(Repetition(deadline: now + settings.timers.floorRelease), isPressed: false)
        dualFloorRole = nil
        var message = floorRelease()
        message.indicator = indicator ?? settings.indicator
        return [.send(message)]
    }

    /// From 'U: pending Release': a button that went down meanwhile asks at once.
    mutating func endRelease(isPressed: Bool, at now: Instant) -> [FloorParticipantAction] {
        state = .hasNoPermission
        return isPressed ? ask(at: now) : []
    }

    /// True for a message with the number of the one before: the server said it again, or the network did.
    func isRepetition(_ message: FloorMessage) -> Bool {
        message.sequenceNumber.map { $0 == lastSequenceNumber } ?? false
    }

    /// False for a Floor Taken or Floor Idle that a later one has overtaken.
    mutating func isCurrent(_ message: FloorMessage) -> Bool {
        guard let number = message.sequenceNumber else { return true }
        if let last = lastSequenceNumber, Int16(bitPattern: number &- last) < 0 { return false }
        lastSequenceNumber = number
        return true
    }

    func request() -> FloorMessage {
        var message = FloorMessage(.request, ssrc: settings.ssrc)
        message.priority = settings.priority
        message.indicator = settings.indicator
        message.functionalAlias = settings.functionalAlias
        return message
    }

    func floorRelease() -> FloorMessage {
        var message = FloorMessage(.release, ssrc: settings.ssrc)
        message.indicator = settings.indicator
        return message
    }

    func queuePositionRequest() -> FloorMessage {
        FloorMessage(.queuePositionRequest, ssrc: settings.ssrc)
    }
}

func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
    guard let left else { return right }
    guard let right else { return left }
    return min(left, right)
}

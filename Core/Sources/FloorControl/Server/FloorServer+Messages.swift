import MCFoundation
import OrderedCollections

/// The messages that the server sends (TS 24.380 8.2.5 to 8.2.13).
extension FloorServer {
    private func message(
        _ kind: FloorMessageKind, to key: ParticipantKey, asksForAcknowledgement: Bool = false, isReply: Bool = true
    ) -> FloorMessage {
        let participant = participants[key]
        var message = FloorMessage(
            kind, ssrc: participant?.description.floorSSRC ?? 0, acknowledgementRequested: asksForAcknowledgement)
        message.indicator = indicator(for: key)
        if isReply { message.trackInfo = participant?.trackInfo }
        return message
    }

    /// The call-type bits describe the call; whether queueing is offered depends on what was negotiated.
    private func indicator(for key: ParticipantKey) -> FloorIndicator {
        var indicator: FloorIndicator =
            switch settings.tier {
            case .normal: settings.broadcastInitiator == nil && !settings.isSystemCall ? .normalCall : []
            case .imminentPeril: .imminentPerilCall
            case .emergency: .emergencyCall
            }
        if settings.broadcastInitiator != nil { indicator.insert(.broadcastGroupCall) }
        if settings.isSystemCall { indicator.insert(.systemCall) }
        if settings.isTemporaryGroup { indicator.insert(.temporaryGroupCall) }
        if queues(key) { indicator.insert(.queueingSupported) }
        return indicator
    }

    /// Floor Granted for the talker, with what is left of T2.
    func grantedMessage(_ asksForAcknowledgement: Bool, at now: Instant) -> FloorMessage {
        guard let talk, let participant = participants[talk.holder] else {
            preconditionFailure("Floor Granted goes to the talker")
        }
        let left = talk.stopTalking.map { $0 - now } ?? settings.timers.stopTalking
        var message = message(.granted, to: talk.holder, asksForAcknowledgement: asksForAcknowledgement)
        message.duration = UInt16(clamping: Int(left.inSeconds.rounded(.up)))
        message.audioSSRC = participant.description.audioSSRC
        message.priority = talk.priority
        return message
    }

    /// Of its own number: it is not one of those that go to all at once.
    mutating func takenMessage(to key: ParticipantKey) -> FloorMessage {
        sequenceNumber &+= 1
        return currentTakenMessage(to: key, isReply: true)
    }

    /// NOTSPEC: the Floor Taken of the present talk once more, with its number, for a participant that may have missed
    /// it; nil while nobody talks or where the participant talks itself.
    public func repeatedTaken(to key: ParticipantKey) -> FloorMessage? {
        guard case .taken(let talk) = floor, talk.holder != key, participants[key] != nil else { return nil }
        return currentTakenMessage(to: key, isReply: false)
    }

    private func currentTakenMessage(to key: ParticipantKey, isReply: Bool) -> FloorMessage {
        var message = message(.taken, to: key, isReply: isReply)
        message.sequenceNumber = sequenceNumber
        message.permissionToRequest =
            settings.broadcastInitiator == nil && participants[key]?.description.isReceiveOnly == false
        guard let talk, let talker = participants[talk.holder]?.description else { return message }
        message.audioSSRC = talker.audioSSRC
        if !talker.isPrivate {
            message.grantedParty = talker.mcpttID
            message.functionalAlias = talker.functionalAlias
        }
        return message
    }

    mutating func sendTakenToOthers(_ actions: inout [FloorServerAction]) {
        sequenceNumber &+= 1
        guard participants.count > 1 else { return }
        actions.append(.announce(to: Array(participants.keys)))
    }

    mutating func idleMessage(to key: ParticipantKey) -> FloorMessage {
        sequenceNumber &+= 1
        return currentIdleMessage(to: key, isReply: true)
    }

    private func currentIdleMessage(to key: ParticipantKey, isReply: Bool) -> FloorMessage {
        var message = message(.idle, to: key, isReply: isReply)
        message.sequenceNumber = sequenceNumber
        return message
    }

    /// What a participant is told of the floor as it is now; nil where there is nothing to tell it, as to the talker.
    public func announcement(to key: ParticipantKey) -> FloorMessage? {
        guard participants[key] != nil else { return nil }
        switch floor {
        case .taken(let talk), .pendingRevoke(let talk, _):
            return talk.holder == key ? nil : currentTakenMessage(to: key, isReply: false)
        case .idle: return currentIdleMessage(to: key, isReply: false)
        case .startStop, .releasing: return nil
        }
    }

    mutating func sendIdleToAll(_ actions: inout [FloorServerAction]) {
        sequenceNumber &+= 1
        actions.append(.announce(to: Array(participants.keys)))
    }

    func denyMessage(_ cause: FloorDenyCause, to key: ParticipantKey) -> FloorMessage {
        var message = message(.deny, to: key)
        message.rejectCause = RejectCause(cause)
        return message
    }

    func revokeMessage(_ cause: FloorRevokeCause, to key: ParticipantKey) -> FloorMessage {
        var message = message(.revoke, to: key)
        message.rejectCause = RejectCause(cause)
        return message
    }

    func queuePositionMessage(to key: ParticipantKey) -> FloorMessage {
        var message = message(.queuePositionInfo, to: key)
        if let index = queue.position(of: key) {
            // 254 and 255 have meanings of their own.
            let position = index < 253 ? UInt8(index + 1) : QueueInfo.positionUnknown
            message.queueInfo = QueueInfo(position: position, priority: queue.entries[index].priority)
        } else {
            message.queueInfo = QueueInfo(position: QueueInfo.notQueued, priority: 0)
        }
        return message
    }

    func acknowledgement(of received: FloorMessage, to key: ParticipantKey) -> FloorMessage {
        var message = FloorMessage(.ack, ssrc: participants[key]?.description.floorSSRC ?? 0)
        message.source = .controllingFunction
        message.messageType = received.kind.rawValue
        message.trackInfo = received.trackInfo
        return message
    }
}

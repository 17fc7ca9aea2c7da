import FloorControl
public import MCFoundation
import OrderedCollections
import SIP
import SIPUserAgent

/// One MCPTT client of one user (TS 24.379, TS 24.380): registration, service settings, affiliation, group calls and
/// the floor in each. It opens no socket and reads no clock: its shell feeds events and carries out actions.
public struct ResponderClient: Sendable {
    public internal(set) var settings: ResponderSettings
    let identity: SIPURI
    let participating: SIPURI
    var random: SeededGenerator
    var transactions: TransactionLayer
    var userAgent: UserAgent
    var actions: [ResponderAction] = []

    var connection = Connection()
    var registration = Registration()
    var publication = Publication()
    var documents = DocumentWatch()
    var calls: OrderedDictionary<CallHandle, ResponderCall> = [:]
    var lastHandle: UInt64 = 0
    /// Chat calls to come back to; as many as calls at most.
    var rejoins: [Rejoin] = []

    public init(
        settings: ResponderSettings, random: SeededGenerator
    ) throws(ResponderSettingsError) {
        guard let identity = SIPURI(settings.publicIdentity.value), identity.scheme == .sip, identity.user != nil else {
            throw ResponderSettingsError(setting: "publicIdentity")
        }
        guard let participating = SIPURI(settings.participatingService.value), participating.scheme == .sip else {
            throw ResponderSettingsError(setting: "participatingService")
        }
        self.settings = settings
        self.identity = identity
        self.participating = participating
        var random = random
        transactions = TransactionLayer(
            sentBy: settings.sentBy, random: random.fork(), timers: settings.transactionTimers)
        var limits = UserAgentLimits()
        limits.sessions = 2 * settings.limits.calls
        limits.timers = settings.transactionTimers
        userAgent = UserAgent(number: 1, random: random.fork(), limits: limits)
        registration.callID = random.token(26)
        registration.fromTag = random.token(16)
        self.random = random
    }

    /// Registered and authorised for the service: calls can be made.
    public var isReady: Bool { registration.isRegistered && publication.isAuthorised }

    /// The calls there are, oldest first.
    public var callHandles: [CallHandle] { Array(calls.keys) }

    /// Sessions of the user agent, those included whose last answer is awaited.
    public var sessionCount: Int { userAgent.sessionCount }

    /// True while RTP may be sent in that call.
    public func mayTalk(_ call: CallHandle) -> Bool { calls[call]?.talkingSSRC != nil }

    /// When `.timeAdvanced` is due; nil where nothing waits for time.
    public var nextDeadline: Instant? {
        var next = earlier(userAgent.nextDeadline, transactions.nextDeadline)
        next = earlier(next, connection.nextDeadline)
        next = earlier(next, registration.nextDeadline)
        next = earlier(next, publication.nextDeadline)
        next = earlier(next, documents.retryAt)
        next = earlier(next, nextRejoin)
        next = earlier(next, nextMediaKeepAlive)
        for call in calls.values { next = earlier(next, call.floor.nextDeadline) }
        return next
    }

    public mutating func handle(_ event: ResponderEvent, at now: Now) -> [ResponderAction] {
        switch event {
        case .flowOpened(let flow, let transport, let remote):
            flowOpened(flow, transport, remote, at: now)
        case .flowClosed(let flow):
            flowClosed(flow, at: now)
        case .connectFailed:
            connectFailed(at: now)
        case .received(let flow, let octets):
            received(octets, from: flow, at: now)
        case .keepAliveAnswered(let flow):
            if flow == connection.flow?.id { connection.pongDue = nil }
        case .mediaReady(let call, let audio, let floor):
            mediaReady(call, audio: audio, floor: floor, at: now)
        case .mediaFailed(let call):
            mediaFailed(call, at: now)
        case .floorReceived(let call, let octets):
            floorReceived(octets, in: call, at: now)
        case .audioReceived(let call):
            tellFloor(call, .mediaReceived, at: now)
        case .command(let command):
            carryOut(command, at: now)
        case .timeAdvanced:
            advance(at: now)
        }
        settle(at: now)
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    private mutating func carryOut(_ command: ResponderCommand, at now: Now) {
        switch command {
        case .register: startRegistration(at: now)
        case .deregister: endRegistration(at: now)
        case .affiliate(let groups): affiliate(groups, at: now)
        case .setAnswerMode(let mode):
            settings.answerMode = mode
            if registration.isRegistered { publishSettings(at: now) }
        case .renewToken(let token):
            settings.accessToken = token
            if registration.isRegistered { publishSettings(at: now) }
        case .configure(let configuration): configure(configuration, at: now)
        case .watchDocuments(let uris): watchDocuments(uris, at: now)
        case .call(let request):
            publication.leftGroups.removeAll { $0 == request.group }
            startCall(request, at: now)
        case .answer(let call): answerCall(call, at: now)
        case .decline(let call): declineCall(call, at: now)
        case .leave(let call): leave(call, at: now)
        case .changeTier(let call, let tier): changeTier(of: call, to: tier, at: now)
        case .press(let call): moveButton(of: call, isDown: true, at: now)
        case .release(let call): moveButton(of: call, isDown: false, at: now)
        case .acceptGrant(let call): tellFloor(call, .queuedGrantAccepted, at: now)
        case .askQueuePosition(let call): tellFloor(call, .queuePositionAsked, at: now)
        }
    }

    private mutating func advance(at now: Now) {
        if let deadline = transactions.nextDeadline, deadline <= now.instant {
            pass(transactions.handle(.timeAdvanced, at: now), at: now)
        }
        if let deadline = userAgent.nextDeadline, deadline <= now.instant { userAgent.advance(to: now) }
        advanceConnection(at: now)
        advanceRegistration(at: now)
        advancePublication(at: now)
        advanceDocuments(at: now)
        advanceRejoins(at: now)
        advanceMediaKeepAlives(at: now)
        for call in calls.keys {
            guard let deadline = calls[call]?.floor.nextDeadline, deadline <= now.instant else { continue }
            tellFloor(call, .timeAdvanced, at: now)
        }
    }

    /// Carries messages between user agent and transactions until neither has more to say.
    private mutating func settle(at now: Now) {
        while true {
            let outputs = userAgent.takeOutputs()
            for output in outputs { send(output, at: now) }
            guard let event = userAgent.nextEvent() else {
                if outputs.isEmpty { return }
                continue
            }
            act(on: event, at: now)
        }
    }

    private mutating func send(_ output: SIPOutput, at now: Now) {
        let hop = connection.flow.map { NextHop.flow($0.id) }
        switch output {
        case .send(let request, let id):
            guard let hop else {
                userAgent.handle(.failed(id, .transport), at: now)
                return
            }
            pass(transactions.handle(.send(request, id, hop), at: now), at: now)
        case .acknowledge(let request):
            guard let hop else { return }
            pass(transactions.handle(.acknowledge(request, hop), at: now), at: now)
        case .cancel(let id):
            pass(transactions.handle(.cancel(id), at: now), at: now)
        case .respond(let response, let id):
            pass(transactions.handle(.respond(response, id), at: now), at: now)
        }
    }

    mutating func pass(_ transactionActions: [TransactionAction], at now: Now) {
        for action in transactionActions {
            switch action {
            case .transmit(let message, .flow(let flow)), .transmit(let message, .beside(let flow, _)):
                actions.append(.transmit(message.serialized(), flow))
            case .transmit(_, .target):
                preconditionFailure("a client sends over the flow to its edge only")
            case .deliver(.request(let request, let id, let flow)):
                userAgent.handle(.request(request, id, .stranger(flow)), at: now)
            case .deliver(.acknowledgement(let request, _)):
                userAgent.handle(.acknowledgement(request), at: now)
            case .deliver(.cancelled(let id)):
                userAgent.handle(.cancelled(id), at: now)
            case .deliver(.response(let response, let id)):
                userAgent.handle(.response(response, id), at: now)
            case .deliver(.failed(let id, let failure)):
                userAgent.handle(.failed(id, failure), at: now)
            }
        }
    }

    private mutating func act(on event: UserAgentEvent, at now: Now) {
        switch event {
        case .answered(let id, let response):
            if id == registration.transaction {
                registerAnswered(response, at: now)
            } else {
                publicationAnswered(id, response, at: now)
            }
        case .invited(let session, let request, _): invited(session, request, at: now)
        case .progressed: break
        case .established(let session, let response): established(session, response, at: now)
        case .acknowledged: break
        case .rejected(let session, let response): rejected(session, response, at: now)
        case .modified(let session, let request, let id): modified(session, request, id, at: now)
        case .modificationAnswered(let session, let response): changeAnswered(session, response, at: now)
        case .ended(let session, let end): ended(session, end, at: now)
        case .requestReceived(let request, let id, _): answerOutside(request, id, at: now)
        case .requestInSession(let session, let request, let id): answerInside(session, request, id, at: now)
        case .subscribed: break
        case .notified(let id, let request):
            if id == documents.subscription { documentsNotified(request) } else { notified(id, request) }
        case .subscriptionEnded(let id, let status):
            if id == documents.subscription {
                documentSubscriptionEnded(status, at: now)
            } else {
                subscriptionEnded(id, status, at: now)
            }
        }
    }

    mutating func notify(_ notice: ResponderNotice) {
        actions.append(.notify(notice))
    }
}

func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
    guard let left else { return right }
    guard let right else { return left }
    return min(left, right)
}

import CallControl
import ControllingFunction
import DequeModule
import MCFoundation
import MCGateway
import ParticipatingFunction
import Policy
import SIP
import SIPUserAgent

// Beginning and end of a succession, and what the two processes tell each other.
extension SignallingCell {
    // MARK: The successor

    /// Asks the process that serves now. It closes its listeners, and only then answers.
    mutating func succeed(_ target: Target, at now: Now) {
        guard succession == nil else { return }
        var succession = Succession(role: .successor, sentBy: settings.interconnection, random: &random)
        succession.target = target
        self.succession = succession
        say([.takeOver], at: now)
    }

    private mutating func answered(_ response: SIPResponse, at now: Now) {
        succession?.asking = nil
        guard response.isSuccess else {
            // Whoever was asked serves on, at the border too.
            succession = nil
            return note("succession.refused", [.init("status", "\(response.status)")])
        }
        succession?.isUnderWay = true
        succession?.nextRound = now.instant + Succession.touch
        actions.append(.startListening)
        note("succession.began", [.init("calls", "\(succession?.callsElsewhere.count ?? 0)")])
    }

    // MARK: The predecessor

    /// Somebody who holds the key of our own gateway came in: another process of this system.
    mutating func siblingOpened(_ flow: FlowID, isOutbound: Bool, at now: Now) {
        if succession == nil, !isOutbound {
            succession = Succession(role: .predecessor, sentBy: settings.interconnection, random: &random)
        }
        // One succession at a time: the first has to end before the next begins.
        if succession?.link == nil { succession?.link = flow }
    }

    private mutating func takeOver(_ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now) {
        guard succession?.role == .predecessor, succession?.asked == nil, succession?.isUnderWay == false else {
            return respond(request.response(403, toTag: random.token(10)), transaction, at: now)
        }
        succession?.asked = (request, transaction)
        actions.append(.stopListening)
    }

    /// Nobody new comes in any more: from now on calls begin over there.
    mutating func listenersClosed(at now: Now) {
        guard let (request, transaction) = succession?.asked else { return }
        let calls = controlling.groupsWithCall
        succession?.asked = nil
        succession?.isUnderWay = true
        succession?.callsTold = calls
        succession?.nextRound = now.instant
        succession?.untold = Deque(controlling.affiliatedClients)
        if !calls.isEmpty { say(calls.map { .call($0) }, at: now) }
        respond(request.response(200, toTag: random.token(10)), transaction, at: now)
        note("succession.began", [.init("calls", "\(calls.count)")])
    }

    /// What is to be done in every turn, and what from time to time.
    mutating func continueSuccession(at now: Now) {
        guard succession?.isUnderWay == true else { return }
        if succession?.role == .predecessor { sayWhatEnded(at: now) }
        guard let round = succession?.nextRound, round <= now.instant else { return }
        switch succession?.role {
        case .predecessor:
            succession?.nextRound = now.instant + Succession.round
            sendPublications(at: now)
            sendDevicesOn()
            if succession?.hasBorder == true, gateway.sessionCount == 0 { giveBorder(at: now) }
        case .successor, nil:
            succession?.nextRound = now.instant + Succession.touch
            say([], at: now)
        }
    }

    private mutating func sayWhatEnded(at now: Now) {
        guard let succession, controlling.population.calls != succession.callsTold.count else { return }
        let ended = succession.callsTold.filter { !controlling.hasCall(of: $0) }
        self.succession?.callsTold.removeAll { ended.contains($0) }
        if !ended.isEmpty { say(ended.map { .ended($0) }, at: now) }
    }

    private mutating func sendPublications(at now: Now) {
        for _ in 0..<Succession.publicationsPerRound {
            guard let client = succession?.untold.popFirst() else { return }
            // As it is by now: what changed meanwhile was told at once.
            if let publication = controlling.publication(of: client) { sendBeside(publication, at: now) }
        }
    }

    /// Devices that take part in no call register with the successor as soon as their connection is gone. Those over UDP
    /// have none and stay: nobody else has their port.
    private mutating func sendDevicesOn() {
        if succession?.unvisited.isEmpty == true {
            succession?.unvisited = Deque(flows.all { $0.peer == .client && $0.description.transport.isReliable })
        }
        let busy = participating.flowsInCalls
        var sent = 0
        while sent < Succession.devicesPerRound, let flow = succession?.unvisited.popFirst() {
            guard !busy.contains(flow), flows[flow] != nil else { continue }
            actions.append(.close(flow))
            sent += 1
        }
    }

    private mutating func giveBorder(at now: Now) {
        succession?.hasBorder = false
        gateway.rest()
        closePartners()
        say([.border], at: now)
        take(participating.borderMoved(at: now), from: .participating, at: now)
    }

    private mutating func closePartners() {
        let partners = flows.all {
            if case .partner = $0.peer { true } else { false }
        }
        for flow in partners { actions.append(.close(flow)) }
    }

    // MARK: Words

    /// Without a word it only shows that the connection is in use.
    private mutating func say(_ words: [SuccessionWord], at now: Now) {
        guard succession != nil else { return }
        for start in stride(from: 0, to: max(words.count, 1), by: Succession.wordsPerMessage) {
            let end = min(start + Succession.wordsPerMessage, words.count)
            say(message: Array(words[start..<end]), at: now)
        }
    }

    private mutating func say(message words: [SuccessionWord], at now: Now) {
        let uri = SIPURI(user: nil, host: directory.system.domain)
        var request = SIPRequest(method: .message, uri: uri)
        request.headers.append(.from, "<\(uri)>")
        request.headers.append(.to, "<\(uri)>")
        request.headers.append(.contentType, SuccessionWord.type)
        request.body = SuccessionWord.octets(words)
        let transaction = sendBeside(request, at: now)
        if words.contains(.takeOver) { succession?.asking = transaction }
    }

    /// A request of the process itself. What is answered matters for the first word only: the connection keeps the order,
    /// and where it breaks the succession is over.
    @discardableResult
    mutating func sendBeside(_ request: SIPRequest, at now: Now) -> ClientTransactionID? {
        let transaction = succession?.agent.send(request, at: now)
        for case .send(let request, let transaction) in succession?.agent.takeOutputs() ?? [] {
            guard let hop = succession?.hop else { continue }
            tell(.succession, .send(request, transaction, hop), at: now)
        }
        return transaction
    }

    mutating func wordArrived(_ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now) {
        guard let words = SuccessionWord.read(request.body) else {
            return respond(request.response(400, toTag: random.token(10)), transaction, at: now)
        }
        guard !words.contains(.takeOver) else { return takeOver(request, transaction, at: now) }
        respond(request.response(200, toTag: random.token(10)), transaction, at: now)
        guard succession?.role == .successor else { return }
        for word in words {
            switch word {
            case .call(let group): succession?.callsElsewhere.insert(group)
            case .ended(let group): succession?.callsElsewhere.remove(group)
            case .border: wakeBorder(at: now)
            case .takeOver: break
            }
        }
    }

    /// An answer to a request of the process itself.
    mutating func besideAnswered(_ input: SIPInput, at now: Now) {
        succession?.agent.handle(input, at: now)
        while let event = succession?.agent.nextEvent() {
            guard case .answered(let transaction, let response) = event, transaction == succession?.asking else {
                continue
            }
            answered(response, at: now)
        }
    }

    // MARK: The end

    /// From now on partners are connected with this process. They see another boot epoch and say again who is affiliated;
    /// until then what is known of their users holds.
    private mutating func wakeBorder(at now: Now) {
        succession?.hasBorder = true
        take(gateway.wake(at: now), from: .gateway, at: now)
    }

    /// The connection is gone, and with it the other process: this one is alone again. What the other served comes back by
    /// itself.
    mutating func siblingClosed(_ flow: FlowID, at now: Now) {
        guard let ended = succession, ended.link == flow else { return }
        succession = nil
        guard ended.isUnderWay else {
            switch ended.role {
            case .successor: note("succession.refused", [.init("cause", "connection lost")])
            // It went before it was told that it may.
            case .predecessor: if ended.asked != nil { actions.append(.startListening) }
            }
            return
        }
        if !ended.hasBorder { wakeBorder(at: now) }
        note("succession.ended")
        switch ended.role {
        case .successor:
            let participating = participating
            controlling.forgetAffiliations { user, client, serving in
                serving == directory.system.id && !participating.serves(user, client: client)
            }
        case .predecessor: actions.append(.startListening)
        }
        for function in FunctionID.allCases { queue.append((function, .peersLost(ended.dialogs))) }
        // A call that was to be had over there is had here.
        for (transaction, sent) in ended.sent.sorted(by: { $0.key < $1.key }) {
            if sent.to == .controlling {
                sendInternally(sent.request, transaction, from: sent.from, to: .controlling, at: now)
            } else {
                queue.append((sent.from, .sip(.failed(transaction, .transport))))
            }
        }
    }
}

extension Succession {
    /// Where requests to the other process go.
    fileprivate var hop: NextHop? { link.map { .flow($0) } ?? target.map { .target($0) } }
}

import CallControl
import ConfigurationDocuments
import MCDocuments
import MCFoundation
import SDP
import SIP
import SIPUserAgent

/// A client that speaks SIP in octets over one flow: transactions, user agent and digest of the product, a hand that
/// says what to do, and an ear that keeps what happened.
struct Handset {
    let name: String
    let domain: String
    let instance: String
    let address: SocketAddress
    var flow: FlowID
    private(set) var layer: TransactionLayer
    private(set) var agent: UserAgent
    private var digest: DigestClient
    private var registering: [ClientTransactionID: SIPRequest] = [:]
    private(set) var events: [UserAgentEvent] = []
    /// Final answers to what was sent outside of sessions, in order.
    private(set) var answers: [SIPResponse] = []
    private(set) var registration: SIPResponse?
    private var serviceRoute: String?
    private var outgoing: [[UInt8]] = []
    private var callSequence: UInt32 = 0
    private(set) var floorSSRC: UInt32
    private var requests: [ClientTransactionID: SIPRequest] = [:]

    init(_ name: String, domain: String, password: String? = nil, number: UInt32, flow: FlowID) {
        self.name = name
        self.domain = domain
        self.flow = flow
        instance = "urn:uuid:00000000-0000-4000-8000-\(String(1_000_000_000_000 + UInt64(number)).dropFirst(1))"
        address = SocketAddress(IPAddress(v4: 0xc000_0200 + number), port: UInt16(40_000 + 2 * number))
        let seed = SeededGenerator(seed: 1_000 + UInt64(number))
        layer = TransactionLayer(sentBy: SentBy(host: address.address.description, port: 5_062), random: seed)
        agent = UserAgent(number: 0, random: SeededGenerator(seed: 2_000 + UInt64(number)))
        digest = DigestClient(
            account: .init(user: "\(name)@\(domain)", password: password ?? "pw-\(name)"),
            random: SeededGenerator(seed: 3_000 + UInt64(number)))
        floorSSRC = 0xf000_0000 + number
    }

    var identity: String { "sip:\(name)@\(domain)" }
    var mcpttID: MCPTTID { MCPTTID("sip:\(name)@mc.\(domain)") }
    var clientID: MCPTTClientID { MCPTTClientID(instance) }
    private var contact: SIPURI {
        var uri = SIPURI(user: name, host: address.address.description, port: 5_062)
        uri.parameters["transport"] = "tcp"
        return uri
    }

    // MARK: Octets and time

    mutating func opened(at now: Now) {
        run(layer.handle(.flowOpened(flow, transport: .tcp, target: nil), at: now), at: now)
    }

    mutating func receive(_ octets: [UInt8], at now: Now) {
        guard let message = try? SIPMessage.parse(octets) else { return }
        run(layer.handle(.received(message, flow: flow, transport: .tcp, source: address), at: now), at: now)
    }

    mutating func advance(at now: Now) {
        run(layer.handle(.timeAdvanced, at: now), at: now)
        agent.advance(to: now)
        turn(at: now)
    }

    var nextDeadline: Instant? { [layer.nextDeadline, agent.nextDeadline].compactMap { $0 }.min() }

    mutating func takeOctets() -> [[UInt8]] {
        defer { outgoing = [] }
        return outgoing
    }

    private mutating func run(_ actions: [TransactionAction], at now: Now) {
        for action in actions {
            switch action {
            case .transmit(let message, _): outgoing.append(message.serialized())
            case .deliver(let delivery): deliver(delivery, at: now)
            }
        }
    }

    private mutating func deliver(_ delivery: TransactionDelivery, at now: Now) {
        switch delivery {
        case .request(let request, let id, _): agent.handle(.request(request, id, .stranger(flow)), at: now)
        case .acknowledgement(let request, _): agent.handle(.acknowledgement(request), at: now)
        case .cancelled(let id): agent.handle(.cancelled(id), at: now)
        case .response(let response, let id): agent.handle(.response(response, id), at: now)
        case .failed(let id, let failure): agent.handle(.failed(id, failure), at: now)
        }
        turn(at: now)
    }

    private mutating func turn(at now: Now) {
        push(at: now)
        while let event = agent.nextEvent() {
            events.append(event)
            react(to: event, at: now)
            push(at: now)
        }
    }

    private mutating func push(at now: Now) {
        for output in agent.takeOutputs() {
            switch output {
            case .send(let request, let id):
                requests[id] = request
                run(layer.handle(.send(request, id, .flow(flow)), at: now), at: now)
            case .acknowledge(let request): run(layer.handle(.acknowledge(request, .flow(flow)), at: now), at: now)
            case .cancel(let id): run(layer.handle(.cancel(id), at: now), at: now)
            case .respond(let response, let id): run(layer.handle(.respond(response, id), at: now), at: now)
            }
        }
    }

    private mutating func react(to event: UserAgentEvent, at now: Now) {
        switch event {
        case .invited(let session, let request, _): answer(session, request, at: now)
        case .answered(let id, let response):
            if let request = registering.removeValue(forKey: id) {
                registered(response, request, at: now)
            } else {
                answers.append(response)
            }
        case .requestReceived(_, let id, _), .requestInSession(_, _, let id): agent.answer(id, status: 200, at: now)
        case .modified(_, let request, let id): agree(request, id, at: now)
        default: break
        }
    }

    // MARK: Registration

    mutating func register(expires: UInt32 = 600, path: [String] = [], at now: Now) {
        var request = SIPRequest(method: .register, uri: SIPURI(host: domain))
        request.headers.append(.from, "<\(identity)>")
        request.headers.append(.to, "<\(identity)>")
        request.headers.append(.contact, "<\(contact)>;+sip.instance=\"<\(instance)>\";reg-id=1")
        request.headers.append(.expires, "\(expires)")
        for option in ["path", "outbound", "gruu"] { request.headers.append(.supported, option) }
        for proxy in path { request.headers.append(.path, proxy) }
        sendRegister(request, at: now)
    }

    private mutating func sendRegister(_ request: SIPRequest, at now: Now) {
        let id = agent.send(request, at: now)
        turn(at: now)
        registering[id] = requests[id] ?? request
    }

    private mutating func registered(_ response: SIPResponse, _ request: SIPRequest, at now: Now) {
        if let again = digest.answer(response, to: request) { return sendRegister(again, at: now) }
        registration = response
        if response.isSuccess { serviceRoute = response.headers[.serviceRoute] }
    }

    // MARK: Service

    /// A request to the participating function, with what every client request carries.
    func request(_ method: Method, to service: String = "mcptt-participating") -> SIPRequest {
        let uri = SIPURI(user: service, host: domain)
        var request = SIPRequest(method: method, uri: uri)
        if let serviceRoute { request.headers.append(.route, serviceRoute) }
        request.headers.append(.from, "<\(identity)>")
        request.headers.append(.to, "<\(uri)>")
        request.headers.append(.pPreferredService, ServiceHeaders.serviceIdentifier)
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        return request
    }

    mutating func send(_ request: SIPRequest, at now: Now) {
        _ = agent.send(request, at: now)
        turn(at: now)
    }

    mutating func publishSettings(token: String? = nil, at now: Now) {
        var request = request(.publish)
        request.headers.append(.event, "poc-settings")
        request.headers.append(.expires, "4294967295")
        let settings = PoCSettings([.init(id: clientID.value, answerMode: .automatic)])
        var information = MCPTTInfo(requestURI: "sip:mcptt-participating@\(domain)", clientID: clientID)
        information.accessToken = token
        let body = CallBody(
            information: information,
            others: [BodyPart(type: MIMEType.poCSettings, body: settings.serialized())])
        request.body = body.write(into: &request.headers)
        send(request, at: now)
    }

    mutating func affiliate(_ groups: [MCPTTGroupID], at now: Now) {
        var request = request(.publish)
        request.headers.append(.event, "presence")
        request.headers.append(.expires, "4294967295")
        let document = AffiliationDocument(
            entity: mcpttID,
            clients: [.init(client: clientID, groups: groups.map { GroupAffiliation(group: $0) })],
            publicationID: "p1")
        let body = CallBody(
            information: MCPTTInfo(requestURI: mcpttID.value, clientID: clientID),
            others: [BodyPart(type: MIMEType.presence, body: document.serialized())])
        request.body = body.write(into: &request.headers)
        send(request, at: now)
    }

    // MARK: Calls

    var speechOffer: SpeechOffer {
        SpeechOffer(
            audio: address, floor: SocketAddress(address.address, port: address.port + 1),
            floorParameters: FloorControlParameters(
                queueing: true, priority: 5, granted: true, implicitRequest: true, floorSSRC: floorSSRC))
    }

    /// `session`: the identity of a call that is joined again.
    mutating func call(
        _ group: MCPTTGroupID, type: MCPTTSessionType? = .prearranged, session: SIPURI? = nil, at now: Now,
        _ change: (inout MCPTTInfo) -> Void = { _ in }
    ) -> SessionID {
        var request = request(.invite)
        if let session { request.uri = session }
        request.headers.append(.contact, ServiceHeaders.contact(contact))
        request.headers.append(.supported, "timer")
        var information = MCPTTInfo(sessionType: type, requestURI: group.value, clientID: clientID)
        change(&information)
        let body = CallBody(
            information: information,
            sessionDescription: speechOffer.session(id: 7).serialized())
        request.body = body.write(into: &request.headers)
        let session = agent.invite(request, at: now)
        turn(at: now)
        return session
    }

    /// Who takes part in a call, asked by its session identity.
    mutating func observe(_ session: SIPURI, at now: Now) {
        subscribe("conference", expires: 600, to: session, at: now)
    }

    /// Asks to be told of the own affiliations.
    mutating func watchAffiliations(at now: Now) { subscribe("presence", expires: 3_600, at: now) }

    private mutating func subscribe(_ event: String, expires: UInt32, to uri: SIPURI? = nil, at now: Now) {
        var request = request(.subscribe)
        if let uri { request.uri = uri }
        request.headers.append(.event, event)
        request.headers.append(.expires, "\(expires)")
        request.headers.append(.contact, ServiceHeaders.contact(contact))
        request.body = CallBody(information: MCPTTInfo(clientID: clientID)).write(into: &request.headers)
        _ = agent.subscribe(request, at: now)
        turn(at: now)
    }

    /// What the last notification of them said.
    var affiliations: [AffiliationStatus?] {
        let documents = events.compactMap { event -> AffiliationDocument? in
            guard case .notified(_, let request) = event, let part = request.part(MIMEType.presence) else { return nil }
            return try? AffiliationDocument(parsing: part.body)
        }
        return documents.last?.clients.flatMap { $0.groups.map(\.status) } ?? []
    }

    /// Asks to be told of documents.
    @discardableResult
    mutating func watch(
        _ uris: [String], expires: UInt32 = 600, token: String? = nil, event: String = "xcap-diff", at now: Now
    ) -> SubscriptionID {
        var request = request(.subscribe, to: "mcptt-documents")
        request.headers.append(.event, event)
        request.headers.append(.expires, "\(expires)")
        request.headers.append(.contact, ServiceHeaders.contact(contact))
        var information = MCPTTInfo(clientID: clientID)
        information.accessToken = token
        let list = BodyPart(type: MIMEType.resourceLists, body: ResourceLists(uris: uris).serialized())
        request.body = CallBody(information: information, others: uris.isEmpty ? [] : [list])
            .write(into: &request.headers)
        let id = agent.subscribe(request, at: now)
        turn(at: now)
        return id
    }

    mutating func unwatch(_ id: SubscriptionID, at now: Now) {
        agent.unsubscribe(id, at: now)
        turn(at: now)
    }

    /// What was told of documents, notification by notification.
    var diffs: [XCAPDiff] {
        events.compactMap { event in
            guard case .notified(_, let request) = event, let part = request.part(XCAPDiff.contentType) else {
                return nil
            }
            return try? XCAPDiff(parsing: part.body)
        }
    }

    /// How subscriptions ended: nil where the notifier said so.
    var endedSubscriptions: [Int?] {
        events.compactMap { if case .subscriptionEnded(_, let status) = $0 { .some(status) } else { nil } }
    }

    var conferences: [ConferenceInfo] {
        events.compactMap { event in
            guard case .notified(_, let request) = event, let part = request.part(MIMEType.conferenceInfo) else {
                return nil
            }
            return try? ConferenceInfo(parsing: part.body)
        }
    }

    /// The session identity of the call last made.
    var lastIdentity: SIPURI? { establishedAnswers.last?.headers.contacts.first?.uri }

    private mutating func answer(_ session: SessionID, _ request: SIPRequest, at now: Now) {
        guard let description = speechAnswer(request) else { return agent.reject(session, status: 488, at: now) }
        var headers = Headers()
        headers.append(.contact, ServiceHeaders.contact(contact))
        let body = CallBody(sessionDescription: description.serialized()).write(into: &headers)
        agent.accept(session, headers: headers, body: body, at: now)
    }

    private func speechAnswer(_ request: SIPRequest) -> SessionDescription? {
        guard let octets = request.part(MIMEType.sessionDescription)?.body,
            let offered = try? SessionDescription(parsing: octets), let offer = try? SpeechOffer(reading: offered)
        else { return nil }
        let answer = SpeechAnswer(
            to: offer, audio: address, floor: SocketAddress(address.address, port: address.port + 1),
            floorParameters: FloorControlParameters(queueing: true, floorSSRC: floorSSRC))
        return try? answer.session(answering: offered, id: 9)
    }

    /// Says something in a call that stands, with what it offers.
    mutating func say(_ information: MCPTTInfo, in session: SessionID, at now: Now) {
        var headers = Headers()
        headers.append(.contact, ServiceHeaders.contact(contact))
        let body = CallBody(
            information: information, sessionDescription: speechOffer.session(id: 7, version: 2).serialized()
        ).write(into: &headers)
        agent.reinvite(session, headers: headers, body: body, at: now)
        turn(at: now)
    }

    private mutating func agree(_ request: SIPRequest, _ id: ServerTransactionID, at now: Now) {
        guard let description = speechAnswer(request) else { return agent.answer(id, status: 488, at: now) }
        var headers = Headers()
        let body = CallBody(sessionDescription: description.serialized()).write(into: &headers)
        agent.answer(id, status: 200, headers: headers, body: body, at: now)
    }

    mutating func hangUp(_ session: SessionID, at now: Now) {
        agent.end(session, at: now)
        turn(at: now)
    }

    // MARK: What was heard

    var establishedAnswers: [SIPResponse] {
        events.compactMap { if case .established(_, let response) = $0 { response } else { nil } }
    }

    var invitations: [(SessionID, SIPRequest)] {
        events.compactMap { if case .invited(let session, let request, _) = $0 { (session, request) } else { nil } }
    }

    /// What it was told by re-INVITE.
    var news: [MCPTTInfo] {
        events.compactMap { event in
            guard case .modified(_, let request, _) = event else { return nil }
            return (try? CallBody(reading: request))?.information
        }
    }

    var changes: [SIPResponse] {
        events.compactMap { if case .modificationAnswered(_, let response) = $0 { response } else { nil } }
    }

    var acknowledged: [SessionID] {
        events.compactMap { if case .acknowledged(let session, _) = $0 { session } else { nil } }
    }

    var rejections: [SIPResponse] {
        events.compactMap { if case .rejected(_, let response) = $0 { response } else { nil } }
    }

    var endings: [SessionID] {
        events.compactMap { if case .ended(let session, _) = $0 { session } else { nil } }
    }
}

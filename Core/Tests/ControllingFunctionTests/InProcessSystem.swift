import CallControl
import ControllingFunction
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// A responder's side of signalling: the user agent of the product, answering what comes.
struct TestClient {
    let name: String
    let client: MCPTTClientID
    let device: RegisteredContact
    var agent: UserAgent
    var isAnswering = true
    /// Sessions that stand, with the last request or response that made them so.
    var sessions: [SessionID] = []
    var invitations: [SIPRequest] = []
    var answers: [SIPResponse] = []
    var notices: [AffiliationDocument] = []
    var endedSessions = 0

    var mcpttID: MCPTTID { MCPTTID("sip:\(name)@it.example") }
    var identity: PublicUserIdentity { PublicUserIdentity("sip:ims-\(name)@it.example") }
    var contact: String { "<sip:\(client.value)@device.invalid>" }
    var audio: SocketAddress {
        SocketAddress(IPAddress(v4: 0x0a00_0000 + UInt32(StableHash.of(client.value) % 60_000)), port: 4_000)
    }
    var floor: SocketAddress { SocketAddress(audio.address, port: 4_001) }

    mutating func process(at now: Now) {
        while let event = agent.nextEvent() {
            switch event {
            case .invited(let session, let request, _):
                invitations.append(request)
                if isAnswering { answer(session, request, at: now) }
            case .established(let session, let response):
                sessions.append(session)
                answers.append(response)
            case .rejected(_, let response), .answered(_, let response): answers.append(response)
            case .ended(let session, _):
                sessions.removeAll { $0 == session }
                endedSessions += 1
            case .notified(_, let request):
                if let part = request.part(MIMEType.presence),
                    let document = try? AffiliationDocument(parsing: part.body)
                {
                    notices.append(document)
                }
            default: break
            }
        }
    }

    private mutating func answer(_ session: SessionID, _ request: SIPRequest, at now: Now) {
        guard
            let offered = request.part(MIMEType.sessionDescription).flatMap({
                try? SessionDescription(parsing: $0.body)
            }),
            let offer = try? SpeechOffer(reading: offered),
            let answer = try? SpeechAnswer(
                to: offer, audio: audio, floor: floor,
                floorParameters: FloorControlParameters(queueing: true, priority: 9, floorSSRC: 5)
            ).session(answering: offered, id: 1)
        else { return agent.reject(session, status: 488, at: now) }
        var headers = Headers()
        headers.append(.contact, contact)
        let body = CallBody(sessionDescription: answer.serialized()).write(into: &headers)
        agent.accept(session, headers: headers, body: body, at: now)
        sessions.append(session)
    }

    func request(_ method: Method, to uri: SIPURI, event: String? = nil, expires: String? = nil) -> SIPRequest {
        var request = SIPRequest(method: method, uri: uri)
        request.headers.append(.from, "<\(identity)>")
        request.headers.append(.to, "<\(uri)>")
        if let event { request.headers.append(.event, event) }
        if let expires { request.headers.append(.expires, expires) }
        request.headers.append(.pPreferredService, ServiceHeaders.serviceIdentifier)
        return request
    }
}

/// Both functions and some clients, joined by delivery in process: what one sends, the other has at once.
struct InProcessSystem {
    enum Node: Hashable {
        case participating, controlling
        case client(Int)
    }

    private(set) var participating: ParticipatingFunction
    private(set) var controlling: ControllingFunction
    var clients: [TestClient] = []
    private(set) var commands: [MediaCommand] = []
    private(set) var requests: [(from: Node, request: SIPRequest)] = []
    /// One line a message.
    private(set) var trace: [String] = []
    private(set) var now = Now(instant: .zero, utc: UTCTime(microseconds: 0))
    private var waiting: [(Node, SIPInput)] = []
    private var sent: [ServerTransactionID: (from: Node, to: Node, id: ClientTransactionID)] = [:]
    private var lastTransaction: UInt64 = 0

    static let group = MCPTTGroupID("sip:fire@it.example")
    static let controllingURI = "sip:mcptt-controlling-group@it.example"
    static let participatingURI = SIPURI(user: "mcptt-participating", host: "it.example")

    init(
        names: [String], seed: UInt64 = 1, legacy: [String] = [], group change: (inout Group) -> Void = { _ in },
        user changeUser: (inout User) -> Void = { _ in }
    ) throws {
        let italy = ControllingFixture.italy
        let users = (names + legacy).map { name in
            var user = User(
                mcpttID: MCPTTID("sip:\(name)@it.example"),
                publicIdentity: PublicUserIdentity("sip:ims-\(name)@it.example"),
                privateIdentity: PrivateUserIdentity("\(name)@it.example"),
                credentials: DigestSecrets(realm: "it.example", md5: nil, sha256: nil), homeSystem: italy.id,
                endpoint: legacy.contains(name) ? .legacy(affiliations: [Self.group]) : .client)
            changeUser(&user)
            return user
        }
        var group = Group(
            id: Self.group, kind: .prearranged, members: users.map { Member(mcpttID: $0.mcpttID, priority: 4) })
        change(&group)
        let directory = try DirectorySnapshot(
            system: italy, users: users, groups: [group], partners: [ControllingFixture.france])
        var random = SeededGenerator(seed: seed)
        participating = ParticipatingFunction(
            system: italy, directory: directory, random: random.fork(), number: 1)
        controlling = ControllingFunction(
            system: italy, directory: directory,
            media: MediaPlane(MediaAddresses(access: [ControllingFixture.ports], interconnection: [])),
            random: random.fork(),
            number: 2)
        for name in names { add(client: "\(name)-1", of: name, random: random.fork()) }
        for name in legacy { add(client: "\(name)-1", of: name, random: random.fork(), isService: false) }
    }

    /// Registers a device and, for a client of the service, publishes its settings.
    mutating func add(client: String, of name: String, random: SeededGenerator, isService: Bool = true) {
        let index = clients.count
        var uri = SIPURI(user: "ims-\(name)", host: "it.example")
        uri.parameters["gr"] = "urn:uuid:\(client)"
        let device = RegisteredContact(
            instance: InstanceID("urn:uuid:\(client)"), uri: uri, flow: FlowID(UInt64(index)))
        clients.append(
            TestClient(
                name: name, client: MCPTTClientID(client), device: device,
                agent: UserAgent(number: UInt8(10 + index), random: random)))
        register(index)
        guard isService else { return }
        publishSettings(index)
    }

    mutating func register(_ index: Int) {
        let client = clients[index]
        tell(.participating, .registrationChanged(client.identity, .registered(client.device)))
        run()
    }

    mutating func unregister(_ index: Int) {
        let client = clients[index]
        tell(.participating, .registrationChanged(client.identity, .removed(client.device)))
        run()
    }

    mutating func publishSettings(
        _ index: Int, mode: PoCSettings.AnswerMode = .automatic, expires: String = "4294967295"
    ) {
        var request = clients[index].request(
            .publish, to: Self.participatingURI, event: "poc-settings", expires: expires)
        let settings = PoCSettings([.init(id: clients[index].client.value, answerMode: mode)])
        request.body = CallBody(
            information: MCPTTInfo(clientID: clients[index].client),
            others: [BodyPart(type: MIMEType.poCSettings, body: settings.serialized())]
        ).write(into: &request.headers)
        act(index) { client, now in client.agent.send(request, at: now) }
    }

    mutating func affiliate(_ index: Int, with groups: [MCPTTGroupID] = [group], expires: String = "4294967295") {
        let client = clients[index]
        var request = client.request(.publish, to: Self.participatingURI, event: "presence", expires: expires)
        let document = AffiliationDocument(
            entity: client.mcpttID,
            clients: [.init(client: client.client, groups: groups.map { GroupAffiliation(group: $0) })],
            publicationID: "p\(index)")
        request.body = CallBody(
            information: MCPTTInfo(requestURI: client.mcpttID.value, clientID: client.client),
            others: [BodyPart(type: MIMEType.presence, body: document.serialized())]
        ).write(into: &request.headers)
        act(index) { client, now in client.agent.send(request, at: now) }
    }

    mutating func observe(_ index: Int) {
        let client = clients[index]
        var request = client.request(.subscribe, to: Self.participatingURI, event: "presence", expires: "3600")
        request.headers.append(.contact, client.contact)
        request.body = CallBody(information: MCPTTInfo(requestURI: client.mcpttID.value)).write(into: &request.headers)
        act(index) { client, now in _ = client.agent.subscribe(request, at: now) }
    }

    mutating func call(
        _ index: Int, group: MCPTTGroupID? = group, type: MCPTTSessionType? = .prearranged,
        to uri: SIPURI = participatingURI
    ) {
        let client = clients[index]
        var request = client.request(.invite, to: uri)
        request.headers.append(.contact, client.contact)
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        request.headers.append(.supported, "timer")
        request.headers.append(.sessionExpires, "1800;refresher=uac")
        request.headers.append(.answerMode, "Auto")
        var information = MCPTTInfo(sessionType: type, requestURI: group?.value, clientID: client.client)
        information.accessToken = "secret token"
        let offer = SpeechOffer(
            audio: client.audio, floor: client.floor,
            floorParameters: FloorControlParameters(
                queueing: true, priority: 9, granted: true, implicitRequest: true, ssrc: 1, floorSSRC: 77))
        request.body = CallBody(information: information, sessionDescription: offer.session(id: 3).serialized())
            .write(into: &request.headers)
        act(index) { client, now in _ = client.agent.invite(request, at: now) }
    }

    mutating func act(_ index: Int, _ action: (inout TestClient, Now) -> Void) {
        action(&clients[index], now)
        collect(.client(index))
        run()
    }

    mutating func tell(_ node: Node, _ event: FunctionEvent) {
        switch node {
        case .participating: take(participating.handle(event, at: now), from: node)
        case .controlling: take(controlling.handle(event, at: now), from: node)
        case .client: break
        }
    }

    /// Both functions hear of a partner.
    mutating func partner(_ state: PartnerState) {
        tell(.participating, .partnerStateChanged(MCSystemID("fr"), state))
        tell(.controlling, .partnerStateChanged(MCSystemID("fr"), state))
        run()
    }

    mutating func wait(_ duration: Duration) {
        let end = now.instant + duration
        while true {
            let deadlines = [participating.nextDeadline, controlling.nextDeadline] + clients.map(\.agent.nextDeadline)
            guard let next = deadlines.compactMap({ $0 }).min(), next <= end else { break }
            now.instant = max(now.instant, next)
            tell(.participating, .timeAdvanced)
            tell(.controlling, .timeAdvanced)
            for index in clients.indices {
                clients[index].agent.advance(to: now)
                collect(.client(index))
            }
            run()
        }
        now.instant = end
    }

    // MARK: Delivery

    private mutating func take(_ actions: [FunctionAction], from node: Node) {
        for action in actions {
            switch action {
            case .sip(let output): carry(output, from: node)
            case .media(let command): commands.append(command)
            case .note(let note): trace.append("note \(note.name)")
            case .partnerStateChanged, .registrationChanged, .verify, .withdrawRegistration:
                Issue.record("a function has no say in \(action)")
            }
        }
    }

    private mutating func collect(_ node: Node) {
        guard case .client(let index) = node else { return }
        clients[index].process(at: now)
        for output in clients[index].agent.takeOutputs() { carry(output, from: node) }
    }

    private mutating func carry(_ output: SIPOutput, from: Node) {
        switch output {
        case .send(let request, let id):
            guard let to = destination(request.uri) else { return }
            lastTransaction += 1
            let transaction = ServerTransactionID(lastTransaction)
            sent[transaction] = (from, to, id)
            requests.append((from, request))
            trace.append("\(from) to \(to) \(String(decoding: request.serialized(), as: UTF8.self))")
            waiting.append((to, .request(request, transaction, origin(of: from))))
        case .respond(let response, let transaction):
            guard let way = sent[transaction] else { return }
            trace.append("\(from) to \(way.from) \(response.status)")
            waiting.append((way.from, .response(response, way.id)))
        case .acknowledge(let request):
            if let to = destination(request.uri) { waiting.append((to, .acknowledgement(request))) }
        case .cancel(let id):
            let way = sent.first { $0.value.from == from && $0.value.id == id }
            if let way { waiting.append((way.value.to, .cancelled(way.key))) }
        }
    }

    private mutating func run() {
        while !waiting.isEmpty {
            let (node, input) = waiting.removeFirst()
            if case .client(let index) = node {
                clients[index].agent.handle(input, at: now)
                collect(node)
            } else {
                tell(node, .sip(input))
            }
        }
    }

    private func destination(_ uri: SIPURI) -> Node? {
        switch ControllingFixture.italy.services.role(user: uri.user, host: uri.host) {
        case .participating: return .participating
        case .controllingGroup: return .controlling
        default: break
        }
        return clients.firstIndex { $0.device.uri == uri || $0.contact == "<\(uri)>" }.map { .client($0) }
    }

    private func origin(of node: Node) -> RequestOrigin {
        guard case .client(let index) = node, let flow = clients[index].device.flow else { return .system }
        return .user(clients[index].identity, flow)
    }
}

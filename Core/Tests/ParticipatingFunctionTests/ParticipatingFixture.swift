import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// A participating function of `it.example` that serves anna (one registered client, settings published) and a plain
/// telephone, driven by SIP values.
struct ParticipatingFixture {
    static let italy = SystemIdentity(id: MCSystemID("it"), domain: "it.example")
    static let anna = MCPTTID("sip:anna@it.example")
    static let identity = PublicUserIdentity("sip:ims-anna@it.example")
    static let flow = FlowID(1)
    static let fire = MCPTTGroupID("sip:fire@it.example")
    static let chat = MCPTTGroupID("sip:talk@it.example")
    static let french = MCPTTGroupID("sip:pompiers@fr.example")
    static let offer = Array("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\n".utf8)
    static let device = RegisteredContact(
        instance: InstanceID("urn:uuid:1"),
        uri: SIPURI(
            user: "ims-anna", host: "it.example", parameters: Parameters([Parameter("gr", "urn:uuid:1")])),
        flow: flow)

    var function: ParticipatingFunction
    /// As the function has it.
    private(set) var directory: DirectorySnapshot
    private(set) var now = Now(instant: .zero, utc: UTCTime(microseconds: 0))
    private var lastNumber: UInt64 = 0
    /// The INVITE to the controlling function of the call that `inCall` made.
    private(set) var lastOut: SentRequest?
    /// The transaction of the request received last.
    private(set) var transactions: UInt64 = 0

    init(
        binds: Bool = true, settings: ParticipatingSettings = .init(),
        _ change: (inout User, inout Partner) -> Void = { _, _ in }
    ) throws {
        var user = User(
            mcpttID: Self.anna, publicIdentity: Self.identity, privateIdentity: PrivateUserIdentity("anna@it.example"),
            credentials: DigestSecrets(realm: "it.example", md5: nil, sha256: nil), homeSystem: Self.italy.id)
        var partner = Partner(
            system: MCSystemID("fr"), domains: ["fr.example"],
            gateways: [GatewayTarget(host: "198.51.100.1", serverName: "gw.fr.example")])
        change(&user, &partner)
        directory = try DirectorySnapshot(system: Self.italy, users: [user], groups: [], partners: [partner])
        function = ParticipatingFunction(
            system: Self.italy, directory: directory, random: SeededGenerator(seed: 3), number: 1, settings: settings)
        _ = handle(.registrationChanged(Self.identity, .registered(Self.device)))
        if binds { #expect(publishSettings().verdict == [200]) }
    }

    // MARK: Driving

    /// The directory with a few changes, as it comes to the function.
    mutating func change(_ change: (inout DirectorySnapshot) throws -> Void) rethrows -> [FunctionAction] {
        try change(&directory)
        return function.replaceDirectory(directory, at: now)
    }

    mutating func handle(_ event: FunctionEvent) -> [FunctionAction] { function.handle(event, at: now) }

    mutating func receive(
        _ request: SIPRequest, from origin: RequestOrigin = .user(identity, flow)
    ) -> [FunctionAction] {
        transactions += 1
        return handle(.sip(.request(request, ServerTransactionID(transactions), origin)))
    }

    mutating func wait(_ duration: Duration) -> [FunctionAction] {
        let end = now.instant + duration
        var actions: [FunctionAction] = []
        while let deadline = function.nextDeadline, deadline <= end {
            advance(to: max(now.instant, deadline))
            actions += handle(.timeAdvanced)
        }
        advance(to: end)
        return actions
    }

    private mutating func advance(to instant: Instant) {
        now.utc.microseconds += (instant - now.instant).wholeNanoseconds / 1_000
        now.instant = instant
    }

    /// The peer answers a request of the function.
    mutating func answer(
        _ sent: SentRequest, _ status: Int, body: [UInt8] = [], _ change: (inout SIPResponse) -> Void = { _ in }
    ) -> [FunctionAction] {
        var response = sent.request.response(status, toTag: "peer\(sent.id.value)")
        response.headers.append(.contact, "<sip:mcptt-controlling-group@it.example;gr=abc>;isfocus")
        if !body.isEmpty {
            response.headers.append(.contentType, "application/sdp")
            response.body = body
        }
        change(&response)
        return handle(.sip(.response(response, sent.id)))
    }

    // MARK: What comes in

    mutating func fresh(_ method: Method, to text: String, from: String = identity.value) -> SIPRequest {
        lastNumber += 1
        var request = SIPRequest(method: method, uri: SIPURI(text) ?? SIPURI(host: "unreadable"))
        request.headers.append(.via, "SIP/2.0/TLS x;branch=z9hG4bK\(lastNumber)")
        request.headers.append(.from, "<\(from)>;tag=f\(lastNumber)")
        request.headers.append(.to, "<\(text)>")
        request.headers.append(.callID, "c\(lastNumber)")
        request.headers.append(.cseq, "1 \(method)")
        request.headers.append(.maxForwards, "70")
        return request
    }

    mutating func publishSettings(
        mode: PoCSettings.AnswerMode? = .automatic, expires: String = "4294967295", client: String = "urn:uuid:1",
        token: String? = nil, profile: UInt32? = nil, from origin: RequestOrigin = .user(identity, flow)
    ) -> [FunctionAction] {
        var request = fresh(.publish, to: "sip:mcptt-participating@it.example")
        request.headers.append(.event, "poc-settings")
        request.headers.append(.expires, expires)
        let settings = PoCSettings([.init(id: client, answerMode: mode, selectedUserProfileIndex: profile)])
        var information = MCPTTInfo(clientID: MCPTTClientID(client))
        information.accessToken = token
        request.body = CallBody(
            information: information,
            others: [BodyPart(type: MIMEType.poCSettings, body: settings.serialized())]
        ).write(into: &request.headers)
        return receive(request, from: origin)
    }

    mutating func affiliate(
        _ groups: [MCPTTGroupID], expires: String = "4294967295", client: String = "urn:uuid:1",
        entity: MCPTTID = anna, from origin: RequestOrigin = .user(identity, flow)
    ) -> [FunctionAction] {
        var request = fresh(.publish, to: "sip:mcptt-participating@it.example")
        request.headers.append(.event, "presence")
        request.headers.append(.expires, expires)
        let document = AffiliationDocument(
            entity: entity,
            clients: [.init(client: MCPTTClientID(client), groups: groups.map { GroupAffiliation(group: $0) })])
        request.body = CallBody(
            information: MCPTTInfo(requestURI: entity.value),
            others: [BodyPart(type: MIMEType.presence, body: document.serialized())]
        ).write(into: &request.headers)
        return receive(request, from: origin)
    }

    /// An INVITE of anna.
    mutating func call(
        _ group: MCPTTGroupID? = fire, type: MCPTTSessionType? = .prearranged,
        to uri: String = "sip:mcptt-participating@it.example", client: String? = "urn:uuid:1",
        emergency: Bool? = nil, _ change: (inout SIPRequest) -> Void = { _ in }
    ) -> SIPRequest {
        var request = fresh(.invite, to: uri)
        request.headers.append(.contact, "<sip:device@10.0.0.1>;+g.3gpp.mcptt")
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        request.headers.append(.answerMode, "Auto")
        request.headers.append(.pPreferredService, ServiceHeaders.serviceIdentifier)
        let information = MCPTTInfo(
            sessionType: type, requestURI: group?.value, emergencyIndicator: emergency,
            clientID: client.map { MCPTTClientID($0) })
        request.body = CallBody(information: information, sessionDescription: Self.offer)
            .write(into: &request.headers)
        change(&request)
        return request
    }

    /// anna's call stands, in the tier that its controlling function says; her client says this in it.
    mutating func inCall(
        _ method: Method, _ information: MCPTTInfo, emergency: Bool? = nil, told tier: CallTier = .normal,
        _ others: [BodyPart] = []
    ) -> SIPRequest {
        let request = call(emergency: emergency)
        guard let out = receive(request).sent(.invite).first else {
            Issue.record("the call is refused")
            return request
        }
        lastOut = out
        let accepted = answer(out, 200) { response in
            response.body = CallBody(
                information: tier == .normal ? nil : MCPTTInfo(tier: tier), sessionDescription: Array("v=0".utf8)
            ).write(into: &response.headers)
        }
        var inside = fresh(.ack, to: "sip:mcptt-participating@it.example")
        inside.headers.set(.from, request.headers[.from] ?? "")
        inside.headers.set(.to, accepted.responses.first?.headers[.to] ?? "")
        inside.headers.set(.callID, request.headers.callID ?? "")
        inside.headers.set(.cseq, "1 ACK")
        _ = handle(.sip(.acknowledgement(inside)))
        inside.method = method
        inside.headers.set(.cseq, "2 \(method)")
        let parts = CallBody(information: information, sessionDescription: Self.offer).parts
        inside.setBody(parts + others, boundary: "b")
        return inside
    }

    /// What the controlling function says in the dialog that `out` began.
    mutating func fromServer(
        _ method: Method, in out: SentRequest, number: Int = 1, _ information: MCPTTInfo
    ) -> SIPRequest {
        var request = fresh(method, to: "sip:mcptt-participating@it.example")
        request.headers.set(.from, (out.request.headers[.to] ?? "") + ";tag=peer\(out.id.value)")
        request.headers.set(.to, out.request.headers[.from] ?? "")
        request.headers.set(.callID, out.request.headers.callID ?? "")
        request.headers.set(.cseq, "\(number) \(method)")
        request.headers.append(.contact, "<sip:mcptt-controlling-group@it.example;gr=abc>;isfocus")
        if method == .info { request.headers.append(.infoPackage, ServiceHeaders.infoPackage) }
        request.body = CallBody(information: information, sessionDescription: Self.offer)
            .write(into: &request.headers)
        return request
    }

    /// An INVITE of a controlling function for a member.
    mutating func invitation(
        for member: MCPTTID = anna, client: String? = "urn:uuid:1", group: MCPTTGroupID = fire, isFocus: Bool = true
    ) -> SIPRequest {
        var request = fresh(
            .invite, to: "sip:mcptt-participating@it.example", from: "sip:mcptt-controlling-group@it.example")
        request.headers.append(
            .contact, "<sip:mcptt-controlling-group@it.example;gr=abc>;+g.3gpp.mcptt" + (isFocus ? ";isfocus" : ""))
        request.headers.append(.pAssertedIdentity, "<sip:mcptt-controlling-group@it.example>")
        request.headers.append(.resourcePriority, "mcpttp.0")
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        var information = MCPTTInfo(
            sessionType: .prearranged, requestURI: member.value, callingUserID: MCPTTID("sip:bruno@it.example"),
            callingGroupID: group)
        information.clientID = client.map { MCPTTClientID($0) }
        request.body = CallBody(information: information, sessionDescription: Self.offer)
            .write(into: &request.headers)
        return request
    }
}

/// A request that a function sent.
struct SentRequest {
    var request: SIPRequest
    var id: ClientTransactionID

    var information: MCPTTInfo? {
        request.part(MIMEType.mcpttInfo).flatMap { try? MCPTTInfo(parsing: $0.body) }
    }
    var affiliations: [MCPTTGroupID]? {
        request.part(MIMEType.presence).flatMap { try? AffiliationDocument(parsing: $0.body) }?
            .clients.first?.groups.map(\.group)
    }
}

extension [FunctionAction] {
    func sent(_ method: Method) -> [SentRequest] {
        compactMap {
            guard case .sip(.send(let request, let id)) = $0, request.method == method else { return nil }
            return SentRequest(request: request, id: id)
        }
    }
    var responses: [SIPResponse] {
        compactMap { if case .sip(.respond(let response, _)) = $0 { response } else { nil } }
    }
    func notes(_ name: String) -> [Observation] {
        compactMap { if case .note(let note) = $0, note.name == name { note } else { nil } }
    }
    var cancelled: Int {
        count { if case .sip(.cancel) = $0 { true } else { false } }
    }
    /// Status and warnings of the one response.
    var verdict: [Int] {
        guard responses.count == 1 else { return [] }
        return [responses[0].status] + MCPTTWarning.codes(in: responses[0].headers)
    }
}

import CallControl
import ControllingFunction
import FloorControl
import MCDocuments
import MCFoundation
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// A controlling function of `it.example` with its groups, driven by SIP values as the participating functions send
/// them. The clock moves only when told.
struct ControllingFixture {
    static let italy = SystemIdentity(id: MCSystemID("it"), domain: "it.example")
    static let france = Partner(
        system: MCSystemID("fr"), domains: ["fr.example"],
        gateways: [GatewayTarget(host: "198.51.100.1", serverName: "gw.fr.example")])
    static let ports = MediaPorts(
        audio: SocketAddress(IPAddress(v4: 0xc000_0201), port: 40_000),
        floor: SocketAddress(IPAddress(v4: 0xc000_0201), port: 40_001))

    var function: ControllingFunction
    private var directory: DirectorySnapshot
    private(set) var now = Now(instant: .zero, utc: UTCTime(microseconds: 1_700_000_000_000_000))
    private var lastNumber: UInt64 = 0

    /// For peers that are ambiguous at `ports`.
    static let sparePorts = MediaPorts(
        audio: SocketAddress(IPAddress(v4: 0xc000_0201), port: 40_002),
        floor: SocketAddress(IPAddress(v4: 0xc000_0201), port: 40_003))

    static let sixPorts = MediaPorts(
        audio: SocketAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1), port: 40_000),
        floor: SocketAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1), port: 40_001))

    init(
        groups: [Group] = [ControllingFixture.fire()], settings: ControllingSettings = .init(),
        access: [MediaPorts] = [ControllingFixture.ports]
    ) throws {
        directory = try DirectorySnapshot(
            system: Self.italy, users: [], groups: groups, partners: [Self.france])
        function = ControllingFunction(
            system: Self.italy, directory: directory,
            media: MediaPlane(MediaAddresses(access: access, interconnection: [])),
            random: SeededGenerator(seed: 7), number: 2, settings: settings)
    }

    static func id(_ name: String) -> MCPTTID { MCPTTID("sip:\(name)@it.example") }
    static let luc = MCPTTID("sip:luc@fr.example")
    static let fireID = MCPTTGroupID("sip:fire@it.example")

    /// A prearranged group of anna (priority 5), bruno, carla and, from France, luc.
    static func fire(_ change: (inout Group) -> Void = { _ in }) -> Group {
        var group = Group(
            id: fireID, kind: .prearranged,
            members: [
                Member(mcpttID: id("anna"), priority: 5), Member(mcpttID: id("bruno"), priority: 3),
                Member(mcpttID: id("carla")), Member(mcpttID: luc),
            ])
        change(&group)
        return group
    }

    // MARK: Driving

    mutating func receive(_ request: SIPRequest, from origin: RequestOrigin = .system) -> [FunctionAction] {
        lastNumber += 1
        return function.handle(.sip(.request(request, ServerTransactionID(lastNumber), origin)), at: now)
    }

    mutating func handle(_ event: FunctionEvent) -> [FunctionAction] { function.handle(event, at: now) }

    /// The directory with these groups and no others, by the changes that it takes.
    mutating func replaceGroups(_ groups: [Group]) throws -> [FunctionAction] {
        for id in directory.groupIDs where !groups.contains(where: { $0.id == id }) { directory.removeGroup(id) }
        for group in groups where directory.group(group.id) != group { try directory.setGroup(group) }
        return function.replaceDirectory(directory, at: now)
    }

    /// Likewise, made anew: nobody knows what changed.
    mutating func replaceGroupsAnew(_ groups: [Group]) throws -> [FunctionAction] {
        directory = try DirectorySnapshot(system: Self.italy, users: [], groups: groups, partners: [Self.france])
        return function.replaceDirectory(directory, at: now)
    }

    mutating func addPartner(_ partner: Partner) throws -> [FunctionAction] {
        try directory.setPartner(partner)
        return function.replaceDirectory(directory, at: now)
    }

    /// Moves the clock in the steps that the function asks for.
    mutating func wait(_ duration: Duration) -> [FunctionAction] {
        let end = now.instant + duration
        var actions: [FunctionAction] = []
        while let deadline = function.nextDeadline, deadline <= end {
            now.instant = max(now.instant, deadline)
            actions += function.handle(.timeAdvanced, at: now)
        }
        now.instant = end
        return actions
    }

    /// The peer answers a request of the function; an INVITE with a session description.
    mutating func answer(
        _ sent: SentRequest, _ status: Int, sdp: [UInt8]? = nil, hasDescription: Bool = true
    ) -> [FunctionAction] {
        var response = sent.request.response(status, toTag: "callee\(sent.id.value)")
        if status < 300, sent.request.method == .invite {
            response.headers.append(.contact, "<sip:mcptt-participating@it.example>")
            if hasDescription {
                response.body = CallBody(sessionDescription: sdp ?? Self.answer(to: sent.request))
                    .write(into: &response.headers)
            }
        }
        return function.handle(.sip(.response(response, sent.id)), at: now)
    }

    // MARK: What participating functions send

    mutating func publish(
        _ user: MCPTTID, _ client: String = "phone", groups: [MCPTTGroupID], expires: String = "4294967295"
    ) -> [FunctionAction] {
        var request = fresh(.publish, to: "sip:mcptt-controlling-group@it.example")
        request.headers.append(.event, "presence")
        request.headers.append(.expires, expires)
        let document = AffiliationDocument(
            entity: user,
            clients: [
                .init(client: MCPTTClientID(client), groups: groups.map { GroupAffiliation(group: $0) })
            ])
        request.body = CallBody(
            information: MCPTTInfo(requestURI: user.value, callingUserID: user),
            others: [BodyPart(type: MIMEType.presence, body: document.serialized())]
        ).write(into: &request.headers)
        return receive(request)
    }

    mutating func affiliate(_ names: String..., with group: MCPTTGroupID = fireID) {
        for name in names { _ = publish(Self.id(name), groups: [group]) }
    }

    mutating func invitation(
        _ user: MCPTTID, _ client: String = "phone", group: MCPTTGroupID? = fireID,
        type: MCPTTSessionType? = .prearranged, to uri: String = "sip:mcptt-controlling-group@it.example",
        floor: FloorControlParameters? = FloorControlParameters(queueing: true, priority: 7, floorSSRC: 99),
        codec: SpeechCodec = .amrWB(octetAlign: true), payloadType: UInt8 = 97, emergency: Bool? = nil,
        _ change: (inout MCPTTInfo) -> Void = { _ in }
    ) -> SIPRequest {
        var request = fresh(.invite, to: uri)
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        request.headers.append(.contact, "<sip:mcptt-participating@it.example>")
        request.headers.append(.supported, "timer")
        request.headers.append(.sessionExpires, "1800")
        var information = MCPTTInfo(
            sessionType: type, requestURI: group?.value, callingUserID: user, emergencyIndicator: emergency)
        information.clientID = MCPTTClientID(client)
        change(&information)
        let offer = SpeechOffer(
            audio: SocketAddress(IPAddress(v4: 0xc000_0263), port: 5_000),
            floor: floor == nil ? nil : SocketAddress(IPAddress(v4: 0xc000_0263), port: 5_001),
            floorParameters: floor ?? .init(), codec: codec, payloadType: payloadType)
        request.body = CallBody(information: information, sessionDescription: offer.session(id: 1).serialized())
            .write(into: &request.headers)
        return request
    }

    /// A participant's request inside the dialog that its INVITE began and `response` answered.
    mutating func inside(
        _ method: Method, _ invitation: SIPRequest, _ response: SIPResponse, number: Int = 2,
        information: MCPTTInfo? = nil, sdp: [UInt8]? = nil
    ) -> SIPRequest {
        var request = fresh(method, to: "sip:mcptt-controlling-group@it.example")
        request.headers.set(.from, invitation.headers[.from] ?? "")
        request.headers.set(.to, response.headers[.to] ?? "")
        request.headers.set(.callID, invitation.headers.callID ?? "")
        request.headers.set(.cseq, "\(number) \(method)")
        request.headers.append(.contact, "<sip:mcptt-participating@it.example>")
        request.body = CallBody(information: information, sessionDescription: sdp).write(into: &request.headers)
        return request
    }

    /// ACK to a 200 of the function.
    mutating func acknowledge(_ invitation: SIPRequest, _ response: SIPResponse, number: Int = 1) -> [FunctionAction] {
        let request = inside(.ack, invitation, response, number: number)
        return handle(.sip(.acknowledgement(request)))
    }

    mutating func fresh(_ method: Method, to text: String) -> SIPRequest {
        lastNumber += 1
        var request = SIPRequest(method: method, uri: SIPURI(text) ?? SIPURI(host: "unreadable"))
        request.headers.append(.via, "SIP/2.0/TCP inside;branch=z9hG4bK\(lastNumber)")
        request.headers.append(.from, "<sip:mcptt-participating@it.example>;tag=f\(lastNumber)")
        request.headers.append(.to, "<\(text)>")
        request.headers.append(.callID, "call\(lastNumber)")
        request.headers.append(.cseq, "1 \(method)")
        request.headers.append(.maxForwards, "70")
        return request
    }

    /// What a client of ours answers to an offer of the function.
    static func answer(
        to request: SIPRequest, floor: Bool = true,
        audio: SocketAddress = SocketAddress(IPAddress(v4: 0xc000_0264), port: 6_000)
    ) -> [UInt8] {
        guard let octets = request.part(MIMEType.sessionDescription)?.body,
            let description = try? SessionDescription(parsing: octets),
            let offer = try? SpeechOffer(reading: description),
            let answer = try? SpeechAnswer(
                to: offer, audio: audio,
                floor: floor ? SocketAddress(audio.address, port: audio.port + 1) : nil,
                floorParameters: FloorControlParameters(queueing: true, priority: 2, floorSSRC: 88)
            ).session(answering: description, id: 2)
        else {
            Issue.record("no offer in the INVITE")
            return []
        }
        return answer.serialized()
    }
}

/// A request that a function sent.
struct SentRequest {
    var request: SIPRequest
    var id: ClientTransactionID

    var information: MCPTTInfo? {
        request.part(MIMEType.mcpttInfo).flatMap { try? MCPTTInfo(parsing: $0.body) }
    }
    var offer: SpeechOffer? {
        request.part(MIMEType.sessionDescription).flatMap { try? SessionDescription(parsing: $0.body) }
            .flatMap { try? SpeechOffer(reading: $0) }
    }
}

extension [FunctionAction] {
    var sent: [SentRequest] {
        compactMap {
            if case .sip(.send(let request, let id)) = $0 { SentRequest(request: request, id: id) } else { nil }
        }
    }
    func sent(_ method: Method) -> [SentRequest] { sent.filter { $0.request.method == method } }
    var responses: [SIPResponse] {
        compactMap { if case .sip(.respond(let response, _)) = $0 { response } else { nil } }
    }
    var commands: [MediaCommand] {
        compactMap { if case .media(let command) = $0 { command } else { nil } }
    }
    /// Status and warnings of the one response.
    var verdict: [Int] {
        guard responses.count == 1 else { return [] }
        return [responses[0].status] + MCPTTWarning.codes(in: responses[0].headers)
    }
    func notes(_ name: String) -> [Observation] {
        compactMap { if case .note(let note) = $0, note.name == name { note } else { nil } }
    }
    var isReleasing: Bool {
        commands.contains { if case .closeCall = $0 { true } else { false } }
    }
}

extension [MediaCommand] {
    /// Names of the commands, for transcripts.
    var names: [String] {
        map { command in
            switch command {
            case .openCall: "openCall"
            case .configureCall: "configureCall"
            case .closeCall: "closeCall"
            case .openLeg: "openLeg"
            case .connectLeg: "connectLeg"
            case .moveLeg: "moveLeg"
            case .closeLeg: "closeLeg"
            case .join: "join"
            case .leave: "leave"
            case .relay: "relay"
            }
        }
    }
    var joined: [FloorParticipantDescription] {
        compactMap { if case .join(_, _, let description) = $0 { description } else { nil } }
    }
}

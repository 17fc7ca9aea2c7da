import CallControl
import MCDocuments
import MCFoundation
import MCGateway
import Policy
import SDP
import SIP
import SIPUserAgent

/// The gateway of Italy with one partner, France, and a hand on each side of it.
struct Border {
    static let italy = SystemIdentity(
        id: MCSystemID("it"), domain: "it.example", otherDomains: ["mc.it.example"])
    static let france = MCSystemID("fr")
    static let fire = MCPTTGroupID("sip:fire@mc.it.example")
    static let pompiers = MCPTTGroupID("sip:pompiers@mc.fr.example")
    static let insideSDP = SocketAddress(IPAddress(v4: 0x0a00_0063), port: 40_000)
    static let outsideSDP = SocketAddress(IPAddress(v4: 0xc633_6409), port: 50_000)

    var gateway: MCGateway
    var now = Now(instant: Instant(nanoseconds: 5_000_000_000), utc: UTCTime(microseconds: 0))
    private var lastTransaction: UInt64 = 0

    static func partner(_ agreement: Agreement = Agreement(), gateways: Int = 1) -> Partner {
        Partner(
            system: france, domains: ["fr.example", "mc.fr.example"],
            gateways: (1...gateways).map {
                GatewayTarget(host: "gw\($0).fr.example", serverName: "gw\($0).fr.example")
            },
            agreement: agreement)
    }

    static func directory(_ partners: [Partner]) throws -> DirectorySnapshot {
        let user = User(
            mcpttID: MCPTTID("sip:anna@mc.it.example"), publicIdentity: PublicUserIdentity("sip:anna@it.example"),
            privateIdentity: PrivateUserIdentity("anna@it.example"),
            credentials: DigestSecrets(realm: "it.example", md5: nil, sha256: nil), homeSystem: italy.id)
        let group = Group(id: fire, kind: .prearranged, members: [Member(mcpttID: user.mcpttID)])
        return try DirectorySnapshot(system: italy, users: [user], groups: [group], partners: partners)
    }

    enum Missing: Error { case key }

    init(
        agreement: Agreement = Agreement(), gateways: Int = 1, key: UInt8 = 1, seed: UInt64 = 3,
        sparePorts: UInt16 = 0, _ change: (inout GatewaySettings) -> Void = { _ in },
        partner: (inout Partner) -> Void = { _ in }
    ) throws {
        guard let key = SessionIdentityKey(Array(repeating: key, count: 32)) else { throw Missing.key }
        var settings = GatewaySettings()
        change(&settings)
        func ports(_ address: UInt32) -> [MediaPorts] {
            let ip = IPAddress(v4: address)
            return (0...sparePorts).map {
                MediaPorts(audio: .init(ip, port: 20_000 + 2 * $0), floor: .init(ip, port: 20_001 + 2 * $0))
            }
        }
        var france = Border.partner(agreement, gateways: gateways)
        partner(&france)
        gateway = MCGateway(
            number: 3, settings: settings, key: key,
            media: MediaPlane(MediaAddresses(access: ports(0x0a00_0002), interconnection: ports(0xcb00_7105))),
            directory: try Border.directory([france]),
            random: SeededGenerator(seed: seed), at: now)
    }

    // MARK: Hands

    mutating func tell(_ event: FunctionEvent) -> [FunctionAction] { gateway.handle(event, at: now) }

    mutating func pass(_ duration: Duration) -> [FunctionAction] {
        now.instant = now.instant + duration
        return tell(.timeAdvanced)
    }

    /// The first heartbeat, answered.
    @discardableResult
    mutating func reach(epoch: String = "e1") -> [FunctionAction] {
        guard let (request, id) = tell(.timeAdvanced).sent.first else { return [] }
        return tell(.sip(.response(Border.alive(request, epoch: epoch), id)))
    }

    static func alive(_ request: SIPRequest, epoch: String, losses: Int? = nil) -> SIPResponse {
        var response = request.response(200, toTag: "h")
        let counted = losses.map { ";+g.euccs.losses=\"\($0)\"" } ?? ""
        response.headers.append(.contact, "<sip:mcptt-gateway@fr.example>;+g.euccs.epoch=\"\(epoch)\"\(counted)")
        return response
    }

    mutating func request(_ request: SIPRequest, from origin: RequestOrigin) -> (ServerTransactionID, [FunctionAction])
    {
        lastTransaction += 1
        let id = ServerTransactionID(lastTransaction)
        return (id, tell(.sip(.request(request, id, origin))))
    }

    static let abroad = RequestOrigin.partner(france, FlowID(9))

    // MARK: Messages

    static func message(
        _ method: Method, to uri: String, from: String, information: MCPTTInfo?, speech: SpeechOffer? = nil,
        callID: String = "inside-call-id@10.0.0.7"
    ) -> SIPRequest {
        var request = SIPRequest(method: method, uri: SIPURI(uri) ?? SIPURI(host: ""))
        request.headers.append(.via, "SIP/2.0/TCP cell0.invalid;branch=z9hG4bKinside")
        request.headers.append(.from, "<\(from)>;tag=f1")
        request.headers.append(.to, "<\(uri)>")
        request.headers.append(.callID, callID)
        request.headers.append(.cseq, "1 \(method)")
        request.headers.append(.maxForwards, "70")
        request.headers.append(.pAssertedIdentity, "<\(from)>")
        request.headers.append(.pAssertedService, ServiceHeaders.serviceIdentifier)
        request.headers.append(.server, "inside-server")
        request.headers.append(HeaderName("X-Private"), "inside-secret")
        let body = CallBody(
            information: information, sessionDescription: speech?.session(id: 42, username: "inside").serialized())
        request.body = body.write(into: &request.headers)
        return request
    }

    static func speech(_ address: SocketAddress, ssrc: UInt32?, trunk: String? = nil) -> SpeechOffer {
        SpeechOffer(
            audio: address, floor: SocketAddress(address.address, port: address.port + 1),
            floorParameters: FloorControlParameters(queueing: true, granted: true, floorSSRC: ssrc), trunk: trunk)
    }

    /// A member of France is invited into the fire group of Italy.
    static func leavingInvitation(_ member: String = "sip:denis@mc.fr.example") -> SIPRequest {
        var request = message(
            .invite, to: "sip:mcptt-participating@fr.example", from: "sip:mcptt-controlling-group@it.example",
            information: MCPTTInfo(
                sessionType: .prearranged, requestURI: member, callingUserID: MCPTTID("sip:anna@mc.it.example"),
                callingGroupID: fire),
            speech: speech(insideSDP, ssrc: 0xaaaa))
        request.headers.append(
            .contact, "<sip:mcptt-controlling-group@it.example;gr=insidesession>;+g.3gpp.mcptt;isfocus")
        request.headers.append(.recordRoute, "<sip:10.0.0.1;lr>")
        return request
    }

    /// A request of the inside end in the dialog that `leavingInvitation` began and `accepted` answered.
    static func inDialog(_ method: Method, _ number: Int, _ accepted: SIPResponse) -> SIPRequest {
        var request = leavingInvitation()
        request.method = method
        request.uri = accepted.headers.contacts.first?.uri ?? request.uri
        request.headers.set(.cseq, "\(number) \(method)")
        request.headers.set(.to, accepted.headers[.to] ?? "")
        request.headers.remove(.contentType)
        request.body = []
        return request
    }

    /// The partner's invitation of our Anna into its group.
    static func enteringInvitation(
        caller: String = "sip:denis@mc.fr.example", group: MCPTTGroupID? = pompiers, trunk: String? = "t1"
    ) -> SIPRequest {
        var request = message(
            .invite, to: "sip:mcptt-participating@it.example", from: "sip:mcptt-controlling-group@fr.example",
            information: MCPTTInfo(
                sessionType: .prearranged, requestURI: "sip:anna@mc.it.example", callingUserID: MCPTTID(caller),
                callingGroupID: group),
            speech: speech(outsideSDP, ssrc: 0xbbbb, trunk: trunk), callID: "outside-call")
        request.headers.append(.contact, "<sip:mcptt-gateway@fr.example;gr=theirs>;+g.3gpp.mcptt;isfocus")
        return request
    }

    static func answer(
        _ request: SIPRequest, _ address: SocketAddress, ssrc: UInt32?, echoesTrunk: Bool = true, contact: String
    ) throws -> SIPResponse {
        let octets = request.part(MIMEType.sessionDescription)?.body ?? []
        let offered = try SessionDescription(parsing: octets)
        let answer = SpeechAnswer(
            to: try SpeechOffer(reading: offered), audio: address,
            floor: SocketAddress(address.address, port: address.port + 1),
            floorParameters: FloorControlParameters(queueing: true, floorSSRC: ssrc), echoesTrunk: echoesTrunk)
        var response = request.response(200, toTag: "t9")
        response.headers.append(.contact, contact)
        response.body = CallBody(
            sessionDescription: try answer.session(answering: offered, id: 43).serialized()
        ).write(into: &response.headers)
        return response
    }
}

extension [FunctionAction] {
    var sent: [(SIPRequest, ClientTransactionID)] {
        compactMap { if case .sip(.send(let request, let id)) = $0 { (request, id) } else { nil } }
    }

    func sent(_ method: Method) -> (SIPRequest, ClientTransactionID)? { sent.first { $0.0.method == method } }

    var answers: [SIPResponse] {
        compactMap { if case .sip(.respond(let response, _)) = $0 { response } else { nil } }
    }

    var finals: [SIPResponse] { answers.filter { !$0.isProvisional } }

    var media: [MediaCommand] {
        compactMap { if case .media(let command) = $0 { command } else { nil } }
    }

    var states: [PartnerState] {
        compactMap { if case .partnerStateChanged(_, let state) = $0 { state } else { nil } }
    }
}

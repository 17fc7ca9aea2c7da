import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import Responder
import SDP
import SIP
import SIPUserAgent

/// A client under a virtual clock and the server's side of its connection, driven by the test.
final class Bench {
    var client: ResponderClient
    var milliseconds: Int64 = 0
    var flow = FlowID(1)
    /// Requests and responses that the client sent, not yet looked at.
    var requests: [SIPRequest] = []
    var responses: [SIPResponse] = []
    var notices: [ResponderNotice] = []
    /// Everything else it wants done, in order.
    var others: [ResponderAction] = []
    /// With which the ways to the media sockets are kept open.
    var mediaKeepAlives: [[UInt8]] = []
    private var cseq: UInt32 = 100

    static let edge = Target(host: "192.0.2.1", port: 5060, transport: .tcp)
    static let edgeAddress = SocketAddress(IPAddress(v4: 0xc000_0201), port: 5060)
    static let clientAudio = SocketAddress(IPAddress(v4: 0xc633_6401), port: 40_000)
    static let clientFloor = SocketAddress(IPAddress(v4: 0xc633_6401), port: 40_001)
    static let serverAudio = SocketAddress(IPAddress(v4: 0xc000_0202), port: 20_000)
    static let serverFloor = SocketAddress(IPAddress(v4: 0xc000_0202), port: 20_001)
    static let gruu = "sip:anna@it.example;gr=urn:uuid:1"
    static let group = MCPTTGroupID("sip:flood@it.example")

    static var settings: ResponderSettings {
        ResponderSettings(
            publicIdentity: PublicUserIdentity("sip:anna@it.example"),
            privateIdentity: PrivateUserIdentity("anna@it.example"), password: Secret("geheim"),
            mcpttID: MCPTTID("sip:anna@mcptt.it.example"), clientID: MCPTTClientID("urn:uuid:1"),
            instance: InstanceID("urn:uuid:1"), domain: "it.example", edge: edge,
            participatingService: PublicServiceIdentity("sip:participating@it.example"),
            sentBy: SentBy(host: "198.51.100.1", port: 5070))
    }

    init(_ change: (inout ResponderSettings) -> Void = { _ in }) throws {
        var settings = Self.settings
        change(&settings)
        client = try ResponderClient(settings: settings, random: SeededGenerator(seed: 1))
    }

    /// A client that is registered and authorised.
    static func registered(_ change: (inout ResponderSettings) -> Void = { _ in }) throws -> Bench {
        let bench = try Bench(change)
        bench.connect()
        bench.answerRegister()
        bench.answer(bench.take(.publish))
        bench.notices = []
        return bench
    }

    var now: Now {
        Now(instant: Instant(nanoseconds: milliseconds * 1_000_000), utc: UTCTime(microseconds: 1_700_000_000_000_000))
    }

    func tell(_ event: ResponderEvent) {
        for action in client.handle(event, at: now) {
            switch action {
            case .transmit(let octets, _):
                switch try? SIPMessage.parse(octets) {
                case .request(let request): requests.append(request)
                case .response(let response): responses.append(response)
                case nil: preconditionFailure("the client sent what cannot be parsed")
                }
            case .notify(let notice): notices.append(notice)
            case .keepMediaAlive(_, let octets): mediaKeepAlives.append(octets)
            default: others.append(action)
            }
        }
    }

    func command(_ command: ResponderCommand) { tell(.command(command)) }

    func connect() {
        command(.register)
        tell(.flowOpened(flow, .tcp, remote: Self.edgeAddress))
    }

    /// Takes the oldest request of that method; a request of another method that came before stays.
    func take(_ method: Method) -> SIPRequest? {
        requests.firstIndex { $0.method == method }.map { requests.remove(at: $0) }
    }

    func takeResponse(_ status: Int) -> SIPResponse? {
        responses.firstIndex { $0.status == status }.map { responses.remove(at: $0) }
    }

    func answer(
        _ request: SIPRequest?, _ status: Int = 200, body: [BodyPart] = [], _ fill: (inout Headers) -> Void = { _ in }
    ) {
        guard let request else { return }
        var response = request.response(status, toTag: request.headers.to?.tag ?? "server")
        fill(&response.headers)
        response.setBody(body, boundary: "b")
        tell(.received(flow, SIPMessage.response(response).serialized()))
    }

    func answerRegister(_ request: SIPRequest? = nil, expires: Int = 3_600) {
        answer(request ?? take(.register)) {
            $0.append(
                .contact,
                "<sip:anna@198.51.100.1:5070>;+sip.instance=\"<urn:uuid:1>\";pub-gruu=\"\(Self.gruu)\";expires=\(expires)"
            )
            $0.append(.serviceRoute, "<sip:orig@192.0.2.1;transport=tcp;lr>")
            $0.append(.flowTimer, "100")
        }
    }

    /// Lets time pass, firing each deadline when it is due. Pings are answered unless the test wants otherwise.
    func pass(milliseconds duration: Int64, answersPings: Bool = true) {
        let end = milliseconds + duration
        while let deadline = client.nextDeadline, deadline.nanoseconds <= end * 1_000_000 {
            milliseconds = max(milliseconds, (deadline.nanoseconds + 999_999) / 1_000_000)
            tell(.timeAdvanced)
            if answersPings, others.last == .sendKeepAlive(flow) { tell(.keepAliveAnswered(flow)) }
        }
        milliseconds = end
    }

    // MARK: Calls

    /// The socket addresses for a call that wants them.
    func giveMedia(_ call: UInt64 = 1) {
        tell(.mediaReady(CallHandle(call), audio: Self.clientAudio, floor: Self.clientFloor))
    }

    static let focus = "<sip:controlling@it.example;gr=s1>;+g.3gpp.mcptt;isfocus"

    /// 200 to our INVITE.
    func acceptCall(_ invite: SIPRequest?, _ parameters: FloorControlParameters, hasFloor: Bool = true) {
        guard let octets = invite?.part(MIMEType.sessionDescription)?.body,
            let offered = try? SessionDescription(parsing: octets), let offer = try? SpeechOffer(reading: offered)
        else { return }
        let answer = SpeechAnswer(
            to: offer, audio: Self.serverAudio, floor: hasFloor ? Self.serverFloor : nil, floorParameters: parameters)
        guard let description = try? answer.session(answering: offered, id: 5) else { return }
        self.answer(invite, body: [BodyPart(type: MIMEType.sessionDescription, body: description.serialized())]) {
            $0.append(.contact, Self.focus)
            $0.append(.require, "timer")
            $0.append(.sessionExpires, "1800;refresher=uac")
        }
    }

    /// A call that stands, without floor yet.
    func call(_ request: CallRequest = CallRequest(group: Bench.group)) {
        command(.call(request))
        giveMedia()
        acceptCall(take(.invite), .init(queueing: true))
    }

    /// An INVITE of the controlling function.
    func invite(
        group: String = "sip:flood@it.example", callID: String = "incoming-1",
        codec: SpeechCodec = .amrWB(octetAlign: true),
        contact: String = Bench.focus, tier: CallTier = .normal, _ fill: (inout Headers) -> Void = { _ in }
    ) {
        let offer = SpeechOffer(
            audio: Self.serverAudio, floor: Self.serverFloor,
            floorParameters: .init(queueing: true, priority: 3, floorSSRC: 9), codec: codec)
        var information = MCPTTInfo(
            sessionType: .prearranged, requestURI: "sip:anna@mcptt.it.example",
            callingUserID: MCPTTID("sip:bob@mcptt.it.example"), callingGroupID: MCPTTGroupID(group))
        if tier == .emergency { information.emergencyIndicator = true }
        send(.invite, callID: callID, information, offer.session(id: 6)) {
            $0.append(.contact, contact)
            $0.append(.pAssertedService, ServiceHeaders.serviceIdentifier)
            $0.append(.sessionExpires, "1800")
            $0.append(.supported, "timer")
            fill(&$0)
        }
    }

    /// Any request of the server; `toTag` names the client's side of a dialog.
    func send(
        _ method: Method, callID: String, toTag: String? = nil, fromTag: String = "server", cseq number: UInt32? = nil,
        _ information: MCPTTInfo? = nil, _ description: SessionDescription? = nil, parts: [BodyPart] = [],
        _ fill: (inout Headers) -> Void = { _ in }
    ) {
        guard let uri = SIPURI(Self.gruu) else { return }
        cseq += 1
        var request = SIPRequest(method: method, uri: uri)
        request.headers.append(.via, "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK\(callID)\(number ?? cseq)\(method)")
        request.headers.append(.from, "<sip:controlling@it.example>;tag=\(fromTag)")
        request.headers.append(.to, "<sip:anna@it.example>" + (toTag.map { ";tag=\($0)" } ?? ""))
        request.headers.append(.callID, callID)
        request.headers.append(.cseq, "\(number ?? cseq) \(method == .cancel ? "CANCEL" : "\(method)")")
        request.headers.append(.maxForwards, "70")
        fill(&request.headers)
        let body = CallBody(
            information: information, sessionDescription: description?.serialized(), others: parts)
        request.body = body.write(into: &request.headers)
        tell(.received(flow, SIPMessage.request(request).serialized()))
    }

    func floor(
        _ kind: FloorMessageKind, call: UInt64 = 1, ack: Bool = false, _ fill: (inout FloorMessage) -> Void = { _ in }
    ) {
        var message = FloorMessage(kind, ssrc: 9, acknowledgementRequested: ack)
        fill(&message)
        tell(.floorReceived(CallHandle(call), message.encoded()))
    }

    /// The floor messages the client sent, oldest first.
    func takeFloor() -> [FloorMessage] {
        let sent = others.compactMap { action -> FloorMessage? in
            guard case .sendFloor(_, let octets, to: Self.serverFloor) = action else { return nil }
            return try? FloorMessage.decode(octets).first
        }
        others.removeAll { if case .sendFloor = $0 { true } else { false } }
        return sent
    }
}

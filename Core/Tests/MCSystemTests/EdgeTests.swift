import CallControl
import MCFoundation
import MCSystem
import Policy
import SIP
import SIPUserAgent
import Testing

/// What comes in that is not as it should be.
@Suite struct EdgeTests {
    private static let group = MCPTTGroupID("sip:fire@mc.it.example")

    /// A system with a registered handset, and the flow of another peer on the access side.
    private func site() throws -> (Lab, FlowID) {
        var lab = Lab()
        try lab.addSite("it", users: ["anna", "bruno"])
        lab.addHandset("anna", at: 0)
        lab.act(0) { $0.register(at: $1) }
        let flow = FlowID(1_000)
        lab.tell(
            0,
            .flowOpened(
                flow,
                FlowDescription(
                    transport: .tcp, remote: SocketAddress(IPAddress(v4: 0xc000_02c8), port: 9_999),
                    local: SocketAddress(IPAddress(v4: 0x0a00_0001), port: 5_060), face: .access)))
        return (lab, flow)
    }

    private func answers(_ actions: [CellAction], on flow: FlowID) -> [SIPResponse] {
        actions.compactMap { action in
            guard case .transmit(let octets, .flow(flow)) = action,
                case .response(let response)? = try? SIPMessage.parse(octets)
            else { return nil }
            return response
        }
    }

    private func text(
        _ method: String = "OPTIONS", _ uri: String = "sip:it.example", _ extra: [String] = [], hops: Int = 70
    ) -> [UInt8] {
        let lines =
            [
                "\(method) \(uri) SIP/2.0", "Via: SIP/2.0/TCP 192.0.2.200:9999;branch=z9hG4bKe\(method)",
                "From: <sip:anna@it.example>;tag=1", "To: <\(uri)>", "Call-ID: e", "CSeq: 1 \(method)",
                "Max-Forwards: \(hops)",
            ] + extra + ["Content-Length: 0", "", ""]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    @Test(arguments: [
        ("OPTIONS", "sip:it.example", [String](), 70, 200),
        ("FROBNICATE", "sip:it.example", [], 70, 501),
        ("OPTIONS", "nobodyknows:it.example", [], 70, 416),
        ("OPTIONS", "sip:it.example", ["Require: teleportation"], 70, 420),
        ("REGISTER", "sip:it.example", ["Require: teleportation"], 70, 420),
        ("MESSAGE", "sip:mcptt-participating@it.example", ["Proxy-Require: teleportation"], 70, 420),
        ("MESSAGE", "sip:mcptt-participating@it.example", [], 0, 483),
        ("MESSAGE", "sip:mcptt-participating@it.example", [], 70, 403),
        ("INVITE", "sip:anna@it.example", [], 70, 403),
        ("REGISTER", "sip:it.example", ["Contact: <sip:anna@192.0.2.200>"], 70, 401),
    ])
    func aRequestIsAnsweredByTheRightCode(
        _ method: String, _ uri: String, _ extra: [String], _ hops: Int, _ status: Int
    ) throws {
        var (lab, flow) = try site()
        let actions = lab.tell(0, .received(flow, text(method, uri, extra, hops: hops)))
        #expect(answers(actions, on: flow).map(\.status).filter { $0 >= 200 } == [status])
    }

    @Test func anotherVersionOfTheProtocolIsToldSo() throws {
        var (lab, flow) = try site()
        let octets = Array(
            String(decoding: text(), as: UTF8.self).replacing("it.example SIP/2.0", with: "it.example SIP/7.0").utf8)
        #expect(answers(lab.tell(0, .received(flow, octets)), on: flow).map(\.status) == [505])
    }

    @Test func aRequestWithoutCallIDIsBad() throws {
        var (lab, flow) = try site()
        let octets = Array(String(decoding: text(), as: UTF8.self).replacing("Call-ID: e\r\n", with: "").utf8)
        let answers = lab.tell(0, .received(flow, octets)).compactMap { action -> String? in
            guard case .transmit(let octets, .flow(flow)) = action else { return nil }
            return String(decoding: octets, as: UTF8.self)
        }
        #expect(answers.count == 1)
        #expect(answers[0].hasPrefix("SIP/2.0 400 "))
        #expect(answers[0].contains("z9hG4bKeOPTIONS"))
    }

    @Test func garbageIsDroppedSaidOnceAndAtLastCutOff() throws {
        var (lab, flow) = try site()
        var closes = 0
        for index in 1...16 {
            let actions = lab.tell(0, .received(flow, Array("garbage \(index)\r\n\r\n".utf8)))
            #expect(answers(actions, on: flow).isEmpty)
            closes += actions.count { $0 == .close(flow) }
            #expect((closes == 1) == (index == 16))
        }
        #expect(lab.sites[0].notes.count(where: { $0.name == "edge.malformed" }) == 1)
        #expect(lab.sites[0].cell.counters.malformedMessages == 16)
        #expect(lab.sites[0].cell.counters.cutFlows == 1)
    }

    @Test func aResponseToNothingIsDropped() throws {
        var (lab, flow) = try site()
        let lines = [
            "SIP/2.0 200 OK", "Via: SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bKnone", "From: <sip:a@b>;tag=1",
            "To: <sip:a@b>;tag=2", "Call-ID: z", "CSeq: 1 INVITE", "Content-Length: 0", "", "",
        ]
        #expect(lab.tell(0, .received(flow, Array(lines.joined(separator: "\r\n").utf8))).isEmpty)
    }

    @Test func anAcknowledgementIsNeverAnswered() throws {
        var (lab, flow) = try site()
        let actions = lab.tell(0, .received(flow, text("ACK", "sip:mcptt-participating@it.example")))
        #expect(answers(actions, on: flow).isEmpty)
    }

    @Test func aFloodOfRefusalsIsCountedAndNotedOnce() throws {
        var (lab, flow) = try site()
        for index in 0..<20 {
            let octets = String(decoding: text("MESSAGE", "sip:mcptt-participating@it.example"), as: UTF8.self)
                .replacing("z9hG4bKe", with: "z9hG4bKe\(index)").replacing("Call-ID: e", with: "Call-ID: e\(index)")
            #expect(answers(lab.tell(0, .received(flow, Array(octets.utf8))), on: flow).map(\.status) == [403])
        }
        #expect(lab.sites[0].notes.count(where: { $0.name == "edge.refused" }) == 1)
        #expect(lab.sites[0].cell.counters.refusedRequests == 20)
    }

    /// A new flow for each message, as datagrams from many ports are.
    private func register(_ lab: inout Lab, over flow: UInt64, address: UInt32, method: String = "REGISTER") {
        lab.tell(
            0,
            .flowOpened(
                FlowID(flow),
                FlowDescription(
                    transport: .udp, remote: SocketAddress(IPAddress(v4: address), port: UInt16(flow)),
                    local: SocketAddress(IPAddress(v4: 0x0a00_0001), port: 5_060), face: .access)))
        let octets = String(decoding: text(method, "sip:it.example", ["Contact: <sip:a@192.0.2.200>"]), as: UTF8.self)
            .replacing("z9hG4bKe", with: "z9hG4bKe\(flow)").replacing("Call-ID: e", with: "Call-ID: e\(flow)")
        lab.tell(0, .received(FlowID(flow), Array(octets.utf8)))
    }

    @Test func ofASourceEachKindIsNotedOnceAMinuteWhateverTheFlow() throws {
        var (lab, _) = try site()
        let before = lab.sites[0].notes.count
        func notes(_ name: String) -> [Observation] { lab.sites[0].notes.dropFirst(before).filter { $0.name == name } }
        for flow in 2_000..<2_050 { register(&lab, over: UInt64(flow), address: 0xc633_6401) }
        #expect(notes("registration.challenged").count == 1)
        // Another source and another kind are said.
        register(&lab, over: 3_000, address: 0xc633_6402)
        #expect(notes("registration.challenged").count == 2)
        register(&lab, over: 3_001, address: 0xc633_6401, method: "FROBNICATE")
        #expect(notes("edge.refused").count == 1)
        lab.pass(.seconds(60))
        register(&lab, over: 3_002, address: 0xc633_6401)
        #expect(notes("registration.challenged").last?.fields.last == .init("unsaid", "49"))
        #expect(lab.sites[0].cell.counters.challengedRegistrations == 53)
        #expect(lab.sites[0].cell.counters.unsaidRefusals == 49)
    }

    /// All of a partner come from its gateway: what one of them is refused does not hide what another is.
    @Test func eachUserOfASourceIsNoted() throws {
        var lab = try BorderCallTests.lab()
        let system = Lab.identity("it")
        let directory = try DirectorySnapshot(
            system: system, users: ["anna", "bruno"].map { Lab.user($0, of: system) },
            groups: [Lab.group("flood", of: "it", members: Array(BorderCallTests.members.prefix(2)))],
            partners: [Lab.partner("fr")])
        lab.tell(0, .directoryReplaced(directory))
        lab.settle()
        for index in [2, 3, 2, 3] {
            _ = lab.act(index) { $0.call(BorderCallTests.flood, at: $1) }
            lab.pass(.seconds(1))
        }
        let refused = lab.sites[0].notes.filter { $0.name == "call.refused" }
        #expect(refused.map { $0.value("user") } == BorderCallTests.members.suffix(2).map(\.value))
    }

    @Test func aFloodFromManySourcesGetsNoLineEach() throws {
        var (lab, _) = try site()
        let before = lab.sites[0].notes.count
        for number in 0..<3_000 {
            register(&lab, over: 10_000 + UInt64(number), address: 0x0b00_0000 + UInt32(number))
        }
        #expect(lab.sites[0].notes.count - before <= CellLimits().notedRefusals)
        #expect(lab.sites[0].cell.counters.challengedRegistrations == 3_001)
    }

    @Test func aFlowOfNobodyHoldsFewTransactions() throws {
        var (lab, _) = try site()
        let flow = FlowID(2_000)
        lab.tell(
            0,
            .flowOpened(
                flow,
                FlowDescription(
                    transport: .udp, remote: SocketAddress(IPAddress(v4: 0xc633_6407), port: 9_999),
                    local: SocketAddress(IPAddress(v4: 0x0a00_0001), port: 5_060), face: .access)))
        var statuses: [Int] = []
        for number in 0..<80 {
            let octets = String(decoding: text("REGISTER", "sip:it.example"), as: UTF8.self)
                .replacing("z9hG4bKe", with: "z9hG4bKe\(number)").replacing("Call-ID: e", with: "Call-ID: e\(number)")
            statuses += answers(lab.tell(0, .received(flow, Array(octets.utf8))), on: flow).map(\.status)
        }
        #expect(statuses == Array(repeating: 401, count: 64) + Array(repeating: 503, count: 16))
    }

    @Test func whatIsAnsweredWithoutATransactionSaysWhereTheRequestCameFromToo() throws {
        var (lab, _) = try site()
        let flow = FlowID(2_000)
        lab.tell(
            0,
            .flowOpened(
                flow,
                FlowDescription(
                    transport: .udp, remote: SocketAddress(IPAddress(v4: 0xc633_6407), port: 7_777),
                    local: SocketAddress(IPAddress(v4: 0x0a00_0001), port: 5_060), face: .access)))
        func answer(_ via: String) -> (String, NextHop)? {
            let octets = String(decoding: text(), as: UTF8.self).replacing("Call-ID: e\r\n", with: "")
                .replacing("SIP/2.0/TCP 192.0.2.200:9999;", with: via)
            for case .transmit(let octets, let hop) in lab.tell(0, .received(flow, Array(octets.utf8))) {
                return (String(decoding: octets, as: UTF8.self), hop)
            }
            return nil
        }
        let asked = try #require(answer("SIP/2.0/UDP 192.0.2.200:9999;rport;"))
        #expect(asked.0.hasPrefix("SIP/2.0 400 "))
        #expect(asked.0.contains("received=198.51.100.7"))
        #expect(asked.0.contains("rport=7777"))
        #expect(asked.1 == .flow(flow))
        let old = try #require(answer("SIP/2.0/UDP 192.0.2.200:9999;"))
        #expect(old.0.contains("received=198.51.100.7"))
        #expect(!old.0.contains("rport"))
        #expect(old.1 == .beside(flow, port: 9_999))
    }

    @Test func whoIsToldAFlowTimerIsWatchedByTheShell() throws {
        var lab = Lab()
        try lab.addSite("it", users: ["anna"])
        lab.addHandset("anna", at: 0)
        lab.act(0) { $0.register(at: $1) }
        #expect(lab.promises.map(\.1) == [.seconds(140)])
    }

    @Test func aRequestToADeviceGoesByTheProxiesItRegisteredThrough() throws {
        var lab = try BorderCallTests.lab()
        let path = ["<sip:near.example;lr>", "<sip:far.example;lr>"]
        lab.act(1) { $0.register(path: path, at: $1) }
        #expect(lab.handsets[1].registration?.headers.values(.path).suffix(2) == path[...])
        _ = lab.act(0) { $0.call(BorderCallTests.flood, at: $1) }
        lab.pass(.seconds(2))
        let invitation = try #require(lab.handsets[1].invitations.last?.1)
        #expect(invitation.headers.values(.route) == path)
    }

    /// Two users behind one address and port, as test tools and telephone gateways have them.
    @Test func ofSeveralUsersOnOneFlowTheOneInFromIsMeant() throws {
        var (lab, flow) = try site()
        func register(_ name: String, _ sequence: Int, _ credentials: String?) -> [UInt8] {
            let lines =
                [
                    "REGISTER sip:it.example SIP/2.0",
                    "Via: SIP/2.0/TCP 192.0.2.200:9999;branch=z9hG4bK\(name)\(sequence)",
                    "From: <sip:\(name)@it.example>;tag=\(name)", "To: <sip:\(name)@it.example>", "Call-ID: \(name)",
                    "CSeq: \(sequence) REGISTER", "Max-Forwards: 70", "Contact: <sip:\(name)@192.0.2.200:9999>",
                ] + (credentials.map { ["Authorization: \($0)"] } ?? []) + ["Content-Length: 0", "", ""]
            return Array(lines.joined(separator: "\r\n").utf8)
        }
        for name in ["anna", "bruno"] {
            let challenged = answers(lab.tell(0, .received(flow, register(name, 1, nil))), on: flow).first
            let challenge = try #require(challenged?.headers[.wwwAuthenticate].flatMap { DigestChallenge($0) })
            let credentials = challenge.credentials(
                user: "\(name)@it.example", password: "pw-\(name)", method: .register, uri: "sip:it.example",
                nonceCount: 1, clientNonce: "c")
            let octets = register(name, 2, credentials?.description)
            #expect(answers(lab.tell(0, .received(flow, octets)), on: flow).map(\.status) == [200])
        }
        func message(from name: String) -> [Int] {
            let octets = String(decoding: text("MESSAGE", "sip:elsewhere@it.example"), as: UTF8.self)
                .replacing("sip:anna@it.example", with: "sip:\(name)@it.example")
                .replacing("z9hG4bKe", with: "z9hG4bKe\(name)").replacing("Call-ID: e", with: "Call-ID: m\(name)")
            return answers(lab.tell(0, .received(flow, Array(octets.utf8))), on: flow).map(\.status)
        }
        // 404: the user is known and what he asks for is not; 403: nobody of that name registered over this flow.
        #expect(message(from: "anna") == [404])
        #expect(message(from: "bruno") == [404])
        #expect(message(from: "carla") == [403])
    }

    @Test func overDatagramsTheAnswerIsRepeatedAndCarriesWhereTheRequestCameFrom() throws {
        var (lab, _) = try site()
        let flow = FlowID(2_000)
        lab.tell(
            0,
            .flowOpened(
                flow,
                FlowDescription(
                    transport: .udp, remote: SocketAddress(IPAddress(v4: 0xc633_6407), port: 7_777),
                    local: SocketAddress(IPAddress(v4: 0x0a00_0001), port: 5_060), face: .access)))
        let octets = Array(
            String(decoding: text("REGISTER", "sip:it.example", ["Contact: <sip:anna@192.0.2.200>"]), as: UTF8.self)
                .replacing("SIP/2.0/TCP 192.0.2.200:9999;", with: "SIP/2.0/UDP 192.0.2.200:9999;rport;").utf8)
        let first = answers(lab.tell(0, .received(flow, octets)), on: flow)
        #expect(first.map(\.status) == [401])
        #expect(first.first?.headers.topVia?.parameters["received"] == "198.51.100.7")
        #expect(first.first?.headers.topVia?.parameters["rport"] == "7777")
        #expect(answers(lab.tell(0, .received(flow, octets)), on: flow) == first)
    }

    @Test func aRouteToElsewhereIsNotFollowed() throws {
        var (lab, _) = try site()
        lab.act(0) { handset, now in
            var request = handset.request(.message)
            request.headers.append(.route, "<sip:elsewhere.example;lr>")
            handset.send(request, at: now)
        }
        #expect(lab.handsets[0].answers.map(\.status) == [403])
    }

    @Test func theSameSeedGivesTheSameOctets() throws {
        func run() throws -> [[UInt8]] {
            var lab = try BorderCallTests.lab()
            _ = lab.act(0) { $0.call(BorderCallTests.flood, at: $1) }
            lab.pass(.seconds(20))
            return lab.sites.flatMap(\.abroad)
        }
        let first = try run()
        #expect(first.count > 20)
        #expect(try run() == first)
    }

    @Test func whatFunctionsDoIsTheSameThroughOctets() throws {
        func run(serializes: Bool) throws -> ([[MediaCommand]], [[String]]) {
            var lab = try BorderCallTests.lab(serializes: serializes)
            let session = lab.act(2) { $0.call(BorderCallTests.flood, at: $1) }
            lab.pass(.seconds(2))
            lab.act(2) { $0.hangUp(session, at: $1) }
            lab.pass(.seconds(60))
            return (lab.sites.map(\.media), lab.sites.map { $0.notes.map(\.name) })
        }
        let values = try run(serializes: false)
        let octets = try run(serializes: true)
        #expect(values.0 == octets.0)
        #expect(values.1 == octets.1)
    }

    @Test func aUserWhoLeavesTheDirectoryIsServedNoMore() throws {
        var (lab, _) = try site()
        let system = Lab.identity("it")
        let directory = try DirectorySnapshot(system: system, users: [Lab.user("bruno", of: system)], groups: [])
        lab.tell(0, .directoryReplaced(directory))
        lab.act(0) { $0.publishSettings(at: $1) }
        #expect(lab.handsets[0].answers.map(\.status) == [403])
    }

    @Test func aPartnerThatIsCutOffLosesItsConnectionsAtOnce() throws {
        var lab = try BorderCallTests.lab()
        let group = Lab.group("flood", of: "it", members: BorderCallTests.members)
        let system = Lab.identity("it")
        let directory = try DirectorySnapshot(
            system: system, users: ["anna", "bruno"].map { Lab.user($0, of: system) }, groups: [group])
        let actions = lab.tell(0, .directoryReplaced(directory))
        #expect(actions.count(where: { if case .close = $0 { true } else { false } }) == 2)
    }
}

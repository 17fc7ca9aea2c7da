import MCFoundation
import SIP
import SIPUserAgent
import Testing

/// Both ends of a call over a bad network: whatever is lost, doubled or overtaken, both agree in the end and nothing
/// is left behind.
@Suite struct PairTests {
    private static func pair(seed: UInt64, lossPercent: UInt64 = 20) throws -> Pair {
        var pair = Pair(seed: seed, lossPercent: lossPercent)
        let bench = UserAgentBench()
        let contact = try bench.headers(
            "Contact: <sip:callee@192.0.2.2>\nContent-Type: application/sdp")
        pair.accepts = { pair, id in
            pair.act(.callee) { $0.ring(id, at: $1) }
            pair.later(1_000) { pair in
                pair.act(.callee) {
                    $0.accept(id, headers: contact, body: Array(UserAgentBench.answer.utf8), at: $1)
                }
            }
        }
        let invite = try bench.invitation(more: "Session-Expires: 120;refresher=uac")
        pair.act(.caller) { agent, now in _ = agent.invite(invite, at: now) }
        return pair
    }

    private static func callerSession() -> SessionID { SessionID(1 << 56 | 1) }

    private func expectNothingLeft(_ pair: Pair) {
        for node in pair.nodes {
            #expect(node.agent.sessionCount == 0)
            #expect(node.agent.nextDeadline == nil)
            #expect(node.layer.clientTransactionCount == 0)
            #expect(node.layer.serverTransactionCount == 0)
            #expect(node.layer.nextDeadline == nil)
        }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `a call is set up, refreshed for five minutes and released`(seed: UInt64) throws {
        var pair = try Self.pair(seed: seed)
        pair.later(300_000) { pair in pair.act(.caller) { $0.end(Self.callerSession(), at: $1) } }
        try pair.run(until: 299_000)
        #expect(pair.told(.caller).filter { !$0.hasPrefix("progressed") } == ["established"])
        #expect(pair.told(.callee) == ["invited", "acknowledged"])
        try pair.run(until: 400_000)
        #expect(pair.told(.callee) == ["invited", "acknowledged", "ended byPeer"])
        expectNothingLeft(pair)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `both modify at once and both get through`(seed: UInt64) throws {
        var pair = try Self.pair(seed: seed)
        let body = Array("v=0\r\no=- 9 9 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n".utf8)
        var headers = Headers()
        headers.append(.contentType, "application/sdp")
        let fields = headers
        pair.later(60_000) { pair in
            pair.act(.caller) { $0.reinvite(Self.callerSession(), headers: fields, body: body, at: $1) }
            if let callee = pair.session[1] {
                pair.act(.callee) { $0.reinvite(callee, headers: fields, body: body, at: $1) }
            }
        }
        pair.later(200_000) { pair in
            if let callee = pair.session[1] { pair.act(.callee) { $0.end(callee, at: $1) } }
        }
        try pair.run(until: 300_000)
        for side in [Pair.Side.caller, .callee] {
            let told = pair.told(side)
            #expect(told.filter { $0 == "modification 200" }.count == 1)
            #expect(told.filter { $0 == "modified" }.count == 1)
        }
        #expect(pair.told(.caller).last == "ended byPeer")
        expectNothingLeft(pair)
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `whenever the caller gives up, both sides end`(seed: UInt64) throws {
        var pair = try Self.pair(seed: seed)
        // Around the moment at which the 200 leaves, so that it crosses the CANCEL.
        pair.later(900 + Int64(seed * 7)) { pair in pair.act(.caller) { $0.end(Self.callerSession(), at: $1) } }
        try pair.run(until: 200_000)
        let told = pair.told(.callee)
        if told.contains("invited") {
            #expect(told.filter { $0.hasPrefix("ended") }.count == 1)
            // By CANCEL, by the BYE after a 200 that crossed it, or because the ACK never came: not only by time.
            #expect(!told.contains("ended sessionExpired"))
        }
        expectNothingLeft(pair)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `when the network dies both sides end by themselves`(seed: UInt64) throws {
        var pair = try Self.pair(seed: seed, lossPercent: 0)
        try pair.run(until: 30_000)
        var dead = Pair(seed: seed, lossPercent: 100)
        dead.nodes = pair.nodes
        dead.milliseconds = pair.milliseconds
        try dead.run(until: 400_000)
        #expect(dead.told(.caller).last?.hasPrefix("ended") == true)
        #expect(dead.told(.callee).last == "ended sessionExpired")
        expectNothingLeft(dead)
    }

    @Test func `the same seed gives the same trace`() throws {
        func trace(_ seed: UInt64) throws -> [String] {
            var pair = try Self.pair(seed: seed)
            pair.later(100_000) { pair in pair.act(.caller) { $0.end(Self.callerSession(), at: $1) } }
            try pair.run(until: 200_000)
            return pair.trace
        }
        #expect(try trace(5) == trace(5))
        #expect(try trace(5) != trace(6))
    }
}

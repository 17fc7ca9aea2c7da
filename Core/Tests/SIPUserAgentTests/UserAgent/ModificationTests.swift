import MCFoundation
import SIP
import SIPUserAgent
import Testing

@Suite struct ModificationTests {
    private let other = Array("v=0\r\no=- 2 2 IN IP4 198.51.100.1\r\ns=-\r\nt=0 0\r\n".utf8)
    private let changed = "v=0\r\no=- 1 2 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\n"

    private func reinvite(_ bench: inout UserAgentBench) throws -> [String] {
        let id = bench.session
        let headers = try bench.headers("Content-Type: application/sdp")
        return bench.run { $0.reinvite(id, headers: headers, body: other, at: $1) }
    }

    @Test func `a re-INVITE is acknowledged and moves the target, and the next one waits for its end`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        #expect(try reinvite(&bench) == ["> INVITE"])
        #expect(bench.requests.last?.request.headers.cseq == CSeq(2, .invite))
        #expect(bench.requests.last?.request.headers.contacts.first?.uri == SIPURI("sip:us@198.51.100.1"))
        #expect(try reinvite(&bench) == [])
        #expect(
            try bench.reply(.invite, 200, more: "Contact: <sip:moved@h>") == [
                "> ACK", "> INVITE", "! modification 200",
            ])
        #expect(bench.acknowledgements.last?.uri == SIPURI("sip:moved@h"))
        #expect(bench.requests.last?.request.uri == SIPURI("sip:moved@h"))
        #expect(try bench.reply(.invite, 488) == ["! modification 488"])
        #expect(bench.agent.sessionCount == 1)
    }

    @Test func `a reliable answer before the final one to our re-INVITE is acknowledged by PRACK, in order`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        _ = try reinvite(&bench)
        let reliable = "Contact: <sip:peer@192.0.2.7>\nRequire: 100rel\nRSeq: "
        #expect(try bench.reply(.invite, 183, more: reliable + "7") == ["> PRACK"])
        let prack = try #require(bench.requests.last?.request)
        #expect(prack.headers[.rack] == "7 2 INVITE")
        #expect(prack.headers.cseq == CSeq(3, .prack))
        #expect(prack.headers.to?.tag == "p1")
        // A repetition and what is out of order are dropped (RFC 3262 4).
        #expect(try bench.reply(.invite, 183, more: reliable + "7") == [])
        #expect(try bench.reply(.invite, 183, more: reliable + "9") == [])
        #expect(try bench.reply(.prack, 200) == [])
        #expect(try bench.reply(.invite, 183, more: reliable + "8") == ["> PRACK"])
        #expect(bench.requests.last?.request.headers[.rack] == "8 2 INVITE")
        let contact = "Contact: <sip:peer@192.0.2.7>"
        #expect(try bench.reply(.invite, 200, more: contact) == ["> ACK", "! modification 200"])
        #expect(bench.acknowledgements.last?.headers.cseq == CSeq(2, .ack))
    }

    @Test func `a 2xx to a re-INVITE is acknowledged even when the session is gone`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        _ = try reinvite(&bench)
        let id = bench.session
        #expect(bench.run { $0.end(id, at: $1) } == ["> BYE"])
        #expect(try bench.reply(.invite, 200) == ["> ACK"])
        #expect(try bench.reply(.invite, 200) == ["> ACK"])
    }

    @Test func `the peer's re-INVITE gets 491 while ours is under way`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        _ = try reinvite(&bench)
        #expect(bench.receive(try bench.fromPeer("INVITE", cseq: 1, body: changed)) == ["> 491"])
    }

    @Test func `after 491 the caller tries again within 2.1 to 4 s, the callee within 2 s`() throws {
        var caller = UserAgentBench()
        _ = try caller.call()
        _ = try reinvite(&caller)
        #expect(try caller.reply(.invite, 491) == [])
        #expect(caller.wait(until: 2_099) == [])
        #expect(caller.wait(until: 4_000).map { $0.suffix(8) } == ["> INVITE"])
        #expect(try caller.reply(.invite, 200) == ["> ACK", "! modification 200"])
        var callee = UserAgentBench()
        _ = try callee.beCalled()
        _ = try reinvite(&callee)
        _ = try callee.reply(.invite, 491)
        #expect(callee.wait(until: 2_000).map { $0.suffix(8) } == ["> INVITE"])
    }

    @Test func `the time after 491 differs from side to side`() throws {
        let times = try (1...8 as ClosedRange<UInt64>).map { seed in
            var bench = UserAgentBench(seed: seed)
            _ = try bench.call()
            _ = try reinvite(&bench)
            _ = try bench.reply(.invite, 491)
            return bench.wait(until: 4_000)
        }
        #expect(Set(times).count >= 4)
    }

    @Test func `while we wait after 491 the peer's re-INVITE is served`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        _ = try reinvite(&bench)
        _ = try bench.reply(.invite, 491)
        #expect(bench.receive(try bench.fromPeer("INVITE", cseq: 1, body: changed)) == ["! modified INVITE"])
        // Ours waits until the other is done.
        #expect(bench.wait(until: 20_000) == [])
        let pending = bench.pending
        #expect(bench.run { $0.answer(pending, status: 488, at: $1) } == ["> 488"])
        #expect(bench.wait(until: 24_000).map { $0.suffix(8) } == ["> INVITE"])
    }

    @Test func `glare that never ends is told after the last retry`() throws {
        var limits = UserAgentLimits()
        limits.glareRetries = 2
        var bench = UserAgentBench(limits: limits)
        _ = try bench.call()
        _ = try reinvite(&bench)
        #expect(try bench.reply(.invite, 491) == [])
        _ = bench.wait(until: 4_000)
        #expect(try bench.reply(.invite, 491) == [])
        _ = bench.wait(until: 8_000)
        #expect(try bench.reply(.invite, 491) == ["! modification 491"])
    }

    @Test func `a re-INVITE that changes something is handed up, answered and acknowledged`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled()
        #expect(
            bench.receive(try bench.fromPeer("INVITE", cseq: 2, more: "", body: changed)) == ["! modified INVITE"])
        #expect(bench.receive(try bench.fromPeer("INVITE", cseq: 3, body: changed)) == ["> 500"])
        #expect(bench.responses.last?.headers.has(.retryAfter) == true)
        let pending = bench.pending
        let headers = try bench.headers("Content-Type: application/sdp")
        #expect(bench.run { $0.answer(pending, status: 200, headers: headers, body: other, at: $1) } == ["> 200"])
        #expect(bench.wait(until: 600) == ["500 > 200"])
        #expect(bench.acknowledge(cseq: 2) == [])
        #expect(bench.wait(until: 40_000) == [])
        #expect(bench.agent.sessionCount == 1)
    }

    @Test func `a re-INVITE that changes nothing is answered with what stands`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled()
        #expect(bench.receive(try bench.fromPeer("INVITE", cseq: 2, body: UserAgentBench.offer)) == ["> 200"])
        #expect(bench.responses.last?.body == Array(UserAgentBench.answer.utf8))
        #expect(bench.responses.last?.headers[.contentType] == "application/sdp")
        #expect(bench.acknowledge(cseq: 2) == [])
    }

    @Test func `an UPDATE without body is answered, one with a new offer is handed up`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled()
        #expect(bench.receive(try bench.fromPeer("UPDATE", cseq: 2)) == ["> 200"])
        #expect(bench.receive(try bench.fromPeer("UPDATE", cseq: 3, body: changed)) == ["! modified UPDATE"])
        let pending = bench.pending
        #expect(bench.run { $0.answer(pending, status: 200, at: $1) } == ["> 200"])
        #expect(bench.wait(until: 40_000) == [])
    }

    @Test func `a cancelled re-INVITE gets 487 and the session goes on`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled()
        _ = bench.receive(try bench.fromPeer("INVITE", cseq: 2, body: changed))
        #expect(bench.handle(.cancelled(bench.pending)) == ["> 487"])
        #expect(bench.agent.sessionCount == 1)
        #expect(bench.receive(try bench.fromPeer("INVITE", cseq: 3, body: changed)) == ["! modified INVITE"])
    }

    @Test func `BYE ends a re-INVITE that is not answered`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled()
        _ = bench.receive(try bench.fromPeer("INVITE", cseq: 2, body: changed))
        #expect(bench.receive(try bench.fromPeer("BYE", cseq: 3)) == ["> 200", "> 487", "! ended byPeer"])
        let pending = bench.pending
        #expect(bench.run { $0.answer(pending, status: 200, at: $1) } == [])
    }

    @Test func `481 to a re-INVITE ends the session`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        _ = try reinvite(&bench)
        #expect(try bench.reply(.invite, 481) == ["! ended peerGone(481)"])
        #expect(bench.agent.sessionCount == 0)
    }
}

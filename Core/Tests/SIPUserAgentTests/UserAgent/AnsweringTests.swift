import MCFoundation
import SIP
import SIPUserAgent
import Testing

@Suite struct AnsweringTests {
    @Test func `a call rings, is accepted, acknowledged and released by the peer`() throws {
        var bench = UserAgentBench()
        #expect(bench.receive(try bench.peerInvitation()) == ["! invited"])
        let id = bench.session
        #expect(bench.run { $0.ring(id, at: $1) } == ["> 180"])
        #expect(try bench.accept() == ["> 200"])
        #expect(bench.responses[0].headers.to?.tag == bench.responses[1].headers.to?.tag)
        #expect(bench.responses[1].headers.contacts.first?.uri == SIPURI("sip:us@198.51.100.1"))
        #expect(bench.acknowledge() == ["! acknowledged"])
        #expect(bench.acknowledge() == [])
        #expect(bench.receive(try bench.fromPeer("BYE", cseq: 2)) == ["> 200", "! ended byPeer"])
        #expect(bench.agent.sessionCount == 0)
        #expect(bench.agent.nextDeadline == nil)
    }

    @Test func `the 200 is repeated up to T2 apart until ACK`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation())
        _ = try bench.accept()
        #expect(
            bench.wait(until: 12_000) == ["500 > 200", "1500 > 200", "3500 > 200", "7500 > 200", "11500 > 200"])
        #expect(bench.acknowledge(cseq: 2) == [])
        #expect(bench.acknowledge() == ["! acknowledged"])
        #expect(bench.wait(until: 40_000) == [])
    }

    @Test func `without ACK the call ends after 64 T1`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation())
        _ = try bench.accept()
        let lines = bench.wait(until: 35_000)
        #expect(lines.suffix(2) == ["32000 > BYE", "32000 ! ended notAcknowledged"])
        #expect(lines.dropLast(2).allSatisfy { $0.hasSuffix("> 200") })
        #expect(bench.agent.sessionCount == 0)
    }

    @Test func `BYE of the callee waits for ACK`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation())
        _ = try bench.accept()
        let id = bench.session
        let reason = try bench.headers("Reason: SIP;cause=200")
        #expect(bench.run { $0.end(id, headers: reason, at: $1) } == [])
        #expect(bench.acknowledge() == ["> BYE"])
        #expect(bench.requests[0].request.headers[.reason] == "SIP;cause=200")
        #expect(bench.agent.sessionCount == 0)
    }

    @Test func `a cancelled INVITE gets 487`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation())
        #expect(bench.handle(.cancelled(ServerTransactionID(1))) == ["> 487", "! ended cancelled"])
        #expect(try bench.accept() == [])
        #expect(bench.agent.sessionCount == 0)
    }

    @Test func `a refused INVITE leaves nothing`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation())
        let id = bench.session
        #expect(bench.run { $0.reject(id, status: 486, at: $1) } == ["> 486"])
        #expect(bench.agent.sessionCount == 0)
        _ = bench.receive(try bench.peerInvitation())
        let second = bench.session
        #expect(bench.run { $0.end(second, at: $1) } == ["> 480"])
    }

    @Test func `the caller may say BYE before the answer`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation())
        #expect(bench.receive(try bench.fromPeer("BYE", cseq: 2)) == ["> 200", "> 487", "! ended byPeer"])
    }

    @Test func `what cannot be served is refused before the owner sees it`() throws {
        var bench = UserAgentBench()
        #expect(bench.receive(try bench.peerInvitation(more: "Require: teleport")) == ["> 420"])
        #expect(bench.responses[0].headers.values(.unsupported) == ["teleport"])
        var bare = try bench.peerInvitation()
        bare.headers.remove(.contact)
        #expect(bench.receive(bare) == ["> 400"])
        let short = try bench.peerInvitation(more: "Supported: timer\nSession-Expires: 60")
        #expect(bench.receive(short) == ["> 422"])
        #expect(bench.responses[2].headers[.minSE] == "90")
        #expect(bench.receive(try incoming("BYE")) == ["> 481"])
        #expect(bench.receive(try incoming("INFO", toTag: "unknown")) == ["> 481"])
    }

    @Test func `requests inside a session go up in order and old ones get 500`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled()
        #expect(bench.receive(try bench.fromPeer("INFO", cseq: 5)) == ["! in session INFO"])
        let pending = bench.pending
        #expect(bench.run { $0.answer(pending, status: 200, at: $1) } == ["> 200"])
        #expect(bench.run { $0.answer(pending, status: 200, at: $1) } == [])
        #expect(bench.receive(try bench.fromPeer("INFO", cseq: 4)) == ["> 500"])
        #expect(bench.receive(try bench.fromPeer("REFER", cseq: 6)) == ["! in session REFER"])
    }

    @Test func `a request of a stranger to the dialog gets 481`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled()
        var bye = try bench.fromPeer("BYE", cseq: 2)
        bye.headers.set(.from, "<sip:alice@example.org>;tag=other")
        #expect(bench.receive(bye) == ["> 481"])
        #expect(bench.agent.sessionCount == 1)
    }

    @Test func `an ACK of another dialog acknowledges nothing`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation())
        _ = try bench.accept()
        var ack = try bench.fromPeer("ACK", cseq: 1)
        ack.headers.set(.from, "<sip:alice@example.org>;tag=other")
        #expect(bench.handle(.acknowledgement(ack)) == [])
        #expect(bench.wait(until: 500) == ["500 > 200"])
    }

    @Test func `requests outside of dialogs go up and are answered with a tag`() throws {
        var bench = UserAgentBench()
        #expect(bench.receive(try incoming("MESSAGE")) == ["! received MESSAGE"])
        let pending = bench.pending
        #expect(bench.run { $0.answer(pending, status: 202, at: $1) } == ["> 202"])
        #expect(bench.responses[0].headers.to?.tag != nil)
    }

    @Test func `beyond the limit requests are refused and old ones make room`() throws {
        var limits = UserAgentLimits()
        limits.pendingRequests = 1
        var bench = UserAgentBench(limits: limits)
        _ = bench.receive(try incoming("MESSAGE"))
        #expect(bench.receive(try incoming("MESSAGE")) == ["> 503"])
        #expect(bench.responses[0].headers[.retryAfter] == "5")
        _ = bench.wait(until: 32_000)
        #expect(bench.receive(try incoming("MESSAGE")) == ["! received MESSAGE"])
    }

    // MARK: Reliable provisional responses

    private func ring(_ bench: inout UserAgentBench, _ body: String = "") throws -> [String] {
        let id = bench.session
        let headers = try bench.headers(
            "Contact: <sip:us@198.51.100.1>" + (body.isEmpty ? "" : "\nContent-Type: application/sdp"))
        return bench.run { $0.ring(id, status: 183, headers: headers, body: Array(body.utf8), at: $1) }
    }

    private func prack(_ bench: UserAgentBench, _ response: SIPResponse, cseq: Int) throws -> SIPRequest {
        try bench.fromPeer("PRACK", cseq: cseq, more: "RAck: \(response.headers[.rseq] ?? "?") 1 INVITE")
    }

    @Test func `where the peer requires it a provisional answer is repeated until PRACK, the next one waits`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation(more: "Require: 100rel"))
        #expect(try ring(&bench) == ["> 183"])
        #expect(bench.responses[0].headers.values(.require) == ["100rel"])
        #expect(try ring(&bench) == [])
        #expect(bench.wait(until: 4_000) == ["500 > 183", "1500 > 183", "3500 > 183"])
        #expect(bench.receive(try bench.fromPeer("PRACK", cseq: 2, more: "RAck: 1 1 INVITE")) == ["> 481"])
        #expect(bench.receive(try prack(bench, bench.responses[0], cseq: 3)) == ["> 200", "> 183"])
        let first = try #require(bench.responses[0].headers.integer(.rseq))
        let last = try #require(bench.responses.last)
        #expect(last.headers.integer(.rseq) == first + 1)
        #expect(bench.receive(try prack(bench, last, cseq: 4)) == ["> 200"])
        #expect(bench.wait(until: 60_000) == [])
    }

    @Test func `the 200 waits for the PRACK of an answer with a description`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation(more: "Require: 100rel"))
        _ = try ring(&bench, UserAgentBench.answer)
        #expect(try bench.accept() == [])
        #expect(bench.receive(try prack(bench, bench.responses[0], cseq: 2)) == ["> 200", "> 200"])
        #expect(bench.responses.last?.headers.cseq?.method == .invite)
    }

    @Test func `a PRACK that comes after the 200 is late, not wrong`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation(more: "Require: 100rel"))
        _ = try ring(&bench)
        #expect(try bench.accept() == ["> 200"])
        #expect(bench.receive(try prack(bench, bench.responses[0], cseq: 2)) == ["> 200"])
        #expect(bench.receive(try bench.fromPeer("PRACK", cseq: 3, more: "RAck: 1 1 INVITE")) == ["> 481"])
    }

    @Test func `a PRACK with a body is answered by the user agent and told to nobody`() throws {
        for (body, status) in [("v=0\r\n", "> 488"), ("", "> 200")] {
            var bench = UserAgentBench()
            _ = bench.receive(try bench.peerInvitation(more: "Require: 100rel"))
            let id = bench.session
            #expect(bench.run { $0.ring(id, at: $1) } == ["> 180"])
            var request = try prack(bench, bench.responses[0], cseq: 2)
            request.headers.set(.contentType, body.isEmpty ? "text/plain" : "application/sdp")
            request.body = Array((body.isEmpty ? "hello" : body).utf8)
            #expect(bench.receive(request) == [status])
            // The 180 counts as acknowledged all the same.
            #expect(bench.wait(until: 3_000) == [])
            #expect(try bench.accept() == ["> 200"])
        }
    }

    @Test func `a method that is the user agent's own is refused with 405 to who hands it over`() throws {
        for method in [Method.prack, .bye, .invite, .ack, .cancel] {
            var bench = UserAgentBench()
            _ = bench.receive(try bench.peerInvitation())
            _ = try bench.accept()
            let id = bench.session
            #expect(bench.run { _ = $0.request(in: id, method: method, at: $1) } == ["! answered 405"])
        }
    }

    @Test func `without PRACK the INVITE fails after 64 T1`() throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation(more: "Require: 100rel"))
        _ = try ring(&bench)
        #expect(bench.wait(until: 40_000).suffix(2) == ["32000 > 504", "32000 ! ended notAcknowledged"])
        #expect(bench.agent.nextDeadline == nil)
    }
}

import MCFoundation
import SIP
import SIPUserAgent
import Testing

/// RFC 3261 17.1 and RFC 6026 7.2, one transition a test.
@Suite struct ClientTransactionTests {
    @Test func `an INVITE without answer is repeated in doubling intervals until Timer B`() throws {
        var bench = TransactionBench(.udp)
        #expect(try bench.send("INVITE") == ["> INVITE"])
        #expect(
            bench.wait(until: 60_000) == [
                "500 > INVITE", "1500 > INVITE", "3500 > INVITE", "7500 > INVITE", "15500 > INVITE", "31500 > INVITE",
                "32000 ^ failed timeout",
            ])
        #expect(bench.layer.clientTransactionCount == 0)
        #expect(bench.layer.nextDeadline == nil)
    }

    @Test func `over a reliable transport nothing is repeated and Timer B still runs`() throws {
        var bench = TransactionBench(.tcp)
        #expect(try bench.send("INVITE") == ["> INVITE"])
        #expect(bench.wait(until: 60_000) == ["32000 ^ failed timeout"])
    }

    @Test func `a provisional answer stops Timers A and B`() throws {
        var bench = TransactionBench(.udp)
        _ = try bench.send("INVITE")
        bench.milliseconds = 100
        #expect(try bench.receive(180) == ["^ 180"])
        #expect(bench.wait(until: 180_000) == [])
        #expect(try bench.receive(183) == ["^ 183"])
        #expect(bench.layer.clientTransactionCount == 1)
    }

    @Test func `who rings longer than Timer C is cancelled, and each provisional answer starts it anew`() throws {
        var bench = TransactionBench(.udp)
        _ = try bench.send("INVITE")
        _ = try bench.receive(180)
        #expect(bench.wait(until: 100_000) == [])
        _ = try bench.receive(180)
        #expect(bench.wait(until: 289_999) == [])
        #expect(bench.wait(until: 290_000) == ["290000 > CANCEL"])
        _ = try bench.receive(200, to: 1)
        #expect(bench.wait(until: 321_999) == [])
        #expect(bench.wait(until: 322_000) == ["322000 ^ failed timeout"])
        #expect(bench.layer.clientTransactionCount == 0)
    }

    @Test func `Timer C does not keep a cancelled INVITE from ending`() throws {
        var bench = TransactionBench(.tcp)
        _ = try bench.send("INVITE")
        _ = try bench.receive(180)
        _ = bench.handle(.cancel(TransactionBench.id))
        bench.milliseconds = 1_000
        #expect(try bench.receive(180) == ["^ 180"])
        #expect(bench.wait(until: 32_000).last == "32000 ^ failed timeout")
    }

    @Test func `an answer that names another sender, or a second one, is dropped`() throws {
        var bench = TransactionBench(.udp)
        _ = try bench.send("OPTIONS")
        let answer = try bench.sentRequest(0).response(200, toTag: "b1")
        let via = try #require(answer.headers.topVia)
        var other = answer
        var foreign = via
        foreign.host = "198.51.100.9"
        other.headers.set(.via, foreign.description)
        #expect(bench.receive(other) == [])
        foreign = via
        foreign.port = 5070
        other.headers.set(.via, foreign.description)
        #expect(bench.receive(other) == [])
        other = answer
        other.headers.append(.via, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKfurther")
        #expect(bench.receive(other) == [])
        #expect(bench.receive(answer) == ["^ 200"])
    }

    @Test func `every 2xx goes up until Timer M and none after it`() throws {
        var bench = TransactionBench(.udp)
        _ = try bench.send("INVITE")
        #expect(try bench.receive(200) == ["^ 200"])
        #expect(bench.wait(until: 31_000) == [])
        #expect(try bench.receive(200, tag: "b2") == ["^ 200"])
        #expect(try bench.receive(486) == [])
        #expect(bench.wait(until: 32_000) == [])
        #expect(try bench.receive(200) == [])
        #expect(bench.layer.clientTransactionCount == 0)
    }

    @Test func `a failure is acknowledged each time it comes, until Timer D`() throws {
        var bench = TransactionBench(.udp)
        _ = try bench.send("INVITE")
        #expect(try bench.receive(486) == ["> ACK", "^ 486"])
        #expect(try bench.receive(486) == ["> ACK"])
        #expect(try bench.receive(180) == [])
        #expect(bench.wait(until: 31_999) == [])
        #expect(try bench.receive(486) == ["> ACK"])
        #expect(bench.wait(until: 32_000) == [])
        #expect(try bench.receive(486) == [])
    }

    @Test func `over a reliable transport a failure ends the transaction at once`() throws {
        var bench = TransactionBench(.tls)
        _ = try bench.send("INVITE")
        #expect(try bench.receive(486) == ["> ACK", "^ 486"])
        #expect(bench.layer.clientTransactionCount == 0)
    }

    @Test func `the ACK to a failure has the branch, target and number of the INVITE and the To of the answer`() throws
    {
        var bench = TransactionBench(.udp)
        _ = try bench.send("INVITE")
        _ = try bench.receive(486, tag: "callee")
        let invite = try bench.sentRequest(0)
        let ack = try bench.sentRequest(1)
        #expect(ack.method == .ack)
        #expect(ack.uri == invite.uri)
        #expect(ack.headers.values(.via) == invite.headers.values(.via))
        #expect(ack.headers.cseq == CSeq(1, .ack))
        #expect(ack.headers.to?.tag == "callee")
        #expect(ack.headers.from?.tag == "a1")
        #expect(ack.headers.callID == "c1")
        #expect(ack.body == [])
    }

    @Test func `our Via names transport, host and port, asks for rport and is gone from the answer`() throws {
        var bench = TransactionBench(.tls)
        _ = try bench.send("OPTIONS")
        let via = try #require(try bench.sentRequest(0).headers.topVia)
        #expect(via.transport == "TLS")
        #expect(via.host == "198.51.100.1")
        #expect(via.port == 5060)
        #expect(via.parameters["rport"] == "")
        #expect(via.branch?.hasPrefix("z9hG4bK") == true)
        let answer = try bench.sentRequest(0).response(200, toTag: "b")
        let actions = bench.layer.handle(
            .received(
                .response(answer), flow: TransactionBench.flow, transport: .tls, source: TransactionBench.source),
            at: .milliseconds(1))
        guard case .deliver(.response(let delivered, TransactionBench.id))? = actions.first else {
            Issue.record("nothing delivered")
            return
        }
        #expect(delivered.headers.values(.via) == [])
    }

    @Test func `another request is repeated up to T2 apart until Timer F`() throws {
        var bench = TransactionBench(.udp)
        #expect(try bench.send("OPTIONS") == ["> OPTIONS"])
        let times = [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
        #expect(bench.wait(until: 60_000) == times.map { "\($0) > OPTIONS" } + ["32000 ^ failed timeout"])
    }

    @Test func `a provisional answer slows the repetition down to T2 and Timer F goes on`() throws {
        var bench = TransactionBench(.udp)
        _ = try bench.send("OPTIONS")
        #expect(try bench.receive(100) == ["^ 100"])
        #expect(bench.wait(until: 9_000) == ["500 > OPTIONS", "4500 > OPTIONS", "8500 > OPTIONS"])
        #expect(bench.wait(until: 40_000).last == "32000 ^ failed timeout")
    }

    @Test func `a final answer goes up once and its repetitions are absorbed until Timer K`() throws {
        var bench = TransactionBench(.udp)
        _ = try bench.send("OPTIONS")
        #expect(try bench.receive(200) == ["^ 200"])
        #expect(try bench.receive(200) == [])
        #expect(bench.wait(until: 4_999) == [])
        #expect(bench.layer.clientTransactionCount == 1)
        #expect(bench.wait(until: 5_000) == [])
        #expect(bench.layer.clientTransactionCount == 0)
    }

    @Test func `over a reliable transport Timer K is zero`() throws {
        var bench = TransactionBench(.tcp)
        _ = try bench.send("OPTIONS")
        #expect(try bench.receive(404) == ["^ 404"])
        #expect(bench.layer.clientTransactionCount == 0)
    }

    @Test func `an answer to nothing is dropped`() throws {
        var bench = TransactionBench(.udp)
        let stray = try incoming("OPTIONS").response(200, toTag: "x")
        #expect(
            bench.handle(
                .received(
                    .response(stray), flow: TransactionBench.flow, transport: .udp, source: TransactionBench.source))
                == [])
    }

    @Test func `what waits on a flow fails with it and what is answered does not`() throws {
        var bench = TransactionBench(.tcp)
        _ = try bench.send("INVITE")
        _ = bench.handle(.send(try outgoing("INVITE"), ClientTransactionID(8), .flow(TransactionBench.flow)))
        _ = try bench.receive(200, to: 1)
        #expect(bench.handle(.flowClosed(TransactionBench.flow)) == ["^ failed transport"])
        #expect(bench.layer.clientTransactionCount == 0)
        #expect(bench.layer.nextDeadline == nil)
    }

    @Test func `what waits for a target fails with it or with the flow that was opened for it`() throws {
        let target = Target(host: "peer.example", port: 5061, transport: .tls)
        var bench = TransactionBench(.tcp)
        #expect(bench.handle(.send(try outgoing("OPTIONS"), ClientTransactionID(9), .target(target))) == ["> OPTIONS"])
        #expect(bench.handle(.targetFailed(target)) == ["^ failed transport"])
        _ = bench.handle(.send(try outgoing("OPTIONS"), ClientTransactionID(10), .target(target)))
        _ = bench.handle(.flowOpened(FlowID(5), transport: .tls, target: target))
        #expect(bench.handle(.flowClosed(FlowID(5))) == ["^ failed transport"])
    }

    @Test func `a flow that does not exist is a transport failure`() throws {
        var bench = TransactionBench(.tcp)
        #expect(
            bench.handle(.send(try outgoing("OPTIONS"), ClientTransactionID(9), .flow(FlowID(99))))
                == ["^ failed transport"])
    }

    @Test func `beyond the limit a request fails at once`() throws {
        var limits = TransactionLimits()
        limits.clientTransactions = 1
        var bench = TransactionBench(.tcp, limits: limits)
        _ = try bench.send("OPTIONS")
        #expect(
            bench.handle(.send(try outgoing("OPTIONS"), ClientTransactionID(9), .flow(TransactionBench.flow)))
                == ["^ failed transport"])
    }

    @Test func `an ACK to 2xx leaves once with a branch of its own`() throws {
        var bench = TransactionBench(.udp)
        #expect(bench.handle(.acknowledge(try outgoing("ACK"), .flow(TransactionBench.flow))) == ["> ACK"])
        #expect(try bench.sentRequest(0).headers.topVia?.branch?.hasPrefix("z9hG4bK") == true)
        #expect(bench.wait(until: 60_000) == [])
        #expect(bench.layer.clientTransactionCount == 0)
    }

    // MARK: CANCEL

    @Test func `CANCEL waits for a provisional answer`() throws {
        var bench = TransactionBench(.tcp)
        _ = try bench.send("INVITE")
        #expect(bench.handle(.cancel(TransactionBench.id)) == [])
        #expect(try bench.receive(180) == ["^ 180", "> CANCEL"])
        #expect(bench.handle(.cancel(TransactionBench.id)) == [])
        #expect(try bench.receive(487) == ["> ACK", "^ 487"])
    }

    @Test func `CANCEL has branch, target, tags and number of its INVITE, and its answer stays here`() throws {
        var bench = TransactionBench(.udp)
        _ = try bench.send("INVITE")
        _ = try bench.receive(180)
        #expect(bench.handle(.cancel(TransactionBench.id)) == ["> CANCEL"])
        let invite = try bench.sentRequest(0)
        let cancel = try bench.sentRequest(1)
        #expect(cancel.uri == invite.uri)
        #expect(cancel.headers.values(.via) == invite.headers.values(.via))
        #expect(cancel.headers.cseq == CSeq(1, .cancel))
        #expect(cancel.headers.from == invite.headers.from)
        #expect(cancel.headers.to == invite.headers.to)
        #expect(try bench.receive(200, to: 1) == [])
        #expect(bench.wait(until: 31_999) == [])
        // RFC 3261 9.1: 64*T1 after the CANCEL nobody waits any longer.
        #expect(bench.wait(until: 32_000) == ["32000 ^ failed timeout"])
    }

    @Test func `a final answer makes CANCEL void, and other requests are not cancelled`() throws {
        var bench = TransactionBench(.tcp)
        _ = try bench.send("INVITE")
        #expect(bench.handle(.cancel(TransactionBench.id)) == [])
        #expect(try bench.receive(200) == ["^ 200"])
        #expect(bench.handle(.cancel(TransactionBench.id)) == [])
        var other = TransactionBench(.tcp)
        _ = try other.send("MESSAGE")
        #expect(other.handle(.cancel(TransactionBench.id)) == [])
    }
}

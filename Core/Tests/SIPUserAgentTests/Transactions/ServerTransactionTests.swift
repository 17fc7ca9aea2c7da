import MCFoundation
import SIP
import SIPUserAgent
import Testing

/// RFC 3261 17.2 and RFC 6026 7.1, one transition a test.
@Suite struct ServerTransactionTests {
    @Test func `an INVITE that nobody answers gets 100 after 200 ms`() throws {
        var bench = TransactionBench(.udp)
        #expect(bench.receive(try incoming("INVITE")) == ["^ INVITE"])
        #expect(bench.receive(try incoming("INVITE")) == [])
        #expect(bench.wait(until: 1_000) == ["200 > 100"])
        #expect(try bench.sentResponse(0).headers.to?.tag == nil)
        #expect(bench.receive(try incoming("INVITE")) == ["> 100"])
        #expect(bench.wait(until: 100_000) == [])
    }

    @Test func `an answer within 200 ms makes 100 needless and repetitions get the last provisional answer`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("INVITE"))
        #expect(try bench.respond(180) == ["> 180"])
        #expect(bench.wait(until: 1_000) == [])
        #expect(try bench.respond(183) == ["> 183"])
        #expect(bench.receive(try incoming("INVITE")) == ["> 183"])
    }

    @Test func `after 2xx repeated INVITEs are absorbed and 2xx of the user pass until Timer L`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("INVITE"))
        #expect(try bench.respond(200) == ["> 200"])
        #expect(bench.receive(try incoming("INVITE")) == [])
        #expect(try bench.respond(200) == ["> 200"])
        #expect(try bench.respond(486) == [])
        #expect(bench.wait(until: 31_999) == [])
        #expect(bench.layer.serverTransactionCount == 1)
        #expect(bench.wait(until: 32_000) == [])
        #expect(bench.layer.serverTransactionCount == 0)
        #expect(try bench.respond(200) == [])
    }

    @Test func `ACK to 2xx goes up, with a new branch or with that of the INVITE`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("INVITE"))
        _ = try bench.respond(200)
        #expect(bench.receive(try incoming("ACK", branch: "z9hG4bKother", toTag: "b1")) == ["^ ACK"])
        #expect(bench.receive(try incoming("ACK", toTag: "b1")) == ["^ ACK"])
    }

    @Test func `a failure is repeated up to T2 apart until Timer H`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("INVITE"))
        #expect(try bench.respond(486) == ["> 486"])
        #expect(bench.receive(try incoming("INVITE")) == ["> 486"])
        let times = [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
        #expect(bench.wait(until: 60_000) == times.map { "\($0) > 486" })
        #expect(bench.layer.serverTransactionCount == 0)
    }

    @Test func `ACK ends the repetition and further ones are absorbed until Timer I`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("INVITE"))
        _ = try bench.respond(486)
        #expect(bench.receive(try incoming("ACK", toTag: "b1")) == [])
        #expect(bench.receive(try incoming("ACK", toTag: "b1")) == [])
        #expect(bench.receive(try incoming("INVITE")) == [])
        #expect(bench.wait(until: 4_999) == [])
        #expect(bench.layer.serverTransactionCount == 1)
        #expect(bench.wait(until: 5_000) == [])
        #expect(bench.layer.serverTransactionCount == 0)
    }

    @Test func `over a reliable transport a failure is not repeated and ACK ends all`() throws {
        var bench = TransactionBench(.tcp)
        _ = bench.receive(try incoming("INVITE"))
        _ = try bench.respond(486)
        #expect(bench.wait(until: 20_000) == [])
        #expect(bench.receive(try incoming("ACK", toTag: "b1")) == [])
        #expect(bench.layer.serverTransactionCount == 0)
    }

    @Test func `another request is delivered once and its answer repeated until Timer J`() throws {
        var bench = TransactionBench(.udp)
        #expect(bench.receive(try incoming("MESSAGE")) == ["^ MESSAGE"])
        #expect(bench.receive(try incoming("MESSAGE")) == [])
        #expect(try bench.respond(200) == ["> 200"])
        #expect(try bench.respond(404) == [])
        #expect(bench.receive(try incoming("MESSAGE")) == ["> 200"])
        #expect(bench.wait(until: 31_999) == [])
        #expect(bench.receive(try incoming("MESSAGE")) == ["> 200"])
        #expect(bench.wait(until: 32_000) == [])
        #expect(bench.layer.serverTransactionCount == 0)
    }

    @Test func `over a reliable transport Timer J is zero`() throws {
        var bench = TransactionBench(.tls)
        _ = bench.receive(try incoming("MESSAGE"))
        _ = try bench.respond(202)
        #expect(bench.layer.serverTransactionCount == 0)
        #expect(bench.layer.nextDeadline == nil)
    }

    @Test func `a request that is never answered is forgotten when the client has given up`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("MESSAGE"))
        #expect(bench.wait(until: 32_000) == [])
        #expect(bench.layer.serverTransactionCount == 0)
    }

    // MARK: CANCEL

    @Test func `CANCEL of a pending INVITE gets 200 and goes up once`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("INVITE"))
        _ = try bench.respond(180)
        #expect(bench.receive(try incoming("CANCEL")) == ["> 200", "^ cancelled"])
        #expect(try bench.sentResponse(1).headers.to?.tag == "b1")
        #expect(bench.receive(try incoming("CANCEL")) == ["> 200"])
        #expect(try bench.respond(487) == ["> 487"])
    }

    @Test func `CANCEL after the final answer gets 200 and changes nothing`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("INVITE"))
        _ = try bench.respond(200)
        #expect(bench.receive(try incoming("CANCEL")) == ["> 200"])
    }

    @Test func `CANCEL of nothing gets 481`() throws {
        var bench = TransactionBench(.udp)
        #expect(bench.receive(try incoming("CANCEL")) == ["> 481"])
    }

    // MARK: Matching

    @Test func `the same branch from another host or for another method is another transaction`() throws {
        var bench = TransactionBench(.udp)
        #expect(bench.receive(try incoming("MESSAGE")) == ["^ MESSAGE"])
        #expect(bench.receive(try incoming("MESSAGE", cseq: 2, sentBy: "192.0.2.8:5060")) == ["^ MESSAGE"])
        #expect(bench.receive(try incoming("MESSAGE", cseq: 3, sentBy: "192.0.2.7:5070")) == ["^ MESSAGE"])
        #expect(bench.receive(try incoming("OPTIONS")) == ["^ OPTIONS"])
    }

    @Test func `without magic cookie a request is matched by what RFC 2543 compares`() throws {
        var bench = TransactionBench(.udp)
        #expect(bench.receive(try incoming("INVITE", branch: "old")) == ["^ INVITE"])
        #expect(bench.receive(try incoming("INVITE", branch: "old")) == [])
        #expect(bench.receive(try incoming("INVITE", cseq: 2, branch: "old")) == ["^ INVITE"])
        #expect(try bench.respond(486) == ["> 486"])
        // An ACK with a foreign To tag is not the one for our answer.
        #expect(bench.receive(try incoming("ACK", cseq: 2, branch: "old", toTag: "foreign")) == [])
        #expect(bench.wait(until: 600) == ["200 > 100", "500 > 486"])
        #expect(bench.receive(try incoming("ACK", cseq: 2, branch: "old", toTag: "b1")) == [])
        #expect(bench.wait(until: 4_000) == [])
    }

    // MARK: The way back

    @Test func `received and rport say where the request came from, and the answer carries them`() throws {
        var bench = TransactionBench(.udp)
        let source = SocketAddress(IPAddress(v4: 0xcb00_7105), port: 40_000)
        _ = bench.receive(try incoming("MESSAGE", parameters: ";rport;received=10.0.0.1"), from: source)
        let via = try #require(bench.delivered?.request.headers.topVia)
        #expect(via.parameters["received"] == "203.0.113.5")
        #expect(via.parameters["rport"] == "40000")
        _ = try bench.respond(200)
        #expect(try bench.sentResponse(0).headers.topVia == via)
        #expect(bench.transmitted[0].hop == .flow(TransactionBench.flow))
    }

    @Test func `a request from where its Via says gets no received`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("MESSAGE"))
        #expect(bench.delivered?.request.headers.topVia?.parameters.has("received") == false)
    }

    @Test func `a received that the peer wrote itself is not believed`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("MESSAGE", parameters: ";received=10.0.0.1"))
        #expect(bench.delivered?.request.headers.topVia?.parameters.has("received") == false)
    }

    @Test func `without rport a UDP answer goes to the port in Via`() throws {
        var bench = TransactionBench(.udp)
        let source = SocketAddress(IPAddress(v4: 0xc000_0207), port: 40_000)
        _ = bench.receive(try incoming("MESSAGE", sentBy: "192.0.2.7:5070"), from: source)
        _ = try bench.respond(200)
        // From the socket that the request came in on, and without a target of its own.
        #expect(bench.transmitted[0].hop == .beside(TransactionBench.flow, port: 5070))
    }

    // MARK: Merged requests

    @Test func `the same request by another way is answered 482 and served once`() throws {
        var bench = TransactionBench(.udp)
        #expect(bench.receive(try incoming("INVITE", branch: "z9hG4bK1")) == ["^ INVITE"])
        #expect(bench.receive(try incoming("INVITE", branch: "z9hG4bK2")) == ["> 482"])
        #expect(bench.receive(try incoming("INVITE", branch: "z9hG4bK2")) == ["> 482"])
        // The first goes on, the second ends with its ACK.
        #expect(bench.receive(try incoming("ACK", branch: "z9hG4bK2", toTag: "x")) == [])
        #expect(try bench.respond(200) == ["> 200"])
        // A retry with the next CSeq is another request, and what is inside a dialog never merges.
        #expect(bench.receive(try incoming("INVITE", cseq: 2, branch: "z9hG4bK3")) == ["^ INVITE"])
        #expect(bench.receive(try incoming("BYE", branch: "z9hG4bK4", toTag: "b1")) == ["^ BYE"])
        #expect(bench.receive(try incoming("BYE", branch: "z9hG4bK5", toTag: "b1")) == ["^ BYE"])
    }

    @Test func `a request that ended does not make a later one a merged one`() throws {
        var bench = TransactionBench(.udp)
        _ = bench.receive(try incoming("MESSAGE", branch: "z9hG4bK1"))
        _ = try bench.respond(200)
        #expect(bench.receive(try incoming("MESSAGE", branch: "z9hG4bK2")) == ["> 482"])
        _ = bench.wait(until: 100_000)
        #expect(bench.receive(try incoming("MESSAGE", branch: "z9hG4bK3")) == ["^ MESSAGE"])
    }

    @Test func `when the flow is gone answers are lost and a pending INVITE can still be cancelled`() throws {
        var bench = TransactionBench(.tcp)
        _ = bench.receive(try incoming("INVITE"))
        #expect(bench.handle(.flowClosed(TransactionBench.flow)) == [])
        #expect(
            bench.handle(
                .received(
                    .request(try incoming("CANCEL")), flow: FlowID(2), transport: .tcp, source: TransactionBench.source)
            ) == ["> 200", "^ cancelled"])
        #expect(try bench.respond(487) == [])
        #expect(bench.layer.serverTransactionCount == 0)
    }

    // MARK: Limits

    @Test func `beyond the limit a request gets 503 with Retry-After and leaves nothing behind`() throws {
        var limits = TransactionLimits()
        limits.serverTransactions = 3
        limits.reservedServerTransactions = 2
        var bench = TransactionBench(.tcp, limits: limits)
        #expect(bench.receive(try incoming("MESSAGE", branch: "z9hG4bK1")) == ["^ MESSAGE"])
        #expect(bench.receive(try incoming("MESSAGE", branch: "z9hG4bK2")) == ["> 503"])
        #expect(try bench.sentResponse(0).headers[.retryAfter] == "5")
        #expect(bench.layer.serverTransactionCount == 1)
    }

    @Test func `a flow over which nobody proved anything holds few transactions and nothing of the reserve`() throws {
        var limits = TransactionLimits()
        limits.serverTransactionsPerUnknownFlow = 2
        var bench = TransactionBench(.udp, limits: limits)
        for number in 1...2 {
            let request = try incoming("MESSAGE", cseq: number, branch: "z9hG4bK\(number)")
            #expect(bench.receive(request, isKnown: false) == ["^ MESSAGE"])
        }
        #expect(bench.receive(try incoming("MESSAGE", cseq: 3, branch: "z9hG4bK3"), isKnown: false) == ["> 503"])
        #expect(bench.receive(try incoming("MESSAGE", cseq: 3, branch: "z9hG4bK3")) == ["^ MESSAGE"])

        limits = TransactionLimits()
        limits.serverTransactions = 2
        limits.reservedServerTransactions = 2
        bench = TransactionBench(.udp, limits: limits)
        #expect(bench.receive(try incoming("BYE", branch: "z9hG4bK1", toTag: "b1"), isKnown: false) == ["> 503"])
        #expect(bench.receive(try incoming("BYE", branch: "z9hG4bK1", toTag: "b1")) == ["^ BYE"])
    }

    @Test func `a body is not kept for as long as the transaction lasts`() throws {
        var bench = TransactionBench(.udp)
        for (number, method) in ["MESSAGE", "INVITE"].enumerated() {
            var request = try incoming(method, branch: "z9hG4bK\(number)")
            request.body = [UInt8](repeating: 0x61, count: 100_000)
            _ = bench.receive(request)
            #expect(bench.octetsHeld < 2_000)
        }
        #expect(bench.wait(until: 300) == ["200 > 100"])
    }

    @Test func `the reserve serves dialogs and those with priority`() throws {
        var limits = TransactionLimits()
        limits.serverTransactions = 3
        limits.reservedServerTransactions = 2
        var bench = TransactionBench(.tcp, limits: limits)
        _ = bench.receive(try incoming("MESSAGE", branch: "z9hG4bK1"))
        #expect(bench.receive(try incoming("BYE", branch: "z9hG4bK2", toTag: "b1")) == ["^ BYE"])
        #expect(
            bench.receive(try incoming("INVITE", branch: "z9hG4bK3", more: "Resource-Priority: mcpttp.15"))
                == ["^ INVITE"])
        #expect(bench.receive(try incoming("BYE", branch: "z9hG4bK4", toTag: "b1")) == ["> 503"])
    }

    @Test func `one flow cannot take all the room`() throws {
        var limits = TransactionLimits()
        limits.serverTransactionsPerFlow = 1
        var bench = TransactionBench(.tcp, limits: limits)
        _ = bench.receive(try incoming("MESSAGE", branch: "z9hG4bK1"))
        #expect(bench.receive(try incoming("MESSAGE", branch: "z9hG4bK2")) == ["> 503"])
        #expect(
            bench.handle(
                .received(
                    .request(try incoming("MESSAGE", cseq: 3, branch: "z9hG4bK3")), flow: FlowID(2), transport: .tcp,
                    source: TransactionBench.source)) == ["^ MESSAGE"])
    }

    @Test func `thousands of transactions end in the order of their deadlines and leave nothing`() throws {
        var bench = TransactionBench(.udp)
        for number in 0..<2_000 {
            _ = bench.receive(try incoming("MESSAGE", cseq: number, branch: "z9hG4bK\(number)"))
            _ = try bench.respond(200)
            bench.milliseconds += 1
        }
        #expect(bench.layer.serverTransactionCount == 2_000)
        #expect(bench.wait(until: 33_000) == [])
        #expect(bench.layer.serverTransactionCount == 999)
        #expect(bench.wait(until: 34_000) == [])
        #expect(bench.layer.serverTransactionCount == 0)
        #expect(bench.layer.nextDeadline == nil)
    }
}

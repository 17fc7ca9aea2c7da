import Synchronization
import Testing
import WebServices

/// HTTP/1.1 as it is on the wire (RFC 9110, RFC 9112).
@Suite(.timeLimit(.minutes(1))) struct WireTests {
    private func said(_ text: String, _ handler: any WebHandler = Parrot()) async throws -> String {
        let server = try await serve(WebLimits(), handler)
        let client = try await RawClient.connect(server)
        client.send(text)
        let answer = await client.untilClosed()
        await server.stop()
        return answer
    }

    @Test func `an answer says its length and when it was made`() async throws {
        let answer = try await said("GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\r\ncontent-length: 12\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n<GET /a?b 0>"))
        let date = /\r\ndate: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d GMT\r\n/
        #expect(answer.firstMatch(of: date) != nil)
    }

    @Test func `HEAD is told the length and given no body`() async throws {
        let answer = try await said("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.contains("\r\ncontent-length: 12\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test func `HTTP/1.0 closes unless it asks to go on`() async throws {
        let closed = try await said("GET /a HTTP/1.0\r\n\r\n")
        #expect(closed.contains("\r\nconnection: close\r\n"))
        let kept = try await said("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n")
        #expect(kept.contains("\r\nconnection: keep-alive\r\n"))
        #expect(kept.contains("<GET /a? 0>"))
        #expect(kept.contains("<GET /b? 0>"))
    }

    @Test func `pipelined requests are answered in order, one after the other`() async throws {
        let running = Mutex(0)
        let answer = try await said(
            "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            Answering { request in
                let before = running.withLock { (count: inout Int) -> Int in
                    count += 1
                    return count
                }
                if request.path == "/1" { try? await Task.sleep(for: .milliseconds(50)) }
                running.withLock { $0 -= 1 }
                return WebResponse("text/plain", "<\(request.path) \(before)>")
            })
        let first = try #require(answer.firstRange(of: "</1 1>"))
        let second = try #require(answer.firstRange(of: "</2 1>"))
        #expect(first.upperBound < second.lowerBound)
    }

    @Test func `a body in chunks is put together`() async throws {
        let answer = try await said(
            "PUT /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: z\r\n\r\n")
        #expect(answer.hasSuffix("<PUT /a? 11>"))
    }

    @Test func `a client that expects it is told to go on, and another is not`() async throws {
        let server = try await serve()
        let client = try await RawClient.connect(server)
        let head = "PUT /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n"
        client.send(head + "Expect: 100-Continue\r\n\r\n")
        #expect(await client.until { $0.hasSuffix("\r\n\r\n") } == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("abc")
        #expect(await client.untilClosed().hasSuffix("<PUT /a? 3>"))
        await server.stop()
        #expect(try await !said(head + "\r\nabc").contains("100 Continue"))
    }

    @Test func `a target may name the host`() async throws {
        let answer = try await said("GET HTTP://x:1/a/b?c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasSuffix("<GET /a/b?c 0>"))
        #expect(
            try await said("GET https://x?c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .hasSuffix("<GET /?c 0>"))
    }

    @Test func `a client that says no more is answered`() async throws {
        let server = try await serve()
        let client = try await RawClient.connect(server)
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        client.halfClose()
        #expect(await client.untilClosed().hasSuffix("<GET /a? 0>"))
        await server.stop()
    }

    @Test func `an upgrade is not taken up, and nothing is read after it`() async throws {
        let answer = try await said(
            "GET /a HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
                + "GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(answer.contains("\r\nconnection: close\r\n"))
        #expect(answer.hasSuffix("<GET /a? 0>"))
    }

    @Test(arguments: [
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}", "400"), ("hello\r\n\r\n", "400"),
        ("GET /a HTTP/1.1\r\nHost : x\r\n\r\n", "400"), ("GET /a HTTP/1.1\r\n\r\n", "400"),
        ("GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"), ("GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "505"),
        ("PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
        ("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
        ("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    ])
    func `what is no request is told so, once, and the connection ends`(_ text: String, _ status: String) async throws {
        let answer = try await said(text)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.contains("\r\nconnection: close\r\n"))
        #expect(answer.ranges(of: "HTTP/1.1").count == 1)
    }

    @Test func `fields that would be read as something else are not sent`() async throws {
        let answer = try await said(
            "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            Answering { _ in
                WebResponse(
                    status: 200,
                    headers: [
                        WebHeader("x-cr", "1\rset-cookie: evil"), WebHeader("x-lf", "1\nset-cookie: evil"),
                        WebHeader("x-nul", "1\0evil"), WebHeader("x evil", "1"), WebHeader("", "evil"),
                        WebHeader("x-evil\r\n", "1"), WebHeader("content-length", "4evil"),
                        WebHeader("transfer-encoding", "evil"), WebHeader("x-good", "1\té"),
                    ])
            })
        #expect(!answer.contains("evil"))
        #expect(answer.contains("\r\nx-good: 1\té\r\n"))
        #expect(answer.contains("\r\ncontent-length: 0\r\n"))
    }

    @Test func `a status without body has none, and one that is no answer is a fault of ours`() async throws {
        let without = try await said(
            "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            Answering { _ in WebResponse(status: 204, "text/plain", "HTTP/1.1 200 OK") })
        #expect(without.hasPrefix("HTTP/1.1 204 "))
        #expect(without.hasSuffix("\r\n\r\n"))
        for status in [-1, 0, 100, 101, 199, 1_000] {
            let odd = try await said(
                "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                Answering { _ in WebResponse(status: status) })
            #expect(odd.hasPrefix("HTTP/1.1 500 "))
        }
    }
}

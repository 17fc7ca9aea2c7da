import Synchronization
import Testing
import WebServices

/// What a peer may ask for, and how long he may take.
@Suite(.timeLimit(.minutes(1))) struct WebLimitsTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test(arguments: ["Content-Length: 1001\r\n", "Content-Length: 9223372036854775807\r\nExpect: 100-continue\r\n"])
    func `a body that is said to be too long is not waited for`(_ field: String) async throws {
        let server = try await serve(limits { $0.bodyBytes = 1_000 })
        let client = try await RawClient.connect(server)
        client.send("PUT /a HTTP/1.1\r\nHost: x\r\n\(field)\r\n")
        let answer = await client.untilClosed()
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        #expect(answer.contains("\r\nconnection: close\r\n"))
        await server.stop()
    }

    /// What was asked, in its order.
    private final class Order: WebHandler {
        private let asked = Mutex<[String]>([])

        var paths: [String] { asked.withLock { $0 } }

        func respond(to request: WebRequest) async -> WebResponse {
            asked.withLock { $0.append(request.path) }
            return WebResponse("text/plain", "<\(request.path)>")
        }
    }

    /// Hears long bodies only of who says a word.
    private struct Choosy: WebHandler {
        func bodyLimit(of head: WebRequest) -> Int { head.header("authorization") == "word" ? 100_000 : 100 }

        func respond(to request: WebRequest) async -> WebResponse { await Parrot().respond(to: request) }
    }

    @Test(arguments: [
        ("/plain", "", 65_536, true), ("/plain", "", 65_537, false), ("/nowhere", "", 65_537, false),
        ("/choosy", "", 100, true), ("/choosy", "", 101, false), ("/choosy", "Authorization: word\r\n", 100_000, true),
        ("/choosy", "Authorization: word\r\n", 100_001, false),
    ])
    func `who answers says how much is heard, from the head alone`(
        _ path: String, _ field: String, _ octets: Int, _ isHeard: Bool
    ) async throws {
        var routes = WebRoutes()
        routes.add("/plain", Parrot())
        routes.add("/choosy", Choosy())
        let server = try await serve(WebLimits(), routes)
        let client = try await RawClient.connect(server)
        client.send("PUT \(path) HTTP/1.1\r\nHost: x\r\n\(field)Content-Length: \(octets)\r\n\r\n")
        if isHeard { client.send(String(repeating: "x", count: octets)) }
        let answer = await client.until { $0.hasSuffix(">") }
        #expect(answer.hasPrefix(isHeard ? "HTTP/1.1 200 " : "HTTP/1.1 413 "))
        #expect(!isHeard || answer.hasSuffix("<PUT \(path)? \(octets)>"))
        await server.stop()
    }

    @Test func `who is refused is not reset while he still sends`() async throws {
        let server = try await serve(limits { $0.bodyBytes = 1_000 })
        let client = try await RawClient.connect(server)
        let body = String(repeating: "x", count: 4 << 20)
        client.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(await client.untilClosed().hasPrefix("HTTP/1.1 413 "))
        #expect(!client.wasReset)
        await server.stop()
    }

    @Test func `a body that becomes too long in chunks is not read to its end`() async throws {
        let server = try await serve(limits { $0.bodyBytes = 1_000 })
        let client = try await RawClient.connect(server)
        let chunk = "200\r\n" + String(repeating: "x", count: 512) + "\r\n"
        client.send("PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
        client.send(chunk + chunk)
        let answer = await client.untilClosed()
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        #expect(answer.ranges(of: "HTTP/1.1").count == 1)
        await server.stop()
    }

    @Test(arguments: [
        "X: " + String(repeating: "x", count: 1_001) + "\r\n", String(repeating: "Xxxxxxxx: yyyyyyyy\r\n", count: 100),
        String(repeating: "X: y\r\n", count: 21),
    ])
    func `a head that is too long, or of too many fields, is refused`(_ fields: String) async throws {
        let server = try await serve(
            limits {
                $0.headerBytes = 1_000
                $0.headerFields = 20
            })
        let client = try await RawClient.connect(server)
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
        let answer = await client.untilClosed()
        #expect(answer.hasPrefix("HTTP/1.1 431 "))
        #expect(answer.contains("\r\nconnection: close\r\n"))
        // What is inside the limits passes.
        let modest = try await RawClient.connect(server)
        modest.send("GET /a HTTP/1.1\r\nHost: x\r\n" + String(repeating: "X: y\r\n", count: 15))
        modest.send("Y: " + String(repeating: "x", count: 700) + "\r\n\r\n")
        #expect(await modest.until { $0.hasSuffix(">") }.hasSuffix("<GET /a? 0>"))
        await server.stop()
    }

    @Test(arguments: [
        "GET /", "GET /a HTTP/1.1\r\nHost: x", "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
    ])
    func `a request that takes too long is cut, however it trickles`(_ beginning: String) async throws {
        let server = try await serve(limits { $0.requestTime = .milliseconds(300) })
        let client = try await RawClient.connect(server)
        client.send(beginning)
        let trickle = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(20))
                client.send("x")
            }
        }
        let answer = await client.untilClosed()
        trickle.cancel()
        #expect(answer.hasPrefix("HTTP/1.1 408 "))
        #expect(answer.ranges(of: "HTTP/1.1").count == 1)
        await server.stop()
    }

    @Test func `a connection on which nothing happens is closed, before and after a request`() async throws {
        // Long enough that a busy machine sends the request before it.
        let server = try await serve(limits { $0.idle = .seconds(2) })
        let silent = try await RawClient.connect(server)
        #expect(await silent.untilClosed().isEmpty)
        let answered = try await RawClient.connect(server)
        answered.send(Self.get)
        let answer = await answered.untilClosed()
        #expect(answer.hasSuffix("<GET /a? 0>"))
        #expect(!answer.contains("connection: close"))
        await server.stop()
    }

    @Test func `connections above the limit wait until one is closed`() async throws {
        let order = Order()
        let server = try await serve(limits { $0.connections = 1 }, order)
        let first = try await RawClient.connect(server)
        first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        await first.until { $0.hasSuffix(">") }
        // Who waits is heard after whatever the first one asks, however much that is.
        let second = try await RawClient.connect(server)
        second.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        for number in 1...10 {
            first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
            await first.until { $0.ranges(of: "</1>").count == number + 1 }
        }
        #expect(order.paths == [String](repeating: "/1", count: 11))
        first.close()
        await second.until { $0.hasSuffix(">") }
        #expect(order.paths.last == "/2")
        await server.stop()
    }

    @Test func `a slow handler does not stop others, and a client that leaves it harms nobody`() async throws {
        let gate = Gate()
        var routes = WebRoutes()
        routes.add("/slow", gate)
        let order = Order()
        routes.add("/", order)
        let server = try await serve(limits { $0.connections = 2 }, routes)
        let gone = try await RawClient.connect(server)
        gone.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await gate.untilAsked()
        try await gone.reset()
        let other = try await RawClient.connect(server)
        other.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        await other.until { $0.hasSuffix(">") }
        // Who has gone keeps his place until what he asked is answered.
        let third = try await RawClient.connect(server)
        third.send("GET /3 HTTP/1.1\r\nHost: x\r\n\r\n")
        for number in 1...10 {
            other.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
            await other.until { $0.ranges(of: "</2>").count == number + 1 }
        }
        #expect(order.paths == [String](repeating: "/2", count: 11))
        await gate.open()
        await third.until { $0.hasSuffix(">") }
        #expect(order.paths.last == "/3")
        await server.stop()
    }

    @Test func `a client that takes nothing of its answer is left, and asks no more meanwhile`() async throws {
        let asked = Mutex(0)
        let server = try await serve(
            limits {
                $0.idle = .seconds(1)
                $0.connections = 1
            },
            Answering { request in
                asked.withLock { $0 += 1 }
                return WebResponse(
                    status: 200, body: request.path == "/a" ? [0x3E] : [UInt8](repeating: 0x78, count: 32 << 20))
            })
        let deaf = try await RawClient.connect(server, reads: false)
        deaf.send(String(repeating: "GET /long HTTP/1.1\r\nHost: x\r\n\r\n", count: 20))
        let next = try await RawClient.connect(server)
        next.send(Self.get)
        #expect(await next.until { $0.hasSuffix(">") }.hasSuffix("\r\n\r\n>"))
        #expect(asked.withLock { $0 } == 2)
        deaf.close()
        await server.stop()
    }
}

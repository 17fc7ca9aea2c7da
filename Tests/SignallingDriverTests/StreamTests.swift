import Dispatch
import HostTime
import MCFoundation
import SIP
import SIPUserAgent
import SignallingDriver
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    @Test(arguments: [false, true]) func `a message over TCP comes back from an echoing cell`(v6: Bool) async throws {
        let server = try await Side.echo(TransportConfiguration(listeners: [listener(.tcp, v6: v6)]))
        let client = try await Side.start(TransportConfiguration())
        let target = Target(host: v6 ? "::1" : "127.0.0.1", port: try server.port("main"), transport: .tcp)
        client.send(request(1, bodyOctets: 3_000), to: target)
        try await eventually { client.messages.count == 1 }
        #expect(client.messages == [request(1, bodyOctets: 3_000)])
        let accepted = try #require(server.opened.first)
        #expect(accepted.remote.address.isIPv6 == v6)
        #expect(accepted.local.port == target.port)
        #expect(accepted.listener == "main")
        #expect(!accepted.isOutbound)
        #expect(client.opened.first?.target == target)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `messages are found in a stream however it is cut`() async throws {
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        let peer = try await RawPeer.connect(port: server.port("main"))
        let all = request(1, bodyOctets: 7) + request(2) + request(3, bodyOctets: 100)
        for octet in all.prefix(300) { try await peer.send([octet]) }
        try await peer.send(Array(all.dropFirst(300)))
        try await eventually { server.messages.count == 3 }
        #expect(server.messages == [request(1, bodyOctets: 7), request(2), request(3, bodyOctets: 100)])
        await server.host.stop()
    }

    @Test func `a keep-alive is answered and does not reach the cell`() async throws {
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        let peer = try await RawPeer.connect(port: server.port("main"))
        try await peer.send("\r\n\r\n")
        try await eventually { peer.octets.count >= 2 }
        #expect(peer.octets == [13, 10])
        #expect(server.messages.isEmpty)
        #expect(server.host.counters.keepAlivesAnswered == 1)
        await server.host.stop()
    }

    @Test func `garbage closes the connection, is counted each time and said once`() async throws {
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        for _ in 0..<5 {
            let peer = try await RawPeer.connect(port: server.port("main"))
            try await peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try await peer.closed()
        }
        #expect(server.host.counters.malformedStreams == 5)
        #expect(server.log.all.count == 1)
        #expect(server.log.all.first?.contains("reason=no SIP") == true)
        #expect(server.messages.isEmpty)
        await server.host.stop()
    }

    @Test func `a header without end is refused at its limit`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        configuration.messageLimits.headerOctets = 4_096
        let server = try await Side.start(configuration)
        let peer = try await RawPeer.connect(port: server.port("main"))
        try await peer.send("MESSAGE sip:b@it.example SIP/2.0\r\nSubject: " + String(repeating: "y", count: 8_000))
        try await peer.closed()
        #expect(server.host.counters.malformedStreams == 1)
        await server.host.stop()
    }

    @Test func `a body above the limit is answered before the connection closes`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        configuration.messageLimits.bodyOctets = 1_000
        let server = try await Side.start(configuration)
        let peer = try await RawPeer.connect(port: server.port("main"))
        let head = request(1, bodyOctets: 2_000).dropLast(2_000)
        try await peer.send(Array(head))
        try await peer.closed()
        let answer = String(decoding: peer.octets, as: UTF8.self)
        #expect(answer.hasPrefix("SIP/2.0 413 "))
        #expect(answer.contains("branch=z9hG4bK1"))
        #expect(server.messages.isEmpty)
        await server.host.stop()
    }

    @Test func `a message that never ends loses its connection`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        configuration.timeouts.message = .milliseconds(100)
        let server = try await Side.start(configuration)
        let peer = try await RawPeer.connect(port: server.port("main"))
        try await peer.send(request(1))
        try await peer.send("MESSAGE sip:b@it.example SIP/2.0\r\nSubject: slow")
        try await peer.closed()
        #expect(server.host.counters.messageTimeouts == 1)
        #expect(server.messages == [request(1)])
        await server.host.stop()
    }

    @Test func `a connection that says nothing at all is closed`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        configuration.timeouts.firstMessage = .milliseconds(100)
        let server = try await Side.start(configuration)
        let peer = try await RawPeer.connect(port: server.port("main"))
        try await peer.closed()
        #expect(server.host.counters.messageTimeouts == 1)
        await server.host.stop()
    }

    @Test func `a connection that falls silent is closed after the idle time`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        // Long enough that even a busy machine speaks in time.
        configuration.timeouts.idle = .seconds(1)
        let server = try await Side.start(configuration)
        let peer = try await RawPeer.connect(port: server.port("main"))
        try await peer.send(request(1))
        try await peer.closed()
        #expect(server.host.counters.idleTimeouts == 1)
        try await eventually { server.closed == server.flows }
        await server.host.stop()
    }

    @Test func `one source gets no more connections than its share`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        configuration.limits.connectionsPerSource = 2
        let server = try await Side.echo(configuration)
        let first = try await RawPeer.connect(port: server.port("main"))
        let second = try await RawPeer.connect(port: server.port("main"))
        try await eventually { server.opened.count == 2 }
        let third = try await RawPeer.connect(port: server.port("main"))
        try await third.closed()
        #expect(server.host.counters.refusedConnections == 1)
        try await first.close()
        try await eventually { server.closed.count == 1 }
        let fourth = try await RawPeer.connect(port: server.port("main"))
        try await fourth.send(request(4))
        try await eventually { fourth.octets == request(4) }
        try await second.send(request(2))
        try await eventually { second.octets == request(2) }
        await server.host.stop()
    }

    @Test func `a peer that does not read is cut off when too much waits for it`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        configuration.limits.queuedOctetsPerFlow = 1 << 20
        let server = try await Side.start(configuration) { event in
            guard case .opened(let flow, _) = event else { return [] }
            return (0..<2_000).map { .transmit(request($0, bodyOctets: 32_768), .flow(flow)) }
        }
        let peer = try await RawPeer.connect(port: server.port("main"), reads: false)
        try await eventually { server.host.counters.slowPeers == 1 }
        try await eventually { server.closed.count == 1 }
        #expect(server.log.all.count == 1)
        try await peer.close()
        await server.host.stop()
    }

    @Test func `a peer that stops reading is cut off after a while even if little waits`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        configuration.limits.queuedOctetsPerFlow = 1 << 28
        configuration.timeouts.writeStall = .milliseconds(200)
        let server = try await Side.start(configuration) { event in
            guard case .opened(let flow, _) = event else { return [] }
            return (0..<2_000).map { .transmit(request($0, bodyOctets: 32_768), .flow(flow)) }
        }
        let peer = try await RawPeer.connect(port: server.port("main"), reads: false)
        try await eventually { server.closed.count == 1 }
        #expect(server.host.counters.slowPeers == 1)
        try await peer.close()
        await server.host.stop()
    }

    @Test func `a cell that is behind makes sockets wait and loses nothing`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.tcp)])
        configuration.limits.mailbox = 16
        let gate = DispatchSemaphore(value: 0)
        let server = try await Side.start(configuration) { event in
            if case .opened = event { gate.wait() }
            return []
        }
        let peer = try await RawPeer.connect(port: server.port("main"))
        let messages = (0..<5_000).map { request($0, bodyOctets: 200) }
        async let sent: Void = peer.send(messages.flatMap { $0 })
        try await eventually { server.host.counters.pausedReads >= 1 }
        #expect(server.host.counters.messagesReceived < 5_000)
        gate.signal()
        try await sent
        try await eventually { server.messages.count == 5_000 }
        #expect(server.messages == messages)
        await server.host.stop()
    }

    @Test func `what was sent before the connection closed still reaches the cell`() async throws {
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        let peer = try await RawPeer.connect(port: server.port("main"))
        try await peer.send((0..<500).flatMap { request($0) })
        try await peer.close()
        try await eventually { server.closed.count == 1 }
        #expect(server.messages.count == 500)
        guard case .closed = server.told.last else {
            Issue.record("something came after the close")
            return
        }
        await server.host.stop()
    }

    @Test func `the machine is woken at its deadline and not before`() async throws {
        let deadline = SystemClock.now().instant + .milliseconds(50)
        let side = try await Side.start(TransportConfiguration(), deadline: deadline)
        // A timer stands only after the machine was told something.
        side.host.deliver(.close(FlowID(1)))
        try await eventually { await side.host.inspect { $0.deadline } == nil }
        #expect(SystemClock.now().instant >= deadline)
        await side.host.stop()
    }
}

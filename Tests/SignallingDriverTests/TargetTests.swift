import MCFoundation
import SIPUserAgent
import SignallingDriver
import Testing

@Suite(.timeLimit(.minutes(1))) struct TargetTests {
    @Test func `all messages to a target share one connection`() async throws {
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        let client = try await Side.start(TransportConfiguration())
        let target = Target(host: "127.0.0.1", port: try server.port("main"), transport: .tcp)
        for mark in 0..<20 { client.send(request(mark), to: target) }
        try await eventually { server.messages.count == 20 }
        client.send(request(20), to: target)
        try await eventually { server.messages.count == 21 }
        #expect(server.messages == (0...20).map { request($0) })
        #expect(server.opened.count == 1)
        #expect(client.opened.count == 1)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `a closed connection is opened again on demand`() async throws {
        var configuration = TransportConfiguration()
        configuration.timeouts.firstBackOff = .zero
        configuration.timeouts.longestBackOff = .zero
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        let client = try await Side.start(configuration)
        let target = Target(host: "127.0.0.1", port: try server.port("main"), transport: .tcp)
        client.send(request(1), to: target)
        try await eventually { server.messages.count == 1 }
        server.host.deliver(.close(server.flows[0]))
        try await eventually { client.closed.count == 1 }
        client.send(request(2), to: target)
        try await eventually { server.messages.count == 2 }
        #expect(client.flows.count == 2)
        #expect(Set(client.flows).count == 2)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `a target that nobody serves fails, and is left alone for a while`() async throws {
        // A port that was free a moment ago.
        let gone = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        let target = Target(host: "127.0.0.1", port: try gone.port("main"), transport: .tcp)
        await gone.host.stop()
        var configuration = TransportConfiguration()
        configuration.timeouts.firstBackOff = .seconds(600)
        configuration.timeouts.longestBackOff = .seconds(600)
        let client = try await Side.start(configuration)
        client.send(request(1), to: target)
        try await eventually { client.failedTargets.count == 1 }
        client.send(request(2), to: target)
        try await eventually { client.failedTargets.count == 2 }
        #expect(client.failedTargets == [target, target])
        #expect(client.host.counters.failedConnections == 1)
        #expect(client.host.counters.undeliverableMessages == 1)
        await client.host.stop()
    }

    @Test func `a name that does not exist fails its target`() async throws {
        let client = try await Side.start(TransportConfiguration())
        let targets = [TransportKind.tcp, .udp].map { Target(host: "nobody.invalid", port: 5060, transport: $0) }
        for target in targets { client.send(request(1), to: target) }
        try await eventually { client.failedTargets.count == 2 }
        #expect(Set(client.failedTargets) == Set(targets))
        await client.host.stop()
    }

    @Test func `a server that does not answer keep-alives is given up`() async throws {
        var configuration = TransportConfiguration()
        configuration.timeouts.pong = .milliseconds(50)
        let client = try await Side.start(configuration) { event in
            if case .opened(let flow, _) = event { [.keepAlive(flow, .milliseconds(20))] } else { [] }
        }
        // Accepts and reads, but never answers.
        let mute = try await MuteServer.start()
        client.send(request(1), to: Target(host: "127.0.0.1", port: mute.port, transport: .tcp))
        try await eventually { client.closed.count == 1 }
        #expect(client.host.counters.deadPeers == 1)
        await client.host.stop()
        try await mute.stop()
    }

    @Test func `a server that answers keep-alives is kept`() async throws {
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        let client = try await Side.start(TransportConfiguration()) { event in
            if case .opened(let flow, _) = event { [.keepAlive(flow, .milliseconds(5))] } else { [] }
        }
        client.send(request(1), to: Target(host: "127.0.0.1", port: try server.port("main"), transport: .tcp))
        try await eventually { server.host.counters.keepAlivesAnswered >= 10 }
        #expect(client.closed.isEmpty)
        #expect(client.host.counters.deadPeers == 0)
        await client.host.stop()
        await server.host.stop()
    }

    @Test(arguments: [false, true]) func `datagrams of one peer are one flow and answers come from the known port`(
        v6: Bool
    ) async throws {
        let server = try await Side.echo(TransportConfiguration(listeners: [listener(.udp, v6: v6)]))
        let client = try await Side.start(TransportConfiguration(listeners: [listener(.udp, v6: v6)]))
        let target = Target(host: v6 ? "::1" : "127.0.0.1", port: try server.port("main"), transport: .udp)
        client.send(request(1), to: target)
        try await eventually { client.messages.count == 1 }
        client.send(request(2, bodyOctets: 900), to: target)
        try await eventually { client.messages.count == 2 }
        #expect(client.messages == [request(1), request(2, bodyOctets: 900)])
        #expect(server.opened.count == 1)
        #expect(server.opened.first?.remote.port == (try client.port("main")))
        #expect(client.opened.first?.target == target)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `datagrams that are no SIP open nothing and are counted`() async throws {
        let server = try await Side.echo(TransportConfiguration(listeners: [listener(.udp)]))
        let client = try await Side.start(TransportConfiguration())
        let target = Target(host: "127.0.0.1", port: try server.port("main"), transport: .udp)
        for text in ["garbage", "\u{0}\u{1}\u{2}", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
            client.send(Array(text.utf8), to: target)
        }
        client.send(request(1), to: target)
        try await eventually { client.messages.count == 1 }
        #expect(server.host.counters.malformedDatagrams == 3)
        #expect(server.messages == [request(1)])
        #expect(server.log.all.count == 1)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `what is too large for a datagram is counted and not sent`() async throws {
        let server = try await Side.echo(TransportConfiguration(listeners: [listener(.udp)]))
        let client = try await Side.start(TransportConfiguration())
        let target = Target(host: "127.0.0.1", port: try server.port("main"), transport: .udp)
        client.send(request(1, bodyOctets: 70_000), to: target)
        client.send(request(2), to: target)
        try await eventually { client.messages.count == 1 }
        #expect(client.messages == [request(2)])
        #expect(client.host.counters.undeliverableMessages == 1)
        await client.host.stop()
        await server.host.stop()
    }
}

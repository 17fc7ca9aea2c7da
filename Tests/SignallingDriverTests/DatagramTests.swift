import MCFoundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import SIPUserAgent
import SignallingDriver
import Testing

@Suite(.timeLimit(.minutes(1))) struct DatagramTests {
    @Test func `an answer to another port leaves from the same socket and takes no place among targets`() async throws {
        let other = try await DatagramPeer.bind()
        var configuration = TransportConfiguration(listeners: [listener(.udp)])
        configuration.limits.targets = 0
        let port = other.port
        let server = try await Side.start(configuration) { event in
            guard case .received(let flow, let message) = event else { return [] }
            return [.transmit(message, .beside(flow, port: port)), .transmit(message, .flow(flow))]
        }
        let peer = try await DatagramPeer.bind()
        try await peer.send(request(1), to: server.port("main"))
        try await eventually { other.received.count == 1 && peer.received.count == 1 }
        #expect(other.received.first?.octets == request(1))
        #expect(other.received.first?.port == (try server.port("main")))
        #expect(server.host.counters.openFlows == 1)
        #expect(server.failedTargets.isEmpty)
        await server.host.stop()
    }

    @Test func `a start line with blanks behind it reaches the cell, which judges it`() async throws {
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.udp)]))
        let peer = try await DatagramPeer.bind()
        let lines = ["OPTIONS sip:a@b SIP/2.0  ", "SIP/2.0 200 OK", "OPTIONS sip:a@b SIP/2.0\t"]
        for line in lines { try await peer.send(Array((line + "\r\n\r\n").utf8), to: server.port("main")) }
        try await eventually { server.messages.count == 3 }
        for line in ["   ", "\t", "SIP", " SIP/2.0"] {
            try await peer.send(Array((line + "\r\n\r\nx").utf8), to: server.port("main"))
        }
        try await eventually { server.host.counters.malformedDatagrams + server.messages.count == 7 }
        await server.host.stop()
    }

    @Test func `one source gets no more associations than its share`() async throws {
        var configuration = TransportConfiguration(listeners: [listener(.udp)])
        configuration.limits.datagramAssociationsPerSource = 2
        let server = try await Side.start(configuration)
        var peers: [DatagramPeer] = []
        for number in 0..<4 {
            let peer = try await DatagramPeer.bind()
            try await peer.send(request(number), to: server.port("main"))
            peers.append(peer)
        }
        try await eventually { server.host.counters.refusedDatagrams == 2 && server.opened.count >= 2 }
        #expect(server.opened.count == 2)
        #expect(server.log.all.count == 1)
        // A place that is given back is free again.
        server.host.deliver(.close(server.flows[0]))
        try await eventually { server.closed.count == 1 }
        try await peers[3].send(request(9), to: server.port("main"))
        try await eventually { server.opened.count == 3 }
        await server.host.stop()
    }

    @Test func `each of two listeners is heard`() async throws {
        let names = ["one", "two"]
        let server = try await Side.echo(
            TransportConfiguration(
                listeners: names.map {
                    Listener(name: $0, transport: .udp, address: SocketAddress(.loopback, port: 0), tls: nil)
                }))
        let peer = try await DatagramPeer.bind()
        for (mark, name) in names.enumerated() { try await peer.send(request(mark), to: server.port(name)) }
        try await eventually { peer.received.count == 2 }
        #expect(Set(server.opened.map(\.listener)) == ["one", "two"])
        await server.host.stop()
    }

    @Test func `what comes as soon as the socket is there is heard`() async throws {
        // An address that no other test has.
        let place = IPAddress(v4: 0x7f00_004e)
        let peer = try await DatagramPeer.bind()
        let flood = Task {
            var mark = 0
            while !Task.isCancelled {
                try await peer.send(request(mark), at: "\(place)", to: 5_060)
                mark += 1
            }
        }
        for _ in 0..<20 {
            let server = try await Side.start(
                TransportConfiguration(listeners: [
                    Listener(name: "main", transport: .udp, address: SocketAddress(place, port: 5_060), tls: nil)
                ]))
            try await eventually { !server.messages.isEmpty }
            #expect(server.host.counters.refusedDatagrams == 0)
            await server.host.stop()
        }
        flood.cancel()
    }

    // MARK: Keep-alives (RFC 5626)

    @Test func `a STUN Binding request is answered and opens nothing`() async throws {
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.udp)]))
        let peer = try await DatagramPeer.bind()
        let transaction = Array(UInt8(1)...12)
        try await peer.send(STUNMessage.request(transaction: transaction), to: server.port("main"))
        try await eventually { peer.received.count == 1 }
        let answer = try #require(peer.received.first.flatMap { STUNMessage($0.octets) })
        #expect(answer.kind == .success(SocketAddress(.loopback, port: peer.port)))
        #expect(answer.transaction == transaction)
        #expect(server.host.counters.keepAlivesAnswered == 1)
        #expect(server.opened.isEmpty)
        // The cookie and nothing behind it is no STUN.
        try await peer.send([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42], to: server.port("main"))
        try await eventually { server.host.counters.malformedDatagrams == 1 }
        await server.host.stop()
    }

    @Test(arguments: [Array("\r\n\r\n".utf8), STUNMessage.request(transaction: [])])
    func `who sends keep-alives is not idle`(keepAlive: [UInt8]) async throws {
        var configuration = TransportConfiguration(listeners: [listener(.udp)])
        // Long enough that a busy machine's pause between two keep-alives is not taken for their end.
        configuration.timeouts.idle = .seconds(4)
        configuration.timeouts.datagramSweep = .milliseconds(50)
        let server = try await Side.start(configuration)
        let peer = try await DatagramPeer.bind()
        try await peer.send(request(1), to: server.port("main"))
        let end = ContinuousClock.now + .seconds(6)
        while ContinuousClock.now < end {
            try await peer.send(keepAlive, to: server.port("main"))
            // The pace of a keep-alive, not a wait for an outcome: a flood would still be read long after its end.
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(server.closed.isEmpty)
        try await eventually { server.closed.count == 1 }
        #expect(server.host.counters.idleTimeouts == 1)
        await server.host.stop()
    }

    @Test(arguments: [TransportKind.udp, .tcp])
    func `a flow whose keep-alives stay out is closed long before it is idle`(transport: TransportKind) async throws {
        var configuration = TransportConfiguration(listeners: [listener(transport)])
        configuration.timeouts.datagramSweep = .milliseconds(20)
        let server = try await Side.start(configuration) { event in
            guard case .received(let flow, _) = event else { return [] }
            return [.expectKeepAlive(flow, .milliseconds(100))]
        }
        let client = try await Side.start(TransportConfiguration())
        client.send(request(1), to: Target(host: "127.0.0.1", port: try server.port("main"), transport: transport))
        try await eventually { server.closed.count == 1 }
        #expect(server.host.counters.idleTimeouts == 1)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `a client over UDP pings by STUN, keeps who answers and gives up who does not`() async throws {
        var configuration = TransportConfiguration()
        configuration.timeouts.datagramSweep = .milliseconds(10)
        configuration.timeouts.pong = .milliseconds(200)
        let server = try await Side.start(TransportConfiguration(listeners: [listener(.udp)]))
        let client = try await Side.start(configuration) { event in
            if case .opened(let flow, _) = event { [.keepAlive(flow, .milliseconds(10))] } else { [] }
        }
        client.send(request(1), to: Target(host: "127.0.0.1", port: try server.port("main"), transport: .udp))
        try await eventually { server.host.counters.keepAlivesAnswered >= 10 }
        #expect(client.closed.isEmpty)
        let mute = try await DatagramPeer.bind()
        client.send(request(2), to: Target(host: "127.0.0.1", port: mute.port, transport: .udp))
        try await eventually { client.closed.count == 1 }
        #expect(client.host.counters.deadPeers == 1)
        #expect(client.closed == [client.flows[1]])
        await client.host.stop()
        await server.host.stop()
    }
}

/// A UDP socket that obeys no rule but what the test says.
final class DatagramPeer: Sendable {
    private let channel: any Channel
    private let box: NIOLockedValueBox<[(octets: [UInt8], port: UInt16)]>

    static func bind() async throws -> DatagramPeer {
        let box = NIOLockedValueBox<[(octets: [UInt8], port: UInt16)]>([])
        let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return DatagramPeer(channel, box)
    }

    private init(_ channel: any Channel, _ box: NIOLockedValueBox<[(octets: [UInt8], port: UInt16)]>) {
        self.channel = channel
        self.box = box
    }

    var port: UInt16 { UInt16(channel.localAddress?.port ?? 0) }
    var received: [(octets: [UInt8], port: UInt16)] { box.withLockedValue { $0 } }

    func send(_ octets: [UInt8], at address: String = "127.0.0.1", to port: UInt16) async throws {
        let remote = try NIOCore.SocketAddress(ipAddress: address, port: Int(port))
        try await channel.writeAndFlush(
            AddressedEnvelope(remoteAddress: remote, data: channel.allocator.buffer(bytes: octets)))
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        private let box: NIOLockedValueBox<[(octets: [UInt8], port: UInt16)]>

        init(_ box: NIOLockedValueBox<[(octets: [UInt8], port: UInt16)]>) { self.box = box }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            let port = UInt16(envelope.remoteAddress.port ?? 0)
            box.withLockedValue { $0.append((Array(envelope.data.readableBytesView), port)) }
        }
    }
}

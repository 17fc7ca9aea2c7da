import MCFoundation
import SIPUserAgent
import SignallingDriver
import Testing

/// One process gives its addresses up, another one takes them.
@Suite(.timeLimit(.minutes(1))) struct ListenersTests {
    @Test func `an address changes hands, and connections that stand do not`() async throws {
        let old = try await Side.echo(TransportConfiguration(listeners: [listener(.tcp), datagrams]))
        let port = try old.port("main")
        let standing = try await Side.start(TransportConfiguration())
        let target = Target(host: "127.0.0.1", port: port, transport: .tcp)
        standing.send(request(1), to: target)
        try await eventually { standing.messages.count == 1 }
        var configuration = TransportConfiguration(listeners: [
            Listener(name: "main", transport: .tcp, address: SocketAddress(.loopback, port: port))
        ])
        configuration.listensFromTheStart = false
        let new = try await Side.echo(configuration)
        #expect(new.host.addresses.isEmpty)
        // It waits for as long as somebody else has the address.
        new.host.deliver(.startListening)
        try await Task.sleep(for: .milliseconds(50))
        #expect(new.host.addresses.isEmpty)
        old.host.deliver(.stopListening)
        try await eventually { old.told.contains(.listenersClosed) }
        #expect(old.host.addresses.keys.sorted() == ["datagrams"])
        try await eventually { !new.host.addresses.isEmpty }
        let late = try await Side.start(TransportConfiguration())
        late.send(request(2), to: target)
        try await eventually { late.messages.count == 1 }
        standing.send(request(3), to: target)
        try await eventually { standing.messages.count == 2 }
        #expect(old.messages == [request(1), request(3)] && new.messages == [request(2)])
        // And back, when the other one is gone.
        await new.host.stop()
        old.host.deliver(.startListening)
        try await eventually { old.host.addresses.count == 2 }
        for side in [old, standing, late] { await side.host.stop() }
    }

    @Test func `what is ordered last counts`() async throws {
        let side = try await Side.start(TransportConfiguration(listeners: [listener(.tcp)]))
        for _ in 0..<20 {
            side.host.deliver(.stopListening)
            side.host.deliver(.startListening)
        }
        side.host.deliver(.stopListening)
        try await eventually { side.told.filter { $0 == .listenersClosed }.count == 21 }
        #expect(side.host.addresses.isEmpty)
        side.host.deliver(.startListening)
        try await eventually { side.host.addresses.count == 1 }
        await side.host.stop()
        #expect(side.host.addresses.isEmpty)
    }

    private var datagrams: Listener {
        Listener(name: "datagrams", transport: .udp, address: SocketAddress(.loopback, port: 0))
    }
}

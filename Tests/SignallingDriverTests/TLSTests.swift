import CertificateAuthority
import Foundation
import MCFoundation
import SIPUserAgent
import SignallingDriver
import Testing

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    let countries: Countries

    init() throws { countries = try Countries() }

    /// Italy's interconnection listener: only France's authority is pinned, for France's domain only.
    func interconnection(_ change: (inout TransportConfiguration) -> Void = { _ in }) async throws -> Side {
        let tls = ServerTLS(
            identity: try countries.identity(countries.italy, "mc.it.example"), clientCertificate: .required,
            authorities: [try countries.pinned(countries.france, for: ["mc.fr.example"])])
        var configuration = TransportConfiguration(listeners: [listener(.tls, tls: tls)])
        change(&configuration)
        return try await Side.echo(configuration)
    }

    func gateway(_ identity: TLSIdentity?, pinned: [PinnedAuthority]? = nil) async throws -> Side {
        try await Side.start(
            TransportConfiguration(
                outbound: OutboundTrust(
                    identity: identity,
                    authoritiesByName: ["mc.it.example": try pinned ?? [countries.pinned(countries.italy)]])))
    }

    func target(_ server: Side, name: String? = "mc.it.example") throws -> Target {
        Target(host: "127.0.0.1", port: try server.port("main"), transport: .tls, serverName: name)
    }

    func refused(_ client: Side) async throws {
        try await eventually { !client.closed.isEmpty || !client.failedTargets.isEmpty }
    }

    @Test func `two gateways prove their domains to each other and exchange messages`() async throws {
        let server = try await interconnection()
        let client = try await gateway(countries.identity(countries.france, "mc.fr.example"))
        client.send(request(1, bodyOctets: 5_000), to: try target(server))
        try await eventually { client.messages.count == 1 }
        #expect(client.messages == [request(1, bodyOctets: 5_000)])
        #expect(server.opened.first?.certificateNames == ["mc.fr.example"])
        #expect(client.opened.first?.certificateNames == ["mc.it.example"])
        #expect(server.opened.first?.transport == .tls)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `a client needs no certificate where none is asked for`() async throws {
        let tls = ServerTLS(identity: try countries.identity(countries.italy, "mc.it.example", .server))
        let server = try await Side.echo(TransportConfiguration(listeners: [listener(.tls, v6: true, tls: tls)]))
        let client = try await gateway(nil)
        client.send(
            request(1),
            to: Target(host: "::1", port: try server.port("main"), transport: .tls, serverName: "mc.it.example"))
        try await eventually { client.messages.count == 1 }
        #expect(server.opened.first?.certificateNames == [])
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `an optional certificate is verified where it is shown`() async throws {
        let tls = ServerTLS(
            identity: try countries.identity(countries.italy, "mc.it.example", .server), clientCertificate: .optional,
            authorities: [try countries.pinned(countries.italy)])
        let server = try await Side.echo(TransportConfiguration(listeners: [listener(.tls, tls: tls)]))
        let without = try await gateway(nil)
        without.send(request(1), to: try target(server))
        try await eventually { without.messages.count == 1 }
        let with = try await gateway(countries.identity(countries.italy, "device7.it.example", .client))
        with.send(request(2), to: try target(server))
        try await eventually { with.messages.count == 1 }
        #expect(server.opened.map(\.certificateNames) == [[], ["device7.it.example"]])
        let wrong = try await gateway(countries.identity(countries.france, "device7.it.example", .client))
        wrong.send(request(3), to: try target(server))
        try await refused(wrong)
        try await eventually { server.host.counters.refusedCertificates == 1 }
        for side in [without, with, wrong, server] { await side.host.stop() }
    }

    @Test func `a certificate of an authority that is not pinned is refused, and said once`() async throws {
        let server = try await interconnection()
        for count in 1...3 {
            let client = try await gateway(countries.identity(countries.italy, "mc.fr.example"))
            client.send(request(1), to: try target(server))
            try await refused(client)
            try await eventually { server.host.counters.refusedCertificates == count }
            await client.host.stop()
        }
        #expect(server.opened.isEmpty)
        #expect(server.messages.isEmpty)
        #expect(server.log.all.count == 1)
        #expect(server.log.all.first?.contains("authority not pinned") == true)
        // The machine hears of each.
        try await eventually { server.refusals.count == 3 }
        #expect(server.refusals.allSatisfy { $0.reason == "authority not pinned" && $0.listener != nil })
        await server.host.stop()
    }

    @Test func `an authority proves only the domains it may assert`() async throws {
        let server = try await interconnection()
        let client = try await gateway(countries.identity(countries.france, "mc.es.example"))
        client.send(request(1), to: try target(server))
        try await refused(client)
        try await eventually { server.host.counters.refusedCertificates == 1 }
        #expect(server.opened.isEmpty)
        try await eventually { server.log.all.first?.contains("may not assert") == true }
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `a gateway without certificate is refused`() async throws {
        let server = try await interconnection()
        let client = try await gateway(nil)
        client.send(request(1), to: try target(server))
        try await refused(client)
        try await eventually { server.host.counters.refusedCertificates == 1 }
        #expect(server.opened.isEmpty)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `an expired certificate and one for another use are refused`() async throws {
        let server = try await interconnection()
        let past = countries.year.lowerBound..<countries.year.lowerBound.addingTimeInterval(60)
        let identities = [
            try countries.identity(countries.france, "mc.fr.example", .gateway, validity: past),
            try countries.identity(countries.france, "mc.fr.example", .server),
        ]
        for (count, identity) in identities.enumerated() {
            let client = try await gateway(identity)
            client.send(request(1), to: try target(server))
            try await refused(client)
            try await eventually { server.host.counters.refusedCertificates == count + 1 }
            await client.host.stop()
        }
        #expect(server.opened.isEmpty)
        await server.host.stop()
    }

    @Test func `a server that proves another name is refused and its target fails`() async throws {
        let server = try await interconnection()
        let client = try await Side.start(
            TransportConfiguration(
                outbound: OutboundTrust(
                    identity: try countries.identity(countries.france, "mc.fr.example"),
                    authorities: [try countries.pinned(countries.italy)])))
        let wrong = try target(server, name: "mc.es.example")
        client.send(request(1), to: wrong)
        try await eventually { client.failedTargets == [wrong] }
        #expect(client.host.counters.refusedCertificates == 1)
        #expect(client.opened.isEmpty)
        #expect(client.log.all.first?.contains("another name") == true)
        // The address stands in the certificate: a target without name is proven by it.
        client.send(request(2), to: try target(server, name: nil))
        try await eventually { client.messages.count == 1 }
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `a target for which nothing is pinned fails without a handshake`() async throws {
        let server = try await interconnection()
        let client = try await gateway(countries.identity(countries.france, "mc.fr.example"), pinned: [])
        client.send(request(1), to: try target(server))
        try await eventually { client.failedTargets.count == 1 }
        #expect(client.opened.isEmpty)
        await client.host.stop()
        await server.host.stop()
    }

    @Test func `a half-open handshake is closed in time`() async throws {
        let server = try await interconnection { $0.timeouts.handshake = .milliseconds(100) }
        let silent = try await RawPeer.connect(port: server.port("main"))
        try await silent.closed()
        // The head of a ClientHello, and no more.
        let halting = try await RawPeer.connect(port: server.port("main"))
        // On a slow machine its time may be over before it says even that.
        try? await halting.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        try await halting.closed()
        #expect(server.host.counters.handshakeTimeouts == 2)
        #expect(server.opened.isEmpty)
        await server.host.stop()
    }

    @Test func `garbage on the TLS port is a failed handshake`() async throws {
        let server = try await interconnection()
        let peer = try await RawPeer.connect(port: server.port("main"))
        try await peer.send(request(1))
        try await peer.closed()
        try await eventually { server.host.counters.failedHandshakes == 1 }
        #expect(server.messages.isEmpty)
        await server.host.stop()
    }

    @Test func `a TLS listener without certificate does not start`() async throws {
        await #expect(throws: SignallingError.noIdentity(listener: "main")) {
            try await Side.start(TransportConfiguration(listeners: [listener(.tls)]))
        }
    }

    @Test func `an identity prints no key`() throws {
        let identity = try countries.identity(countries.italy, "mc.it.example")
        var dumped = ""
        dump(identity, to: &dumped)
        #expect("\(identity)" == "TLSIdentity")
        #expect(!dumped.contains("NIOSSLPrivateKey"))
    }
}

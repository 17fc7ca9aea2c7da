import CertificateAuthority
import Foundation
import MCFoundation
import SIPUserAgent
import SignallingDriver
import Testing

/// Certificates and authorities are replaced while connections stand.
@Suite(.timeLimit(.minutes(1))) struct RenewalTests {
    let countries: Countries

    init() throws { countries = try Countries() }

    private func listening(_ authority: CertificateAuthority, by pinned: CertificateAuthority? = nil) throws
        -> TransportConfiguration
    {
        let identity = try countries.identity(authority, "mc.it.example")
        let tls = try ServerTLS(
            identity: identity, clientCertificate: pinned == nil ? .none : .required,
            authorities: pinned.map { [try countries.pinned($0)] } ?? [])
        return TransportConfiguration(listeners: [listener(.tls, tls: tls)])
    }

    private func client(believing authority: CertificateAuthority, identity: TLSIdentity? = nil) async throws -> Side {
        try await Side.start(
            TransportConfiguration(
                outbound: OutboundTrust(identity: identity, authorities: [try countries.pinned(authority)])))
    }

    private func target(_ server: Side) throws -> Target {
        Target(host: "127.0.0.1", port: try server.port("main"), transport: .tls, serverName: "mc.it.example")
    }

    @Test func `a new connection sees the new certificate, one that stands goes on`() async throws {
        let server = try await Side.echo(try listening(countries.italy))
        let early = try await client(believing: countries.italy)
        early.send(request(1), to: try target(server))
        try await eventually { early.messages.count == 1 }
        // Another authority stands for another certificate: who believes only it gets in from now on, and only then.
        try server.host.reconfigure(try listening(countries.france))
        let late = try await client(believing: countries.france)
        late.send(request(2), to: try target(server))
        try await eventually { late.messages.count == 1 }
        early.send(request(3), to: try target(server))
        try await eventually { early.messages.count == 2 }
        #expect(early.opened.count == 1)
        for side in [early, late, server] { await side.host.stop() }
    }

    @Test func `an authority that is pinned anew lets its partner in, on the listener and as target`() async throws {
        let server = try await Side.echo(try listening(countries.italy, by: countries.italy))
        let partner = try await client(
            believing: countries.france, identity: try countries.identity(countries.france, "mc.fr.example"))
        partner.send(request(1), to: try target(server))
        try await eventually { !partner.failedTargets.isEmpty }
        try partner.host.reconfigure(
            TransportConfiguration(
                outbound: OutboundTrust(
                    identity: try countries.identity(countries.france, "mc.fr.example"),
                    authorities: [try countries.pinned(countries.italy)])))
        try server.host.reconfigure(try listening(countries.italy, by: countries.france))
        // A target that failed is left alone for a moment; it is asked again until it is tried.
        let target = try target(server)
        try await eventually {
            if partner.opened.isEmpty { partner.send(request(2), to: target) }
            return !partner.messages.isEmpty
        }
        #expect(server.opened.last?.certificateNames == ["mc.fr.example"])
        for side in [partner, server] { await side.host.stop() }
    }

    @Test func `what does not fit changes nothing`() async throws {
        let server = try await Side.echo(try listening(countries.italy))
        #expect(throws: (any Error).self) {
            try server.host.reconfigure(TransportConfiguration(listeners: [listener(.tls)]))
        }
        let client = try await client(believing: countries.italy)
        client.send(request(1), to: try target(server))
        try await eventually { client.messages.count == 1 }
        for side in [client, server] { await side.host.stop() }
    }

    @Test func `a lower limit of connections counts from the next one on`() async throws {
        let server = try await Side.echo(try listening(countries.italy))
        var tight = try listening(countries.italy)
        tight.limits.connections = 0
        try server.host.reconfigure(tight)
        let client = try await client(believing: countries.italy)
        client.send(request(1), to: try target(server))
        try await eventually { !client.failedTargets.isEmpty || !client.closed.isEmpty }
        #expect(server.host.counters.refusedConnections >= 1)
        for side in [client, server] { await side.host.stop() }
    }
}

import CertificateAuthority
import Foundation
import Logging
import MCFoundation
import NIOSSL
import Testing
import WebServices

/// The end of a server.
@Suite(.timeLimit(.minutes(1))) struct WebStopTests {
    @Test func `it closes connections that ask nothing, and those that have begun to`() async throws {
        let server = try await serve(limits { $0.stopTime = .seconds(50) })
        let silent = try await RawClient.connect(server)
        let kept = try await RawClient.connect(server)
        kept.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        await kept.until { $0.hasSuffix(">") }
        let began = try await RawClient.connect(server)
        began.send("GET /a HT")
        await server.stop()
        for client in [silent, kept, began] { _ = await client.untilClosed() }
    }

    @Test func `the last answer says that it is the last`() async throws {
        let gate = Gate()
        let server = try await serve(limits { $0.stopTime = .seconds(50) }, gate)
        let client = try await RawClient.connect(server)
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        await gate.untilAsked()
        async let stopped: Void = server.stop()
        async let again: Void = server.stop()
        // A new client finds nobody: the port is closed first.
        while let late = try? await RawClient.connect(server) { late.close() }
        await gate.open()
        let answer = await client.untilClosed()
        #expect(answer.contains("\r\nconnection: close\r\n"))
        #expect(answer.ranges(of: "through").count == 1)
        _ = await (stopped, again)
    }

    @Test func `a handler that never answers does not hold it`() async throws {
        let gate = Gate()
        let server = try await serve(limits { $0.stopTime = .milliseconds(100) }, gate)
        let client = try await RawClient.connect(server)
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        await gate.untilAsked()
        await server.stop()
        #expect(await client.untilClosed().isEmpty)
        await gate.open()
    }
}

/// The same behind TLS.
@Suite(.timeLimit(.minutes(1))) struct WebTLSTests {
    private let tls: NIOSSLContext
    private let listener: WebListener
    private let authority: CertificateAuthority

    init() throws {
        let now = Date()
        let validity = now.addingTimeInterval(-60)..<now.addingTimeInterval(3_600)
        authority = try CertificateAuthority(name: "Trial", country: "IT", validity: validity)
        let issued = try Self.issue(by: authority)
        listener = try WebListener(
            address: MCFoundation.SocketAddress(.loopback, port: 0), certificatePEM: issued.certificatePEM,
            keyPEM: issued.keyPEM.text)
        var client = TLSConfiguration.makeClientConfiguration()
        client.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(try authority.certificatePEM.utf8)))
        tls = try NIOSSLContext(configuration: client)
    }

    private static func issue(by authority: CertificateAuthority) throws -> IssuedCertificate {
        let now = Date()
        return try authority.issue(
            CertificateRequest(
                purpose: .server, commonName: "mc.it.example",
                names: CertificateRequest.names(ofDomain: "mc.it.example", addresses: ["127.0.0.1"]),
                validity: now.addingTimeInterval(-60)..<now.addingTimeInterval(3_000)))
    }

    private func serve(_ limits: WebLimits, _ handler: any WebHandler = Parrot()) async throws -> WebServer {
        try await WebServer.start(
            listener, limits: limits, logger: Logger(label: "web", factory: { _ in SwiftLogNoOpLogHandler() }),
            handler: handler)
    }

    @Test func `requests are answered, and what is too long is refused`() async throws {
        let server = try await serve(limits { $0.bodyBytes = 1_000 })
        let client = try await RawClient.connect(server, tls: tls)
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        await client.until { $0.hasSuffix("<GET /a? 0>") }
        client.send("PUT /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + String(repeating: "x", count: 1_000))
        await client.until { $0.hasSuffix("<PUT /b? 1000>") }
        client.send("PUT /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + String(repeating: "x", count: 1_001))
        #expect(await client.untilClosed().contains("HTTP/1.1 413 "))
        await server.stop()
    }

    @Test func `a renewed certificate is shown to who connects then, and who is connected goes on`() async throws {
        let server = try await serve(WebLimits())
        let before = try await RawClient.connect(server, tls: tls)
        before.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        await before.until { $0.hasSuffix("<GET /a? 0>") }
        let first = try await before.serialShown()
        let renewed = try Self.issue(by: authority)
        let another = try Self.issue(by: authority)
        #expect(throws: WebServerError.self) {
            try server.prepare(certificatePEM: renewed.certificatePEM, keyPEM: another.keyPEM.text)
        }
        #expect(throws: WebServerError.self) { try server.prepare(certificatePEM: "", keyPEM: renewed.keyPEM.text) }
        let prepared = try server.prepare(certificatePEM: renewed.certificatePEM, keyPEM: renewed.keyPEM.text)
        let between = try await RawClient.connect(server, tls: tls)
        between.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        await between.until { $0.hasSuffix("<GET /b? 0>") }
        #expect(try await between.serialShown() == first)
        server.show(prepared)
        let after = try await RawClient.connect(server, tls: tls)
        after.send("GET /c HTTP/1.1\r\nHost: x\r\n\r\n")
        await after.until { $0.hasSuffix("<GET /c? 0>") }
        let own = try NIOSSLCertificate.fromPEMBytes(Array(renewed.certificatePEM.utf8)).first
        #expect(try await after.serialShown() == own?.serialNumber)
        #expect(first != own?.serialNumber)
        before.send("GET /d HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await before.until { $0.hasSuffix("<GET /d? 0>") }.hasSuffix("<GET /d? 0>"))
        await server.stop()
    }

    @Test(arguments: ["", "\u{16}\u{3}\u{1}\u{1}\u{0}"])
    func `a handshake that does not end is cut`(_ beginning: String) async throws {
        let server = try await serve(
            limits {
                $0.handshake = .milliseconds(100)
                $0.linger = .milliseconds(100)
            })
        let client = try await RawClient.connect(server)
        if !beginning.isEmpty { client.send(beginning) }
        _ = await client.untilClosed()
        await server.stop()
    }

    @Test func `it ends in the midst of requests and of handshakes`() async throws {
        let gate = Gate()
        let server = try await serve(limits { $0.stopTime = .seconds(50) }, gate)
        let half = try await RawClient.connect(server)
        let client = try await RawClient.connect(server, tls: tls)
        client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        await gate.untilAsked()
        async let stopped: Void = server.stop()
        _ = await half.untilClosed()
        await gate.open()
        #expect(await client.untilClosed().hasSuffix("through"))
        await stopped
    }
}

import CertificateAuthority
import Foundation
import Logging
import MCFoundation
import Testing
import WebServices

@Suite(.timeLimit(.minutes(1))) struct WebAddressTests {
    private static func start(_ address: IPAddress, port: UInt16) async throws -> WebServer {
        let now = Date()
        let validity = now.addingTimeInterval(-60)..<now.addingTimeInterval(3_600)
        let issued = try CertificateAuthority(name: "Trial", country: "IT", validity: validity).issue(
            CertificateRequest(
                purpose: .server, commonName: "mc.it.example",
                names: CertificateRequest.names(ofDomain: "mc.it.example", addresses: []), validity: validity))
        let listener = try WebListener(
            address: SocketAddress(address, port: port), certificatePEM: issued.certificatePEM,
            keyPEM: issued.keyPEM.text)
        return try await WebServer.start(
            listener, logger: Logger(label: "web", factory: { _ in SwiftLogNoOpLogHandler() }), handler: Parrot())
    }

    @Test func `a listener of IPv6 leaves IPv4 to another one on the same port`() async throws {
        var failures: [any Error] = []
        // Somebody else may have the port in IPv4, but hardly three times.
        for _ in 0..<3 {
            let six = try await Self.start(IPAddress(v6High: 0, low: 0), port: 0)
            do {
                let four = try await Self.start(IPAddress(v4: 0), port: six.address.port)
                #expect(four.address.port == six.address.port)
                await four.stop()
                await six.stop()
                return
            } catch {
                failures.append(error)
                await six.stop()
            }
        }
        Issue.record("\(failures)")
    }
}

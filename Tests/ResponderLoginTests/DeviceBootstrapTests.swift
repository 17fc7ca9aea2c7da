import CertificateAuthority
import ConfigurationDocuments
import Foundation
import Logging
import MCDocuments
import MCFoundation
import Responder
import ResponderLogin
import Synchronization
import Testing
import WebServices

/// How a device asks for documents, against a server that answers as the test wants.
@Suite struct DeviceBootstrapTests {
    private final class Scripted: WebHandler {
        let answer: @Sendable (WebRequest) -> WebResponse
        let requests = Mutex<[WebRequest]>([])

        init(_ answer: @escaping @Sendable (WebRequest) -> WebResponse) { self.answer = answer }

        func respond(to request: WebRequest) async -> WebResponse {
            requests.withLock { $0.append(request) }
            return answer(request)
        }
    }

    /// How the bootstrap ended against a server with this answer.
    private func failure(
        limits: BootstrapLimits = .init(), _ answer: @escaping @Sendable (WebRequest) -> WebResponse
    ) async throws -> (error: BootstrapError?, url: String, requests: [WebRequest]) {
        let validity = Date().addingTimeInterval(-60)..<Date().addingTimeInterval(3_600)
        let authority = try CertificateAuthority(name: "Trial", country: "IT", validity: validity)
        let issued = try authority.issue(
            CertificateRequest(
                purpose: .server, commonName: "mc.it.example",
                names: CertificateRequest.names(ofDomain: "mc.it.example", addresses: ["127.0.0.1"]),
                validity: validity))
        let scripted = Scripted(answer)
        let listener = try WebListener(
            address: SocketAddress(IPAddress(v4: 0x7f00_0001), port: 0), certificatePEM: issued.certificatePEM,
            keyPEM: issued.keyPEM.text)
        let server = try await WebServer.start(listener, logger: Logger(label: "web"), handler: scripted)
        let url = "https://127.0.0.1:\(server.address.port)/xcap/a/users/sip:r@mc.it.example/7"
        let bootstrap = try DeviceBootstrap(
            BootstrapProfile(
                initialConfiguration: url, userName: "anna", password: Secret("rain"),
                authorityPEM: try authority.certificatePEM), limits: limits, news: { _ in })
        var error: BootstrapError?
        do throws(BootstrapError) { _ = try await bootstrap.come() } catch let caught { error = caught }
        await server.stop()
        return (error, url, scripted.requests.withLock { $0 })
    }

    @Test func `the first request shows no token and says which document it wants`() async throws {
        let (error, url, requests) = try await failure { _ in WebResponse(status: 404) }
        #expect(error == BootstrapError(.ueInitialConfiguration, url: url, .refused(status: 404)))
        let request = try #require(requests.first)
        #expect(requests.count == 1)
        #expect(request.method == "GET")
        #expect(request.path == "/xcap/a/users/sip:r@mc.it.example/7")
        #expect(request.header("authorization") == nil)
        #expect(request.header("accept") == "application/vnd.3gpp.mcptt-ue-init-config+xml")
    }

    @Test func `more octets than the limit are not waited for`() async throws {
        var limits = BootstrapLimits()
        limits.documents.octets = 1_000
        let (error, url, _) = try await failure(limits: limits) { _ in
            WebResponse(status: 200, body: [UInt8](repeating: 32, count: 100_000))
        }
        #expect(error == BootstrapError(.ueInitialConfiguration, url: url, .tooLarge(limit: 1_000)))
    }

    @Test func `nothing is asked of a server that nobody certified, or that is not there`() async throws {
        let validity = Date().addingTimeInterval(-60)..<Date().addingTimeInterval(3_600)
        let stranger = try CertificateAuthority(name: "Stranger", country: "IT", validity: validity)
        let bootstrap = try DeviceBootstrap(
            BootstrapProfile(
                initialConfiguration: "https://127.0.0.1:1/a", userName: "anna", password: Secret("rain"),
                authorityPEM: try stranger.certificatePEM), news: { _ in })
        await #expect { _ = try await bootstrap.come() } throws: { error in
            guard let error = error as? BootstrapError, case .unanswered = error.reason else { return false }
            return error.description.hasPrefix("UE initial configuration https://127.0.0.1:1/a: no answer: ")
        }
    }
}

import Administration
import CallControl
import CertificateAuthority
import Credentials
import Foundation
import IdentityManagement
import IdentityService
import Logging
import MCFoundation
import Responder
import ResponderLogin
import Synchronization
import Testing
import WebServices

/// A device against identity management over HTTPS.
@Suite struct DeviceLoginTests {
    /// Identity management on loopback, with the user Anna.
    private final class Nation: Sendable {
        let authorityPEM: String
        let server: WebServer
        let service: IdentityService
        let issuer: String

        init() async throws {
            let now = Date()
            let validity = now.addingTimeInterval(-60)..<now.addingTimeInterval(3_600)
            let authority = try CertificateAuthority(name: "Trial", country: "IT", validity: validity)
            let issued = try authority.issue(
                CertificateRequest(
                    purpose: .server, commonName: "mc.it.example",
                    names: CertificateRequest.names(ofDomain: "mc.it.example", addresses: ["127.0.0.1"]),
                    validity: validity))
            authorityPEM = try authority.certificatePEM
            let late = LateHandler()
            let listener = try WebListener(
                address: SocketAddress(try #require(IPAddress("127.0.0.1")), port: 0),
                certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM.text)
            server = try await WebServer.start(listener, logger: Logger(label: "web"), handler: late)
            issuer = "https://127.0.0.1:\(server.address.port)/identity"
            let verifier = try Credentials.PasswordVerifier(
                password: "pioggia & sole", cost: .init(logN: 4, blockSize: 8, parallelism: 1))
            let fleet = FleetSnapshot([
                .user(
                    UserRecord(
                        id: "sip:anna@mc.it.example", loginName: "anna",
                        passwordVerifier: Administration.PasswordVerifier(verifier.text), organisation: "vvf"))
            ])
            service = try await IdentityService.start(
                settings: IdentitySettings(
                    issuer: issuer,
                    clients: [
                        try IdentityClient(
                            clientID: "euccs-responder", redirectURIs: ["eu.euccs.responder:/signed-in"])
                    ], audience: ["mc.it.example"]), kept: [],
                surroundings: IdentitySurroundings(
                    now: {
                        let wall = Date().timeIntervalSince1970 * 1e6
                        return Now(
                            instant: Instant(nanoseconds: Int64(DispatchTime.now().uptimeNanoseconds)),
                            utc: UTCTime(microseconds: Int64(wall)))
                    }, fleet: { fleet }, keep: { _ in }, forget: { _ in }, record: { $1(true) }, announce: { _ in },
                    audit: { _ in },
                    complain: { _ in }))
            let pages = await IdentityPages(service, root: "/identity")
            late.handler.withLock { $0 = pages }
        }

        func login(password: String = "pioggia & sole", authorityPEM: String? = nil) throws -> DeviceLogin {
            try DeviceLogin(
                LoginProfile(
                    issuer: try #require(URL(string: issuer)), userName: "anna", password: Secret(password),
                    authorityPEM: authorityPEM ?? self.authorityPEM))
        }

        func end() async {
            await server.stop()
            await service.stop()
        }
    }

    /// The port is known before what answers there.
    private final class LateHandler: WebHandler {
        let handler = Mutex<(any WebHandler)?>(nil)

        func respond(to request: WebRequest) async -> WebResponse {
            let handler = handler.withLock { $0 }
            return await handler?.respond(to: request) ?? WebResponse(status: 503)
        }
    }

    @Test func `a device logs its user in, and its token opens the service`() async throws {
        let nation = try await Nation()
        let tokens = try await nation.login().logIn()
        #expect(tokens.lifetime == .seconds(3_600))
        let decision = await nation.service.verify(tokens.access.text, for: .service, of: .ptt)
        guard case .granted(let token) = decision else { return #expect(Bool(false), "\(decision)") }
        #expect(token.mcpttID == MCPTTID("sip:anna@mc.it.example"))
        #expect(!"\(tokens)".contains(tokens.access.text))
        await nation.end()
    }

    @Test func `endpoints will do, and the ID token says who logged in where`() async throws {
        let nation = try await Nation()
        let endpoints = IdentityEndpoints()
        let login = try DeviceLogin(
            LoginProfile(
                at: .endpoints(
                    LoginEndpoints(
                        authorization: nation.issuer + endpoints.authorization,
                        token: nation.issuer + endpoints.token)), userName: "anna",
                password: Secret("pioggia & sole"), authorityPEM: nation.authorityPEM))
        let tokens = try await login.logIn()
        #expect(tokens.issuer == nation.issuer)
        #expect(tokens.mcpttID == MCPTTID("sip:anna@mc.it.example"))
        let fresh = try await login.refresh(tokens)
        #expect(fresh.access != tokens.access)
        #expect(fresh.mcpttID == tokens.mcpttID)
        await nation.end()
    }

    @Test func `a refresh gives another token, and a lost log-in is made anew`() async throws {
        let nation = try await Nation()
        let login = try nation.login()
        let first = try await login.logIn()
        let second = try await login.refresh(first)
        #expect(second.access != first.access)
        await nation.service.tell(.userLoggedOff(MCPTTID("sip:anna@mc.it.example")))
        let revoked = await nation.service.verify(second.access.text, for: .service, of: .ptt)
        #expect(revoked == .refused(.revoked))
        let third = try await login.refresh(second)
        #expect(third.access != second.access)
        await nation.end()
    }

    @Test func `a wrong password is refused, and is not told to a server that nobody certified`() async throws {
        let nation = try await Nation()
        await #expect { _ = try await nation.login(password: "sole").logIn() } throws: {
            ($0 as? LoginError)?.code == .refused
        }
        let stranger = try CertificateAuthority(
            name: "Stranger", country: "IT", validity: Date().addingTimeInterval(-60)..<Date().addingTimeInterval(600))
        let login = try nation.login(authorityPEM: try stranger.certificatePEM)
        await #expect { _ = try await login.logIn() } throws: {
            ($0 as? LoginError)?.code == .unreachable && !"\($0)".contains("pioggia")
        }
        await nation.end()
    }
}

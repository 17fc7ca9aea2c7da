import Administration
import CallControl
import ConfigurationDocuments
import ConfigurationFiles
import Credentials
import Cryptography
import DocumentNotification
import DocumentService
import Foundation
import HostTime
import IdentityManagement
import IdentityService
import Logging
import MCDocuments
import MCFoundation
import NationalAdministration
import NationalSystem
import Policy
import ResponderDriver
import Storage
import Synchronization
import WebServices

/// A nation with everything that a device learns from: store, log-in and documents over HTTPS, and a system that asks for
/// tokens. Users log in with `rain on NAME`; the card in the device of a user holds `pw-NAME`.
final class LearningGround: Sendable {
    let folder: URL
    let administration: NationalAdministration
    let system: NationalSystem
    private let identity: IdentityService
    private let web: WebServer
    private let edge: SocketAddress
    let settings: DocumentSettings

    static let domain = DeviceGround.domain
    static func id(_ name: String) -> String { "sip:\(name)@\(domain)" }

    /// What the store tells of goes there as soon as the system is up.
    private final class Late: WebHandler {
        private struct State {
            var fleet = FleetSnapshot([])
            var system: NationalSystem?
            var settings: DocumentSettings?
            var routes: WebRoutes?
        }
        private let state = Mutex(State())

        var fleet: FleetSnapshot { state.withLock { $0.fleet } }

        func open(_ fleet: FleetSnapshot, _ settings: DocumentSettings, _ routes: WebRoutes) {
            state.withLock { state in
                state.fleet = fleet
                state.settings = settings
                state.routes = routes
            }
        }

        func isUp(_ system: NationalSystem) { state.withLock { $0.system = system } }

        func deliver(_ found: [FoundDocument], for lookUp: DocumentLookUpID) {
            state.withLock { $0.system?.deliver(found, for: lookUp) }
        }

        func changed(_ change: NationalAdministration.Change, _ identity: SystemIdentity) {
            state.withLock { state in
                state.fleet = change.fleet
                state.system?.replaceDirectory(change.directory)
                if let settings = state.settings {
                    state.system?.documentsChanged(change.documents(of: identity, settings))
                }
            }
        }

        func respond(to request: WebRequest) async -> WebResponse {
            await state.withLock { $0.routes }?.respond(to: request) ?? WebResponse(status: 503)
        }
    }

    init(users: [String]) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("euccs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try DeviceGround.writeCertificates(to: folder)
        let configuration = try Self.configure(folder)
        let national = configuration.system.identity
        let late = Late()
        let administration = try await Self.people(users, national) { late.changed($0, national) }
        func text(_ name: String) throws -> String {
            try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        }
        let web = try await WebServer.start(
            WebListener(
                address: SocketAddress(IPAddress(v4: 0x7f00_0001), port: 0), certificatePEM: text("access.pem"),
                keyPEM: text("access.key")), logger: Self.logger, handler: late)
        let url = "https://127.0.0.1:\(web.address.port)"
        let settings = Self.settings(url, national)
        let identity = try await Self.identify(url) { late.fleet }
        var routes = WebRoutes()
        routes.add("/identity/", await IdentityPages(identity, root: "/identity"))
        routes.add(
            "/xcap/",
            DocumentService(
                administration: administration, settings: settings, root: "/xcap",
                verify: { token, purpose, kind, _ in await identity.verify(token, for: purpose, of: kind) },
                now: { SystemClock.now().utc }))
        late.open(await administration.fleet, settings, routes)
        let system = try await NationalSystem.start(
            configuration.system, directory: await administration.directory, logger: Self.logger,
            verify: { job in await Self.judge(job, identity) }, documentRoot: settings.groupRoot,
            lookUpDocuments: { lookUp in
                Task {
                    await administration.find(lookUp.subscription, for: lookUp.user, settings: settings) { found in
                        late.deliver(found, for: lookUp.id)
                    }
                }
            })
        late.isUp(system)
        self.folder = folder
        self.administration = administration
        self.system = system
        self.identity = identity
        self.web = web
        self.settings = settings
        edge = configuration.edge
    }

    static var logger: Logger {
        var logger = Logger(label: "trial", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        return logger
    }

    private static func configure(_ folder: URL) throws -> (system: SystemConfiguration, edge: SocketAddress) {
        let ports = try DeviceGround.freePorts()
        let file = folder.appendingPathComponent("system.yaml").path
        // The configuration wants one; the directory comes from the store.
        try "users: []\n".write(
            to: folder.appendingPathComponent("directory.yaml"), atomically: true, encoding: .utf8)
        try """
        system: {name: Trial, country: IT, domain: \(domain)}
        listeners:
          access: {tls: ["127.0.0.1:\(ports)"]}
          interconnection: {tls: ["127.0.0.1:\(ports + 1)"]}
        certificates: {access: {certificate: access.pem, key: access.key}}
        media:
          access: {v4: 127.0.0.1, audio_port: \(ports + 2), floor_port: \(ports + 3)}
          interconnection: {v4: 127.0.0.1, audio_port: \(ports + 4), floor_port: \(ports + 5)}
        directory: directory.yaml
        """.write(toFile: file, atomically: true, encoding: .utf8)
        return (try SystemConfiguration.read(path: file), SocketAddress(IPAddress(v4: 0x7f00_0001), port: ports))
    }

    private static func people(
        _ users: [String], _ identity: SystemIdentity,
        observe: @escaping @Sendable (NationalAdministration.Change) -> Void
    ) async throws -> NationalAdministration {
        let now = SystemClock.now().utc
        let store = MemoryStore(disk: MemoryDisk(), limits: StoreLimits())
        try NationalAdministration.found(
            NationRecord(name: "Italia", country: "IT", created: now, identity: identity),
            organisation: OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT"),
            administrator: AdministratorRecord(id: "root", roles: AdministratorRole.allCases),
            profile: ProfileRecord(
                name: "responder",
                rights: [.callPrearrangedGroup]), in: store, at: now)
        let administration = try NationalAdministration(store: store, identity: identity, observe: observe)
        for name in users {
            let verifier = try Credentials.PasswordVerifier(
                password: "rain on \(name)", cost: .init(logN: 4, blockSize: 8, parallelism: 1))
            let secret = try SHA256.digest("\(name)@\(domain):\(identity.realm):pw-\(name)".utf8)
            try await administration.perform(
                .create(
                    UserRecord(
                        id: id(name),
                        credentials: CredentialHashes(
                            realm: identity.realm, md5: nil,
                            sha256: secret.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()),
                        loginName: name, passwordVerifier: Administration.PasswordVerifier(verifier.text),
                        organisation: "vvf", priority: 5, profile: "responder"
                    ).record), by: "root", at: now)
        }
        return administration
    }

    private static func settings(_ url: String, _ identity: SystemIdentity) -> DocumentSettings {
        let root = url + "/xcap"
        let endpoints = IdentityEndpoints()
        var initial = UEInitialConfiguration(
            domain: domain, homeNetwork: "22299",
            connectivity: .init(mcptt: "mcptt", commonCore: "core", identityManagement: "id"),
            servers: .init(
                authorisationEndpoint: url + "/identity" + endpoints.authorization,
                tokenEndpoint: url + "/identity" + endpoints.token, httpProxy: url, groupManagement: root,
                configurationManagement: root, keyManagement: url),
            groupManagementURI: identity.services.documents.value, groupCreationXUI: "sip:groups@\(domain)",
            groupManagementRoot: root, configurationManagementRoot: root)
        initial.participatingService = identity.services.participating.value
        func priority(_ number: String) -> ServiceConfiguration.ResourcePriority {
            .init(namespace: "mcpttp", priority: number)
        }
        return DocumentSettings(
            initialConfiguration: initial,
            serviceConfiguration: ServiceConfiguration(
                domain: domain, emergencyPriority: priority("15"), imminentPerilPriority: priority("8"),
                normalPriority: priority("0")))
    }

    private static func identify(
        _ url: String, fleet: @escaping @Sendable () -> FleetSnapshot
    ) async throws -> IdentityService {
        try await IdentityService.start(
            settings: IdentitySettings(
                issuer: url + "/identity",
                clients: [
                    try IdentityClient(clientID: "euccs-responder", redirectURIs: ["eu.euccs.responder:/signed-in"])
                ], audience: [domain]), kept: [],
            surroundings: IdentitySurroundings(
                now: { SystemClock.now() }, fleet: fleet, keep: { _ in }, forget: { _ in }, record: { $1(true) },
                announce: { _ in },
                audit: { _ in }, complain: { _ in }))
    }

    private static func judge(_ job: TokenJob, _ identity: IdentityService) async -> TokenVerdict {
        let purpose: ScopePurpose = job.use == .documents ? .groupManagement : .service
        guard case .granted(let token) = await identity.verify(job.token.text, for: purpose, of: .ptt) else {
            return .refused(.expired)
        }
        return .granted(
            TokenGrant(
                mcpttID: token.mcpttID, scopes: token.scopes.scopes.map(\.rawValue), expires: token.expires,
                tokenID: AccessTokenID(token.tokenID)))
    }

    // MARK: What a test does

    func perform(_ request: FleetRequest) async throws {
        try await administration.perform(request, by: "root", at: SystemClock.now().utc)
    }

    /// A group of these members, with their priorities.
    static func group(_ name: String, _ members: [(String, UInt8)]) -> GroupRecord {
        GroupRecord(
            id: id(name), organisation: "vvf", type: .prearranged,
            members: members.map { GroupMember(id: id($0.0), priority: $0.1) })
    }

    func initialConfiguration(of device: String) -> String {
        "\(settings.groupRoot)/org.3gpp.mcptt.ue-init-config/users/\(Self.id(device))/\(device)"
    }

    /// Reads the profile as the program does, from a file.
    func profile(
        of user: String, device: String = "urn:uuid:radio", password: String? = nil, url: String? = nil,
        more: String = ""
    ) throws -> DeviceProfile {
        let file = folder.appendingPathComponent("\(user).yaml")
        try """
        initial_configuration: \(url ?? initialConfiguration(of: device))
        sip_identity: \(Self.id(user))
        user_name: \(user)@\(Self.domain)
        password: pw-\(user)
        edge: "127.0.0.1:\(edge.port)"
        authority: authority.pem
        address: 127.0.0.1
        login_name: \(user)
        login_password: \(password ?? "rain on \(user)")
        \(more)

        """.write(to: file, atomically: true, encoding: .utf8)
        return try DeviceProfile(contentsOf: file)
    }

    func stop() async {
        await web.stop()
        await system.stop()
        await identity.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}

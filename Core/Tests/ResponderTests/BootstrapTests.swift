import ConfigurationDocuments
import FloorControl
import MCDocuments
import MCFoundation
import Responder
import SDP
import Testing

/// A management server that answers what the test lets it keep, and a device that learns from it.
private struct Ground {
    static let root = "https://mc.it.example/xcap"
    static let initialURL = root + "/org.3gpp.mcptt.ue-init-config/users/sip:radio7@mc.it.example/urn:uuid:7"
    static let anna = MCPTTID("sip:anna@mc.it.example")
    static let issuer = "https://mc.it.example/identity"
    static let flood = MCPTTGroupID("sip:flood@mc.it.example")
    static let rescue = MCPTTGroupID("sip:rescue@mc.it.example")

    static func url(_ uri: XCAPURI) -> String { uri.absolute(root: root) }
    static let ueURL = url(.ueConfiguration(of: anna, device: "urn:uuid:7"))
    static let profileURL = url(.userProfile(of: anna))
    static let serviceURL = url(.serviceConfiguration)
    static let floodURL = url(.group(flood))
    static let rescueURL = url(.group(rescue))

    static var initial: UEInitialConfiguration {
        var document = UEInitialConfiguration(
            domain: "mc.it.example", homeNetwork: "22299",
            connectivity: .init(mcptt: "mcptt", commonCore: "core", identityManagement: "id"),
            servers: .init(
                authorisationEndpoint: issuer + "/authorize", tokenEndpoint: issuer + "/token",
                httpProxy: "https://mc.it.example", groupManagement: root, configurationManagement: root,
                keyManagement: "https://mc.it.example"),
            groupManagementURI: "sip:documents@mc.it.example", groupCreationXUI: "sip:groups@mc.it.example",
            groupManagementRoot: root, configurationManagementRoot: root)
        document.participatingService = "sip:participating@mc.it.example"
        document.timers.t132 = 9
        return document
    }

    static func profile(priority: UInt16, groups: [MCPTTGroupID], index: UInt8 = 0) -> [UInt8] {
        var document = UserProfileDocument(owner: anna.value, index: index, mcpttID: anna)
        document.priority = priority
        document.groups = groups.map { .init($0.value) }
        return document.serialized()
    }

    static func group(_ id: MCPTTGroupID, priority: UInt8? = nil, codec: String = "AMR-WB") -> [UInt8] {
        var document = GroupDocument(
            id: id, displayName: "Group", entries: [.init(mcpttID: anna, priority: priority)])
        document.invitesMembers = true
        document.voiceEncodings = [codec]
        return document.serialized()
    }

    static var service: ServiceConfiguration {
        ServiceConfiguration(
            domain: "mc.it.example", emergencyPriority: .init(namespace: "mcpttp", priority: "15"),
            imminentPerilPriority: .init(namespace: "mcpttp", priority: "8"),
            normalPriority: .init(namespace: "mcpttp", priority: "0"))
    }

    var machine: ResponderBootstrap
    var documents: [(url: String, body: [UInt8])]
    /// Instead of the document.
    var statuses: [(url: String, status: Int)] = []
    var seconds: Int64 = 0
    /// Everything that the machine wanted, in order.
    var actions: [BootstrapAction] = []
    /// Each log-in takes one.
    var logins: [BootstrapEvent] = []
    var requests: [DocumentRequest] { actions.compactMap { if case .fetch(let request) = $0 { request } else { nil } } }

    init(
        _ initial: UEInitialConfiguration = Self.initial, limits: BootstrapLimits = .init(),
        at url: String = initialURL,
        userProfile: UInt8? = nil
    ) {
        machine = ResponderBootstrap(initialConfiguration: url, userProfile: userProfile, limits: limits)
        let device = UEConfiguration(
            domain: "mc.it.example", maximumPrivateCalls: 1, maximumGroupCalls: 3, maximumTransmissions: 1,
            groupPriorities: [.init(group: Self.flood, level: 1)])
        documents = [
            (Self.initialURL, initial.serialized()), (Self.ueURL, device.serialized()),
            (Self.profileURL, Self.profile(priority: 7, groups: [Self.flood, Self.rescue])),
            (Self.serviceURL, Self.service.serialized()), (Self.floodURL, Self.group(Self.flood, priority: 9)),
            (Self.rescueURL, Self.group(Self.rescue, codec: "opus")),
        ]
    }

    var now: Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    mutating func put(_ url: String, _ body: [UInt8]) {
        documents.removeAll { $0.url == url }
        documents.append((url, body))
    }

    static func etag(_ body: [UInt8]) -> String {
        var hash = StableHash()
        hash.combine(bytes: body)
        return "\(hash.value)"
    }

    /// Tells one event and answers what the machine asks for, until it asks no more.
    mutating func tell(_ event: BootstrapEvent) {
        var events = [event]
        while !events.isEmpty {
            for action in machine.handle(events.removeFirst(), at: now) {
                actions.append(action)
                switch action {
                case .fetch(let request): events.append(.answered(request, answer(request)))
                case .logIn:
                    events.append(
                        logins.isEmpty
                            ? .loggedIn(LoginFacts(issuer: Self.issuer, mcpttID: Self.anna)) : logins.removeFirst())
                case .adoptTokens, .register, .obey, .notify, .fail: break
                }
            }
        }
    }

    private mutating func answer(_ request: DocumentRequest) -> DocumentAnswer {
        if let index = statuses.firstIndex(where: { $0.url == request.url }) {
            return DocumentAnswer(status: statuses.remove(at: index).status)
        }
        guard let body = documents.first(where: { $0.url == request.url })?.body else {
            return DocumentAnswer(status: 404)
        }
        let etag = "\"\(Self.etag(body))\""
        return etag == request.ifNoneMatch
            ? DocumentAnswer(status: 304, etag: etag) : DocumentAnswer(status: 200, etag: etag, body: body)
    }

    /// What a NOTIFY says of a document.
    mutating func notify(_ url: String) {
        tell(.documentChanged(uri: url, etag: documents.first { $0.url == url }.map { Self.etag($0.body) }))
    }

    /// Lets the time pass until the next deadline.
    mutating func pass() {
        guard let deadline = machine.nextDeadline else { return }
        seconds = max(seconds, (deadline.nanoseconds + 999_999_999) / 1_000_000_000)
        tell(.timeAdvanced)
    }

    var registered: UserConfiguration? {
        actions.compactMap { if case .register(let configuration) = $0 { configuration } else { nil } }.first
    }
    var obeyed: UserConfiguration? {
        actions.compactMap { if case .obey(let configuration) = $0 { configuration } else { nil } }.last
    }
    var failure: BootstrapError? {
        actions.compactMap { if case .fail(let error) = $0 { error } else { nil } }.first
    }
    var notices: [BootstrapNotice] { actions.compactMap { if case .notify(let notice) = $0 { notice } else { nil } } }

    /// A device that has registered.
    static func ready() -> Ground {
        var ground = Ground()
        ground.tell(.started)
        ground.actions = []
        return ground
    }
}

/// The order in which a device learns what it needs (TS 24.484 4.2).
@Suite struct BootstrapTests {
    @Test func `A device that is to work by another profile fetches that one and selects it`() throws {
        var ground = Ground(userProfile: 2)
        let url = Ground.url(.userProfile(of: Ground.anna, index: 2))
        ground.put(url, Ground.profile(priority: 11, groups: [Ground.flood], index: 2))
        ground.tell(.started)
        let configuration = try #require(ground.registered)
        #expect(configuration.userProfile == 2 && configuration.priority == 11)
        #expect(!ground.requests.contains { $0.url == Ground.profileURL })
        #expect(configuration.watched.contains(XCAPURI.userProfile(of: Ground.anna, index: 2).description))
        // And follows it.
        ground.put(url, Ground.profile(priority: 12, groups: [Ground.flood], index: 2))
        ground.notify(url)
        #expect(ground.obeyed?.priority == 12)
        // It is taken from the user: the device goes on by the one with which clients begin, and keeps its groups.
        ground.documents.removeAll { $0.url == url }
        ground.notify(url)
        #expect(ground.obeyed?.userProfile == 0 && ground.obeyed?.priority == 7)
        #expect(ground.obeyed?.groups.map(\.id) == [Ground.flood, Ground.rescue])
        #expect(ground.notices.contains(.gone(.userProfile, url: url)))
        // Which it follows from now on.
        ground.put(Ground.profileURL, Ground.profile(priority: 8, groups: [Ground.flood]))
        ground.notify(Ground.profileURL)
        #expect(ground.obeyed?.priority == 8)
    }

    @Test func `A device that is to work by a profile that its user does not have works by the usual one`() throws {
        var ground = Ground(userProfile: 2)
        ground.tell(.started)
        #expect(try #require(ground.registered).userProfile == 0)
        #expect(ground.registered?.priority == 7)
        var lost = Ground(userProfile: 2)
        lost.documents.removeAll { $0.url == Ground.profileURL }
        lost.tell(.started)
        #expect(lost.registered == nil && lost.failure?.url == Ground.profileURL)
    }

    @Test func `It asks in the order of the specification, registers last and shows its token to whom it must`() {
        var ground = Ground()
        ground.tell(.started)
        let steps = ground.actions.map { action in
            switch action {
            case .fetch(let request): "\(request.url.dropFirst(Ground.root.count)) \(request.needsToken)"
            case .logIn(let endpoints): "log-in \(endpoints.authorization) \(endpoints.token)"
            case .register: "register"
            case .adoptTokens, .notify: "-"
            case .obey: "obey"
            case .fail(let error): "\(error)"
            }
        }
        #expect(
            steps.filter { $0 != "-" } == [
                "/org.3gpp.mcptt.ue-init-config/users/sip:radio7@mc.it.example/urn:uuid:7 false",
                "log-in https://mc.it.example/identity/authorize https://mc.it.example/identity/token",
                "/org.3gpp.mcptt.ue-config/users/sip:anna@mc.it.example/urn:uuid:7 true",
                "/org.3gpp.mcptt.user-profile/users/sip:anna@mc.it.example/mcptt-user-profile-0.xml true",
                "/org.3gpp.mcptt.service-config/global/service-config.xml true",
                "/org.openmobilealliance.groups/global/byGroupID/sip:flood@mc.it.example true",
                "/org.openmobilealliance.groups/global/byGroupID/sip:rescue@mc.it.example true",
                "register",
            ])
        #expect(ground.machine.configuration == ground.registered)
    }

    @Test func `What it registers with is what the documents say`() throws {
        var ground = Ground()
        ground.tell(.started)
        let configuration = try #require(ground.registered)
        #expect(configuration.mcpttID == Ground.anna)
        #expect(configuration.participatingService == PublicServiceIdentity("sip:participating@mc.it.example"))
        #expect(configuration.documentService == PublicServiceIdentity("sip:documents@mc.it.example"))
        #expect(configuration.floorTimers.queuedGrant == .seconds(9))
        #expect(configuration.groups.map(\.id) == [Ground.flood, Ground.rescue])
        #expect(configuration.watched.contains("org.openmobilealliance.groups/global/byGroupID/"))
        var settings = Bench.settings
        settings.adopt(configuration)
        #expect(settings.mcpttID == Ground.anna)
        #expect(settings.floorPriority(in: Ground.flood) == 9)
        #expect(settings.floorPriority(in: Ground.rescue) == 7)
        #expect(settings.codec(of: Ground.flood) == .amrWB(octetAlign: true))
        #expect(settings.codec(of: Ground.rescue) == .opus)
        #expect(settings.limits.calls == 4)
        #expect(settings.participatingService == PublicServiceIdentity("sip:participating@mc.it.example"))
    }

    @Test(arguments: [
        (Ground.initialURL, "UE initial configuration"), (Ground.profileURL, "user profile"),
        (Ground.serviceURL, "service configuration"),
    ])
    func `A missing document that it needs ends it, with name, address and status`(_ url: String, _ name: String) {
        for status in [403, 404, 503] {
            var ground = Ground()
            ground.statuses = [(url, status)]
            ground.tell(.started)
            #expect(ground.failure?.reason == .refused(status: status))
            #expect(ground.failure?.description == "\(name) \(url): status \(status)")
            #expect(ground.registered == nil)
            ground.tell(.documentChanged(uri: Ground.profileURL, etag: "x"))
            #expect(ground.requests.last?.url == url)
        }
    }

    @Test(arguments: [Ground.ueURL, Ground.floodURL])
    func `Without its own configuration or a group it registers, and says what it lacks`(_ url: String) throws {
        var ground = Ground()
        ground.documents.removeAll { $0.url == url }
        ground.tell(.started)
        let lacking = ground.notices.compactMap { if case .unavailable(let error) = $0 { error } else { nil } }
        #expect(lacking.map(\.url) == [url])
        #expect(lacking.map(\.reason) == [.refused(status: 404)])
        let configuration = try #require(ground.registered)
        #expect((configuration.group(Ground.flood) == nil) == (url == Ground.floodURL))
        #expect((configuration.maximumGroupCalls == nil) == (url == Ground.ueURL))
    }

    @Test func `A token that is refused is replaced once, and the same document asked for again`() {
        var ground = Ground()
        ground.statuses = [(Ground.profileURL, 401)]
        ground.tell(.started)
        let profiles = ground.requests.filter { $0.document == .userProfile }
        #expect(profiles.count == 2)
        #expect(ground.actions.count { if case .logIn = $0 { true } else { false } } == 2)
        #expect(ground.registered != nil)
        var stubborn = Ground()
        stubborn.statuses = [(Ground.profileURL, 401), (Ground.profileURL, 401)]
        stubborn.tell(.started)
        #expect(stubborn.failure?.reason == .refused(status: 401))
        #expect(stubborn.requests.count { $0.document == .userProfile } == 2)
    }

    @Test func `The log-in must be at the identity management that the document names, and say who it is`() {
        for issuer in ["https://evil.example/identity", "http://mc.it.example/identity", "mc.it.example"] {
            var ground = Ground()
            ground.logins = [.loggedIn(LoginFacts(issuer: issuer, mcpttID: Ground.anna))]
            ground.tell(.started)
            #expect(ground.failure?.reason == .wrongIssuer(issuer))
            #expect(ground.requests.count == 1)
        }
        var nameless = Ground()
        nameless.logins = [.loggedIn(LoginFacts(issuer: Ground.issuer, mcpttID: nil))]
        nameless.tell(.started)
        #expect(nameless.failure?.reason == .wrongUser)
        var refused = Ground()
        refused.logins = [.loginFailed(why: "the password was refused")]
        refused.tell(.started)
        #expect(refused.failure?.description.contains("the password was refused") == true)
    }

    @Test func `A log-in in the midst must be that of the same user`() {
        var ground = Ground()
        ground.logins = [
            .loggedIn(LoginFacts(issuer: Ground.issuer, mcpttID: Ground.anna)),
            .loggedIn(LoginFacts(issuer: Ground.issuer, mcpttID: MCPTTID("sip:bruno@mc.it.example"))),
        ]
        ground.statuses = [(Ground.profileURL, 401)]
        ground.tell(.started)
        #expect(ground.failure?.reason == .wrongUser)
        #expect(ground.actions.count { $0 == .adoptTokens } == 1)
    }

    @Test func `What cannot be read, is of others or too large is not obeyed`() {
        func failure(_ url: String, _ body: [UInt8], limits: BootstrapLimits = .init()) -> BootstrapError? {
            var ground = Ground(limits: limits)
            ground.put(url, body)
            ground.tell(.started)
            return ground.failure
        }
        for url in [Ground.initialURL, Ground.profileURL, Ground.serviceURL] {
            guard case .unreadable(let error)? = failure(url, Array("<html/>".utf8))?.reason else {
                #expect(Bool(false), "\(url) was read")
                continue
            }
            #expect(error.reason == .unexpected)
        }
        var bruno = UserProfileDocument(owner: "sip:b@x", index: 0, mcpttID: MCPTTID("sip:b@x"))
        bruno.priority = 255
        #expect(failure(Ground.profileURL, bruno.serialized())?.reason == .notOurs)
        var limits = BootstrapLimits()
        limits.documents.octets = 4_096
        let large = Array("<x>".utf8) + Array(repeating: UInt8(ascii: " "), count: 5_000)
        #expect(failure(Ground.profileURL, large, limits: limits)?.reason == .tooLarge(limit: 4_096))
        limits = BootstrapLimits()
        limits.groups = 1
        let two = Ground.profile(priority: 1, groups: [Ground.flood, Ground.rescue])
        #expect(failure(Ground.profileURL, two, limits: limits)?.reason == .tooMany(limit: 1))
    }

    @Test func `It goes nowhere without TLS, and nowhere where keys are asked for`() {
        var plain = Ground(at: "http://mc.it.example/xcap/a/users/b/c")
        plain.tell(.started)
        #expect(plain.requests.isEmpty)
        #expect(plain.failure?.reason == .insecure("it"))
        var root = Ground.initial
        root.groupManagementRoot = "http://mc.it.example/xcap"
        var ground = Ground(root)
        ground.tell(.started)
        #expect(ground.failure?.reason == .insecure("GMS-XCAP-root-URI"))
        var protected = Ground.initial
        protected.isIntegrityProtected = true
        ground = Ground(protected)
        ground.tell(.started)
        #expect(ground.failure?.reason == .needsKeys("signalling"))
        var service = Ground.service
        service.protectsConfidentiality = true
        ground = Ground()
        ground.put(Ground.serviceURL, service.serialized())
        ground.tell(.started)
        #expect(ground.failure?.reason == .needsKeys("signalling"))
        var group = GroupDocument(id: Ground.flood)
        group.protectsMedia = true
        ground = Ground()
        ground.put(Ground.floodURL, group.serialized())
        ground.tell(.started)
        #expect(ground.registered?.group(Ground.flood) == nil)
        #expect(ground.registered?.group(Ground.rescue) != nil)
    }

    @Test func `A document that is too large for the shell is told as such`() {
        var ground = Ground()
        let first = ground.machine.handle(.started, at: ground.now)
        guard case .fetch(let request)? = first.first else { return #expect(Bool(false)) }
        let actions = ground.machine.handle(.tooLarge(request), at: ground.now)
        #expect(
            actions == [
                .fail(
                    BootstrapError(
                        .ueInitialConfiguration, url: Ground.initialURL, .tooLarge(limit: request.limit)))
            ])
    }

    // MARK: Changes

    @Test func `A change that is told is fetched by its tag and obeyed; what is known already is not fetched`() throws {
        var ground = Ground.ready()
        for url in [Ground.profileURL, Ground.floodURL, Ground.rescueURL, Ground.serviceURL] { ground.notify(url) }
        #expect(ground.actions.isEmpty)
        let old = Ground.profile(priority: 7, groups: [Ground.flood, Ground.rescue])
        ground.put(Ground.profileURL, Ground.profile(priority: 200, groups: [Ground.flood, Ground.rescue]))
        ground.notify(Ground.profileURL)
        #expect(ground.requests.map(\.url) == [Ground.profileURL])
        #expect(ground.requests.first?.ifNoneMatch == "\"\(Ground.etag(old))\"")
        #expect(ground.notices == [.changed(.userProfile, url: Ground.profileURL)])
        #expect(ground.obeyed?.priority == 200)
        ground.actions = []
        ground.put(Ground.floodURL, Ground.group(Ground.flood, priority: 30))
        // As another server may write it, and by its other address.
        let user =
            Ground.root + "/org.openmobilealliance.groups/users/sip%3Aanna%40mc.it.example/sip%3Aflood%40mc.it.example"
        ground.tell(.documentChanged(uri: user, etag: "other"))
        #expect(ground.requests.map(\.url) == [Ground.floodURL])
        #expect(ground.obeyed?.group(Ground.flood)?.priority == 30)
    }

    @Test func `A change that was none is told, and changes nothing`() {
        var ground = Ground.ready()
        ground.tell(.documentChanged(uri: Ground.profileURL, etag: "mistaken"))
        #expect(ground.notices == [.unchanged(.userProfile, url: Ground.profileURL)])
        #expect(ground.obeyed == nil)
    }

    @Test func `A group that joins the profile is fetched, and one that leaves it is left`() {
        var ground = Ground.ready()
        let nice = MCPTTGroupID("sip:nice@mc.it.example")
        let url = Ground.url(.group(nice))
        ground.put(url, Ground.group(nice, priority: 3))
        ground.notify(url)
        #expect(ground.requests.isEmpty, "the profile does not name it")
        ground.put(Ground.profileURL, Ground.profile(priority: 7, groups: [nice, Ground.flood]))
        ground.notify(Ground.profileURL)
        #expect(ground.requests.map(\.url) == [Ground.profileURL, url])
        #expect(ground.obeyed?.groups.map(\.id) == [nice, Ground.flood])
        ground.actions = []
        ground.tell(.documentChanged(uri: url, etag: nil))
        #expect(ground.notices == [.gone(.group, url: url)])
        #expect(ground.obeyed?.groups.map(\.id) == [Ground.flood])
    }

    @Test func `A changed document that cannot be had is asked for until it is; what was known holds`() throws {
        var ground = Ground.ready()
        ground.put(Ground.profileURL, Ground.profile(priority: 9, groups: [Ground.flood, Ground.rescue]))
        ground.put(Ground.floodURL, Ground.group(Ground.flood, priority: 1))
        ground.statuses = [(Ground.profileURL, 503), (Ground.floodURL, 500)]
        ground.notify(Ground.profileURL)
        ground.notify(Ground.floodURL)
        #expect(ground.obeyed == nil)
        #expect(ground.notices.isEmpty)
        ground.pass()
        #expect(ground.obeyed?.priority == 9)
        #expect(ground.obeyed?.group(Ground.flood)?.priority == 1)
        #expect(ground.machine.nextDeadline == nil)
        ground.actions = []
        ground.statuses = (0..<20).map { _ in (Ground.profileURL, 503) }
        ground.tell(.documentChanged(uri: Ground.profileURL, etag: "newer"))
        for _ in 0..<19 { ground.pass() }
        #expect(ground.requests.count == 20)
        // Told once, and asked for at the longest wait from then on.
        #expect(
            ground.notices == [
                .unavailable(BootstrapError(.userProfile, url: Ground.profileURL, .refused(status: 503)))
            ])
        let (last, next) = (ground.now, try #require(ground.machine.nextDeadline))
        #expect(next - last == BootstrapLimits().retryBase * 32)
        ground.put(Ground.profileURL, Ground.profile(priority: 2, groups: [Ground.flood]))
        ground.pass()
        #expect(ground.obeyed?.priority == 2)
        #expect(ground.machine.nextDeadline == nil)
    }

    @Test func `A changed document that cannot be read leaves what was known`() {
        var ground = Ground.ready()
        ground.put(Ground.profileURL, Array("<html>".utf8))
        ground.notify(Ground.profileURL)
        #expect(ground.obeyed == nil)
        #expect(ground.machine.configuration?.priority == 7)
        guard case .unavailable(let error)? = ground.notices.first else { return #expect(Bool(false)) }
        #expect(error.url == Ground.profileURL)
    }

    @Test func `Documents of others are passed over`() {
        var ground = Ground.ready()
        for uri in [
            "https://evil.example/xcap/org.3gpp.mcptt.service-config/global/service-config.xml",
            Ground.url(.userProfile(of: MCPTTID("sip:bruno@mc.it.example"))), "nonsense", "",
            Ground.root + "/org.openmobilealliance.xcap-directory/users/sip:anna@mc.it.example/directory.xml",
        ] {
            ground.tell(.documentChanged(uri: uri, etag: "1"))
        }
        #expect(ground.actions.isEmpty)
    }
}

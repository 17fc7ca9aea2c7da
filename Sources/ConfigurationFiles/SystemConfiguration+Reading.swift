import CallControl
import FloorControl
import MCFoundation
import Policy
import Yams

extension SystemConfiguration {
    /// Reads and checks the file. Every mistake is told, not only the first.
    public static func read(path: String) throws(ConfigurationError) -> SystemConfiguration {
        try read(text: try Files.text(of: path), file: path)
    }

    /// `file` names the text in messages; its folder is where relative file names start.
    public static func read(text: String, file: String) throws(ConfigurationError) -> SystemConfiguration {
        let issues = IssueList(file: file)
        let root = try YAMLText.root(text, issues)
        let result = root.fields().flatMap { SystemReader(folder: Files.folder(of: file)).read($0) }
        try issues.throwIfAny()
        guard let result else { preconditionFailure("a file without a mistake gives a configuration") }
        return result
    }
}

/// Reads the sections one by one; a section with mistakes gives nil, and the others are read all the same.
struct SystemReader {
    let folder: String

    func read(_ root: Fields) -> SystemConfiguration? {
        let system = root.required("system")?.fields().flatMap(self.system)
        let services = root.optional("services")
        let listeners = root.required("listeners")?.fields().flatMap { self.listeners($0, domain: system?.domain) }
        let certificates = root.required("certificates")?.fields().flatMap(self.certificates)
        let media = root.required("media")?.fields().flatMap(self.media)
        let partners = root.optional("partners").map { $0.list(of: partner) ?? [] } ?? []
        let timers = root.optional("timers").map { $0.fields().map(self.timers) ?? ServiceTimers() } ?? ServiceTimers()
        let limits = root.optional("limits").map { $0.fields().map(self.limits) ?? ServiceLimits() } ?? ServiceLimits()
        let floor = root.optional("floor").map { $0.fields().map(self.floor) ?? FloorRules() } ?? FloorRules()
        let level = root.optional("log_level").map { $0.choice(LogLevel.self) ?? .info } ?? .info
        let directory = source(root)
        let web = root.optional("web").map { value -> WebConfiguration? in
            if case .file? = directory {
                value.issues.add(value, "expected a store beside it, found a directory file")
            }
            return value.fields().flatMap { self.web($0, domain: system?.domain, access: certificates?.access) }
        }
        root.end()
        guard var system else { return nil }
        if let services, let identities = self.services(services, domain: system.domain) {
            system.services = identities
            // Clients subscribe through their own system, which is asked for nothing in domains of others.
            let own = [system.domain] + system.otherDomains
            if !own.contains(identities.documents.domain ?? ""), let value = services.field("documents") {
                value.expected("an identity in a domain of this system (\(own.joined(separator: ", ")))")
            }
        }
        checkDomains(of: partners, own: system)
        guard let listeners, let certificates, let media, let directory else { return nil }
        return SystemConfiguration(
            identity: SystemIdentity(
                id: system.id, domain: system.domain, otherDomains: system.otherDomains, services: system.services,
                realm: system.realm),
            name: system.name, country: system.country, access: listeners.access,
            interconnection: listeners.interconnection, certificates: certificates, media: media.plane,
            secondPorts: media.secondPorts,
            partners: partners.map(\.configuration), timers: timers, limits: limits, floor: floor, logLevel: level,
            directory: directory, web: web ?? nil)
    }

    /// One of the two, not both.
    private func source(_ root: Fields) -> DirectorySource? {
        guard let store = root.optional("store") else {
            return root.required("directory")?.file(in: folder).map(DirectorySource.file)
        }
        if let file = root.optional("directory") {
            file.issues.add(file, "expected directory or store, found both")
        }
        return store.file(in: folder).map(DirectorySource.store)
    }

    // MARK: system, services

    struct System {
        var name: String
        var country: String
        var domain: String
        var id: MCSystemID
        var otherDomains: [String]
        var realm: String?
        var services: ServiceIdentities?
    }

    func system(_ fields: Fields) -> System? {
        let name = fields.required("name")?.text()
        let country = fields.required("country")?.country()
        let domain = fields.required("domain")?.domain()
        let id = fields.optional("id")?.domain()
        let others = fields.optional("other_domains")?.list { $0.domain() } ?? []
        let realm = fields.optional("realm")?.text()
        fields.end()
        guard let name, let country, let domain else { return nil }
        return System(
            name: name, country: country, domain: domain, id: MCSystemID(id ?? domain), otherDomains: others,
            realm: realm)
    }

    func services(_ value: Value, domain: String) -> ServiceIdentities? {
        guard let fields = value.fields() else { return nil }
        var services = ServiceIdentities(domain: domain)
        var places: [(role: ServiceRole, value: Value)] = []
        func read(
            _ key: String, _ role: ServiceRole, _ part: WritableKeyPath<ServiceIdentities, PublicServiceIdentity>
        ) {
            guard let value = fields.optional(key), let identity = value.identity() else { return }
            services[keyPath: part] = PublicServiceIdentity(identity)
            places.append((role, value))
        }
        read("participating", .participating, \.participating)
        read("controlling_group", .controllingGroup, \.controllingGroup)
        read("controlling_private", .controllingPrivate, \.controllingPrivate)
        read("pre_established", .preEstablished, \.preEstablished)
        read("gateway", .gateway, \.gateway)
        read("documents", .documents, \.documents)
        fields.end()
        // A request is given to the function that it is addressed to: two cannot share an address.
        for (role, value) in places
        where ServiceRole.allCases.contains(where: { $0 != role && services[$0] == services[role] }) {
            value.expected("an identity of no other function")
        }
        return services
    }

    // MARK: web

    func web(_ fields: Fields, domain: String?, access: CertificateFiles.Identity?) -> WebConfiguration? {
        let https = addresses(fields, "https")
        let given = fields.optional("url").map { $0.webAddress() }
        let certificate = fields.optional("certificate").map { identity($0) }
        let operations = fields.optional("operations").map { $0.socketAddress() }
        let network = fields.optional("home_network").map { $0.networkCode() }
        let clients = fields.optional("clients").map { $0.list(of: webClient) ?? [] }
        let provider = fields.optional("provider").map { $0.fields().flatMap { ProviderConfiguration($0, in: folder) } }
        fields.end()
        if https.isEmpty { fields.value.issues.add(fields.value, "https: expected at least one address, found none") }
        guard let first = https.first, let certificate = certificate ?? access else { return nil }
        var web = WebConfiguration(
            url: (given ?? nil) ?? "https://\(domain ?? first.address.description):\(first.port)", https: https,
            certificate: certificate, operations: operations ?? nil,
            clients: clients ?? [WebConfiguration.responder])
        if let network = network ?? nil { web.homeNetwork = network }
        web.provider = provider ?? nil
        return web
    }

    func webClient(_ value: Value) -> WebClient? {
        guard let fields = value.fields() else { return nil }
        let id = fields.required("id")?.text()
        let uris = fields.required("redirect_uris")?.list { $0.text() }
        fields.end()
        guard let id, let uris else { return nil }
        return WebClient(id: id, redirectURIs: uris)
    }

    // MARK: listeners, certificates, media

    func listeners(
        _ fields: Fields, domain: String?
    ) -> (access: AccessListeners, interconnection: InterconnectionListeners)? {
        let access = fields.required("access")?.fields().map { fields in
            let host = fields.optional("host")?.domain()
            let listeners = AccessListeners(
                host: host ?? domain ?? "", tls: addresses(fields, "tls"), tcp: addresses(fields, "tcp"),
                udp: addresses(fields, "udp"))
            fields.end()
            return listeners
        }
        let interconnection = fields.required("interconnection")?.fields().map { fields in
            let host = fields.optional("host")?.domain()
            let listeners = InterconnectionListeners(host: host ?? domain ?? "", tls: addresses(fields, "tls"))
            fields.end()
            return listeners
        }
        fields.end()
        guard let access, let interconnection else { return nil }
        return (access, interconnection)
    }

    func addresses(_ fields: Fields, _ key: String) -> [SocketAddress] {
        guard let values = fields.optional(key)?.list() else { return [] }
        var addresses: [SocketAddress] = []
        for value in values {
            guard let address = value.socketAddress() else { continue }
            if addresses.contains(address) {
                value.issues.add(value, "\(address) appears twice")
            }
            addresses.append(address)
        }
        return addresses
    }

    func certificates(_ fields: Fields) -> CertificateFiles? {
        let access = fields.required("access").flatMap(identity)
        let interconnection = fields.optional("interconnection").map { identity($0) }
        let authority = fields.optional("authority")?.file(in: folder)
        let asked = fields.optional("client_certificates")
        let choice = asked.map { $0.choice(ClientCertificates.self) ?? .none } ?? .none
        if let asked, choice != .none, fields.optional("authority") == nil {
            asked.issues.add(asked, "expected an authority beside \"\(choice.rawValue)\", found none")
        }
        fields.end()
        guard let access else { return nil }
        return CertificateFiles(
            access: access, interconnection: (interconnection ?? access) ?? access, authority: authority,
            clientCertificates: choice)
    }

    func identity(_ value: Value) -> CertificateFiles.Identity? {
        guard let fields = value.fields() else { return nil }
        let certificate = fields.required("certificate")?.file(in: folder)
        let key = fields.required("key")?.file(in: folder)
        fields.end()
        guard let certificate, let key else { return nil }
        return .init(certificate: certificate, key: key)
    }

    func media(_ fields: Fields) -> (plane: MediaPlane, secondPorts: Int?)? {
        let cells = fields.optional("cells").map { $0.integer(1...Int(Self.mostMediaCells)) } ?? 1
        let spare = fields.optional("spare_ports").map { $0.integer(0...Self.mostSparePorts) } ?? 0
        let number = PortCount(cells: cells ?? 1, pairs: 1 + (spare ?? 0))
        let access = fields.required("access").flatMap { ports($0, number) }
        let between = fields.required("interconnection")
        let interconnection = between.flatMap { ports($0, number) }
        let second = fields.optional("second_ports")
        let shift = second?.integer(1...65_534)
        fields.end()
        guard let cells, let access, let interconnection,
            let plane = MediaPlane(
                (0..<cells).map { MediaAddresses(access: access[$0], interconnection: interconnection[$0]) })
        else { return nil }
        let sockets = [access, interconnection].map { Set($0.joined().flatMap { [$0.audio, $0.floor] }) }
        if !sockets[0].isDisjoint(with: sockets[1]) {
            between?.expected("ports that media.access does not take, \(number) too")
        }
        if let second, let shift, plane.shifted(by: shift) == nil {
            second.expected("a number with which each port stays below 65536 and becomes none of the others")
        }
        return (plane, shift)
    }

    /// More than any machine of today has processors to give them.
    private static let mostMediaCells = 64
    /// Some for each call that a device may be in; a media cell holds few sockets.
    private static let mostSparePorts = 6

    /// How many ports one side has of each use: one a media cell, and as many again for each spare pair.
    struct PortCount: CustomStringConvertible {
        var cells: Int
        var pairs: Int

        var all: Int { cells * pairs }
        var description: String { "\(cells) cells with \(pairs) pairs each" }
    }

    /// The sockets of one side by media cell: each has the two ports after those of the one before it, and the spare
    /// ones of all follow.
    func ports(_ value: Value, _ number: PortCount) -> [[MediaPorts]]? {
        guard let fields = value.fields() else { return nil }
        let v4 = fields.optional("v4").map { $0.address(isIPv6: false) }
        let v6 = fields.optional("v6").map { $0.address(isIPv6: true) }
        let audio = fields.required("audio_port")?.integer(1...65_535)
        let floorPort = fields.required("floor_port")
        let floor = floorPort?.integer(1...65_535)
        fields.end()
        if v4 == nil, v6 == nil { value.issues.add(value, "expected v4 or v6 or both, found neither") }
        guard let audio, let floorPort, let floor else { return nil }
        if audio == floor {
            floorPort.issues.add(floorPort, "expected another port than audio_port, found \(audio) too")
        } else if (audio - floor).isMultiple(of: 2), abs(audio - floor) < 2 * number.all {
            floorPort.issues.add(
                floorPort,
                "expected a port that no audio port of \(number) takes (\(audio) and every second one after it), "
                    + "found \(floor)")
        }
        guard max(audio, floor) + 2 * (number.all - 1) <= 65_535 else {
            value.issues.add(value, "expected ports that leave room below 65536 for \(number)")
            return nil
        }
        func socket(_ address: IPAddress, _ port: Int, _ place: Int) -> SocketAddress {
            SocketAddress(address, port: UInt16(port + 2 * place))
        }
        let addresses = [v4, v6].compactMap { $0 ?? nil }
        return (0..<number.cells).map { cell in
            (0..<number.pairs).flatMap { pair in
                addresses.map { address in
                    let place = cell + pair * number.cells
                    return MediaPorts(audio: socket(address, audio, place), floor: socket(address, floor, place))
                }
            }
        }
    }

    // MARK: timers, limits, floor

    func timers(_ fields: Fields) -> ServiceTimers {
        var timers = ServiceTimers()
        func read(_ key: String, _ part: WritableKeyPath<ServiceTimers, Duration>, _ range: ClosedRange<Duration>) {
            if let duration = fields.optional(key)?.duration(range) { timers[keyPath: part] = duration }
        }
        read("registration_expires", \.registrationExpires, .seconds(60)...(.seconds(86_400)))
        let flowTimer = fields.optional("flow_timer")
        if let duration = flowTimer?.duration(.seconds(10)...(.seconds(3_600))) { timers.flowTimer = duration }
        read("heartbeat", \.heartbeat, .milliseconds(100)...(.seconds(300)))
        read("tls_handshake", \.tlsHandshake, .milliseconds(100)...(.seconds(60)))
        read("message", \.message, .milliseconds(100)...(.seconds(60)))
        let idle = fields.optional("idle")
        if let idle, let duration = idle.duration(.seconds(10)...(.seconds(86_400))) { timers.idle = duration }
        read("drain", \.drain, .zero...(.seconds(3_600)))
        fields.end()
        if timers.idle <= timers.flowTimer {
            // A connection would be closed before its keep-alive is due.
            idle?.expected("a duration above flow_timer")
            if idle == nil { flowTimer?.expected("a duration below idle") }
        }
        return timers
    }

    func limits(_ fields: Fields) -> ServiceLimits {
        var limits = ServiceLimits()
        func read(_ key: String, _ part: WritableKeyPath<ServiceLimits, Int>, _ range: ClosedRange<Int>) {
            if let number = fields.optional(key)?.integer(range) { limits[keyPath: part] = number }
        }
        read("connections", \.connections, 1...1_000_000)
        read("connections_per_source", \.connectionsPerSource, 1...1_000_000)
        read("header_octets", \.headerOctets, 2_048...1_048_576)
        read("body_octets", \.bodyOctets, 2_048...16_777_216)
        read("lost_heartbeats", \.lostHeartbeats, 1...100)
        fields.end()
        return limits
    }

    func floor(_ fields: Fields) -> FloorRules {
        var rules = FloorRules()
        func read(_ key: String, _ part: WritableKeyPath<FloorServerTimers, Duration>, _ range: ClosedRange<Duration>) {
            if let duration = fields.optional(key)?.duration(range) { rules.timers[keyPath: part] = duration }
        }
        func read(_ key: String, _ part: WritableKeyPath<FloorServerTimers, Int>) {
            if let number = fields.optional(key)?.integer(1...100) { rules.timers[keyPath: part] = number }
        }
        // TS 24.380 11.1.3: T1 is 6 s at most.
        read("end_of_media", \.endOfMedia, .seconds(1)...(.seconds(6)))
        read("stop_talking_grace", \.stopTalkingGrace, .zero...(.seconds(10)))
        read("floor_idle", \.floorIdle, .milliseconds(100)...(.seconds(60)))
        read("floor_revoke", \.floorRevoke, .milliseconds(100)...(.seconds(60)))
        if let wait = fields.optional("retry_after")?.duration(.zero...(.seconds(600))) {
            rules.timers.retryAfter = wait > .zero ? wait : nil
        }
        read("floor_granted", \.floorGranted, .milliseconds(100)...(.seconds(60)))
        read("floor_idle_limit", \.floorIdleLimit)
        read("floor_revoke_limit", \.floorRevokeLimit)
        read("floor_granted_limit", \.floorGrantedLimit)
        if let flag = fields.optional("acknowledge_grants")?.flag() { rules.asksForAcknowledgement = flag }
        fields.end()
        return rules
    }
}

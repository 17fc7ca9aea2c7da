public import Administration
public import CallControl
public import ConfigurationFiles
import Cryptography
public import DocumentNotification
import Foundation
import HostTime
public import Logging
public import MCFoundation
import MCGateway
package import MCSystem
import MediaDistribution
public import MediaDriver
public import Policy
import Registrar
import SIP
import SIPUserAgent
public import SignallingDriver
import Synchronization

/// Judges an access token, on whatever threads that takes.
public typealias TokenVerifying = @Sendable (TokenJob) async -> TokenVerdict

/// One national MC system in one process: a signalling cell and its media cells on their drivers, joined by mailboxes.
public final class NationalSystem: Sendable {
    let signalling: SignallingDriver
    /// By the number of the cell.
    private let media: [MediaDriver]
    private let relay: Relay<MediaEvent>
    private let mediaWatch: Task<Void, Never>
    private let keyLog: TLSKeyLog?
    /// What happens between this process and one that takes its place, or whose place it takes. One task reads it.
    public let successions: AsyncStream<SuccessionNews>
    /// When it came up.
    let started: Instant
    let state: Mutex<RunningState>

    /// Reads the certificates that the configuration names, binds every socket, and runs by this directory.
    ///
    /// `keyLog` is for trials: the secrets of accepted TLS sessions are written there. `observe` is called on the
    /// cell's thread with what happens; it must return soon. `verify` judges the tokens of clients; nil: none is asked for.
    /// `lookUpDocuments` is called there too when a client subscribes to documents, and is answered with `deliver`.
    ///
    /// `asSuccessor`: another process serves by the same configuration. Nothing but media sockets is bound before
    /// `succeed`, and those are the second ones where it has the first.
    public static func start(
        _ configuration: SystemConfiguration, directory: DirectorySnapshot, logger: Logger, keyLog: TLSKeyLog? = nil,
        verify: TokenVerifying? = nil, documentRoot: String? = nil, asSuccessor: Bool = false,
        lookUpDocuments: @escaping @Sendable (DocumentLookUp) -> Void = { _ in },
        observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) async throws -> NationalSystem {
        let relay = Relay<MediaEvent>()
        var plane = configuration.media
        let media: [MediaDriver]
        do throws(NetworkFailure) {
            media = try NationalSystem.startMedia(plane) { relay.deliver($0) }
        } catch {
            guard asSuccessor, let second = configuration.secondMedia else { throw error }
            media = try NationalSystem.startMedia(second) { relay.deliver($0) }
            plane = second
        }
        do {
            var system = SystemRandomNumberGenerator()
            let seed = (system.next(), system.next(), system.next(), system.next())
            var settings = try NationalSystem.settings(configuration, plane)
            settings.requiresToken = verify != nil
            settings.isSuccessor = asSuccessor
            settings.documents.root = documentRoot
            let verdicts = Relay<(TokenJobID, TokenVerdict)>()
            let cell = SignallingCell(
                settings: settings, directory: directory,
                random: SeededGenerator(seed: seed), at: SystemClock.now())
            var transport = try NationalSystem.transport(configuration, keyLog)
            transport.listensFromTheStart = !asSuccessor
            let (successions, tell) = AsyncStream.makeStream(of: SuccessionNews.self)
            let partnerListeners = Set(transport.listeners.map(\.name).filter { $0.hasPrefix("interconnection") })
            let signalling = try await SignallingDriver.start(
                configuration: transport, cell: cell, partnerListeners: partnerListeners, logger: logger,
                media: { media[Int($0.cell)].send([$0]) },
                verify: { job in
                    guard let verify else { return }
                    Task { verdicts.deliver([(job.id, await verify(job))]) }
                }, lookUpDocuments: lookUpDocuments,
                observe: { observation in
                    if let news = SuccessionNews(observation) { tell.yield(news) }
                    observe(observation)
                })
            verdicts.connect { signalling.deliver($0.1, for: $0.0) }
            relay.connect { signalling.deliver($0) }
            return NationalSystem(
                signalling: signalling, media: media, relay: relay,
                mediaWatch: NationalSystem.watch(media, logger: logger), keyLog: keyLog, successions: successions,
                configuration: configuration)
        } catch {
            for cell in media { cell.stop() }
            throw error
        }
    }

    private init(
        signalling: SignallingDriver, media: [MediaDriver], relay: Relay<MediaEvent>, mediaWatch: Task<Void, Never>,
        keyLog: TLSKeyLog?, successions: AsyncStream<SuccessionNews>, configuration: SystemConfiguration
    ) {
        self.keyLog = keyLog
        self.successions = successions
        started = SystemClock.now().instant
        state = Mutex(RunningState(configuration: configuration))
        self.signalling = signalling
        self.media = media
        self.relay = relay
        self.mediaWatch = mediaWatch
    }

    /// One driver a media cell, in the order of their numbers; none where one cannot start.
    private static func startMedia(
        _ plane: MediaPlane, onEvents: @escaping @Sendable ([MediaEvent]) -> Void
    ) throws(NetworkFailure) -> [MediaDriver] {
        var started: [MediaDriver] = []
        do throws(NetworkFailure) {
            for cell in plane.cells { started.append(try MediaDriver.start(sockets(cell), onEvents: onEvents)) }
        } catch {
            for cell in started { cell.stop() }
            throw error
        }
        return started
    }

    /// Looks at the counters of the media cells now and then, and says what they refused.
    private static func watch(_ media: [MediaDriver], logger: Logger) -> Task<Void, Never> {
        Task {
            var logs = media.map { _ in MediaRefusalLog() }
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                for (number, cell) in media.enumerated() {
                    for line in logs[number].due(cell.counters(), at: SystemClock.now().instant) {
                        logger.notice(
                            "media packets refused or lost",
                            metadata: [
                                "cell": "\(number)", "kind": "\(line.kind)", "count": "\(line.count)",
                            ])
                    }
                }
            }
        }
    }

    /// Where each listener was bound, by its name.
    public var addresses: [String: SocketAddress] { signalling.addresses }
    public var signallingCounters: SignallingCounters { signalling.counters }
    /// By the number of the media cell.
    public var mediaCounters: [MediaDriverCounters] { media.map { $0.counters() } }

    /// Running calls go on under the new directory, as far as it allows them.
    public func replaceDirectory(_ directory: DirectorySnapshot) {
        signalling.replaceDirectory(directory)
    }

    /// Which documents there are of those that a client subscribed to. In order with `documentsChanged`.
    public func deliver(_ documents: [FoundDocument], for lookUp: DocumentLookUpID) {
        signalling.deliver(documents, for: lookUp)
    }

    /// Subscribers are told of changed documents.
    public func documentsChanged(_ changes: [DocumentChange]) { signalling.documentsChanged(changes) }

    /// Clients that are served by one of these tokens are served no more.
    public func revoke(_ tokens: RevokedTokens) { signalling.revoke(tokens) }

    func transport(_ configuration: SystemConfiguration) throws -> TransportConfiguration {
        try NationalSystem.transport(configuration, keyLog)
    }

    public func stop() async {
        mediaWatch.cancel()
        await signalling.stop()
        for cell in media { cell.stop() }
    }

    private static func sockets(_ addresses: MediaAddresses) -> MediaDriverConfiguration {
        typealias Socket = MediaDriverConfiguration.Socket
        func pair(_ ports: MediaPorts, _ face: MediaFace) -> [Socket] {
            [Socket(.audio, face, local: ports.audio), Socket(.floor, face, local: ports.floor)]
        }
        return MediaDriverConfiguration(
            sockets: addresses.access.flatMap { pair($0, .access) }
                + addresses.interconnection.flatMap { pair($0, .interconnection) }, measuresReplies: true)
    }

    /// What the signalling cell is told of the configuration.
    package static func settings(
        _ configuration: SystemConfiguration, _ media: MediaPlane
    ) throws -> CellSettings {
        // Every process of the system holds the gateway's private key; what is derived from it lets each of them read
        // the session identities that another one gave to partners.
        let secret = try Data(contentsOf: URL(fileURLWithPath: configuration.certificates.interconnection.key))
        let key = try HKDF.derive(secret, info: "session identities", count: 32)
        guard let sessionKey = SessionIdentityKey(key) else {
            preconditionFailure("a derived key has the length that was asked for")
        }
        var settings = CellSettings(
            access: configuration.accessSentBy, interconnection: configuration.interconnectionSentBy,
            media: media, sessionIdentityKey: sessionKey)
        settings.registrar.maximumExpires = UInt32(clamping: Int(configuration.timers.registrationExpires.inSeconds))
        settings.registrar.flowTimer = UInt32(clamping: Int(configuration.timers.flowTimer.inSeconds))
        // Who does not keep his flow alive refreshes before it is taken for idle.
        settings.registrar.maximumExpiresWithoutKeepAlive = UInt32(
            clamping: Int((configuration.timers.idle * 9 / 10).inSeconds))
        settings.gateway.heartbeatInterval = configuration.timers.heartbeat
        settings.gateway.missesUntilLost = configuration.limits.lostHeartbeats
        settings.floor = configuration.floor
        settings.messages = messages(configuration)
        return settings
    }

    static func transport(
        _ configuration: SystemConfiguration, _ keyLog: TLSKeyLog?
    ) throws -> TransportConfiguration {
        let files = configuration.certificates
        let access = try identity(files.access)
        let gateway = try identity(files.interconnection)
        let own = try files.authority.map { [try authority("own", $0)] } ?? []
        // Another process of this system proves what a gateway of ours proves, and no client may do that.
        let domains = configuration.identity.domains
        let sibling = try files.authority.map { [try authority("own gateway", $0, mayAssert: domains)] } ?? []
        let partners = try configuration.partners.map { partner in
            (
                partner.partner,
                try authority(partner.partner.system.value, partner.authorityFile, mayAssert: partner.partner.domains)
            )
        }
        let clientCertificate: ServerTLS.ClientCertificate =
            switch files.clientCertificates {
            case .none: .none
            case .optional: .optional
            case .required: .required
            }
        let accessTLS = ServerTLS(
            identity: access, clientCertificate: clientCertificate, authorities: own, keyLog: keyLog)
        let partnerTLS = ServerTLS(
            identity: gateway, clientCertificate: .required, authorities: sibling + partners.map(\.1), keyLog: keyLog)
        var listeners: [Listener] = []
        func listen(_ name: String, _ kind: TransportKind, _ addresses: [SocketAddress], _ tls: ServerTLS?) {
            for (number, address) in addresses.enumerated() {
                listeners.append(
                    Listener(name: "\(name)-\(kind.rawValue)-\(number)", transport: kind, address: address, tls: tls))
            }
        }
        listen("access", .tls, configuration.access.tls, accessTLS)
        listen("access", .tcp, configuration.access.tcp, nil)
        listen("access", .udp, configuration.access.udp, nil)
        listen("interconnection", .tls, configuration.interconnection.tls, partnerTLS)
        var trust = OutboundTrust(identity: gateway)
        for (partner, authority) in partners {
            for target in partner.gateways { trust.authoritiesByName[target.serverName.lowercased()] = [authority] }
        }
        if !sibling.isEmpty { trust.authoritiesByName[configuration.identity.domain.lowercased()] = sibling }
        var limits = TransportLimits()
        limits.connections = configuration.limits.connections
        limits.connectionsPerSource = configuration.limits.connectionsPerSource
        var timeouts = TransportTimeouts()
        timeouts.handshake = configuration.timers.tlsHandshake
        timeouts.message = configuration.timers.message
        timeouts.idle = configuration.timers.idle
        return TransportConfiguration(
            listeners: listeners, outbound: trust, limits: limits, timeouts: timeouts,
            messageLimits: messages(configuration))
    }

    private static func messages(_ configuration: SystemConfiguration) -> SIPLimits {
        var limits = SIPLimits()
        limits.headerOctets = configuration.limits.headerOctets
        limits.bodyOctets = configuration.limits.bodyOctets
        return limits
    }

    private static func identity(_ files: CertificateFiles.Identity) throws -> TLSIdentity {
        try TLSIdentity(certificatePEM: try text(files.certificate), keyPEM: try text(files.key))
    }

    private static func authority(
        _ name: String, _ file: String, mayAssert: [String]? = nil
    ) throws -> PinnedAuthority {
        try PinnedAuthority(name: name, pem: try text(file), mayAssert: mayAssert)
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
    }
}

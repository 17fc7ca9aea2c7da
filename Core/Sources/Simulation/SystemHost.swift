import CallControl
import FloorControl
import MCFoundation
import MCSystem
import MediaDistribution
import Policy
import RTP
import SIP
import SIPUserAgent

/// The addresses of one simulated system.
struct SystemAddresses: Sendable {
    var accessSIP: SocketAddress
    var interconnectionSIP: SocketAddress
    var media: MediaPlane
    /// By the number of the media cell.
    var sockets: [[MediaSocket]]

    private static let mediaCells: UInt16 = 2

    /// `10.<country>.0.1` towards its users, `10.<country>.0.2` towards partners: one host with two addresses.
    init(country: Int) {
        let access = IPAddress(v4: 0x0a00_0001 + UInt32(country) << 16)
        let outside = IPAddress(v4: 0x0a00_0002 + UInt32(country) << 16)
        accessSIP = SocketAddress(access, port: 5061)
        interconnectionSIP = SocketAddress(outside, port: 5062)
        func ports(_ address: IPAddress, _ cell: UInt16) -> MediaPorts {
            MediaPorts(
                audio: SocketAddress(address, port: 20_000 + 2 * cell),
                floor: SocketAddress(address, port: 20_001 + 2 * cell))
        }
        let cells = (0..<Self.mediaCells).map { cell in
            MediaAddresses(access: [ports(access, cell)], interconnection: [ports(outside, cell)])
        }
        guard let plane = MediaPlane(cells) else { preconditionFailure("a system without a media cell") }
        media = plane
        sockets = cells.map { cell in
            [
                MediaSocket(id: 0, use: .audio, face: .access, address: cell.access[0].audio),
                MediaSocket(id: 1, use: .floor, face: .access, address: cell.access[0].floor),
                MediaSocket(id: 2, use: .audio, face: .interconnection, address: cell.interconnection[0].audio),
                MediaSocket(id: 3, use: .floor, face: .interconnection, address: cell.interconnection[0].floor),
            ]
        }
    }

    func owns(_ address: SocketAddress) -> Bool {
        sockets.contains { $0.contains { $0.address == address } }
    }
}

/// One media cell, a value that must not be copied, behind a reference.
final class MediaHost {
    var cell: MediaCell
    private let sockets: [MediaSocket]

    init(_ sockets: [MediaSocket]) {
        cell = MediaCell(sockets: sockets)
        self.sockets = sockets
    }

    func socket(at address: SocketAddress) -> MediaSocket? {
        sockets.first { $0.address == address }
    }

    func address(of socket: UInt8) -> SocketAddress { sockets[Int(socket)].address }
}

/// One MC system of the simulated world: the very cells of the product, driven by virtual time and network. It feeds
/// events and carries out actions, as the drivers do.
final class SystemHost {
    let id: HostID
    let system: MCSystemID
    let addresses: SystemAddresses
    private let directory: DirectorySnapshot
    private let settings: CellSettings
    private var random: SeededGenerator
    var signalling: SignallingCell
    /// By number.
    private(set) var media: [MediaHost]
    private var flows: [FlowID: ConnectionID] = [:]
    private var flowsByConnection: [ConnectionID: FlowID] = [:]
    private var targets: [ConnectionID: (target: Target, waiting: [[UInt8]])] = [:]
    private var connections: [Target: ConnectionID] = [:]
    private var nextFlow: UInt64 = 1
    /// Who talks under an SSRC that this system assigned.
    var talkers: [UInt32: Seat] = [:]
    /// Where the legs lead to.
    var remotes: [LegID: LegRemote] = [:]
    var saboteur = Saboteur()
    private var verifier: TokenVerifier
    private var openCalls: [MediaCallID] = []
    /// The wake-up that is on its way.
    private var wakeAt: Instant?

    init(
        id: HostID, system: MCSystemID, addresses: SystemAddresses, settings: CellSettings,
        directory: DirectorySnapshot, random: SeededGenerator, at now: Now
    ) {
        self.id = id
        self.system = system
        self.addresses = addresses
        self.directory = directory
        self.settings = settings
        var random = random
        signalling = SignallingCell(settings: settings, directory: directory, random: random.fork(), at: now)
        media = addresses.sockets.map(MediaHost.init)
        verifier = TokenVerifier(random: random.fork())
        self.random = random
    }

    /// Everything that was in memory is gone; the world has cut the connections.
    func restart(_ world: inout WorldServices) {
        for call in openCalls { world.observe(.callClosed(system, call)) }
        openCalls = []
        talkers = [:]
        remotes = [:]
        flows = [:]
        flowsByConnection = [:]
        targets = [:]
        connections = [:]
        verifier.forget()
        wakeAt = nil
        signalling = SignallingCell(
            settings: settings, directory: directory, random: random.fork(), at: world.time)
        media = addresses.sockets.map(MediaHost.init)
        settle(&world)
    }

    // MARK: What reaches the host

    func handle(_ delivery: Delivery, _ world: inout WorldServices) {
        switch delivery {
        case .accepted(_, let connection, let from, let to):
            let face: MediaFace = to == addresses.interconnectionSIP ? .interconnection : .access
            let names = face == .interconnection ? world.certificateNames(of: from.address) : []
            open(
                connection,
                FlowDescription(transport: .tls, remote: from, local: to, certificateNames: names, face: face),
                &world)
        case .connected(_, let connection):
            guard let (target, waiting) = targets.removeValue(forKey: connection),
                let remote = SocketAddress(host: target.host, port: target.port)
            else { break }
            open(
                connection,
                FlowDescription(
                    transport: .tls, remote: remote, local: addresses.interconnectionSIP,
                    certificateNames: world.certificateNames(of: remote.address), isOutbound: true, target: target),
                &world)
            for bytes in waiting { world.network.send(bytes, on: connection, from: id) }
        case .connectFailed(_, let connection):
            guard let (target, _) = targets.removeValue(forKey: connection) else { break }
            connections[target] = nil
            act(signalling.handle(.targetFailed(target), at: world.time), &world)
        case .message(_, let connection, let bytes):
            guard let flow = flowsByConnection[connection] else { break }
            if world.sabotage == .forgottenAffiliation { saboteur.keep(bytes, from: flow) }
            act(signalling.handle(.received(flow, bytes), at: world.time), &world)
        case .closed(_, let connection):
            close(connection, &world)
        case .datagram(_, let bytes, let from, let to):
            receive(bytes, from: from, to: to, &world)
        case .wake:
            if let wakeAt, wakeAt <= world.time.instant { self.wakeAt = nil }
        case .pong, .script:
            break
        }
        settle(&world)
    }

    private func open(_ connection: ConnectionID, _ description: FlowDescription, _ world: inout WorldServices) {
        let flow = FlowID(nextFlow)
        nextFlow += 1
        flows[flow] = connection
        flowsByConnection[connection] = flow
        act(signalling.handle(.flowOpened(flow, description), at: world.time), &world)
    }

    private func close(_ connection: ConnectionID, _ world: inout WorldServices) {
        guard let flow = flowsByConnection.removeValue(forKey: connection) else { return }
        flows[flow] = nil
        for target in world.targets where connections[target] == connection { connections[target] = nil }
        act(signalling.handle(.flowClosed(flow), at: world.time), &world)
    }

    private func receive(_ bytes: [UInt8], from: SocketAddress, to: SocketAddress, _ world: inout WorldServices) {
        for host in media {
            guard let socket = host.socket(at: to) else { continue }
            return receive(bytes, from: from, on: socket, of: host, &world)
        }
    }

    private func receive(
        _ bytes: [UInt8], from: SocketAddress, on socket: MediaSocket, of host: MediaHost, _ world: inout WorldServices
    ) {
        let reference = bytes.withUnsafeBytes { host.cell.receive($0, on: socket.id, from: from, at: world.time) }
        guard socket.use == .audio, let header = try? RTPHeader(reading: bytes) else { return }
        let talker = talkers[header.ssrc]
        guard let reference else {
            if let talker { passRefused(bytes, of: talker, &world) }
            return
        }
        if let talker {
            world.observe(.forwarded(system, talker.call, talker.leg))
        } else {
            world.observe(.relayed(system, ssrc: header.ssrc))
        }
        if world.sabotage == .clippedBeginning, saboteur.clips(header, at: world.time.instant) { return }
        for destination in host.cell.forwardList(in: reference.slot) {
            if world.sabotage == .deafMember, destination.address.address == saboteur.victim { continue }
            world.network.send(bytes, from: host.address(of: destination.socket), to: destination.address)
        }
        if world.sabotage == .strayRelayed, talker == nil { relayStray(bytes, reference, of: host, &world) }
    }

    // MARK: What the cells want done

    func act(_ actions: [CellAction], _ world: inout WorldServices) {
        for action in actions {
            switch action {
            case .transmit(let bytes, .flow(let flow)), .transmit(let bytes, .beside(let flow, _)):
                if world.sabotage == .swallowedBye, bytes.starts(with: "BYE ".utf8) { continue }
                let sent = world.sabotage == .untoldTier ? Saboteur.withoutEmergency(bytes) : bytes
                if let connection = flows[flow] { world.network.send(sent, on: connection, from: id) }
            case .transmit(let bytes, .target(let target)):
                transmit(bytes, to: target, &world)
            case .close(let flow):
                guard let connection = flows[flow] else { continue }
                world.network.close(connection, by: id)
                close(connection, &world)
            case .expectKeepAlive:
                // A virtual connection is never silently dead: it closes.
                break
            case .media(let command):
                observe(command, &world)
                if world.sabotage == .leakedLeg, saboteur.leaks(command) { continue }
                media[Int(command.cell)].cell.handle(command, at: world.time)
            case .verify(let job):
                verifier.take(job, at: world.time)
            case .lookUpDocuments:
                // No simulated device subscribes to documents yet.
                break
            case .stopListening, .startListening:
                // No simulated process takes the place of another one yet.
                break
            case .note(let observation):
                world.note(system, observation)
            }
        }
    }

    private func transmit(_ bytes: [UInt8], to target: Target, _ world: inout WorldServices) {
        if let connection = connections[target] {
            if targets[connection] != nil {
                targets[connection]?.waiting.append(bytes)
            } else {
                world.network.send(bytes, on: connection, from: id)
            }
            return
        }
        guard let remote = SocketAddress(host: target.host, port: target.port) else {
            return act(signalling.handle(.targetFailed(target), at: world.time), &world)
        }
        world.remember(target)
        let connection = world.network.connect(id, from: addresses.interconnectionSIP, to: remote)
        connections[target] = connection
        targets[connection] = (target, [bytes])
    }

    private func observe(_ command: MediaCommand, _ world: inout WorldServices) {
        switch command {
        case .openCall(let call, let settings):
            openCalls.append(call)
            guard let group = settings.groupID else { return }
            world.observe(.callOpened(system, group, call))
            if world.sabotage == .secondController { openTwice(call, group, settings, &world) }
        case .closeCall(let call):
            openCalls.removeAll { $0 == call }
            world.observe(.callClosed(system, call))
            if world.sabotage == .secondController { closeTwice(call, &world) }
        case .connectLeg(let leg, let remote):
            remotes[leg] = remote
        case .closeLeg(let leg):
            remotes[leg] = nil
        case .join(let call, let leg, let description):
            talkers[description.audioSSRC] = Seat(call: call, leg: leg)
            world.ssrcs[description.mcpttID] = description.audioSSRC
            world.observe(.joined(system, call, leg, ssrc: description.audioSSRC))
        default:
            break
        }
    }

    /// Passes on what the media cell has to say until nothing is left, and asks to be woken in time.
    func settle(_ world: inout WorldServices) {
        while true {
            for host in media { host.cell.advance(to: world.time) }
            if let due = deadline(), due <= world.time.instant {
                act(signalling.handle(.timeAdvanced, at: world.time), &world)
            }
            for (job, verdict) in verifier.takeVerdicts(at: world.time) {
                act(signalling.handle(.tokenVerified(job, verdict), at: world.time), &world)
            }
            for host in media {
                host.cell.drainDatagrams { datagram, bytes in
                    let remote = datagram.destination.address
                    guard let bytes = passed(Array(bytes), to: remote, world.sabotage) else { return }
                    world.network.send(bytes, from: host.address(of: datagram.destination.socket), to: remote)
                }
            }
            let events = media.flatMap { $0.cell.takeEvents() }
            guard !events.isEmpty else { break }
            for event in events {
                if case .talkerChanged(let call, let leg, _) = event {
                    world.observe(.talkerChanged(system, call, leg))
                }
                act(signalling.handle(.media(event), at: world.time), &world)
            }
        }
        var due = deadline()
        if let other = verifier.nextDeadline { due = due.map { min($0, other) } ?? other }
        for host in media {
            if let other = host.cell.nextDeadline { due = due.map { min($0, other) } ?? other }
        }
        guard let due, wakeAt.map({ due < $0 }) ?? true else { return }
        // At least a microsecond on, so that a deadline that does not move cannot stop the clock.
        let instant = max(due, world.time.instant + .microseconds(1))
        wakeAt = instant
        world.network.wake(id, at: instant)
    }

    /// Asked in place: to read the property of a value in a class would copy the value.
    private func deadline() -> Instant? {
        func ask(_ cell: inout SignallingCell) -> Instant? { cell.nextDeadline }
        return ask(&signalling)
    }

    // MARK: What is left, and what is known

    /// What is left of calls when all are over.
    var remains: [(what: String, count: Int)] {
        let cell = signalling.population
        let media = media.map { $0.cell.population }
        return [
            ("calls of the participating function", cell.participating.calls),
            ("sessions of the participating function", cell.participating.sessions),
            ("references of the participating function", cell.participating.references),
            ("calls of the controlling function", cell.controlling.calls),
            ("sessions of the controlling function", cell.controlling.sessions),
            ("references of the controlling function", cell.controlling.references),
            ("sessions of the gateway", cell.gateway.calls), ("dialogs of the gateway", cell.gateway.sessions),
            ("references of the gateway", cell.gateway.references),
            ("requests between functions", cell.transactions), ("invitations", cell.invitations),
            ("calls of the media cells", media.reduce(0) { $0 + $1.calls }),
            ("legs of the media cells", media.reduce(0) { $0 + $1.legs }),
        ]
    }

    /// What the owner of a group holds of a client.
    func owns(_ user: MCPTTID, _ client: MCPTTClientID, in group: MCPTTGroupID) -> Bool {
        signalling.isAffiliated(user, client: client, with: group)
    }

    /// What the system that serves a client tells it.
    func serves(_ user: MCPTTID, _ client: MCPTTClientID, in group: MCPTTGroupID) -> Bool {
        signalling.confirmsAffiliation(user, client: client, with: group)
    }
}

/// A participant of a call.
struct Seat: Hashable {
    var call: MediaCallID
    var leg: LegID
}

extension SocketAddress {
    init?(host: String, port: UInt16) {
        guard let address = IPAddress(host) else { return nil }
        self.init(address, port: port)
    }
}

import CallControl
import DocumentNotification
import MCFoundation
import MCGateway
import MCSystem
import Policy
import SIP
import SIPUserAgent

/// Cells and handsets joined back to back: octets go from one to the other in order, time passes only when nothing is
/// on its way.
struct Lab {
    enum End: Hashable {
        case cell(Int)
        case handset(Int)
    }

    struct Link {
        var owner: End
        var peer: FlowID
    }

    struct Site {
        let system: SystemIdentity
        var cell: SignallingCell
        var media: [MediaCommand] = []
        var notes: [Observation] = []
        /// Tokens that the cell wanted verified and nobody has yet.
        var jobs: [TokenJob] = []
        /// What it asked of the keeper of the documents and nobody answered yet.
        var lookUps: [DocumentLookUp] = []
        var closed: [FlowID] = []
        /// Messages that left towards partners, as octets.
        var abroad: [[UInt8]] = []
        var isUp = true
        /// Whether it accepts connections.
        var isListening = true
        /// The name that its gateway's certificate proves.
        var border = ""
        /// Target to flow, for connections that this site opened.
        var connections: [Target: FlowID] = [:]
    }

    var sites: [Site] = []
    /// What the shells were told of keep-alives that peers promised.
    private(set) var promises: [(FlowID, Duration)] = []
    var handsets: [Handset] = []
    var now = Now(instant: Instant(nanoseconds: 1_000_000_000), utc: UTCTime(microseconds: 1_700_000_000_000_000))
    private var links: [FlowID: Link] = [:]
    private var lastFlow: UInt64 = 0
    private var wire: [(FlowID, [UInt8])] = []
    /// Everything that went from one end to another, in order.
    private(set) var traffic: [[UInt8]] = []
    /// Directions between sites in which no answer arrives, though requests do.
    private var muted: Set<[Int]> = []

    // MARK: Building

    static func identity(_ name: String) -> SystemIdentity {
        SystemIdentity(id: MCSystemID(name), domain: "\(name).example", otherDomains: ["mc.\(name).example"])
    }

    static func user(_ name: String, of system: SystemIdentity) -> User {
        let domain = system.domain
        func ha1(_ algorithm: DigestAlgorithm) -> String? {
            Digest.ha1(user: "\(name)@\(domain)", realm: domain, password: "pw-\(name)", algorithm: algorithm)
        }
        return User(
            mcpttID: MCPTTID("sip:\(name)@mc.\(domain)"), publicIdentity: PublicUserIdentity("sip:\(name)@\(domain)"),
            privateIdentity: PrivateUserIdentity("\(name)@\(domain)"),
            credentials: DigestSecrets(realm: domain, md5: ha1(.md5), sha256: ha1(.sha256)), homeSystem: system.id)
    }

    static func partner(_ name: String, agreement: Agreement = Agreement()) -> Partner {
        let system = identity(name)
        return Partner(
            system: system.id, domains: system.domains, services: system.services,
            gateways: [GatewayTarget(host: "gw.\(name).example", serverName: "gw.\(name).example")],
            agreement: agreement)
    }

    static func group(_ name: String, of system: String, members: [MCPTTID]) -> Group {
        Group(
            id: MCPTTGroupID("sip:\(name)@mc.\(system).example"), kind: .prearranged,
            members: members.map { Member(mcpttID: $0, priority: 5) })
    }

    /// How many media cells a site has.
    var mediaCells = 1
    /// Pairs of ports of each beside the first.
    var sparePorts: UInt16 = 0
    /// Listeners take their time to close.
    var keepsListeners = false
    /// A flow that a cell closes is closed.
    var closesFlows = false
    /// Sites serve nobody without a token.
    var requiresToken = false

    private static let key = SessionIdentityKey(Array(repeating: 0x5a, count: 32))

    func settings(_ number: Int, serializes: Bool) throws -> CellSettings {
        func ports(_ last: UInt32, _ port: UInt16) -> [MediaPorts] {
            let address = IPAddress(v4: 0x0a00_0000 + UInt32(number) << 8 + last)
            return (0...sparePorts).map { pair in
                let first = port + 2 * UInt16(mediaCells) * pair
                return MediaPorts(audio: .init(address, port: first), floor: .init(address, port: first + 1))
            }
        }
        let cells = (0..<mediaCells).map { cell in
            MediaAddresses(
                access: ports(2, 20_000 + 2 * UInt16(cell)), interconnection: ports(3, 30_000 + 2 * UInt16(cell)))
        }
        guard let media = MediaPlane(cells) else { throw LabError.cells }
        guard let key = Lab.key else { throw LabError.key }
        var settings = CellSettings(
            access: SentBy(host: "10.0.\(number).1", udpPort: 5_060, tcpPort: 5_060, tlsPort: nil),
            interconnection: SentBy(host: "border\(number).example", tlsPort: 5_061),
            media: media, sessionIdentityKey: key)
        settings.serializesInternally = serializes
        settings.requiresToken = requiresToken
        return settings
    }

    enum LabError: Error { case key, cells }

    mutating func addSite(
        _ name: String, users: [String], groups: [Group] = [], partners: [Partner] = [], serializes: Bool = false
    ) throws {
        let system = Lab.identity(name)
        let directory = try DirectorySnapshot(
            system: system, users: users.map { Lab.user($0, of: system) }, groups: groups, partners: partners)
        let cell = SignallingCell(
            settings: try settings(sites.count, serializes: serializes), directory: directory,
            random: SeededGenerator(seed: 100 + UInt64(sites.count)), at: now)
        var site = Site(system: system, cell: cell)
        site.border = system.domain
        sites.append(site)
    }

    /// Another process of the system of a site, which is to take its place; what it says is as for a site of its own.
    mutating func addSuccessor(of site: Int, directory: DirectorySnapshot) throws -> Int {
        var settings = try settings(sites.count, serializes: false)
        let before = try self.settings(site, serializes: false)
        settings.access = before.access
        settings.interconnection = before.interconnection
        settings.isSuccessor = true
        let cell = SignallingCell(
            settings: settings, directory: directory, random: SeededGenerator(seed: 500 + UInt64(sites.count)), at: now)
        var successor = Site(system: sites[site].system, cell: cell)
        successor.isListening = false
        successor.border = sites[site].border
        sites.append(successor)
        return sites.count - 1
    }

    /// The process of a site starts anew: nothing is left of what it knew.
    mutating func restart(_ site: Int, directory: DirectorySnapshot, seed: UInt64) throws {
        sites[site].cell = SignallingCell(
            settings: try settings(site, serializes: false), directory: directory,
            random: SeededGenerator(seed: seed), at: now)
        sites[site].isUp = true
    }

    /// Every connection of a site breaks, and no new one comes about.
    mutating func takeDown(_ site: Int) {
        sites[site].isUp = false
        let hit = links.filter { $0.value.owner == .cell(site) || links[$0.value.peer]?.owner == .cell(site) }
        for flow in hit.map(\.key).sorted() {
            guard let link = links.removeValue(forKey: flow), case .cell(let other) = link.owner, other != site else {
                continue
            }
            sites[other].connections = sites[other].connections.filter { $0.value != flow }
            tell(other, .flowClosed(flow))
        }
        sites[site].connections = [:]
        settle()
    }

    /// What one site answers another is lost from now on, or no more.
    mutating func mute(_ sender: Int, towards receiver: Int, _ isMuted: Bool) {
        if isMuted { muted.insert([sender, receiver]) } else { muted.remove([sender, receiver]) }
    }

    private mutating func mint() -> FlowID {
        lastFlow += 1
        return FlowID(lastFlow)
    }

    /// A handset whose connection is gone makes another one, to whoever accepts it.
    mutating func reconnect(_ index: Int, to site: Int) {
        handsets[index].flow = mint()
        join(index, to: site)
    }

    private mutating func join(_ index: Int, to site: Int) {
        let (mine, theirs) = (handsets[index].flow, mint())
        links[mine] = Link(owner: .handset(index), peer: theirs)
        links[theirs] = Link(owner: .cell(site), peer: mine)
        tell(
            site,
            .flowOpened(
                theirs,
                FlowDescription(
                    transport: .tcp, remote: handsets[index].address,
                    local: SocketAddress(IPAddress(v4: 0x0a00_0001 + UInt32(site) << 8), port: 5_060), face: .access)))
        handsets[index].opened(at: now)
    }

    func isConnected(_ index: Int) -> Bool { links[handsets[index].flow] != nil }

    private mutating func close(_ flow: FlowID, by site: Int) {
        sites[site].closed.append(flow)
        guard closesFlows, let link = links.removeValue(forKey: flow) else { return }
        let other = links.removeValue(forKey: link.peer)?.owner
        for index in sites.indices {
            sites[index].connections = sites[index].connections.filter { $0.value != flow && $0.value != link.peer }
        }
        if case .cell(let other)? = other { tell(other, .flowClosed(link.peer)) }
        tell(site, .flowClosed(flow))
    }

    @discardableResult
    mutating func addHandset(_ name: String, at site: Int, password: String? = nil) -> Int {
        let index = handsets.count
        handsets.append(
            Handset(
                name, domain: sites[site].system.domain, password: password, number: UInt32(index + 1), flow: mint()))
        join(index, to: site)
        return index
    }

    mutating func addStranger(
        at site: Int, certificateNames: [String] = [], face: MediaFace = .interconnection
    ) -> FlowID {
        let theirs = mint()
        tell(
            site,
            .flowOpened(
                theirs,
                FlowDescription(
                    transport: .tls, remote: SocketAddress(IPAddress(v4: 0xcb00_7101), port: 999),
                    local: SocketAddress(.loopback, port: 5_061), certificateNames: certificateNames, face: face)))
        return theirs
    }

    // MARK: Running

    @discardableResult
    mutating func tell(_ site: Int, _ event: CellEvent) -> [CellAction] {
        let actions = sites[site].cell.handle(event, at: now)
        for action in actions {
            switch action {
            case .transmit(let octets, .flow(let flow)), .transmit(let octets, .beside(let flow, _)):
                if sites[site].connections.values.contains(flow) || isBorder(flow) {
                    sites[site].abroad.append(octets)
                }
                if let link = links[flow] { wire.append((link.peer, octets)) }
            case .transmit(let octets, .target(let target)):
                guard let flow = connection(site, to: target) else {
                    tell(site, .targetFailed(target))
                    continue
                }
                sites[site].abroad.append(octets)
                if let link = links[flow] { wire.append((link.peer, octets)) }
            case .close(let flow): close(flow, by: site)
            case .stopListening:
                sites[site].isListening = false
                if !keepsListeners { tell(site, .listenersClosed) }
            case .startListening: sites[site].isListening = true
            case .verify(let job): sites[site].jobs.append(job)
            case .lookUpDocuments(let lookUp): sites[site].lookUps.append(lookUp)
            case .expectKeepAlive(let flow, let silence): promises.append((flow, silence))
            case .media(let command): sites[site].media.append(command)
            case .note(let observation): sites[site].notes.append(observation)
            }
        }
        return actions
    }

    private func isBorder(_ flow: FlowID) -> Bool {
        guard let link = links[flow], case .cell? = links[link.peer]?.owner else { return false }
        return true
    }

    private mutating func connection(_ site: Int, to target: Target) -> FlowID? {
        if let flow = sites[site].connections[target] { return flow }
        let isOwn = target.host == sites[site].border
        let other = sites.indices.first {
            $0 != site && sites[$0].isUp && sites[$0].isListening
                && (isOwn ? sites[$0].border == target.host : "gw.\(sites[$0].system.domain)" == target.host)
        }
        guard sites[site].isUp, let other else { return nil }
        let (mine, theirs) = (mint(), mint())
        links[mine] = Link(owner: .cell(site), peer: theirs)
        links[theirs] = Link(owner: .cell(other), peer: mine)
        sites[site].connections[target] = mine
        let here = SocketAddress(IPAddress(v4: 0xc633_6401 + UInt32(site)), port: 5_061)
        let there = SocketAddress(IPAddress(v4: 0xc633_6401 + UInt32(other)), port: 5_061)
        tell(
            other,
            .flowOpened(
                theirs,
                FlowDescription(
                    transport: .tls, remote: here, local: there,
                    certificateNames: [isOwn ? sites[site].border : "gw.\(sites[site].system.domain)"],
                    face: .interconnection)))
        tell(
            site,
            .flowOpened(
                mine,
                FlowDescription(
                    transport: .tls, remote: there, local: here, certificateNames: [target.host], isOutbound: true,
                    target: target)))
        return mine
    }

    /// Carries octets until none is on its way.
    mutating func settle() {
        for index in handsets.indices { collect(index) }
        while !wire.isEmpty {
            let (flow, octets) = wire.removeFirst()
            traffic.append(octets)
            guard let link = links[flow] else { continue }
            switch link.owner {
            case .cell(let site):
                if case .cell(let sender)? = links[link.peer]?.owner, muted.contains([sender, site]),
                    octets.starts(with: "SIP/2.0 ".utf8)
                {
                    continue
                }
                if sites[site].isUp { tell(site, .received(flow, octets)) }
            case .handset(let index):
                handsets[index].receive(octets, at: now)
                collect(index)
            }
        }
    }

    private mutating func collect(_ index: Int) {
        let flow = handsets[index].flow
        for octets in handsets[index].takeOctets() {
            if let link = links[flow] { wire.append((link.peer, octets)) }
        }
    }

    /// Lets time pass, every deadline in its order.
    mutating func pass(_ duration: Duration) {
        settle()
        let end = now.instant + duration
        while true {
            let deadlines =
                sites.filter(\.isUp).compactMap(\.cell.nextDeadline) + handsets.compactMap(\.nextDeadline)
            guard let next = deadlines.min(), next <= end else { break }
            advance(to: max(next, now.instant))
            for site in sites.indices where sites[site].isUp {
                if let deadline = sites[site].cell.nextDeadline, deadline <= now.instant { tell(site, .timeAdvanced) }
            }
            for index in handsets.indices {
                if let deadline = handsets[index].nextDeadline, deadline <= now.instant {
                    handsets[index].advance(at: now)
                }
            }
            settle()
        }
        advance(to: end)
    }

    private mutating func advance(to instant: Instant) {
        now.utc.microseconds += (instant - now.instant).wholeNanoseconds / 1_000
        now.instant = instant
    }

    /// What a person does with a handset, and everything that follows at once.
    mutating func act<Result>(_ index: Int, _ deed: (inout Handset, Now) -> Result) -> Result {
        let result = deed(&handsets[index], now)
        settle()
        return result
    }

    mutating func ready(_ index: Int, groups: [MCPTTGroupID]) {
        act(index) { $0.register(at: $1) }
        act(index) { $0.publishSettings(at: $1) }
        act(index) { $0.affiliate(groups, at: $1) }
    }
}

import MCFoundation
import Policy
import SIPUserAgent

/// Who is at the other end of a flow, as the transport proves it.
enum FlowPeer: Hashable, Sendable {
    /// A gateway of a partner, by its certificate.
    case partner(MCSystemID)
    /// Another process of this system, by the certificate of our own gateway.
    case sibling
    /// Somebody who may register.
    case client
    /// A peer on the border side that proves nothing we know.
    case stranger
}

/// The flows that are open: who is there, and the token by which Route and Path name each.
struct FlowTable: Sendable {
    struct Flow: Sendable {
        var description: FlowDescription
        var peer: FlowPeer
        /// Whose transaction layer serves it, for as long as it stands.
        let face: CellFace
        /// Stands as user part in Path, Record-Route and Route (RFC 5626 5.2); it cannot be guessed, so whoever has it
        /// was told it.
        var token: String
        var malformed = 0
        /// A stranger is answered once.
        var wasTurnedAway = false
    }

    private var flows: [FlowID: Flow] = [:]
    private var flowsByToken: [String: FlowID] = [:]

    var count: Int { flows.count }

    /// UDP associations are none.
    private(set) var clientConnections = 0

    subscript(flow: FlowID) -> Flow? { flows[flow] }

    /// Those that a condition holds for, in the order in which they were opened.
    func all(where condition: (Flow) -> Bool) -> [FlowID] { flows.filter { condition($0.value) }.keys.sorted() }

    func flow(token: String) -> FlowID? { flowsByToken[token] }

    mutating func open(_ flow: FlowID, _ description: FlowDescription, peer: FlowPeer, face: CellFace, token: String) {
        flows[flow] = Flow(description: description, peer: peer, face: face, token: token)
        flowsByToken[token] = flow
        if isClientConnection(flows[flow]) { clientConnections += 1 }
    }

    private func isClientConnection(_ flow: Flow?) -> Bool {
        flow.map { $0.face == .access && $0.description.transport.isReliable } ?? false
    }

    mutating func close(_ flow: FlowID) -> Flow? {
        guard let closed = flows.removeValue(forKey: flow) else { return nil }
        flowsByToken[closed.token] = nil
        if isClientConnection(closed) { clientConnections -= 1 }
        return closed
    }

    /// Counts a message that could not be served; what it is up to.
    mutating func countMalformed(_ flow: FlowID) -> Int {
        flows[flow]?.malformed += 1
        return flows[flow]?.malformed ?? 0
    }

    /// True the first time.
    mutating func turnAway(_ flow: FlowID) -> Bool {
        guard flows[flow]?.wasTurnedAway == false else { return false }
        flows[flow]?.wasTurnedAway = true
        return true
    }

    /// Names every peer again: partners come and go with the directory.
    mutating func classify(_ peer: (FlowDescription) -> FlowPeer) -> [FlowID] {
        var changed: [FlowID] = []
        for id in flows.keys.sorted() {
            guard var flow = flows[id] else { continue }
            let now = peer(flow.description)
            guard now != flow.peer else { continue }
            flow.peer = now
            flows[id] = flow
            changed.append(id)
        }
        return changed
    }
}

extension DirectorySnapshot {
    /// The partner that a certificate speaks for: one of its gateways, or one of its domains (RFC 5922 7.2).
    func partner(certificateNames: [String]) -> Partner? {
        guard !certificateNames.isEmpty else { return nil }
        let names = certificateNames.map { $0.lowercased() }
        return partners.first { partner in
            partner.gateways.contains { names.contains($0.serverName.lowercased()) }
                || partner.domains.contains { names.contains($0) }
        }
    }

    /// The partner and gateway that a target is.
    func partner(target: Target) -> Partner? {
        partners.first { partner in partner.gateways.contains { $0.target == target } }
    }
}

extension GatewayTarget {
    /// Mutual TLS is the rule between systems.
    var target: Target {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        return Target(host: bare, port: port, transport: .tls, serverName: serverName)
    }
}

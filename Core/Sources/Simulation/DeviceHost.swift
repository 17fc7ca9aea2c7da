import CallControl
import FloorControl
import MCFoundation
import OrderedCollections
import RTP
import Responder
import SIPUserAgent

/// What one call looks like on a device.
struct DeviceCall {
    var group: MCPTTGroupID?
    var audio: SocketAddress
    var floor: SocketAddress
    var remote: RemoteMedia?
    /// Set from callStarted on.
    var startedAt: Instant?
    var talk: DeviceTalk?
    /// What the device believes that the call is in.
    var tier = CallTier.normal
}

/// A talk of a device while it lasts.
struct DeviceTalk {
    var ssrc: UInt32
    var beganAt: Instant
    var sequence: UInt16
    var timestamp: UInt32
    var packets = 0
}

/// A talk that goes on against the rules.
private struct AfterTalk {
    var call: CallHandle
    var talk: DeviceTalk
    var until: Instant
}

/// One responder's device in the simulated world: the client machine of the product, driven by virtual time and network.
final class DeviceHost {
    let id: HostID
    let device: DeviceID
    let country: Int
    let mcpttID: MCPTTID
    private let address: IPAddress
    private let settings: ResponderSettings
    private let packetInterval: Duration
    private var random: SeededGenerator
    private var client: ResponderClient
    private var connection: ConnectionID?
    private var flow: FlowID?
    private var isConnecting = false
    private var nextFlow: UInt64 = 1
    private var nextPort: UInt16 = 30_000
    private var wakeAt: Instant?
    /// When the shell brings the client a fresh token: well before the one it has runs out.
    private var renewAt: Instant?
    private static let renewal = TokenVerifier.lifetime / 3
    private(set) var calls: OrderedDictionary<CallHandle, DeviceCall> = [:]
    /// Groups the user wants, and since when the system has confirmed each.
    private(set) var wanted: [MCPTTGroupID] = []
    private(set) var affiliatedSince: OrderedDictionary<MCPTTGroupID, Instant> = [:]
    /// Talks that a device which breaks the rules does not end.
    private var afterTalks: [AfterTalk] = []
    /// When the device last lost its connection, its host or its registration.
    private(set) var disturbedAt: Instant = .zero

    init(
        id: HostID, device: DeviceID, country: Int, address: IPAddress, settings: ResponderSettings,
        packetInterval: Duration, random: SeededGenerator
    ) throws(ResponderSettingsError) {
        self.id = id
        self.device = device
        self.country = country
        self.address = address
        self.settings = settings
        self.packetInterval = packetInterval
        mcpttID = settings.mcpttID
        var random = random
        client = try ResponderClient(settings: settings, random: random.fork())
        self.random = random
    }

    /// The device was switched off and on: everything in memory is gone, the user's wishes stay.
    func restart(_ world: inout WorldServices) throws(ResponderSettingsError) {
        for call in calls.keys { stopTalking(call, &world) }
        calls = [:]
        affiliatedSince = [:]
        connection = nil
        flow = nil
        isConnecting = false
        wakeAt = nil
        renewAt = nil
        disturbedAt = world.time.instant
        client = try ResponderClient(settings: settings, random: random.fork())
        start(&world)
    }

    // MARK: What the user does

    func start(_ world: inout WorldServices) {
        tell(.command(.register), &world)
        renewAt = world.time.instant + Self.renewal
        affiliate(wanted, &world)
    }

    func affiliate(_ groups: [MCPTTGroupID], _ world: inout WorldServices) {
        wanted = groups
        for group in affiliatedSince.keys where !groups.contains(group) { affiliatedSince[group] = nil }
        tell(.command(.affiliate(groups)), &world)
        tick(&world)
    }

    /// Presses the button in a group: in the call that is up, else by calling the group.
    func press(_ group: MCPTTGroupID, _ kind: GroupCallKind, _ world: inout WorldServices) {
        if let handle = handle(of: group) {
            tell(.command(.press(handle)), &world)
        } else {
            tell(.command(.call(CallRequest(group: group, kind: kind, requestsFloor: true))), &world)
        }
        tick(&world)
    }

    /// Joins a chat group, to listen.
    func join(_ group: MCPTTGroupID, _ world: inout WorldServices) {
        guard handle(of: group) == nil else { return }
        tell(.command(.call(CallRequest(group: group, kind: .chat))), &world)
        tick(&world)
    }

    func release(_ group: MCPTTGroupID, _ world: inout WorldServices) {
        guard let handle = handle(of: group) else { return }
        tell(.command(.release(handle)), &world)
        tick(&world)
    }

    /// Declares a tier in the call that is up, or calls off what it is in.
    func declare(_ tier: CallTier, in group: MCPTTGroupID, _ world: inout WorldServices) {
        guard let handle = handle(of: group) else { return }
        tell(.command(.changeTier(handle, tier)), &world)
        tick(&world)
    }

    func tier(of group: MCPTTGroupID) -> CallTier? { handle(of: group).flatMap { calls[$0]?.tier } }

    func handle(of group: MCPTTGroupID) -> CallHandle? {
        calls.keys.first { calls[$0]?.group == group && calls[$0]?.startedAt != nil }
    }

    /// Since when the device takes part in a call of the group; nil where it does not.
    func inCall(of group: MCPTTGroupID) -> Instant? { handle(of: group).flatMap { calls[$0]?.startedAt } }

    /// What is left of calls when all are over.
    var remains: [(what: String, count: Int)] {
        [
            ("calls of the client", client.callHandles.count), ("sessions of the client", client.sessionCount),
            ("calls of the shell", calls.count),
        ]
    }

    // MARK: What reaches the host

    func handle(_ delivery: Delivery, _ world: inout WorldServices) {
        switch delivery {
        case .connected(_, let id) where id == connection:
            isConnecting = false
            let flow = FlowID(nextFlow)
            nextFlow += 1
            self.flow = flow
            guard let edge = SocketAddress(host: settings.edge.host, port: settings.edge.port) else { return }
            tell(.flowOpened(flow, .tls, remote: edge), &world)
        case .connectFailed(_, let id) where id == connection:
            connection = nil
            isConnecting = false
            tell(.connectFailed, &world)
        case .message(_, let id, let bytes) where id == connection:
            guard let flow else { return }
            tell(.received(flow, bytes), &world)
        case .pong(_, let id) where id == connection:
            guard let flow else { return }
            tell(.keepAliveAnswered(flow), &world)
        case .closed(_, let id) where id == connection:
            connection = nil
            disturbedAt = world.time.instant
            affiliatedSince = [:]
            guard let flow else { return }
            self.flow = nil
            tell(.flowClosed(flow), &world)
        case .datagram(_, let bytes, from: _, let to):
            receive(bytes, on: to, &world)
        case .wake:
            if let wakeAt, wakeAt <= world.time.instant { self.wakeAt = nil }
        case .accepted, .connected, .connectFailed, .message, .pong, .closed, .script:
            break
        }
        tick(&world)
    }

    private func receive(_ bytes: [UInt8], on local: SocketAddress, _ world: inout WorldServices) {
        guard let handle = calls.keys.first(where: { calls[$0]?.audio == local || calls[$0]?.floor == local }) else {
            return
        }
        if calls[handle]?.floor == local {
            tell(.floorReceived(handle, bytes), &world)
        } else if let header = try? RTPHeader(reading: bytes) {
            world.observe(.heard(device, ssrc: header.ssrc, sequence: header.sequenceNumber))
            if world.sabotage == .openGate, device.value == 1 { talkUnasked(handle, header, &world) }
            tell(.audioReceived(handle), &world)
        }
    }

    /// A device that breaks the rules: a packet of its own for each that it hears.
    private func talkUnasked(_ handle: CallHandle, _ heard: RTPHeader, _ world: inout WorldServices) {
        guard let call = calls[handle], let remote = call.remote, let ssrc = world.ssrcs[mcpttID], ssrc != heard.ssrc
        else { return }
        let packet = RTPPacket(
            payloadType: remote.payloadType, sequenceNumber: heard.sequenceNumber, timestamp: heard.timestamp,
            ssrc: ssrc, marker: false, payload: [0]
        ).serialized()
        world.network.send(packet, from: call.audio, to: remote.audio)
    }

    /// Sends the packets that are due, lets timers act, and asks to be woken in time.
    private func tick(_ world: inout WorldServices) {
        if !afterTalks.isEmpty { speakOn(&world) }
        for handle in calls.keys { speak(handle, &world) }
        if let due = deadline(), due <= world.time.instant { tell(.timeAdvanced, &world) }
        if let due = renewAt, due <= world.time.instant {
            renewAt = world.time.instant + Self.renewal
            tell(.command(.renewToken(AccessToken(mcpttID.value))), &world)
        }
        var next = deadline()
        if let renewAt { next = next.map { min($0, renewAt) } ?? renewAt }
        for call in calls.values {
            guard let talk = call.talk else { continue }
            let due = talk.beganAt + packetInterval * talk.packets
            next = next.map { min($0, due) } ?? due
        }
        guard let next, wakeAt.map({ next < $0 }) ?? true else { return }
        let instant = max(next, world.time.instant + .microseconds(1))
        wakeAt = instant
        world.network.wake(id, at: instant)
    }

    /// Asked in place: to read the property of a value in a class would copy the value.
    private func deadline() -> Instant? {
        func ask(_ client: inout ResponderClient) -> Instant? { client.nextDeadline }
        return ask(&client)
    }

    private func speak(_ handle: CallHandle, _ world: inout WorldServices) {
        while let call = calls[handle], var talk = call.talk, let remote = call.remote,
            talk.beganAt + packetInterval * talk.packets <= world.time.instant
        {
            let packet = RTPPacket(
                payloadType: remote.payloadType, sequenceNumber: talk.sequence, timestamp: talk.timestamp,
                ssrc: talk.ssrc, marker: talk.packets == 0,
                payload: [UInt8](repeating: UInt8(truncatingIfNeeded: talk.packets), count: 20)
            ).serialized()
            if let group = call.group {
                world.observe(.spoke(device, group, ssrc: talk.ssrc, sequence: talk.sequence))
            }
            world.network.send(packet, from: call.audio, to: remote.audio)
            talk.sequence &+= 1
            talk.timestamp &+= 320
            talk.packets += 1
            calls[handle]?.talk = talk
        }
    }

    // MARK: What the machine wants done

    private func tell(_ event: ResponderEvent, _ world: inout WorldServices) {
        for action in client.handle(event, at: world.time) { carryOut(action, &world) }
    }

    private func carryOut(_ action: ResponderAction, _ world: inout WorldServices) {
        switch action {
        case .connect(let target):
            guard connection == nil, let remote = SocketAddress(host: target.host, port: target.port) else { return }
            connection = world.network.connect(id, from: SocketAddress(address, port: 40_000), to: remote)
            isConnecting = true
        case .transmit(let bytes, let target):
            guard target == flow, let connection else { return }
            world.network.send(bytes, on: connection, from: id)
        case .sendKeepAlive(let target):
            guard target == flow, let connection else { return }
            world.network.ping(connection, from: id)
        case .close(let target):
            guard target == flow, let connection else { return }
            world.network.close(connection, by: id)
            self.connection = nil
            flow = nil
            tell(.flowClosed(target), &world)
        case .openMedia(let handle):
            let audio = SocketAddress(address, port: nextPort)
            let floor = SocketAddress(address, port: nextPort + 1)
            nextPort = nextPort >= 60_000 ? 30_000 : nextPort + 2
            let group = calls[handle]?.group
            calls[handle] = DeviceCall(group: group, audio: audio, floor: floor)
            tell(.mediaReady(handle, audio: audio, floor: floor), &world)
        case .connectMedia(let handle, let remote):
            calls[handle]?.remote = remote
        case .closeMedia(let handle):
            stopTalking(handle, &world)
            calls[handle] = nil
        case .sendFloor(let handle, let bytes, to: let remote):
            guard let call = calls[handle] else { return }
            world.network.send(bytes, from: call.floor, to: remote)
        case .keepMediaAlive(let handle, let bytes):
            guard let call = calls[handle], let remote = call.remote else { return }
            world.network.send(bytes, from: call.audio, to: remote.audio)
            if let floor = remote.floor { world.network.send(bytes, from: call.floor, to: floor) }
        case .startTalking(let handle, let ssrc):
            startTalking(handle, ssrc: ssrc, &world)
        case .stopTalking(let handle):
            if world.sabotage == .talkerNotStopped { talkOn(handle, world.time.instant) }
            stopTalking(handle, &world)
        case .notify(let notice):
            note(notice, &world)
        }
    }

    private func startTalking(_ handle: CallHandle, ssrc: UInt32, _ world: inout WorldServices) {
        guard let call = calls[handle] else { return }
        if call.talk != nil { stopTalking(handle, &world) }
        calls[handle]?.talk = DeviceTalk(
            ssrc: ssrc, beganAt: world.time.instant, sequence: UInt16(truncatingIfNeeded: random.next()),
            timestamp: UInt32(truncatingIfNeeded: random.next()))
        if let group = calls[handle]?.group { world.observe(.deviceMayTalk(device, group, ssrc: ssrc)) }
    }

    /// A device that breaks the rules: it says that it stopped, and goes on for a while.
    private func talkOn(_ handle: CallHandle, _ now: Instant) {
        guard let talk = calls[handle]?.talk else { return }
        afterTalks.append(AfterTalk(call: handle, talk: talk, until: now + .seconds(2)))
    }

    private func speakOn(_ world: inout WorldServices) {
        let now = world.time.instant
        afterTalks.removeAll { $0.until < now }
        for index in afterTalks.indices {
            guard let call = calls[afterTalks[index].call], let remote = call.remote else { continue }
            let talk = afterTalks[index].talk
            let packet = RTPPacket(
                payloadType: remote.payloadType, sequenceNumber: talk.sequence, timestamp: talk.timestamp,
                ssrc: talk.ssrc, marker: false, payload: [0]
            ).serialized()
            world.network.send(packet, from: call.audio, to: remote.audio)
            afterTalks[index].talk.sequence &+= 1
        }
        if !afterTalks.isEmpty { world.network.wake(id, at: now + packetInterval) }
    }

    private func stopTalking(_ handle: CallHandle, _ world: inout WorldServices) {
        guard let call = calls[handle], let talk = call.talk else { return }
        calls[handle]?.talk = nil
        guard let group = call.group else { return }
        world.observe(.deviceMustStop(device, group))
        world.finishedTalks.append(
            FinishedTalk(
                device: device, group: group, ssrc: talk.ssrc, from: talk.beganAt, to: world.time.instant,
                packets: talk.packets))
    }

    private func note(_ notice: ResponderNotice, _ world: inout WorldServices) {
        switch notice {
        case .calling(let handle, let group):
            if calls[handle] == nil {
                calls[handle] = DeviceCall(
                    group: group, audio: SocketAddress(address, port: 0), floor: SocketAddress(address, port: 0))
            } else {
                calls[handle]?.group = group
            }
        case .called(let handle, let incoming, needsAnswer: _):
            if calls[handle] == nil {
                calls[handle] = DeviceCall(
                    group: incoming.group, audio: SocketAddress(address, port: 0),
                    floor: SocketAddress(address, port: 0))
            } else {
                calls[handle]?.group = incoming.group
            }
            calls[handle]?.tier = incoming.tier
        case .callStarted(let handle, let facts):
            if let group = facts.group { calls[handle]?.group = group }
            calls[handle]?.startedAt = world.time.instant
            world.statistics.callsJoined += 1
        case .callFailed(let handle, let status, let warning):
            world.statistics.refusals["\(status)/\(warning ?? 0)", default: 0] += 1
            stopTalking(handle, &world)
            calls[handle] = nil
        case .callEnded(let handle, _):
            stopTalking(handle, &world)
            calls[handle] = nil
        case .affiliation(let group, let state):
            if state == .affiliated {
                if affiliatedSince[group] == nil { affiliatedSince[group] = world.time.instant }
            } else {
                affiliatedSince[group] = nil
            }
        case .connectionLost, .registrationFailed:
            disturbedAt = world.time.instant
            affiliatedSince = [:]
        case .callChanged(let handle, let tier, by: _):
            calls[handle]?.tier = tier
            world.statistics.tierChanges += 1
        case .registered, .deregistered, .serviceSettingsRefused, .affiliationRefused, .changeRefused, .floor,
            .documentChanged, .documentsRefused:
            break
        }
    }
}

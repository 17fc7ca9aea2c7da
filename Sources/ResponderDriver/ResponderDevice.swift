public import Logging
import MCFoundation
public import Responder
import ResponderLogin
import SIPUserAgent
public import SignallingDriver
import Synchronization

/// What a device is made of.
public struct DeviceConfiguration: Sendable {
    public var profile: DeviceProfile
    public var answerMode = AnswerMode.automatic
    /// Between two keep-alives on the connection to the edge (RFC 5626 4.4.1).
    public var keepAlive = Duration.seconds(25)
    /// Takes what the device hears; nil: nothing is kept.
    public var recorder: SpeechRecorder?

    public init(profile: DeviceProfile, recorder: SpeechRecorder? = nil) {
        self.profile = profile
        self.recorder = recorder
    }
}

/// What reaches the signalling thread from elsewhere.
enum DeviceInput: Sendable {
    case command(ResponderCommand)
    case media(MediaReport)
}

/// One responder's device: the client machine on its signalling thread, sockets, speech and ears on its media thread.
public final class ResponderDevice: Sendable {
    private let host: MachineHost<ResponderClient, DeviceInput>
    private let media: DeviceMedia
    private let documents: DeviceDocuments?
    /// What the documents said before the registration; nil where the profile says everything.
    public let configuration: UserConfiguration?

    /// Learns from the documents and logs the user in where the profile says where, and starts.
    ///
    /// - Throws: `BootstrapError` where a document or the log-in cannot be had, else what sockets and certificates are
    ///   wrong about.
    /// - Parameter notice: called in order per thread, on the device's threads; it must return soon.
    public static func start(
        _ configuration: DeviceConfiguration, threads: SignallingThreads? = nil, logger: Logger,
        notice: @escaping @Sendable (DeviceNotice) -> Void
    ) async throws -> ResponderDevice {
        var system = SystemRandomNumberGenerator()
        let seed = (system.next(), system.next(), system.next(), system.next())
        let profile = configuration.profile
        let documents = try DeviceDocuments(profile, logger: logger, notice: notice)
        // Before anything else (TS 24.484 4.2): nothing that the documents say is known, and without a token the system
        // serves nobody.
        let outcome = try await documents?.come()
        var settings = profile.responderSettings(&system, outcome)
        settings.answerMode = configuration.answerMode
        let client = try ResponderClient(settings: settings, random: SeededGenerator(seed: seed))
        let inbox = DeviceInbox()
        let media = try DeviceMedia(
            address: profile.address, recorder: configuration.recorder, logger: logger,
            report: { inbox.deliver(.media($0)) }, notice: notice)
        let authority = try PinnedAuthority(name: profile.domain, pem: profile.authorityPEM)
        let transport = TransportConfiguration(outbound: OutboundTrust(authorities: [authority]))
        let shell = DeviceShell(
            keepAlive: configuration.keepAlive, media: media, documents: documents, notice: notice)
        let host = try await MachineHost<ResponderClient, DeviceInput>.start(
            transport, machine: client, threads: threads, logger: logger, nextDeadline: { $0.nextDeadline },
            step: { shell.step(&$0, $1, $2) })
        inbox.connect { host.deliver($0) }
        documents?.follow { host.deliver(.command($0)) }
        if let outcome { host.deliver(.command(.watchDocuments(outcome.configuration.watched))) }
        return ResponderDevice(
            host: host, media: media, documents: documents, configuration: outcome?.configuration)
    }

    private init(
        host: MachineHost<ResponderClient, DeviceInput>, media: DeviceMedia, documents: DeviceDocuments?,
        configuration: UserConfiguration?
    ) {
        self.host = host
        self.media = media
        self.documents = documents
        self.configuration = configuration
    }

    public func command(_ command: ResponderCommand) {
        host.deliver(.command(command))
    }

    /// What is said as soon as the floor is there; the floor is released when all is said.
    public func say(_ speech: EncodedSpeech) {
        media.carryOut(.say(speech))
    }

    public func stop() async {
        await documents?.stop()
        await host.stop()
        media.stop()
    }
}

/// Keeps what the media thread says until the signalling thread stands.
private final class DeviceInbox: Sendable {
    private struct State {
        var waiting: [DeviceInput] = []
        var deliver: (@Sendable (DeviceInput) -> Void)?
    }

    private let state = Mutex(State())

    func deliver(_ input: DeviceInput) {
        state.withLock { state in
            if let deliver = state.deliver { deliver(input) } else { state.waiting.append(input) }
        }
    }

    func connect(_ deliver: @escaping @Sendable (DeviceInput) -> Void) {
        state.withLock { state in
            for input in state.waiting { deliver(input) }
            state.waiting = []
            state.deliver = deliver
        }
    }
}

/// Feeds the client machine and carries out its actions, on the signalling thread.
private struct DeviceShell: Sendable {
    let keepAlive: Duration
    let media: DeviceMedia
    let documents: DeviceDocuments?
    let notice: @Sendable (DeviceNotice) -> Void

    func step(
        _ client: inout ResponderClient, _ event: HostEvent<DeviceInput>, _ now: Now
    ) -> [TransportOrder] {
        var orders: [TransportOrder] = []
        var events = [responderEvent(event)].compactMap { $0 }
        if case .transport(.opened(let flow, _)) = event { orders.append(.keepAlive(flow, keepAlive)) }
        while !events.isEmpty {
            for action in client.handle(events.removeFirst(), at: now) {
                carryOut(action, now, &orders, &events)
            }
        }
        return orders
    }

    private func responderEvent(_ event: HostEvent<DeviceInput>) -> ResponderEvent? {
        switch event {
        case .transport(.opened(let flow, let details)):
            .flowOpened(flow, details.transport, remote: details.remote)
        case .transport(.closed(let flow)): .flowClosed(flow)
        case .transport(.received(let flow, let octets)): .received(flow, octets)
        case .transport(.targetFailed): .connectFailed
        // The connection fails, which is told too.
        case .transport(.certificateRefused): nil
        // A device has none.
        case .transport(.listenersClosed): nil
        case .timeAdvanced: .timeAdvanced
        case .input(.command(let command)): .command(command)
        case .input(.media(.ready(let call, let audio, let floor))): .mediaReady(call, audio: audio, floor: floor)
        case .input(.media(.failed(let call))): .mediaFailed(call)
        case .input(.media(.floor(let call, let octets))): .floorReceived(call, octets)
        case .input(.media(.audio(let call))): .audioReceived(call)
        case .input(.media(.saidAll(let call))): .command(.release(call))
        }
    }

    private func carryOut(
        _ action: ResponderAction, _ now: Now, _ orders: inout [TransportOrder], _ events: inout [ResponderEvent]
    ) {
        switch action {
        case .connect(let target): orders.append(.connect(target))
        case .transmit(let octets, let flow): orders.append(.transmit(octets, .flow(flow)))
        case .sendKeepAlive(let flow):
            // The transport pings by itself and closes a connection that does not answer.
            events.append(.keepAliveAnswered(flow))
        case .close(let flow): orders.append(.close(flow))
        case .openMedia(let call): media.carryOut(.open(call))
        case .connectMedia(let call, let remote): media.carryOut(.connect(call, remote))
        case .closeMedia(let call): media.carryOut(.close(call))
        case .sendFloor(let call, let octets, to: let remote): media.carryOut(.sendFloor(call, octets, to: remote))
        case .keepMediaAlive(let call, let octets): media.carryOut(.keepAlive(call, octets))
        case .startTalking(let call, let ssrc): media.carryOut(.startTalking(call, ssrc: ssrc))
        case .stopTalking(let call): media.carryOut(.stopTalking(call))
        case .notify(let responderNotice):
            if case .documentChanged(let uri, let etag) = responderNotice {
                documents?.changed(uri: uri, etag: etag)
            }
            notice(.responder(responderNotice, at: now.instant))
        }
    }
}

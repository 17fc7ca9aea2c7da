import CertificateAuthority
import Foundation
import Logging
import MCFoundation
import NIOConcurrencyHelpers
import SIPUserAgent
import SignallingDriver
import Testing

/// A machine that notes all it is told and does what its script says.
struct ScriptedMachine: Sendable {
    var script: @Sendable (HostEvent<TransportOrder>) -> [TransportOrder]
    var deadline: Instant?
}

/// One side of a test: a host with a scripted machine, and what it was told.
final class Side: Sendable {
    let host: MachineHost<ScriptedMachine, TransportOrder>
    let log: LogLines
    private let events: NIOLockedValueBox<[TransportEvent]>

    static func start(
        _ configuration: TransportConfiguration, deadline: Instant? = nil,
        script: @escaping @Sendable (TransportEvent) -> [TransportOrder] = { _ in [] }
    ) async throws -> Side {
        let events = NIOLockedValueBox<[TransportEvent]>([])
        let log = LogLines()
        let machine = ScriptedMachine(
            script: { event in
                switch event {
                case .transport(let event):
                    events.withLockedValue { $0.append(event) }
                    return script(event)
                case .input(let order): return [order]
                case .timeAdvanced: return []
                }
            }, deadline: deadline)
        let host = try await MachineHost.start(
            configuration, machine: machine, logger: log.logger, nextDeadline: { $0.deadline },
            step: { machine, event, now in
                if let deadline = machine.deadline, now.instant >= deadline { machine.deadline = nil }
                return machine.script(event)
            })
        return Side(host: host, log: log, events: events)
    }

    /// Sends back whatever comes.
    static func echo(_ configuration: TransportConfiguration) async throws -> Side {
        try await start(configuration) { event in
            if case .received(let flow, let message) = event { [.transmit(message, .flow(flow))] } else { [] }
        }
    }

    private init(
        host: MachineHost<ScriptedMachine, TransportOrder>, log: LogLines, events: NIOLockedValueBox<[TransportEvent]>
    ) {
        self.host = host
        self.log = log
        self.events = events
    }

    var told: [TransportEvent] { events.withLockedValue { $0 } }
    var messages: [[UInt8]] { told.compactMap { if case .received(_, let message) = $0 { message } else { nil } } }
    var opened: [FlowDetails] { told.compactMap { if case .opened(_, let details) = $0 { details } else { nil } } }
    var flows: [FlowID] { told.compactMap { if case .opened(let id, _) = $0 { id } else { nil } } }
    var closed: [FlowID] { told.compactMap { if case .closed(let id) = $0 { id } else { nil } } }
    var failedTargets: [Target] { told.compactMap { if case .targetFailed(let target) = $0 { target } else { nil } } }

    var refusals: [RefusedCertificate] {
        told.compactMap { if case .certificateRefused(let refused) = $0 { refused } else { nil } }
    }

    func port(_ listener: String) throws -> UInt16 { try #require(host.addresses[listener]).port }
    func send(_ message: [UInt8], to target: Target) { host.deliver(.transmit(message, .target(target))) }
}

/// Waits until something is so. The time limit of the test is the bound.
func eventually(_ condition: @Sendable () async -> Bool) async throws {
    while await !condition() {
        try Task.checkCancellation()
        // A pause: a loop of turns would keep the threads from the tests beside it.
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// Collects log lines.
final class LogLines: Sendable {
    private let lines = NIOLockedValueBox<[String]>([])
    var all: [String] { lines.withLockedValue { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(lines: self.lines) }
    }

    private struct Handler: LogHandler {
        let lines: NIOLockedValueBox<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            let metadata = event.metadata ?? [:]
            let text = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            lines.withLockedValue { $0.append("\(event.message) \(text)") }
        }
    }
}

/// A SIP request of about the given body size; `mark` tells one from another.
func request(_ mark: Int, bodyOctets: Int = 0) -> [UInt8] {
    let head = """
        MESSAGE sip:b@it.example SIP/2.0\r
        Via: SIP/2.0/TCP a.example;branch=z9hG4bK\(mark)\r
        From: <sip:a@it.example>;tag=\(mark)\r
        To: <sip:b@it.example>\r
        Call-ID: \(mark)@a.example\r
        CSeq: 1 MESSAGE\r
        Content-Length: \(bodyOctets)\r
        \r

        """
    return Array(head.utf8) + Array(repeating: UInt8(ascii: "x"), count: bodyOctets)
}

/// Authorities and certificates of two countries.
struct Countries {
    let italy: CertificateAuthority
    let france: CertificateAuthority
    let year: Range<Date>

    init() throws {
        let start = Date().addingTimeInterval(-3_600)
        year = start..<start.addingTimeInterval(365 * 86_400)
        italy = try CertificateAuthority(name: "Italia", country: "IT", validity: year)
        france = try CertificateAuthority(name: "France", country: "FR", validity: year)
    }

    func identity(
        _ authority: CertificateAuthority, _ domain: String, _ purpose: CertificateRequest.Purpose = .gateway,
        validity: Range<Date>? = nil
    ) throws -> TLSIdentity {
        let issued = try authority.issue(
            CertificateRequest(
                purpose: purpose, commonName: domain,
                names: CertificateRequest.names(ofDomain: domain, addresses: ["127.0.0.1"]), validity: validity ?? year)
        )
        return try TLSIdentity(certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM.text)
    }

    func pinned(_ authority: CertificateAuthority, for domains: [String]? = nil) throws -> PinnedAuthority {
        try PinnedAuthority(name: "pinned", pem: authority.certificatePEM, mayAssert: domains)
    }
}

func listener(_ transport: TransportKind, v6: Bool = false, tls: ServerTLS? = nil) -> Listener {
    let address = v6 ? IPAddress(v6High: 0, low: 1) : IPAddress.loopback
    return Listener(name: "main", transport: transport, address: SocketAddress(address, port: 0), tls: tls)
}

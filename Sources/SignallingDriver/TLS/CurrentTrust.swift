import NIOConcurrencyHelpers
import NIOSSL
import SIPUserAgent

/// The certificates and authorities that connections are made by. Each new connection looks them up, so that what is
/// replaced counts for the next one; connections that stand keep what they were made by.
final class CurrentTrust: Sendable {
    struct Server: Sendable {
        var settings: ServerTLS
        var context: NIOSSLContext
    }

    private struct State: Sendable {
        /// By the name of the listener.
        var servers: [String: Server]
        var outbound: OutboundTrust
        var client: NIOSSLContext
    }

    private let state: NIOLockedValueBox<State>

    init(_ configuration: TransportConfiguration) throws {
        state = NIOLockedValueBox(try Self.state(configuration))
    }

    /// All of it, or nothing where a part does not fit.
    func replace(by configuration: TransportConfiguration) throws {
        let fresh = try Self.state(configuration)
        state.withLockedValue { $0 = fresh }
    }

    /// nil where the listener has no certificate (any more).
    func server(of listener: String) -> Server? { state.withLockedValue { $0.servers[listener] } }

    var client: (trust: OutboundTrust, context: NIOSSLContext) {
        state.withLockedValue { ($0.outbound, $0.client) }
    }

    private static func state(_ configuration: TransportConfiguration) throws -> State {
        var servers: [String: Server] = [:]
        for listener in configuration.listeners where listener.transport == .tls {
            guard let settings = listener.tls else { throw SignallingError.noIdentity(listener: listener.name) }
            servers[listener.name] = Server(settings: settings, context: try TLSContexts.server(settings))
        }
        return State(
            servers: servers, outbound: configuration.outbound,
            client: try TLSContexts.client(configuration.outbound.identity))
    }
}

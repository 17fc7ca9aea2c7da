import MCFoundation
import NIOConcurrencyHelpers
import NIOCore
import SIP
import SIPUserAgent
import Synchronization

/// What threads of sockets tell the thread of the cell.
enum FlowSignal: Sendable {
    case opened(FlowID, FlowDetails, any OutgoingFlow)
    case received(FlowID, [UInt8])
    /// `lostMessages`: something that was given to the flow never left.
    case closed(FlowID, lostMessages: Bool)
    /// A UDP association that already stood serves the target too.
    case reached(Target, FlowID)
    /// An attempt to reach the target ended without a flow.
    case dialFailed(Target)
    case distrusted(RefusedCertificate)
    /// A message for a target could not even be queued.
    case refused(Target)
    case listenersClosed
    case work(@Sendable () -> Void)
}

/// The sending side of a flow; may be used from any thread.
protocol OutgoingFlow: Sendable {
    func send(_ message: [UInt8])
    /// To another port of the same peer, where datagrams allow it.
    func send(_ message: [UInt8], port: UInt16)
    func close()
    func setKeepAlive(_ interval: Duration?)
    /// How long the peer may be silent; nil: as long as any other.
    func expectKeepAlive(_ silence: Duration?)
}

/// What all flows of a transport share.
final class FlowContext: Sendable {
    let mailbox: Mailbox<FlowSignal>
    let counters = CounterBox()
    let log: RefusalLog
    let trust: CurrentTrust
    let chains = SeenChains()
    let messageLimits: SIPLimits
    private let bounds: NIOLockedValueBox<(limits: TransportLimits, timeouts: TransportTimeouts)>
    private let lastFlow = Atomic<UInt64>(0)
    private let sources = NIOLockedValueBox<(total: Int, bySource: [IPAddress: Int])>((0, [:]))

    init(mailbox: Mailbox<FlowSignal>, log: RefusalLog, configuration: TransportConfiguration) throws {
        self.mailbox = mailbox
        self.log = log
        trust = try CurrentTrust(configuration)
        bounds = NIOLockedValueBox((configuration.limits, configuration.timeouts))
        messageLimits = configuration.messageLimits
    }

    /// Bounds are looked up where they are needed: what is replaced counts from then on, the clocks of streams for new ones.
    var limits: TransportLimits { bounds.withLockedValue { $0.limits } }
    var timeouts: TransportTimeouts { bounds.withLockedValue { $0.timeouts } }

    /// Nothing changes where the certificates do not fit.
    func reconfigure(_ configuration: TransportConfiguration) throws {
        try trust.replace(by: configuration)
        bounds.withLockedValue { $0 = (configuration.limits, configuration.timeouts) }
    }

    func mintFlow() -> FlowID { FlowID(lastFlow.wrappingAdd(1, ordering: .relaxed).newValue) }

    /// Takes a place among the accepted connections; false where there is none.
    func admit(_ source: IPAddress) -> Bool {
        let limits = limits
        return sources.withLockedValue { sources in
            let count = sources.bySource[source, default: 0]
            guard sources.total < limits.connections, count < limits.connectionsPerSource else { return false }
            sources.total += 1
            sources.bySource[source] = count + 1
            return true
        }
    }

    func leave(_ source: IPAddress) {
        sources.withLockedValue { sources in
            sources.total -= 1
            let count = sources.bySource[source, default: 0] - 1
            sources.bySource[source] = count > 0 ? count : nil
        }
    }
}

import CallControl
import MCFoundation
import SIPUserAgent

/// Whether one partner answers: OPTIONS at a fixed interval, and the boot epoch that comes with the answers. A new
/// epoch means that the partner started anew and that what it knew of us is gone.
struct PartnerWatch: Sendable {
    enum Event {
        case timeAdvanced
        /// The heartbeat that `probe` asked for is on its way.
        case probed(ClientTransactionID)
        /// The partner answered a heartbeat; without epoch where it is of another make.
        case answered(ClientTransactionID, epoch: String?)
        /// No answer, or none that accepts us.
        case failed(ClientTransactionID, isTransport: Bool)
        /// A heartbeat of the partner came in.
        case heard(epoch: String?)
    }

    enum Decision: Hashable {
        case probe
        case changed(PartnerState)
    }

    private(set) var state: PartnerState = .lost
    /// Counts up with every gateway of the partner that failed; the owner takes it modulo their number.
    private(set) var gateway = 0
    private(set) var nextDeadline: Instant
    private let interval: Duration
    private let missesUntilLost: Int
    private var outstanding: ClientTransactionID?
    private var misses = 0
    private var connectionFailures = 0
    /// The last one known, also while the partner is lost.
    private var epoch: String?

    init(interval: Duration, missesUntilLost: Int, at now: Now) {
        self.interval = interval
        self.missesUntilLost = missesUntilLost
        nextDeadline = now.instant
    }

    mutating func handle(_ event: Event, at now: Now) -> [Decision] {
        switch event {
        case .timeAdvanced:
            guard now.instant >= nextDeadline else { return [] }
            var decisions: [Decision] = []
            if outstanding != nil {
                misses += 1
                if misses >= missesUntilLost {
                    gateway += 1
                    decisions = become(.lost)
                }
            }
            nextDeadline = now.instant + interval
            return decisions + [.probe]
        case .probed(let transaction):
            outstanding = transaction
            return []
        case .answered(let transaction, let epoch):
            guard transaction == outstanding else { return [] }
            outstanding = nil
            misses = 0
            connectionFailures = 0
            return become(.reachable(epoch: epoch ?? ""))
        case .failed(let transaction, let isTransport):
            guard transaction == outstanding else { return [] }
            outstanding = nil
            gateway += 1
            guard isTransport else {
                misses += 1
                return misses >= missesUntilLost ? become(.lost) : []
            }
            connectionFailures += 1
            // One reconnect at once; if that fails too, the partner is lost.
            if connectionFailures == 1 {
                nextDeadline = now.instant
                return []
            }
            // A partner that just starts is not kept waiting for a whole round.
            nextDeadline = min(nextDeadline, now.instant + pauseAfterFailure)
            return become(.lost)
        case .heard(let epoch):
            guard case .reachable(let known) = state else {
                // It began anew: that is true whether it hears us or not, and it must be known before what it publishes
                // next is believed, or that would be forgotten with what it published before.
                if let epoch, let before = self.epoch, epoch != before {
                    misses = 0
                    connectionFailures = 0
                    return become(.reachable(epoch: epoch))
                }
                // It is back: no need to wait for the next round.
                if outstanding == nil { nextDeadline = now.instant }
                return []
            }
            guard let epoch, epoch != known else { return [] }
            return become(.reachable(epoch: epoch))
        }
    }

    /// A quarter of a second, doubled with each connection that failed, up to the interval of heartbeats.
    private var pauseAfterFailure: Duration {
        min(interval, .milliseconds(250) * (1 << min(connectionFailures, 10)))
    }

    private mutating func become(_ new: PartnerState) -> [Decision] {
        guard new != state else { return [] }
        state = new
        if case .reachable(let epoch) = new { self.epoch = epoch }
        return [.changed(new)]
    }
}

import CallControl
import MCFoundation
import SIPUserAgent

/// What a partner says of itself in heartbeats; nil where it is of another make.
struct PartnerSign: Hashable, Sendable {
    /// Names the run of its process: a new one means that what it knew of us is gone.
    var epoch: String?
    /// How often it has lost us: once more means that it has ended what it had with us, though we saw nothing.
    var losses: UInt32?
}

/// Whether one partner answers: OPTIONS at a fixed interval, and what it says of itself with the answers.
struct PartnerWatch: Sendable {
    enum Event {
        case timeAdvanced
        /// The heartbeat that `probe` asked for is on its way.
        case probed(ClientTransactionID)
        /// The partner answered a heartbeat.
        case answered(ClientTransactionID, PartnerSign)
        /// No answer, or none that accepts us.
        case failed(ClientTransactionID, isTransport: Bool)
        /// A heartbeat of the partner came in.
        case heard(PartnerSign)
    }

    enum Decision: Hashable {
        case probe
        case changed(PartnerState)
    }

    private(set) var state: PartnerState = .lost
    /// Counts up with every gateway of the partner that failed; the owner takes it modulo their number.
    private(set) var gateway = 0
    /// How often we have lost the partner; it is told.
    private(set) var losses: UInt32 = 0
    private(set) var nextDeadline: Instant
    private let interval: Duration
    private let missesUntilLost: Int
    private var outstanding: ClientTransactionID?
    private var misses = 0
    private var connectionFailures = 0
    /// What the partner last said of having lost us.
    private var heardLosses: UInt32?
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
                    decisions = lose()
                }
            }
            nextDeadline = now.instant + interval
            return decisions + [.probe]
        case .probed(let transaction):
            outstanding = transaction
            return []
        case .answered(let transaction, let sign):
            guard transaction == outstanding else { return [] }
            outstanding = nil
            misses = 0
            connectionFailures = 0
            return learn(sign)
        case .failed(let transaction, let isTransport):
            guard transaction == outstanding else { return [] }
            outstanding = nil
            gateway += 1
            guard isTransport else {
                misses += 1
                return misses >= missesUntilLost ? lose() : []
            }
            connectionFailures += 1
            // One reconnect at once; if that fails too, the partner is lost.
            if connectionFailures == 1 {
                nextDeadline = now.instant
                return []
            }
            // A partner that just starts is not kept waiting for a whole round.
            nextDeadline = min(nextDeadline, now.instant + pauseAfterFailure)
            return lose()
        case .heard(let sign):
            guard case .reachable = state else {
                // It began anew: that is true whether it hears us or not, and it must be known before what it publishes
                // next is believed, or that would be forgotten with what it published before.
                if let epoch = sign.epoch, let before = self.epoch, epoch != before {
                    misses = 0
                    connectionFailures = 0
                    return learn(sign)
                }
                // It is back: no need to wait for the next round.
                if outstanding == nil { nextDeadline = now.instant }
                return []
            }
            return learn(sign)
        }
    }

    /// A partner that lost us has ended its side of all sessions: so we do, and begin anew as after a loss of our own.
    /// It is not one of ours: if it were told as one, the two sides would end each other's sessions for ever.
    private mutating func learn(_ sign: PartnerSign) -> [Decision] {
        var decisions: [Decision] = []
        var epoch = sign.epoch ?? ""
        if case .reachable(let known) = state {
            epoch = sign.epoch ?? known
            if let losses = sign.losses, let heardLosses, losses != heardLosses { decisions = become(.lost) }
        }
        if let losses = sign.losses { heardLosses = losses }
        return decisions + become(.reachable(epoch: epoch))
    }

    private mutating func lose() -> [Decision] {
        if state != .lost { losses &+= 1 }
        return become(.lost)
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

import NIOCore
import SIPUserAgent

/// Flows and targets of one owner, on the owner's thread: one connection per target, opened on demand, tried again with
/// growing pauses.
final class FlowTable {
    private enum TargetState {
        case dialling(waiting: [[UInt8]], failures: Int)
        case connected(FlowID, since: NIODeadline, failures: Int)
        case resting(until: NIODeadline, failures: Int)
    }

    private let context: FlowContext
    private let dialler: Dialler
    private var flows: [FlowID: any OutgoingFlow] = [:]
    private var targets: [Target: TargetState] = [:]
    private var targetOfFlow: [FlowID: [Target]] = [:]
    private var isStopping = false

    init(context: FlowContext, dialler: Dialler) {
        self.context = context
        self.dialler = dialler
    }

    // MARK: What sockets say

    func take(_ signals: [FlowSignal], deliver: ([TransportEvent]) -> Void) {
        var events: [TransportEvent] = []
        events.reserveCapacity(signals.count)
        for signal in signals {
            if case .work(let work) = signal {
                // In order with what arrived before.
                if !events.isEmpty { deliver(events) }
                events.removeAll(keepingCapacity: true)
                work()
            } else {
                take(signal, into: &events)
            }
        }
        if !events.isEmpty { deliver(events) }
    }

    private func take(_ signal: FlowSignal, into events: inout [TransportEvent]) {
        switch signal {
        case .opened(let id, let details, let flow):
            guard !isStopping else { return flow.close() }
            flows[id] = flow
            events.append(.opened(id, details))
            if let target = details.target { reached(target, id, flow) }
        case .reached(let target, let id):
            guard let flow = flows[id] else { return take(.dialFailed(target), into: &events) }
            reached(target, id, flow)
        case .received(let id, let message):
            if flows[id] != nil { events.append(.received(id, message)) }
        case .closed(let id, let lostMessages):
            guard flows.removeValue(forKey: id) != nil else { return }
            events.append(.closed(id))
            for target in targetOfFlow.removeValue(forKey: id) ?? [] {
                closed(target)
                if lostMessages { events.append(.targetFailed(target)) }
            }
        case .dialFailed(let target):
            guard case .dialling(_, let failures) = targets[target] else { return }
            context.counters.add(\.failedConnections)
            targets[target] = .resting(until: .now() + pause(after: failures), failures: failures + 1)
            events.append(.targetFailed(target))
        case .refused(let target):
            events.append(.targetFailed(target))
        case .distrusted(let certificate):
            events.append(.certificateRefused(certificate))
        case .listenersClosed:
            events.append(.listenersClosed)
        case .work(let work):
            work()
        }
    }

    private func reached(_ target: Target, _ id: FlowID, _ flow: any OutgoingFlow) {
        guard case .dialling(let waiting, let failures) = targets[target] else { return }
        targets[target] = .connected(id, since: .now(), failures: failures)
        targetOfFlow[id, default: []].append(target)
        for message in waiting { flow.send(message) }
    }

    /// A connection that did not live long counts as a failure: a peer that accepts and closes is not dialled in a loop.
    private func closed(_ target: Target) {
        guard case .connected(_, let since, let failures) = targets[target] else { return }
        if NIODeadline.now() - since > context.timeouts.longestBackOff.amount {
            targets[target] = nil
        } else {
            targets[target] = .resting(until: .now() + pause(after: failures), failures: failures + 1)
        }
    }

    private func pause(after failures: Int) -> TimeAmount {
        let first = context.timeouts.firstBackOff.amount.nanoseconds
        let longest = context.timeouts.longestBackOff.amount.nanoseconds
        let (product, overflow) = first.multipliedReportingOverflow(by: 1 << min(failures, 30))
        return .nanoseconds(overflow ? longest : min(product, longest))
    }

    // MARK: What the owner wants

    func perform(_ order: TransportOrder) {
        switch order {
        case .transmit(let message, .flow(let id)):
            guard let flow = flows[id] else { return context.counters.add(\.undeliverableMessages) }
            flow.send(message)
        case .transmit(let message, .beside(let id, let port)):
            guard let flow = flows[id] else { return context.counters.add(\.undeliverableMessages) }
            flow.send(message, port: port)
        case .transmit(let message, .target(let target)):
            transmit(message, to: target)
        case .connect(let target):
            transmit(nil, to: target)
        case .close(let id):
            flows[id]?.close()
        case .keepAlive(let id, let interval):
            flows[id]?.setKeepAlive(interval)
        case .expectKeepAlive(let id, let silence):
            flows[id]?.expectKeepAlive(silence)
        case .stopListening, .startListening:
            preconditionFailure("listeners are the transport's own")
        }
    }

    /// Without a message: only opens the connection.
    private func transmit(_ message: [UInt8]?, to target: Target) {
        switch targets[target] {
        case .connected(let id, _, _):
            if let message { flows[id]?.send(message) }
        case .dialling(var waiting, let failures):
            guard waiting.count < context.limits.queuedMessagesPerTarget else { return refuse(target) }
            // Taken out while it grows, so that the array is not copied.
            targets[target] = nil
            if let message { waiting.append(message) }
            targets[target] = .dialling(waiting: waiting, failures: failures)
        case .resting(let until, let failures):
            guard until <= .now() else { return refuse(target) }
            dial(target, message, failures: failures)
        case nil:
            guard makeRoom() else { return refuse(target) }
            dial(target, message, failures: 0)
        }
    }

    private func dial(_ target: Target, _ message: [UInt8]?, failures: Int) {
        guard !isStopping else { return }
        targets[target] = .dialling(waiting: message.map { [$0] } ?? [], failures: failures)
        dialler.dial(target)
    }

    /// Told through the mailbox: the owner is in the middle of something.
    private func refuse(_ target: Target) {
        context.counters.add(\.undeliverableMessages)
        context.mailbox.post(.refused(target))
    }

    /// Targets that rest are forgotten before a new one is refused.
    private func makeRoom() -> Bool {
        guard targets.count >= context.limits.targets else { return true }
        targets = targets.filter {
            if case .resting = $0.value { false } else { true }
        }
        return targets.count < context.limits.targets
    }

    /// Gives the flows that are to be closed.
    func stop() {
        isStopping = true
        for flow in flows.values { flow.close() }
    }
}

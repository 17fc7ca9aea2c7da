import NIOCore
import SIPUserAgent
import Synchronization

/// What the owner of a flow says about keep-alives (RFC 5626).
enum StreamKeepAlive: Sendable {
    case sends(Duration?)
    case expects(Duration?)
}

/// The sending side of a TCP or TLS connection. What waits for the peer is bounded: a peer that does not read loses the
/// connection, nobody else waits for it.
final class StreamFlow: OutgoingFlow {
    let id: FlowID
    private let channel: any Channel
    private let context: FlowContext
    /// What is to be sent that often, and what is expected.
    private let keepAlive: @Sendable (StreamKeepAlive) -> Void
    private let waiting = Atomic<Int>(0)
    private let progressAt = Atomic<UInt64>(0)
    private let lost = Atomic<Bool>(false)
    private let isClosing = Atomic<Bool>(false)

    init(
        id: FlowID, channel: any Channel, context: FlowContext,
        keepAlive: @escaping @Sendable (StreamKeepAlive) -> Void
    ) {
        self.id = id
        self.channel = channel
        self.context = context
        self.keepAlive = keepAlive
    }

    /// When the peer last took something while something waits; nil where nothing waits.
    var stalledSince: NIODeadline? {
        guard waiting.load(ordering: .relaxed) > 0 else { return nil }
        return .uptimeNanoseconds(progressAt.load(ordering: .relaxed))
    }

    var lostMessages: Bool { lost.load(ordering: .relaxed) }

    func send(_ message: [UInt8]) {
        context.counters.add(\.messagesSent)
        write(message)
    }

    /// A connection has one port.
    func send(_ message: [UInt8], port: UInt16) { send(message) }

    /// Messages and keep-alives share the bound.
    func write(_ octets: [UInt8]) {
        let (before, after) = waiting.wrappingAdd(octets.count, ordering: .relaxed)
        if before == 0 { noteProgress() }
        guard after <= context.limits.queuedOctetsPerFlow else {
            waiting.wrappingSubtract(octets.count, ordering: .relaxed)
            lost.store(true, ordering: .relaxed)
            giveUp()
            return
        }
        channel.writeAndFlush(channel.allocator.buffer(bytes: octets)).whenComplete { [self] result in
            waiting.wrappingSubtract(octets.count, ordering: .relaxed)
            switch result {
            case .success: noteProgress()
            case .failure: lost.store(true, ordering: .relaxed)
            }
        }
    }

    /// Closes because the peer does not take what is sent.
    func giveUp() {
        guard !isClosing.exchange(true, ordering: .relaxed) else { return }
        context.counters.add(\.slowPeers)
        context.log.refused(.init(channel.remoteAddress), reason: "peer does not read")
        channel.close(promise: nil)
    }

    func close() {
        isClosing.store(true, ordering: .relaxed)
        channel.close(promise: nil)
    }

    func setKeepAlive(_ interval: Duration?) { keepAlive(.sends(interval)) }
    func expectKeepAlive(_ silence: Duration?) { keepAlive(.expects(silence)) }

    private func noteProgress() {
        progressAt.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
    }
}
